"""Headers of every answer, foreign hosts and forged requests, errors that tell nothing of the inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from landbridge.access.roles import Person, Role
from landbridge.settings import Settings, load_settings
from landbridge.store.bridges import Bridge
from landbridge.web.pages import STATIC
from landbridge.web.security import LARGEST_BODY, LARGEST_CALL, host_name
from landbridge.web.site import build_site
from web_client import HOST, Client, browse
from web_scenes import UNREACHABLE, FakeProduct, OpenDoors, StillClock, status

POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
SECRET = "token-abc of person@example.org"


@dataclass
class BrokenProduct(FakeProduct):
    """Fails inside, with a text that must not be shown."""

    async def all_bridges(self) -> list[Bridge]:
        raise RuntimeError(SECRET)


def served(**named: str) -> Client:
    settings: Settings = load_settings({f"LANDBRIDGE_{name.upper()}": value for name, value in named.items()})
    return Client(build_site(FakeProduct.of(status(), settings=settings), StillClock()))


@pytest.mark.parametrize(
    "path",
    ["/", "/setup", "/bridges/1/status", "/nowhere", "/api/v1/bridges", "/static/landbridge.css", "/healthz"],
)
async def test_every_answer_has_the_headers(path: str) -> None:
    headers = (await browse(FakeProduct.of(status())).get(path)).headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", ["/", "/setup", "/bridges/1/status", "/nowhere", "/api/v1/bridges/1/status"])
async def test_pages_and_answers_are_never_stored(path: str) -> None:
    assert (await browse(FakeProduct.of(status())).get(path)).headers["cache-control"] == "no-store"


async def test_static_files_are_kept_and_their_address_changes_with_them() -> None:
    browser = browse(FakeProduct())
    page = (await browser.get("/")).page
    for address in [
        page.one("script").attributes["src"],
        *(link.attributes["href"] for link in page.all("link")),
    ]:
        answer = await browser.get(address)
        assert (answer.status, answer.headers["cache-control"]) == (
            200,
            "public, max-age=31536000, immutable",
        )
    assert (await browser.get("/static/landbridge.css")).headers["cache-control"] == "no-cache"
    assert (await browser.get("/static/missing.css?v=1")).headers["cache-control"] == "no-store"


async def test_pages_travel_compressed() -> None:
    browser = browse(FakeProduct.of(status()))
    plain, small = await browser.get("/"), await browser.get("/", accept_encoding="gzip")
    assert small.headers["content-encoding"] == "gzip"
    assert small.text == plain.text
    assert len(small.body) < len(plain.body) / 4


@pytest.mark.parametrize("host", [HOST, "localhost:8780", "LOCALHOST", "[::1]:8780", "127.0.0.1"])
async def test_this_machine_is_answered(host: str) -> None:
    assert (await browse(FakeProduct()).get("/", host=host)).status == 200


@pytest.mark.parametrize("host", ["rebound.example.com", "127.0.0.1.example.com:8780", "10.0.0.5:8780", ""])
async def test_a_foreign_host_name_is_refused(host: str) -> None:
    product = FakeProduct.of(status())
    answer = await browse(product).get("/", host=host)
    assert answer.status == 421
    assert "Harbor" not in answer.text
    assert "set public_url" in answer.page.text
    told = await browse(product).get("/api/v1/bridges", host=host)
    assert (told.status, set(told.json)) == (421, {"error", "fix"})


async def test_the_configured_names_are_answered() -> None:
    browser = served(public_url="https://sync.example.com", web_host="10.0.0.5")
    assert (await browser.get("/", host="sync.example.com")).status == 200
    assert (await browser.get("/", host="10.0.0.5:8780")).status == 200
    assert (await served(web_host="0.0.0.0").get("/", host="0.0.0.0:8780")).status == 421  # noqa: S104  # a header


async def test_a_health_probe_may_come_by_any_address_and_learns_nothing() -> None:
    browser = browse(FakeProduct.of(status()))
    answer = await browser.get("/healthz", host="10.0.0.5:8780")
    assert (answer.status, answer.text) == (200, "ok\n")
    ready = await browser.get("/readyz", host="10.0.0.5:8780")
    assert (ready.status, ready.json) == (200, {"ready": True, "reasons": []})


FORGED = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:3000"},
    {"sec-fetch-site": "", "origin": "https://evil.example.com"},
    {"sec-fetch-site": "", "origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "", "origin": "null"},
]


@pytest.mark.parametrize("headers", FORGED)
@pytest.mark.parametrize(
    "path", ["/bridges/1/sync", "/connect/rezora", "/setup/new/rezora", "/api/v1/bridges/1/sync"]
)
async def test_a_change_that_another_site_asks_for_is_refused(path: str, headers: dict[str, str]) -> None:
    product = FakeProduct.of(status())
    form = {"username": "harbor-api", "password": "made-up", "name": "x"}
    answer = await browse(product).post(path, form, headers)
    assert answer.status == 403
    assert "another web site" in answer.text
    assert (product.started, product.logins) == ([], [])


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "", "origin": f"http://{HOST}"},
        {"sec-fetch-site": ""},  # a program, not a browser
    ],
)
async def test_a_change_from_our_own_page_or_a_program_is_done(headers: dict[str, str]) -> None:
    product = FakeProduct.of(status())
    assert (await browse(product).post("/bridges/1/sync", None, headers)).status == 303
    assert len(product.started) == 1


async def test_an_error_inside_shows_no_traceback_and_has_the_headers() -> None:
    for path in ("/", "/api/v1/bridges"):
        answer = await browse(BrokenProduct()).get(path)
        assert answer.status == 500
        assert SECRET not in answer.text
        assert "Traceback" not in answer.text
        assert "landbridge doctor" in answer.text
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-store"


async def test_a_failure_that_knows_its_fix_tells_it() -> None:
    @dataclass
    class Failing(FakeProduct):
        async def all_bridges(self) -> list[Bridge]:
            raise UNREACHABLE

    answer = await browse(Failing()).get("/")
    assert answer.status == 502
    assert "HighLevel cannot be reached. Check this machine's network." in answer.page.text


async def test_wrong_addresses_and_methods_get_our_own_page() -> None:
    browser = browse(FakeProduct())
    for answer in (
        await browser.get("/wp-admin"),
        await browser.get("/bridges/x"),
        await browser.get("/bridges"),
    ):
        assert answer.status in (404, 405)
        assert answer.page.words(answer.page.one("a", role="button")) == "Go to the status page"
    assert (await browser.get("/redoc")).status == 404  # such viewers load scripts from elsewhere


@pytest.mark.parametrize("path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static/vendor"])
async def test_static_files_end_at_their_folder(path: str) -> None:
    assert (await browse(FakeProduct()).get(path)).status == 404


def test_our_static_files_load_nothing_from_elsewhere() -> None:
    own = [path for path in STATIC.iterdir() if path.is_file()]
    assert {path.name for path in own} >= {"landbridge.css", "favicon.svg"}
    for path in own:
        text = Path(path).read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace('url("/', "")
        assert "<style" not in text
        assert "url(data" not in text


@pytest.mark.parametrize(
    ("host", "name"),
    [("a.example.com:80", "a.example.com"), ("[::1]:8780", "::1"), ("[::1]", "::1"), ("", ""), ("A", "a")],
)
def test_a_host_header_is_taken_apart(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("path", "kind", "size", "expected"),
    [
        ("/bridges/1/contacts", "application/x-www-form-urlencoded", LARGEST_BODY, 200),
        ("/login", "application/x-www-form-urlencoded", LARGEST_BODY + 1, 413),
        ("/bridges/1/contacts", "application/x-www-form-urlencoded", LARGEST_BODY + 1, 413),
        ("/api/v1/bridges/1/sync", "application/json", LARGEST_BODY + 1, 413),
        ("/api/v1/operations/contacts.get/call", "application/json", LARGEST_BODY + 1, 422),
        ("/api/v1/operations/contacts.get/call", "application/json", LARGEST_CALL + 1, 413),
    ],
)
async def test_nobody_fills_the_memory_with_one_request(
    path: str, kind: str, size: int, expected: int
) -> None:
    """Whether the request says how long it is, or does not."""
    for told in (str(size), ""):
        headers = {"content-type": kind, "sec-fetch-site": "same-origin", "content-length": told}
        answer = await browse(FakeProduct.of(status())).ask("POST", path, b"text=".ljust(size, b"x"), headers)
        assert answer.status == expected
        assert answer.headers["content-security-policy"] == POLICY


async def test_behind_https_browsers_are_told_to_stay_with_it() -> None:
    secure = served(public_url="https://sync.example.com")
    for path in ("/", "/nowhere", "/api/v1/bridges", "/static/landbridge.css"):
        told = (await secure.get(path, host="sync.example.com")).headers["strict-transport-security"]
        assert told == "max-age=63072000; includeSubDomains"
    assert "strict-transport-security" not in (await served().get("/")).headers


async def test_logging_out_leaves_nothing_in_the_browser() -> None:
    class Ended(OpenDoors):
        async def end(self, token: str) -> None:
            """Nothing to end."""

    answer = await browse(FakeProduct(doors=Ended())).post("/logout")
    assert (answer.status, answer.headers["clear-site-data"]) == (303, '"cache", "storage"')


async def test_what_is_refused_is_in_the_log_without_what_was_typed() -> None:
    viewer = FakeProduct.of(status(), doors=OpenDoors(Person(7, "Vi", Role.VIEWER)))
    with capture_logs() as lines:
        await browse(viewer).post("/people", {"email": "typed@example.com"})
        await browse(viewer).post("/people/typed@example.com/remove")
        await browse(viewer).post("/typed@example.com")
        await browse(viewer).ask("POST", "*", b"", {"sec-fetch-site": "same-origin"})
        await browse(viewer).post("/logout", {}, {"sec-fetch-site": "cross-site"})
        await browse(viewer).get("/?typed@example.com", host="typed.example.com")
    assert "typed" not in str(lines)
    lines = [line for line in lines if line["event"] == "refused"]
    assert [line["why"] for line in lines] == [*["role"] * 4, "foreign site", "foreign host"]
    assert (lines[0]["person"], lines[0]["needed"], lines[0]["at"]) == (7, "owner", "people")
    assert [line["at"] for line in lines[:4]] == ["people", "people", "", ""]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/nowhere", "text/html; charset=utf-8"),
        ("/api/v1/bridges", "application/json"),
        ("/api/v1/nowhere", "application/json"),
        ("/healthz", "text/plain; charset=utf-8"),
        ("/static/landbridge.css", "text/css; charset=utf-8"),
        ("/bridges/1/activity.csv", "text/csv; charset=utf-8"),
    ],
)
async def test_every_answer_says_what_it_is(path: str, kind: str) -> None:
    assert (await browse(FakeProduct.of(status())).get(path)).headers["content-type"] == kind


@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/api/v1/bridges", "/static/landbridge.css"])
async def test_nobody_gets_their_own_headers_back(path: str) -> None:
    answer = await browse(FakeProduct.of(status())).ask("TRACE", path, b"", {"sec-fetch-site": "same-origin"})
    assert answer.status == 405


def test_every_brace_of_the_style_sheet_is_closed_before_its_next_part() -> None:
    depth = 0
    for line in (STATIC / "landbridge.css").read_text(encoding="utf-8").splitlines():
        assert not (line.startswith("/*") and depth), line
        depth += line.count("{") - line.count("}")
    assert depth == 0
