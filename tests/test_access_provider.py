"""Logging in through an identity provider: who is let in, and every answer that is not believed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from identity_provider import CLIENT, ISSUER, SECRET, IdentityProvider, key
from landbridge.access.doors import NotLetIn
from landbridge.access.provider import GOOD_FOR, Provider, ProviderConfig
from landbridge.access.provider_calls import ProviderDown, ask
from landbridge.access.roles import Role
from landbridge.assembly import access_for
from landbridge.settings import SettingsError, load_settings
from landbridge.store.database import StoreFailure
from landbridge.store.vault import Key, Vault
from test_web_door import GOOD, Real
from web_client import Client, browse
from web_scenes import NOW, StillClock, cheap_passwords

OLGA = "olga@example.com"  # the owner who is there already
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nonce": "of another login"}, "not accepted"),
    ({"nonce": None}, "not accepted"),
    ({"aud": "another program"}, "not accepted"),
    ({"aud": [CLIENT, "another program"]}, "not accepted"),  # without azp nobody knows whom it is for
    ({"azp": "another program"}, "not accepted"),
    ({"iss": "https://evil.example"}, "not accepted"),
    ({"exp": int(NOW) - 61}, "not accepted"),
    ({"iat": int(NOW) + 3600}, "not accepted"),
    ({"sub": None}, "not accepted"),
    ({"at_hash": "bm90IHRoZSBoYXNo"}, "not accepted"),
    ({"email_verified": False}, "does not say that it verified"),
    ({"email_verified": None}, "does not say that it verified"),
    ({"email_verified": "true"}, "does not say that it verified"),
    ({"email": "ada@example.com.evil.example"}, "mail domain"),
    ({"email": "ada@evil.example"}, "mail domain"),
    ({"email": ""}, "does not say that it verified"),
]  # what the token says, and what the page


class Entrance(Real):
    """The site with real people, and a provider that may be told to lie."""

    def __init__(self, folder: Path, domains: tuple[str, ...] = ("example.com",), **settings: str) -> None:
        super().__init__(folder, **settings)
        self.idp = IdentityProvider(NOW)
        self.clock = StillClock()
        self.vault = Vault(self.database, Key(b"k" * 32))
        back = f"{self.product.settings.public_url}/login/provider/back"
        self.config = ProviderConfig(ISSUER, CLIENT, SECRET, domains, Role.VIEWER, back)
        self.provider = Provider(self.config, self.product.doors, self.vault, self.clock, self.idp)
        self.product.provider = self.provider

    def open(self, clock: StillClock) -> Client:
        """A browser at the site that all tests of default settings share, which saves making it."""
        default = self.product.settings.public_url == load_settings({}).public_url
        return browse(self.product) if default else super().open(clock)

    async def owner(self) -> None:
        await self.product.people.first("Olga", OLGA, GOOD)

    async def away(self, following: str = "/") -> tuple[str, str]:
        """To the provider: the state and the code with which its page sends one back."""
        answer = await self.browser.get(f"/login/provider?next={following}", **self.host)
        assert answer.status == 303
        return self.idp.agree(answer.headers["location"])

    async def log_in(self, following: str = "/") -> Any:
        state, code = await self.away(following)
        return await self.back(state, code)

    async def back(self, state: str, code: str, browser: Client | None = None) -> Any:
        path = f"/login/provider/back?state={state}&code={code}"
        return await (browser or self.browser).get(path, **self.host)

    async def names(self) -> list[tuple[str, str]]:
        return [(one.email, one.role) for one in await self.product.people.everybody()]


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_passwords(monkeypatch)


@pytest.fixture
async def entrance(tmp_path: Path) -> AsyncIterator[Entrance]:
    made = Entrance(tmp_path)
    await made.owner()
    yield made
    await made.database.close()


async def test_somebody_new_of_the_domain_is_let_in_as_a_viewer(entrance: Entrance) -> None:
    page = (await entrance.browser.get("/login?next=/bridges/1")).page
    link = page.one("a", role="button")
    assert link.text == "Log in through login.example.net"
    answer = await entrance.log_in(link.attributes["href"].partition("next=")[2])
    assert (answer.status, answer.headers["location"]) == (303, "/bridges/1")
    assert (await entrance.browser.get("/")).page.one("a", href="/account").text == "Ada Byron"
    assert await entrance.names() == [(OLGA, "owner"), ("ada@example.com", "viewer")]
    assert ("/token", (CLIENT, SECRET)) in entrance.idp.asked
    (told, *_) = await entrance.product.doors.logins()
    assert (told.outcome, told.email) == ("by provider", "ada@example.com")
    assert (await Client(entrance.browser.site).get("/")).status == 303


async def test_somebody_known_keeps_role_and_name(entrance: Entrance) -> None:
    entrance.idp.claims = {"email": "OLGA@Example.com", "name": "Somebody Else"}
    await entrance.log_in()
    assert (await entrance.browser.get("/people")).status == 200
    assert await entrance.names() == [(OLGA, "owner")]
    assert (await entrance.browser.get("/")).page.one("a", href="/account").text == "Olga"
    await entrance.post("/logout")
    again = await entrance.post("/login", email=OLGA, password=GOOD)
    assert again.status == 303, "the password is as it was"


async def test_an_invitation_is_used_up_by_coming_this_way(entrance: Entrance) -> None:
    link = await entrance.product.people.invite("Ada", "ada@example.com", Role.OPERATOR)
    await entrance.log_in()
    assert (await entrance.names())[1] == ("ada@example.com", "operator")
    assert (await entrance.browser.get(link.path)).status == 410


async def test_nobody_logs_in_with_a_password_they_do_not_have(entrance: Entrance) -> None:
    await entrance.log_in()
    refused = await entrance.post("/account/password", present="provider", password=GOOD, again=GOOD)
    assert "You have no password here" in refused.page.text
    await entrance.post("/logout")
    for password in ("provider", ""):
        assert (await entrance.post("/login", email="ada@example.com", password=password)).status == 401


async def test_an_answer_that_is_not_right_lets_nobody_in(entrance: Entrance) -> None:
    for claims, said in WRONG:
        entrance.idp.claims = claims
        answer = await entrance.log_in()
        assert answer.status == 401, claims
        assert said in answer.page.text, claims
        assert "landbridge-login" not in entrance.browser.cookies, claims
        assert await entrance.names() == [(OLGA, "owner")], claims


async def test_a_signature_of_another_key_is_refused(entrance: Entrance) -> None:
    entrance.idp.signed_with = key("another")
    assert (await entrance.log_in()).status == 401
    for trick in ("HS256", "none"):
        entrance.idp.trick = trick
        assert (await entrance.log_in()).status == 401
    assert await entrance.names() == [(OLGA, "owner")]


async def test_the_way_back_is_bound_to_the_browser_and_good_once(entrance: Entrance) -> None:
    state, code = await entrance.away()
    other = Client(entrance.browser.site)
    assert (await entrance.back(state, code, other)).status == 401
    other.cookies["landbridge-provider"] = "bWFkZSB1cA=="
    assert (await entrance.back(state, code, other)).status == 401
    assert (await entrance.back("another-state", code)).status == 401
    assert (await entrance.back(state, code)).status == 401, "the cookie is gone after the first try"
    assert await entrance.names() == [(OLGA, "owner")]


async def test_who_comes_back_late_begins_again(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    state, code = await entrance.away()
    monkeypatch.setattr(entrance.clock, "now", lambda: NOW + GOOD_FOR)
    answer = await entrance.back(state, code)
    assert answer.status == 401
    assert "too long ago" in answer.page.text


async def test_somebody_disabled_stays_out(entrance: Entrance) -> None:
    await entrance.log_in()
    await entrance.product.people.disable(2)
    answer = await entrance.log_in()
    assert answer.status == 401
    assert "you may not log in here" in answer.page.text


async def test_without_domains_only_people_who_are_there_may(tmp_path: Path) -> None:
    entrance = Entrance(tmp_path, domains=())
    await entrance.owner()
    assert (await entrance.log_in()).status == 401
    entrance.idp.claims = {"email": OLGA}
    assert (await entrance.log_in()).status == 303
    await entrance.database.close()


async def test_the_provider_makes_no_first_owner(tmp_path: Path) -> None:
    entrance = Entrance(tmp_path)
    assert (await entrance.browser.get("/login/provider")).headers["location"] == "/login"
    with pytest.raises(NotLetIn):
        await entrance.product.doors.let_in_by_provider("ada@example.com", "Ada", newcomer=Role.VIEWER)
    assert await entrance.names() == []
    await entrance.database.close()


async def test_a_session_of_before_is_not_taken_along(entrance: Entrance) -> None:
    entrance.browser.cookies["landbridge-login"] = "planted-by-somebody-else"
    await entrance.log_in()
    assert entrance.browser.cookies["landbridge-login"] != "planted-by-somebody-else"


async def test_a_link_to_another_site_is_not_followed(entrance: Entrance) -> None:
    assert (await entrance.log_in("https://evil.example")).headers["location"] == "/"


async def test_the_cookie_of_the_way_is_sealed_and_strict(tmp_path: Path) -> None:
    entrance = Entrance(tmp_path, public_url="https://bridge.example.com")
    await entrance.owner()
    elsewhere = await entrance.browser.get("/login/provider")
    assert elsewhere.headers["location"] == "https://bridge.example.com/login/provider?again=yes"
    answer = await entrance.browser.get("/login/provider", **entrance.host)
    (cookie,) = answer.cookies
    assert cookie.startswith("__Host-landbridge-provider=")
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://bridge.example.com/login/provider/back"]
    assert asked["scope"] == ["openid email profile"]
    assert asked["state"][0] not in cookie
    await entrance.database.close()


async def test_what_the_token_leaves_out_is_on_the_page_of_the_user(entrance: Entrance) -> None:
    entrance.idp.claims = {"email": None}
    entrance.idp.user = {"sub": "17", "email": "ada@example.com", "email_verified": True}
    assert (await entrance.log_in()).status == 303
    assert (await entrance.names())[1][0] == "ada@example.com"
    entrance.idp.user = entrance.idp.user | {"sub": "18"}
    answer = await entrance.log_in()
    assert "of two people" in answer.page.text


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(entrance: Entrance) -> None:
    entrance.idp.description = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await entrance.log_in()).status == 303
    assert ("/token", "") in entrance.idp.asked


async def test_a_provider_that_describes_itself_wrongly_is_refused(entrance: Entrance) -> None:
    wrong = (("issuer", "https://evil.example", "another address"), ("jwks_uri", None, "incomplete"))
    for name, value, said in wrong:
        entrance.idp.description = {name: value}
        answer = await entrance.browser.get("/login/provider")
        assert answer.status == 401, name
        assert said in answer.page.text, name


async def test_an_issuer_may_end_with_a_slash(entrance: Entrance) -> None:
    entrance.idp.description = {"issuer": f"{ISSUER}/"}
    entrance.idp.claims = {"iss": f"{ISSUER}/"}
    assert (await entrance.log_in()).status == 303


async def test_a_refusal_at_the_provider_is_told(entrance: Entrance) -> None:
    state, _ = await entrance.away()
    answer = await entrance.back(state, "")
    assert "did not let you in" in answer.page.text


async def test_a_missing_extra_is_told(entrance: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authlib", None)
    monkeypatch.setattr("landbridge.access.provider.find_spec", lambda name: None)
    answer = await entrance.browser.get("/login/provider")
    assert "landbridge[oidc]" in answer.page.text


async def test_over_the_network(entrance: Entrance) -> None:
    """The whole way with real calls, to a provider on this machine."""
    idp = entrance.idp

    async def answer(request: web.BaseRequest) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()} or None
        if request.path == "/token":
            assert request.headers["authorization"].startswith("Basic ")
        return web.json_response(await idp(str(request.url), form=form))

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    idp.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    config = ProviderConfig(idp.issuer, CLIENT, SECRET, ("example.com",), Role.OPERATOR, entrance.config.back)
    entrance.product.provider = Provider(config, entrance.product.doors, entrance.vault, entrance.clock, ask)
    try:
        assert (await entrance.log_in()).status == 303
        with pytest.raises(ProviderDown, match="HTTP 500"):
            await ask(f"{idp.issuer}/nowhere")
    finally:
        await runner.cleanup()
    assert (await entrance.names())[1] == ("ada@example.com", "operator")
    gone = await entrance.browser.get("/login/provider")
    assert "cannot be reached" in gone.page.text


async def test_no_call_goes_without_tls() -> None:
    with pytest.raises(ProviderDown, match="without TLS"):
        await ask("http://login.example.net/token", form={"code": "x"}, login=(CLIENT, SECRET))


async def test_the_settings_make_the_provider(tmp_path: Path) -> None:
    real = Real(tmp_path)
    vault = Vault(real.database, Key(b"k" * 32))
    given = {"oidc_issuer": f"{ISSUER}/", "oidc_client_id": CLIENT}
    asked = {"oidc_domains": "Example.com,example.org", "oidc_role": "Operator"}
    *_, provider = access_for(load_settings({}, given | asked), real.database, vault, StillClock())
    assert provider is not None and provider.name == "login.example.net"
    assert provider._config.domains == ("example.com", "example.org")
    assert provider._config.newcomers is Role.OPERATOR
    assert access_for(load_settings({}), real.database, vault, StillClock())[3] is None
    for wrong in ({"oidc_client_id": ""}, {"oidc_role": "owner"}, {"oidc_domains": "a@example.com"}):
        with pytest.raises(SettingsError, match=next(iter(wrong))):
            load_settings({}, given | wrong)
    await real.database.close()


def test_a_secret_is_in_no_traceback() -> None:
    assert SECRET not in repr(ProviderConfig(ISSUER, CLIENT, SECRET, (), Role.VIEWER, ""))
    assert issubclass(NotLetIn, StoreFailure)
