"""Every kind of answer becomes the right error, in a sentence that leaks nothing; addresses are kept to."""

from __future__ import annotations

import errno
import ssl
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey
from structlog.testing import capture_logs

from landbridge.sync.model import Side
from landbridge.systems.base import (
    Duplicate,
    Forbidden,
    Gone,
    Malformed,
    Paused,
    Rejected,
    SystemFailure,
    WrongCredentials,
)
from landbridge.systems.failures import At, no_connection, safe_words
from landbridge.systems.http import HttpClient, HttpConfig, decode_as, no_body
from systems_fakes import InstantClock, Reply, TinyServer, answer, client_of, page, tiny_server

KEY = ConnectionKey("services.example", 443, True, True, None, None, None)
GOOD = answer({"id": "x", "traceId": "trace-1"})


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(GOOD) as running:
        yield running


@pytest.fixture
async def client(server: TinyServer) -> AsyncIterator[HttpClient]:
    made = client_of(server.url, InstantClock(), config=HttpConfig(attempts=1, max_body_bytes=2000))
    yield made
    await made.close()


async def read(client: HttpClient, record: str = "ada1") -> object:
    return await client.request(
        "GET",
        "/contacts/{contact}",
        ids={"contact": record},
        decode=decode_as(dict[str, object]),
        idempotent=True,
    )


def error(status: int, message: object = "no", **more: object) -> Reply:
    return answer({"statusCode": status, "message": message, "traceId": "trace-9", **more}, status)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(401), WrongCredentials),
        (error(403), Forbidden),
        (error(400, "Location is not active"), Paused),
        (error(400, "Contact with id ada1 not found"), Gone),
        (error(404, "Contact with id ada1 not found"), Gone),
        (error(410), Gone),
        (error(404, "Cannot GET /contacts/ada1"), Malformed),
        (page("Not found", 404), Malformed),
        (page("Bad request", 400), Malformed),
        (page("Forbidden", 403), Forbidden),
        (page("Who are you", 401), WrongCredentials),
        (error(422, ["email must be an email"]), Rejected),
        (
            error(400, "This location does not allow duplicated contacts.", meta={"contactId": "b2"}),
            Duplicate,
        ),
        (answer({}, 302, location="https://example.org/"), Malformed),
        (answer({}, 204), Malformed),
        (answer(b"[1, 2]"), Malformed),
        (answer(b'{"a": 1} and more'), Malformed),
        (answer(b'{"a": 1}', content_type="text/plain"), Malformed),
        (answer({"statusCode": 200, "error": {"code": 9, "message": "no"}}), Malformed),
        (answer({"status": 400, "name": "HttpException", "message": "no"}), Malformed),
        (answer({"a": "x" * 3000}), Malformed),
    ],
)
async def test_an_answer_becomes_its_error(
    client: HttpClient, server: TinyServer, reply: Reply, kind: type[SystemFailure]
) -> None:
    server.says(reply)
    with pytest.raises(kind) as caught:
        await read(client)
    failure = caught.value
    assert type(failure) is kind
    assert failure.side is Side.HIGHLEVEL
    assert failure.sentence.endswith(".")
    assert "HighLevel" in failure.sentence
    assert "ada1" not in failure.sentence
    assert len(server.seen) == 1


async def test_a_duplicate_names_its_candidate_and_nobody(client: HttpClient, server: TinyServer) -> None:
    server.says(error(400, "Contact Ada Byron exists", meta={"contactId": "b2", "contactName": "ada byron"}))
    with pytest.raises(Duplicate) as caught:
        await client.request("POST", "/contacts/", json={}, decode=no_body, idempotent=False)
    assert caught.value.contact_id == "b2"
    assert caught.value.sent == "maybe"
    assert caught.value.trace_id == "trace-9"
    assert caught.value.sentence == "HighLevel refused POST /contacts/ (400: Contact … exists)."


async def test_a_missing_route_without_an_id_is_a_wrong_address(
    client: HttpClient, server: TinyServer
) -> None:
    server.says(error(404, "no"))
    with pytest.raises(Malformed, match="it knows no such call") as caught:
        await client.request("POST", "/contacts/search", json={}, decode=no_body, idempotent=True)
    assert "address in `landbridge settings`" in caught.value.fix


async def test_a_create_is_never_answered_with_gone(client: HttpClient, server: TinyServer) -> None:
    server.says(error(404, "not found"))
    with pytest.raises(Rejected):
        await client.request(
            "POST", "/contacts/{c}/notes", ids={"c": "ada1"}, json={}, decode=no_body, idempotent=False
        )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("email must be an email", "email must be an email"),
        ("ada.byron@example.org is not a valid email", "… is not a valid email"),
        ("Ada Byron (303) 555-0100 exists already", "… exists already"),
        ("property contact_email should not exist", "property contact_email should not exist"),
        ("token eyJhbGciOiJIUzI1NiJ9 is invalid", "token … is invalid"),
        ("Ада Байрон", ""),
        ("", ""),
    ],
)
def test_a_vendors_text_is_shown_without_names_addresses_and_tokens(text: str, shown: str) -> None:
    assert safe_words(text) == shown


