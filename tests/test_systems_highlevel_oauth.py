"""OAuth: one refresh at a time, the pair durable before use, and no way to burn a working grant (S14)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from structlog.testing import capture_logs

from landbridge.systems.base import (
    Grant,
    Malformed,
    Paused,
    ReconnectNeeded,
    Rejected,
    SystemFailure,
    Unavailable,
    WrongCredentials,
)
from landbridge.systems.highlevel.auth import (
    READ_SCOPES,
    WRITE_SCOPES,
    GrantRefused,
    HighLevelConfig,
    OAuthAuthorise,
    authorise_url,
    exchange_code,
    scopes_for,
)
from landbridge.systems.http import HttpConfig
from landbridge.systems.memory import MemoryGrants
from systems_fakes import InstantClock, Seen, TinyServer, answer, hang_up, page, tiny_server

HTTP = HttpConfig(timeout_seconds=2)
PAIR = {
    "access_token": "access-2",
    "token_type": "Bearer",
    "expires_in": 86399,
    "refresh_token": "refresh-2",
    "scope": "contacts.readonly contacts.write",
    "userType": "Location",
    "locationId": "loc1",
    "companyId": "comp1",
}
STALE = answer({"statusCode": 400, "message": "Invalid grant: refresh token is invalid"}, 400)
INACTIVE = answer({"statusCode": 400, "message": "Location is not active"}, 400)
NO_CLIENT = answer({"error": "invalid_client", "error_description": "Invalid client credentials!"}, 401)


def rng() -> random.Random:
    return random.Random(2)  # repeatable pauses


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(answer(PAIR)) as running:
        yield running


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
def old(clock: InstantClock) -> Grant:
    return Grant(
        kind="oauth",
        access_token="access-1",
        refresh_token="refresh-1",
        expires_at=clock.now() + 100,
        scopes=("contacts.readonly",),
        location_id="loc1",
        version=3,
    )


def config_of(server: TinyServer, **more: object) -> HighLevelConfig:
    base = HighLevelConfig(
        api_url=server.url,
        client_id="app-1",
        client_secret="very-secret",
        redirect_uri="http://127.0.0.1:8780/oauth/callback",
    )
    return replace(base, **more)  # type: ignore[arg-type]  # a few fields by name


class Grants(MemoryGrants):
    """Counts saves, and can act as another process that holds the slot."""

    def __init__(self, grant: Grant) -> None:
        super().__init__(grant)
        self.saved: list[Grant] = []
        self.held_by_another = 0
        self.just_given_back = False
        self.theirs: Grant | None = None

    async def save(self, grant: Grant, *, expected_version: int) -> Grant | None:
        stored = await super().save(grant, expected_version=expected_version)
        if stored is not None:
            self.saved.append(stored)
        return stored

    async def begin_refresh(self, version: int, seconds: float) -> bool:
        if self.held_by_another:
            self.held_by_another -= 1
            if not self.held_by_another and self.theirs is not None:
                self._grant = self.theirs
            return False
        if self.just_given_back:
            self._grant = self.theirs
            return True
        return await super().begin_refresh(version, seconds)


@pytest.fixture
async def grants(old: Grant) -> Grants:
    return Grants(old)


@pytest.fixture
async def authorise(server: TinyServer, grants: Grants, clock: InstantClock) -> AsyncIterator[OAuthAuthorise]:
    made = OAuthAuthorise(config_of(server), grants, http=HTTP, clock=clock, rng=rng())
    yield made
    await made.close()


def form(seen: Seen) -> dict[str, str]:
    return dict(parse_qsl(seen.body.decode()))


def tokens_used(server: TinyServer) -> list[str]:
    return [form(seen).get("refresh_token", seen.path) for seen in server.seen]


def test_the_consent_page_asks_for_the_least_and_carries_the_state() -> None:
    config = HighLevelConfig(client_id="app-1", redirect_uri="http://127.0.0.1:8780/cb")
    url = urlsplit(authorise_url(config, "st&te", scopes_for(read_only=True)))
    assert f"{url.scheme}://{url.netloc}{url.path}" == config.authorise_url
    assert parse_qs(url.query) == {
        "response_type": ["code"],
        "client_id": ["app-1"],
        "redirect_uri": ["http://127.0.0.1:8780/cb"],
        "scope": [" ".join(READ_SCOPES)],
        "state": ["st&te"],
    }
    assert all(scope.endswith(".readonly") for scope in READ_SCOPES)
    assert scopes_for(read_only=False) == READ_SCOPES + WRITE_SCOPES
    assert "contacts.write" in WRITE_SCOPES


async def test_a_code_becomes_a_grant(server: TinyServer, clock: InstantClock) -> None:
    grant = await exchange_code(config_of(server), "code-1", http=HTTP, clock=clock, rng=rng())
    assert grant.access_token == "access-2"
    assert grant.refresh_token == "refresh-2"
    assert grant.expires_at == clock.now() + 86399
    assert grant.scopes == ("contacts.readonly", "contacts.write")
    assert (grant.location_id, grant.company_id, grant.version) == ("loc1", "comp1", 0)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/oauth/token")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert form(seen) == {
        "client_id": "app-1",
        "client_secret": "very-secret",
        "grant_type": "authorization_code",
        "user_type": "Location",
        "code": "code-1",
        "redirect_uri": "http://127.0.0.1:8780/oauth/callback",
    }


async def test_version_3_has_its_own_names(server: TinyServer, clock: InstantClock) -> None:
    server.says(
        answer({"accessToken": "a", "refreshToken": "r", "expiresIn": 60, "scope": "x", "locationId": "loc1"})
    )
    config = config_of(server, version="v3")
    grant = await exchange_code(config, "code-1", http=HTTP, clock=clock, rng=rng())
    assert (grant.access_token, grant.refresh_token) == ("a", "r")
    assert server.seen[0].headers["version"] == "v3"
    assert form(server.seen[0])["clientSecret"] == "very-secret"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (
            answer({"statusCode": 400, "message": "Invalid grant: authorization code is invalid"}, 400),
            GrantRefused,
        ),
        (NO_CLIENT, WrongCredentials),
        (answer({"statusCode": 400, "message": "Missing parameter: client_id"}, 400), Rejected),
        (answer(PAIR | {"userType": "Company"}), Rejected),
        (answer(PAIR | {"locationId": None}), Malformed),
        (answer(PAIR | {"access_token": ""}), Malformed),
        (answer(PAIR | {"expires_in": "soon"}), Malformed),
        (page("Sign in"), Malformed),
    ],
)
async def test_a_code_that_cannot_be_exchanged_gives_one_clear_error(
    server: TinyServer, clock: InstantClock, reply: object, kind: type[SystemFailure]
) -> None:
    server.says(reply)  # type: ignore[arg-type]  # parametrize loses the type
    with pytest.raises(kind) as caught:
        await exchange_code(config_of(server), "code-1", http=HTTP, clock=clock, rng=rng())
    assert len(server.seen) == 1
    assert "HighLevel" in caught.value.sentence
    assert "code-1" not in f"{caught.value}{caught.value.fix}"


async def test_a_good_token_is_used_as_it_is(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant, clock: InstantClock
) -> None:
    grants._grant = replace(old, expires_at=clock.now() + 301)
    assert await authorise.headers() == {"Authorization": "Bearer access-1"}
    assert server.seen == []


async def test_a_token_about_to_end_is_renewed_and_stored_before_use(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants
) -> None:
    assert await authorise.headers() == {"Authorization": "Bearer access-2"}
    assert tokens_used(server) == ["refresh-1"]
    (saved,) = grants.saved
    assert (saved.access_token, saved.refresh_token, saved.version) == ("access-2", "refresh-2", 4)
    assert saved.previous_refresh_token == "refresh-1"


async def test_the_old_refresh_token_is_dropped_once_the_new_token_has_worked(
    authorise: OAuthAuthorise, grants: Grants
) -> None:
    headers = await authorise.headers()
    await authorise.on_accepted(dict(headers))  # of another call: not these headers
    assert len(grants.saved) == 1
    await authorise.on_accepted(headers)
    await authorise.on_accepted(headers)
    assert [saved.previous_refresh_token for saved in grants.saved] == ["refresh-1", ""]
    assert (await grants.load()).refresh_token == "refresh-2"
    assert (await authorise.grant()).version == 5


async def test_many_calls_at_once_make_one_refresh(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants
) -> None:
    answers = await asyncio.gather(*(authorise.headers() for _ in range(20)))
    assert {found["Authorization"] for found in answers} == {"Bearer access-2"}
    assert len(server.seen) == 1
    assert len(grants.saved) == 1


async def test_many_refused_calls_make_one_refresh(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant, clock: InstantClock
) -> None:
    grants._grant = replace(old, expires_at=clock.now() + 50_000)
    refused = await authorise.headers()
    assert all(await asyncio.gather(*(authorise.on_unauthorised(refused) for _ in range(20))))
    assert len(server.seen) == 1
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"


async def test_what_another_process_renewed_is_used(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant, clock: InstantClock
) -> None:
    grants.held_by_another = 3
    grants.theirs = replace(old, access_token="theirs", expires_at=clock.now() + 80_000, version=4)
    assert (await authorise.headers())["Authorization"] == "Bearer theirs"
    assert server.seen == []
    assert clock.slept == [0.5, 0.5, 0.5]


async def test_a_slot_that_was_just_given_back_is_not_used_to_refresh_again(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant, clock: InstantClock
) -> None:
    grants.theirs = replace(old, access_token="theirs", expires_at=clock.now() + 80_000, version=4)
    grants.just_given_back = True
    assert (await authorise.headers())["Authorization"] == "Bearer theirs"
    assert server.seen == []


async def test_a_refresher_that_died_is_followed_once_its_slot_runs_out(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants
) -> None:
    grants.held_by_another = 40
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"
    assert tokens_used(server) == ["refresh-1"]


async def test_a_save_that_came_second_takes_what_the_first_stored(
    authorise: OAuthAuthorise, grants: Grants, old: Grant, clock: InstantClock, server: TinyServer
) -> None:
    theirs = replace(old, access_token="by-a-person", expires_at=clock.now() + 80_000, version=9)

    async def meanwhile(_: object) -> object:
        grants._grant = theirs
        return await answer(PAIR)(None)  # type: ignore[operator,arg-type]  # the fake needs no request

    server.says(meanwhile)  # type: ignore[arg-type]  # a reply by another name
    assert (await authorise.headers())["Authorization"] == "Bearer by-a-person"
    assert grants.saved == []


@pytest.mark.parametrize("lost", [hang_up, page("Bad gateway", 502), answer(b'{"access_to')])
async def test_a_lost_answer_is_asked_for_again_with_the_same_token_in_time(
    authorise: OAuthAuthorise, server: TinyServer, clock: InstantClock, lost: object
) -> None:
    began = clock.now()
    server.says(lost, lost, answer(PAIR))  # type: ignore[arg-type]  # parametrize loses the type
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"
    assert tokens_used(server) == ["refresh-1", "refresh-1", "refresh-1"]
    assert clock.now() - began < 30


async def test_a_silent_token_endpoint_is_not_final(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant, clock: InstantClock
) -> None:
    server.says(answer({}, 503))
    assert (await authorise.headers())["Authorization"] == "Bearer access-1"  # still good for a while
    clock.advance(200)
    with pytest.raises(Unavailable) as caught:
        await authorise.headers()
    assert caught.value.sent == "no"
    assert grants.saved == []
    assert await grants.load() == old
    server.says(answer(PAIR))
    clock.advance(60)
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"


async def test_while_the_token_endpoint_is_silent_it_is_not_asked_by_every_call(
    authorise: OAuthAuthorise, server: TinyServer, clock: InstantClock
) -> None:
    clock.advance(200)
    server.says(answer({}, 503))
    results = await asyncio.gather(*(authorise.headers() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    assert len(server.seen) == 3


async def test_a_refused_token_is_followed_by_the_one_before(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant
) -> None:
    grants._grant = replace(old, previous_refresh_token="refresh-0")
    server.says(STALE, answer(PAIR))
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"
    assert tokens_used(server) == ["refresh-1", "refresh-0"]


async def test_a_lost_grant_is_rescued_without_a_person(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants
) -> None:
    server.says(STALE, answer({"authorizationCode": "code-9"}), answer(PAIR))
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"
    assert [seen.path for seen in server.seen] == ["/oauth/token", "/oauth/reconnect", "/oauth/token"]
    assert server.seen[1].json == {
        "clientKey": "app-1",
        "clientSecret": "very-secret",
        "locationId": "loc1",
    }
    assert form(server.seen[2])["code"] == "code-9"
    assert grants.saved[0].scopes == ("contacts.readonly",)  # a read-only grant stays read-only


@pytest.mark.parametrize(
    "refusal", [answer({"statusCode": 404, "message": "Cannot POST"}, 404), STALE, answer({}, 400)]
)
async def test_a_grant_lost_for_good_asks_for_a_person(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, refusal: object
) -> None:
    server.says(STALE, refusal)  # type: ignore[arg-type]  # parametrize loses the type
    with pytest.raises(ReconnectNeeded, match="does not accept the stored refresh token"):
        await authorise.headers()
    assert len(server.seen) == 2
    assert grants.saved == []


async def test_the_rescue_can_be_switched_off(
    server: TinyServer, grants: Grants, clock: InstantClock
) -> None:
    server.says(STALE)
    authorise = OAuthAuthorise(config_of(server, rescue=False), grants, http=HTTP, clock=clock, rng=rng())
    with pytest.raises(ReconnectNeeded):
        await authorise.headers()
    await authorise.close()
    assert len(server.seen) == 1


async def test_a_paused_location_keeps_its_grant(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant, clock: InstantClock
) -> None:
    server.says(INACTIVE)
    with pytest.raises(Paused):
        await authorise.headers()
    assert await grants.load() == old
    server.says(answer(PAIR))
    clock.advance(10)
    assert (await authorise.headers())["Authorization"] == "Bearer access-2"


async def test_a_location_that_pauses_during_the_rescue_is_paused_and_not_lost(
    authorise: OAuthAuthorise, server: TinyServer
) -> None:
    server.says(STALE, INACTIVE)
    with pytest.raises(Paused):
        await authorise.headers()


async def test_a_wrong_client_secret_does_not_end_the_grant(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, old: Grant
) -> None:
    server.says(NO_CLIENT)
    with pytest.raises(WrongCredentials) as caught:
        await authorise.headers()
    assert "highlevel_client_secret" in caught.value.fix
    assert len(server.seen) == 1
    assert await grants.load() == old


async def test_a_private_token_is_never_refreshed(server: TinyServer, clock: InstantClock) -> None:
    grants = MemoryGrants(Grant(kind="pit", access_token="pit-secret", location_id="loc1"))
    authorise = OAuthAuthorise(config_of(server), grants, http=HTTP, clock=clock, rng=rng())
    headers = await authorise.headers()
    assert headers == {"Authorization": "Bearer pit-secret"}
    assert not await authorise.on_unauthorised(headers)
    await authorise.on_accepted(headers)
    await authorise.close()
    assert server.seen == []


async def test_a_new_token_that_is_refused_at_once_does_not_go_round_in_circles(
    authorise: OAuthAuthorise, server: TinyServer
) -> None:
    headers = await authorise.headers()
    assert not await authorise.on_unauthorised(headers)
    assert len(server.seen) == 1


async def test_no_token_is_ever_shown(
    authorise: OAuthAuthorise, server: TinyServer, grants: Grants, clock: InstantClock
) -> None:
    secrets = ["access-1", "access-2", "refresh-1", "refresh-2", "very-secret"]
    with capture_logs() as lines:
        await authorise.headers()
        clock.advance(90_000)
        server.says(STALE)
        with pytest.raises(ReconnectNeeded) as caught:
            await authorise.headers()
    failure = caught.value
    shown = f"{lines} {failure} {failure!r} {failure.fix} {failure.__cause__!r}"
    shown += f"{await grants.load()!r} {config_of(server)!r}"
    assert [secret for secret in secrets if secret in shown] == []
    assert lines
