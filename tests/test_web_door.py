"""The door before every page: which role gets where, and what browsers are given and refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import BaseRoute

from inprocess import new_database
from landbridge.access.doors import KEY_BEGINS, Doors
from landbridge.access.people import People
from landbridge.access.roles import Person, Role
from landbridge.settings import load_settings
from landbridge.store.database import Database
from landbridge.web.door import local
from landbridge.web.rights import needed
from landbridge.web.site import build_site
from web_client import Answer, Client
from web_scenes import FakeProduct, OpenDoors, StillClock, TwoPeople, cheap_passwords, status

GOOD = "river anvil candle moss"
SAME_SITE = {"sec-fetch-site": "same-origin"}
# Reached by nobody in particular: each has its own proof, or shows nothing. Listed by hand, so that a new
# route is closed until somebody thinks about it.
PUBLIC = {
    "/login",
    "/login/provider",
    "/login/provider/back",
    "/first",
    "/welcome/{purpose}/{secret}",
    "/webhooks/highlevel",
    "/feeds/{secret}.ics",
    "/healthz",
}
OWNERS = ("/people", "/keys", "/connect/", "/oauth/", "/api/v1/people", "/api/v1/keys")
READING = {  # posts that change nothing but what is one's own
    "/logout",
    "/account/name",
    "/account/password",
    "/account/end",
    "/bridges/{bridge_id:int}/contacts",
}
SOMEBODY: dict[str, Person | None] = {
    "nobody": None,
    **{role.value: Person(7, "Somebody", role) for role in Role},
}


def pages(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Every method and path of the site."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:  # FastAPI keeps an included router as one route
            yield from pages(inner.routes)
            continue
        path = str(getattr(route, "path", ""))
        methods = getattr(route, "methods", None) or {"GET"}
        yield from ((method, path) for method in sorted(methods - {"HEAD"}))


def filled(path: str) -> str:
    """The path with something in each place."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: "1" if found[2] == ":int" else "some", path)


SITE = build_site(FakeProduct.of(status()), StillClock())
EVERY = sorted({one for one in pages(SITE.router.routes) if one[1]})
OWNERS_FORMS = {  # of the set-up: where a credential comes in, or accounts become a bridge
    ("POST", "/setup/{key}/highlevel"),
    ("POST", "/setup/{key}/rezora"),
    ("POST", "/setup/{key}/{side}/use"),
    ("POST", "/api/v1/accounts/highlevel"),
    ("POST", "/api/v1/accounts/rezora"),
    ("POST", "/api/v1/setups"),
}


def expected(method: str, path: str, who: str) -> str:
    """Whether somebody gets in, by the lists above alone."""
    if path in PUBLIC:
        return "in"
    if who == "nobody":
        return "login"
    owners = path.startswith(OWNERS) or (method, path) in OWNERS_FORMS
    changing = method != "GET" and path not in READING
    rank = ["viewer", "operator", "owner"].index(who)
    return "in" if rank >= (2 if owners else 1 if changing else 0) else "refused"


def met(method: str, path: str, person: Person | None) -> str:
    """What the rules of the door say of it."""
    role = needed(method, filled(path))
    if role is None:
        return "in"
    if person is None:
        return "login"
    return "in" if person.role.may(role) else "refused"


def test_there_are_many_routes_and_all_are_looked_at() -> None:
    assert len(EVERY) > 80
    assert {path for _, path in EVERY} >= PUBLIC


@pytest.mark.parametrize("who", SOMEBODY)
def test_the_matrix_of_routes_and_roles(who: str) -> None:
    wrong = [
        (method, path, met(method, path, SOMEBODY[who]), expected(method, path, who))
        for method, path in EVERY
        if met(method, path, SOMEBODY[who]) != expected(method, path, who)
    ]
    assert wrong == []