async def test_ids_are_quoted_and_never_leave_their_place(client: HttpClient, server: TinyServer) -> None:
    await read(client, "../a b/?x=1#y%2F")
    assert server.seen[0].path == "/contacts/..%2Fa%20b%2F%3Fx%3D1%23y%252F"


@pytest.mark.parametrize("bad", ["", ".", "..", "  ", "\n"])
async def test_a_blank_id_is_refused_before_anything_is_sent(
    client: HttpClient, server: TinyServer, bad: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await read(client, bad)
    assert caught.value.sent == "no"
    assert server.seen == []


async def test_a_query_is_encoded(client: HttpClient, server: TinyServer) -> None:
    await client.request(
        "GET", "/search", query={"email": "a+b@example.org"}, decode=no_body, idempotent=True
    )
    assert server.seen[0].path == "/search?email=a%2Bb%40example.org"


async def test_a_redirect_is_not_followed(client: HttpClient, server: TinyServer) -> None:
    server.says(answer({}, 307, location=f"{server.url}/elsewhere"), GOOD)
    with pytest.raises(Malformed, match="unexpected 307"):
        await read(client)
    assert len(server.seen) == 1


async def test_cookies_are_not_kept(server: TinyServer) -> None:
    client = client_of(server.url.replace("127.0.0.1", "localhost"), InstantClock())
    server.says(answer({}, set_cookie="session=1; Path=/"))
    await read(client)
    await read(client)
    await client.close()
    assert "cookie" not in server.seen[1].headers


@pytest.mark.parametrize(
    "url",
    [
        "http://services.example.com",
        "ftp://services.example.com",
        "https://user:pass@services.example.com",
        "https://services.example.com?x=1",
        "https://",
        "http://10.0.0.1",
        "http://localhost.example.com",
    ],
)
def test_only_https_or_this_machine_is_spoken_to(url: str) -> None:
    with pytest.raises(ValueError, match=r"The API's address must"):
        client_of(url, InstantClock())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://[::1]:9", "http://localhost/x", "https://a.example"]
)
def test_these_addresses_are_fine(url: str) -> None:
    assert client_of(url, InstantClock()).address.count(":") >= 1


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "unknown")), "its name is not known"),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.ENETUNREACH, "x")), "network is unreachable"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("x")),
            "its certificate is not valid",
        ),
        (aiohttp.ClientConnectorSSLError(KEY, OSError(1, "x")), "no TLS connection could be made"),
        (aiohttp.ConnectionTimeoutError("x"), "no connection in time"),
    ],
)
def test_a_failed_connection_is_said_in_plain_words(error: Exception, why: str) -> None:
    failure = no_connection(error, At(Side.HIGHLEVEL, "services.example:443", "GET", "/x", True, False))
    assert str(failure) == f"HighLevel at services.example:443 does not answer ({why})."
    assert failure.sent == "no"


async def test_the_log_has_one_line_a_request_and_no_secret(client: HttpClient, server: TinyServer) -> None:
    canaries = ["first-secret-token", "ada1", "ada@example.org", "Ada Byron", "555-0100"]
    server.says(
        error(400, "Ada Byron ada@example.org 303-555-0100 is not allowed"),
        answer({"contact": {"email": "ada@example.org", "name": "Ada Byron"}, "traceId": "trace-2"}),
    )
    with capture_logs() as lines:
        with pytest.raises(Rejected) as caught:
            await read(client)
        await client.request(
            "PUT",
            "/contacts/{contact}",
            ids={"contact": "ada1"},
            query={"email": "ada@example.org"},
            json={"phone": "303-555-0100"},
            decode=no_body,
            idempotent=True,
        )
    assert [line["log_level"] for line in lines] == ["debug", "debug"]
    assert lines[1] == {
        "event": "http",
        "log_level": "debug",
        "side": "highlevel",
        "method": "PUT",
        "route": "/contacts/{contact}",
        "status": 200,
        "ms": 0.0,
        "attempt": 1,
        "trace_id": "trace-2",
        "failure": "",
    }
    assert lines[0]["trace_id"] == "trace-9"
    shown = f"{lines} {caught.value} {caught.value.fix} {caught.value!r}"
    assert [canary for canary in canaries if canary in shown] == []


async def test_a_failed_connection_is_logged_as_well(client: HttpClient, server: TinyServer) -> None:
    async def close(request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    server.says(close)
    with capture_logs() as lines, pytest.raises(SystemFailure):
        await read(client)
    assert [(line["status"], line["failure"]) for line in lines] == [(0, "Unavailable")]