@pytest.mark.parametrize("who", ["nobody", "viewer", "operator"])
async def test_the_door_does_what_the_rules_say_on_every_route(who: str) -> None:
    product = FakeProduct.of(status(), doors=OpenDoors(SOMEBODY[who]))
    browser = Client(build_site(product, StillClock()))
    for method, path in EVERY:
        wanted = expected(method, path, who)
        if wanted == "in":
            continue
        answer = await browser.ask(method, filled(path), b"", SAME_SITE)
        api = path.startswith("/api/")
        assert answer.status == (403 if wanted == "refused" else 401 if api else 303), (method, path)
        if wanted == "login" and not api:
            assert answer.headers["location"].startswith("/login"), (method, path)
    assert product.asked == []
    assert product.started == []


@pytest.mark.parametrize("ending", ["\n", "\r", "\t", "\x00", "\u2028"])
async def test_a_path_that_ends_in_a_line_break_opens_nothing(ending: str) -> None:
    product = FakeProduct.of(status(), doors=OpenDoors(SOMEBODY["operator"]))
    browser = Client(build_site(product, StillClock()))
    real = browser._call
    for method, path in (
        ("GET", "/people"),
        ("POST", "/people"),
        ("POST", "/keys/1/revoke"),
        ("GET", "/keys"),
    ):

        async def odd(scope: dict[str, Any], body: bytes, path: str = path) -> Answer:
            return await real({**scope, "path": path + ending}, body)

        browser._call = odd  # type: ignore[method-assign]  # a client of ours would not send such a path
        assert (await browser.ask(method, path, b"", SAME_SITE)).status == 404


@pytest.mark.parametrize("path", ["/people/x?y", "/people/1#z", "/keys/\n1"])
def test_what_a_path_holds_is_part_of_it(path: str) -> None:
    assert needed("GET", path) is Role.OWNER


class Real:
    """The site with real people and doors over a database."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.database = Database(f"sqlite+aiosqlite:///{new_database(folder)}")
        clock = StillClock()
        self.product = FakeProduct.of(
            status(),
            doors=Doors(self.database, clock),
            people=People(self.database, clock),
            settings=load_settings({}, settings),
        )
        self.browser = self.open(clock)
        self.host = {} if not settings else {"host": "bridge.example.com"}

    def open(self, clock: StillClock) -> Client:
        """A browser at a site of its own: a door that knows of people never asks for them again."""
        return Client(build_site(self.product, clock))

    async def post(self, path: str, **form: str) -> Answer:
        return await self.browser.post(path, form, self.host)

    async def first(self, **more: str) -> Answer:
        return await self.post("/first", name="Ada", email="ada@example.com", password=GOOD, **more)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_passwords(monkeypatch)


@pytest.fixture
async def real(tmp_path: Path) -> Any:
    made = Real(tmp_path)
    yield made
    await made.database.close()


async def test_a_new_installation_asks_for_its_owner_and_lets_them_in(real: Real) -> None:
    assert (await real.browser.get("/bridges/1")).headers["location"] == "/first"
    assert (await real.browser.get("/login")).headers["location"] == "/first"
    told = await real.browser.get("/api/v1/bridges")
    assert (told.status, told.json["error"]) == (401, "This installation has no owner yet.")
    refused = await real.post("/first", name="Ada", email="ada@example.com", password="short")
    assert refused.status == 422
    assert "shorter than 12" in refused.page.text
    assert refused.page.one("input", id="email").attributes["value"] == "ada@example.com"
    answer = await real.first()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert (await real.browser.get("/")).status == 200
    assert (await real.browser.get("/first")).headers["location"] == "/login"
    assert (await real.first()).status == 422


async def test_elsewhere_than_on_this_machine_the_owner_shows_the_code(tmp_path: Path) -> None:
    real = Real(tmp_path, public_url="https://bridge.example.com")
    assert (await real.first()).status == 403
    assert (await real.first(code="wrong")).status == 403
    answer = await real.first(code=" ABCDEFGHIJ ")
    assert answer.status == 303
    (cookie,) = answer.cookies
    assert cookie.startswith("__Host-landbridge-login=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= {
        part.strip().lower() for part in cookie.split(";")
    }
    await real.database.close()


async def test_a_login_gives_a_new_session_whatever_the_cookie_said(real: Real) -> None:
    await real.first()
    await real.post("/logout")
    real.browser.cookies["landbridge-login"] = "planted-by-somebody-else"
    answer = await real.post(
        "/login", email="ada@example.com", password=GOOD, following="/bridges/1/contacts"
    )
    assert (answer.status, answer.headers["location"]) == (303, "/bridges/1/contacts")
    assert real.browser.cookies["landbridge-login"] != "planted-by-somebody-else"
    assert (await real.browser.get("/")).status == 200
    real.browser.cookies["landbridge-login"] = "planted-by-somebody-else"
    assert (await real.browser.get("/")).status == 303


async def test_a_wrong_login_says_what_to_do_and_shows_no_password(real: Real) -> None:
    await real.first()
    await real.post("/logout")
    wrong = await real.post("/login", email="ada@example.com", password="a wrong password 1")
    assert wrong.status == 401
    assert "do not belong together" in wrong.page.text
    assert "a wrong password 1" not in wrong.text
    for _ in range(5):
        last = await real.post("/login", email="ada@example.com", password="a wrong password 1")
    assert last.status == 429


async def test_the_way_goes_on_to_where_one_wanted(real: Real) -> None:
    await real.first()
    await real.post("/logout")
    away = (await real.browser.get("/bridges/1/contacts?only=rezora")).headers["location"]
    assert away == "/login?next=/bridges/1/contacts%3Fonly%3Drezora"
    page = (await real.browser.get(away)).page
    assert page.one("input", name="following").attributes["value"] == "/bridges/1/contacts?only=rezora"
    assert page.all("a", href="/people") == [], "no menu before one is logged in"
    fragment = await real.browser.get("/bridges/1/status", **{"hx-request": "true"})
    assert (fragment.status, fragment.headers["hx-redirect"]) == (204, "/login?next=/bridges/1/status")


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/a\nb", ""],
)
def test_the_way_never_goes_to_another_site(path: str) -> None:
    assert local(path) == "/"


async def test_a_crafted_host_opens_nothing() -> None:
    """Some versions of Starlette put Host and path together, and what follows would look like the path."""
    site = build_site(FakeProduct.of(status(), doors=OpenDoors(None)), StillClock())
    for host in ("127.0.0.1:8780/login?", "127.0.0.1:1/login#", "127.0.0.1:8780/static/"):
        assert (await Client(site).ask("GET", "/people", b"", {"host": host})).status == 303, host
        assert (await Client(site).ask("GET", "/api/v1/keys", b"", {"host": host})).status == 401, host


async def test_a_key_opens_the_api_and_no_page(real: Real) -> None:
    await real.first()
    await real.post("/logout")
    key = (await real.product.doors.make_key("reporting", "viewer", by="Ada")).secret
    assert key.startswith(KEY_BEGINS)
    bearer = {"authorization": f"Bearer {key}"}
    assert (await real.browser.get("/api/v1/bridges", **bearer)).status == 200
    assert (await real.browser.ask("POST", "/api/v1/bridges/1/sync", b"", bearer)).status == 403
    assert (await real.browser.get("/", **bearer)).status == 303
    told = await real.browser.get("/api/v1/bridges", authorization="Bearer lb_wrong")
    assert (told.status, told.headers["www-authenticate"]) == (401, "Bearer")
    assert "landbridge keys add" in told.json["fix"]


@pytest.mark.parametrize("path", ["/login", "/first", "/logout", "/people", "/account/password", "/keys"])
async def test_no_other_site_is_behind_a_form(real: Real, path: str) -> None:
    await real.first()
    answer = await real.browser.post(path, {"name": "x"}, {"sec-fetch-site": "cross-site"})
    assert answer.status == 403
    assert "another web site" in answer.page.text


async def test_an_owner_invites_somebody_who_then_logs_in(real: Real) -> None:
    await real.first()
    made = await real.post("/people", name="Bo", email="bo@example.com", role="viewer")
    path = re.search(r"/welcome/invitation/[\w-]+", made.text)
    assert path
    bo = Client(real.browser.site)
    page = (await bo.get(path[0])).page
    assert page.one("input", id="email").attributes["value"] == "bo@example.com"
    twice = await bo.post(path[0], {"password": GOOD + " x", "again": GOOD})
    assert twice.status == 422
    entered = await bo.post(path[0], {"password": "lantern oboe thimble", "again": "lantern oboe thimble"})
    assert entered.status == 303
    assert (await bo.get("/")).status == 200
    assert (await bo.get("/people")).status == 403
    assert (await bo.post("/bridges/1/sync")).status == 403
    assert (await bo.get(path[0])).status == 410
    people = await real.product.people.everybody()
    await real.post(f"/people/{people[1].id}/disable")
    assert (await bo.get("/")).status == 303
    refused = await real.post(f"/people/{people[0].id}/role", role="viewer")
    assert refused.status == 409
    assert "last owner" in refused.page.text


async def test_the_pages_of_people_keys_and_ones_account(real: Real) -> None:
    await real.first()
    for path in ("/people", "/people/logins", "/keys", "/account"):
        answer = await real.browser.get(path)
        assert answer.status == 200
        assert len(answer.page.all("h1")) == 1
    made = await real.post("/keys", name="reporting", role="operator")
    secret = made.page.one("pre").text
    assert secret.startswith(KEY_BEGINS)
    assert secret not in (await real.browser.get("/keys")).text
    await real.post("/keys/1/revoke")
    assert await real.product.doors.of_key(secret) is None
    assert (await real.post("/keys", name="x", role="king")).status == 422
    assert (await real.post("/people", name="x", email="x@example.com", role="king")).status == 422
    changed = await real.post("/account/password", present=GOOD, password=GOOD + " two", again=GOOD + " two")
    assert changed.headers["location"] == "/account?changed=password"
    assert (await real.browser.get("/account?changed=password")).status == 200


async def test_programs_do_the_same_through_the_api(real: Real) -> None:
    await real.first()
    json = {"content-type": "application/json", **SAME_SITE}

    async def ask(method: str, path: str, body: bytes = b"") -> Answer:
        return await real.browser.ask(method, f"/api/v1{path}", body, json)

    link = (await ask("POST", "/people", b'{"name": "Bo", "email": "bo@example.com"}')).json
    assert link["url"].startswith("http://127.0.0.1:8780/welcome/invitation/")
    people = (await ask("GET", "/people")).json
    assert [(one["role"], one["invited"]) for one in people] == [("owner", False), ("viewer", True)]
    assert not any("password" in one for one in people)
    changed = await ask("PATCH", "/people/2", b'{"role": "operator", "enabled": false}')
    assert (changed.json["role"], changed.json["disabled_at"] is None) == ("operator", False)
    assert (await ask("POST", "/people/2/link")).status == 200
    assert (await ask("DELETE", "/people/2")).status == 204
    assert (await ask("DELETE", "/people/1")).status == 409
    key = (await ask("POST", "/keys", b'{"name": "reporting"}')).json["key"]
    assert (await ask("DELETE", "/keys/1")).status == 204
    assert (await ask("GET", "/keys")).json[0]["revoked_at"] is not None
    assert await real.product.doors.of_key(key) is None


def test_fakes_are_of_the_real_kind() -> None:
    assert isinstance(OpenDoors(), Doors)
    assert isinstance(TwoPeople(), People)
