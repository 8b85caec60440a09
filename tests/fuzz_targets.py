"""What is fuzzed, and what may come of it: each decoder and the receiver, by what goes over the wire."""

from __future__ import annotations

import base64
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from multidict import CIMultiDict
from yarl import URL

from fuzz_inputs import (
    CANARY,
    EVENT,
    HIGHLEVEL,
    REFUSAL,
    REZORA,
    TEXTS,
    answers,
    bodies,
    texts,
    values,
)
from landbridge.engine.answers import NotPossible
from landbridge.engine.catalog import operations
from landbridge.engine.when import next_start, read_when
from landbridge.store.database import StoreFailure
from landbridge.sync.mapping import MappingError, read_policy, write_policy
from landbridge.sync.model import ACTIVITIES, Kind, Side
from landbridge.sync.recipe_file import read_recipe, write_recipe
from landbridge.sync.recipe_library import LIBRARY
from landbridge.sync.rich_text import plain
from landbridge.sync.rules import default_policy
from landbridge.systems.arguments import WrongArguments, checked, from_text
from landbridge.systems.base import Grant, Label, SystemFailure
from landbridge.systems.clean_html import clean, without_footer
from landbridge.systems.highlevel.client import open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.highlevel.events import BY_TYPE
from landbridge.systems.highlevel.operations import open_calls
from landbridge.systems.highlevel.tokens import exchange_code
from landbridge.systems.highlevel.webhooks import LEGACY_SIGNATURE, SIGNATURE, Keys, NotAccepted, read_event
from landbridge.systems.http import HttpConfig
from landbridge.systems.memory import MemoryGrants
from landbridge.systems.outgoing_webhook import UnusableAddress, checked_address
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.client import RezoraSystem
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.operations import RezoraCalls
from landbridge.web.door import local
from systems_fakes import InstantClock
from webhook_posts import ed25519, legacy, public, signed

Script = Sequence[tuple[int, Mapping[str, str], bytes]]
MOST_CALLS = 400  # of one method: more is a loop that a server can keep going

OAUTH = Grant(
    "oauth", "token-a", "token-r", scopes=("contacts.readonly", "contacts.write"), location_id="loc1"
)
STALE = Grant(
    "oauth", "token-a", "token-r", expires_at=1.0, scopes=("contacts.readonly",), location_id="loc1"
)
PIT = Grant("pit", "token-p", location_id="loc1")


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is fuzzed; ``check`` raises for what must not happen."""

    name: str
    given: st.SearchStrategy[Any]
    check: Callable[[Any], Awaitable[None]]


class _Body:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self._body


class _Said:
    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.content = status, CIMultiDict(headers), _Body(body)

    def close(self) -> None:
        """Nothing is open."""


class Scripted:
    """A connection pool that answers from a script, the last line of which repeats."""

    def __init__(self, script: Script) -> None:
        self._script = list(script)
        self._calls = 0

    @asynccontextmanager
    async def request(
        self, method: str, url: URL, *, data: bytes | None, headers: Mapping[str, str], allow_redirects: bool
    ) -> AsyncIterator[_Said]:
        assert not allow_redirects
        self._calls += 1
        assert self._calls < MOST_CALLS, "a server that says the same again keeps us asking"
        yield _Said(*(self._script.pop(0) if len(self._script) > 1 else self._script[0]))

    async def close(self) -> None:
        """Nothing is open."""


def _parts(script: Script) -> tuple[HttpConfig, InstantClock, random.Random, Quota]:
    pool, clock = Scripted(script), InstantClock()
    config = HttpConfig(attempts=2, transport=lambda: pool)
    return config, clock, random.Random(1), Quota(100, daily=200_000, clock=clock)


def quiet(failure: SystemFailure) -> None:
    """A refusal is one sentence and a fix, and repeats nothing of what was read."""
    assert str(failure)
    assert failure.fix
    assert CANARY not in f"{failure} {failure.fix} {failure!r}"


Step = Callable[[Any], Awaitable[object]]
CONTACTS: dict[str, Step] = {
    "probe": lambda s: s.probe(),
    "contacts": lambda s: s.contacts(),
    "contacts since": lambda s: s.contacts(since=1_700_000_000.0),
    "contact": lambda s: s.contact("90112"),
    "create": lambda s: s.create({}),
    "update": lambda s: s.update("90112", {"email": "a@example.com"} if s.side is Side.HIGHLEVEL else {}),
    "delete": lambda s: s.delete("90112"),
    "opt out": lambda s: s.opt_out("90112"),
    "labels": lambda s: s.labels(),
    "members": lambda s: s.members(Label("7", "Buyers")),
    "create label": lambda s: s.create_label("Buyers"),
    "add label": lambda s: s.add_label("90112", Label("7", "Buyers")),
    "remove label": lambda s: s.remove_label("90112", Label("7", "Buyers")),
    "custom fields": lambda s: s.custom_fields(),
    "marker": lambda s: s.make_marker(),
    "business": lambda s: s.contacts_of_business("b1"),
    "people": lambda s: s.activities.people(),
}
FIELDS: dict[Kind, Mapping[str, str]] = {
    Kind.TASK: {"title": "Call", "due": "2026-11-25T09:00:00Z"},
    Kind.NOTE: {"body": "<p>x</p>"},
    Kind.APPOINTMENT: {"title": "Tour", "start": "2026-11-25T09:00:00Z", "end": "2026-11-25T10:00:00Z"},
}


def _of_kind(kind: Kind) -> dict[str, Step]:
    fields = FIELDS[kind]
    return {
        f"{kind} listing": lambda s: s.activities.listing(kind),
        f"{kind} of contact": lambda s: s.activities.of_contact(kind, "90112"),
        f"{kind} one": lambda s: s.activities.one(kind, "90112", "5"),
        f"{kind} create": lambda s: s.activities.create(kind, "90112", fields),
        f"{kind} update": lambda s: s.activities.update(kind, "90112", "5", fields),
        f"{kind} delete": lambda s: s.activities.delete(kind, "90112", "5"),
    }


STEPS = CONTACTS | {name: step for kind in ACTIVITIES for name, step in _of_kind(kind).items()}


async def _highlevel(given: tuple[str, Grant, str, Script]) -> None:
    step, grant, version, script = given
    http, clock, rng, quota = _parts(script)
    config = HighLevelConfig(
        api_url="https://api.example.com", client_id="app1-x", client_secret="s", version=version, page_size=2
    )
    system = open_highlevel(config, MemoryGrants(grant), http=http, quota=quota, clock=clock, rng=rng)
    try:
        await STEPS[step](system)
    except SystemFailure as failure:
        quiet(failure)
    finally:
        await system.close()


async def _rezora(given: tuple[str, bool, Script]) -> None:
    step, partial, script = given
    http, clock, rng, quota = _parts(script)
    config = RezoraConfig(
        api_url="https://api.example.com/v1",
        username="u",
        password="p",
        put_partial=partial,
        zone="America/Denver",
    )
    system = RezoraSystem(config, http=http, quota=quota, clock=clock, rng=rng)
    try:
        await STEPS[step](system)
    except SystemFailure as failure:
        quiet(failure)
    finally:
        await system.close()


async def _exchange(script: Script) -> None:
    http, clock, rng, _ = _parts(script)
    config = HighLevelConfig(api_url="https://api.example.com", client_id="app1-x", client_secret="s")
    try:
        made = await exchange_code(config, "code", http=http, clock=clock, rng=rng)
    except SystemFailure as failure:
        quiet(failure)
    else:
        assert made.access_token
        assert made.location_id


async def _operation(given: tuple[str, dict[str, Any], Script]) -> None:
    name, arguments, script = given
    one = operations()[name]
    http, clock, rng, quota = _parts(script)
    try:
        sent = checked(one, arguments, {"location": "loc1"})
        if one.side is Side.HIGHLEVEL:
            config = HighLevelConfig(api_url="https://api.example.com", client_id="app1-x", client_secret="s")
            grants = MemoryGrants(PIT)
            calls: Any = open_calls(config, grants, PIT, http=http, quota=quota, clock=clock, rng=rng)
        elif one.side is Side.REZORA:
            login = RezoraConfig(api_url="https://api.example.com/v1", username="u", password="p")
            calls = RezoraCalls(login, http=http, quota=quota, clock=clock, rng=rng)
        else:
            return
        try:
            await calls.call(one, sent)
        finally:
            await calls.close()
    except WrongArguments:
        pass
    except SystemFailure as failure:
        quiet(failure)


@st.composite
def _orders(draw: st.DrawFn) -> tuple[str, dict[str, Any], Script]:
    one = operations()[draw(st.sampled_from(sorted(operations())))]
    given: dict[str, Any] = {}
    for parameter in one.parameters:
        text = draw(texts)
        fitting = st.just(from_text(parameter, text)) | st.just("90112") | values
        if parameter.required or draw(st.booleans()):
            given[parameter.name] = draw(fitting)
    return one.name, given, draw(answers(HIGHLEVEL, REZORA, REFUSAL))


KEYS = Keys([public(ed25519())], [public(legacy())])
_signatures = st.one_of(
    st.sampled_from(TEXTS),
    st.binary(max_size=80).map(lambda raw: base64.b64encode(raw).decode()),
    st.just("N/A"),
)


async def _event(given: tuple[bytes, str, str]) -> None:
    raw, current, older = given
    try:
        KEYS.check(raw, {SIGNATURE: current, LEGACY_SIGNATURE: older})
    except NotAccepted:
        pass
    else:
        raise AssertionError("a signature that nobody made was accepted")
    KEYS.check(raw, signed(raw))
    try:
        found = read_event(raw)
    except NotAccepted as flaw:
        assert CANARY not in repr(flaw)
    else:
        assert len(found.record_id) <= 64


def _pieces(text: str) -> st.SearchStrategy[str]:
    """A text that people write, with something odd put over a part of it."""
    return st.builds(
        lambda at, length, odd: text[:at] + odd + text[at + length :],
        st.integers(0, len(text)),
        st.integers(0, 40),
        texts | st.sampled_from(['"', "=", "\n[", "[[fields]]\n", "#", "'''", "true", "[]", "{}", "1e5"]),
    )


async def _mapping(text: str) -> None:
    try:
        policy = read_policy(text)
    except MappingError as error:
        assert error.problems
    else:
        assert read_policy(write_policy(policy)) == policy


async def _recipe(text: str) -> None:
    try:
        recipe = read_recipe(text, BY_TYPE)
    except MappingError as error:
        assert error.problems
    else:
        assert read_recipe(write_recipe(recipe), BY_TYPE) == recipe


async def _when(given: tuple[str, str, str]) -> None:
    try:
        when = read_when(*given)
    except (NotPossible, StoreFailure, ValueError) as refusal:
        assert isinstance(refusal, NotPossible | StoreFailure), repr(refusal)
    else:
        assert next_start(when, 1_795_435_200.0) > 1_795_435_200.0


async def _text(text: str) -> None:
    cleaned = clean(text)
    assert "<script" not in cleaned.lower()
    assert clean(cleaned) == cleaned
    plain(text)
    without_footer(text)


async def _address(text: str) -> None:
    path = local(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    with suppress(UnusableAddress):
        assert checked_address(text).scheme == "https"


_whens = st.sampled_from(
    ["daily at 03:30", "every 2 hours", "*/5 * * * *", "weekdays at 9:00", "every 0 minutes", "off"]
)
_markup = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "<script>",
            "</",
            "<a href='",
            "javascript:",
            "&lt;",
            "&#0;",
            "<svg/onload=",
            "--!>",
            "<p>",
        ]
    )
    | texts
).map("".join)
ADDRESSES = st.lists(
    st.sampled_from(
        [
            "https:",
            "/",
            "//",
            "\\",
            "@",
            ":",
            "[",
            "]",
            "::1",
            "x.example",
            "?",
            "#",
            "\t",
            "%0a",
            "javascript:",
        ]
    )
    | texts
).map("".join)

TARGETS = (
    Target(
        "HighLevel's answers",
        st.tuples(
            st.sampled_from(sorted(STEPS)),
            st.sampled_from([PIT, OAUTH, STALE]),
            st.sampled_from(["2021-07-28", "v3"]),
            answers(HIGHLEVEL, REFUSAL),
        ),
        _highlevel,
    ),
    Target(
        "Rezora's answers",
        st.tuples(st.sampled_from(sorted(STEPS)), st.booleans(), answers(REZORA, [REZORA[1]], [])),
        _rezora,
    ),
    Target("HighLevel's tokens", answers(HIGHLEVEL, REFUSAL), _exchange),
    Target("calls of operations", _orders(), _operation),
    Target("bodies of webhooks", st.tuples(bodies(EVENT), _signatures, _signatures), _event),
    Target("mappings", _pieces(write_policy(default_policy())), _mapping),
    Target(
        "recipes",
        st.sampled_from([write_recipe(one.pattern) for one in LIBRARY.values() if one.pattern]).flatmap(
            _pieces
        ),
        _recipe,
    ),
    Target("schedules", st.tuples(_whens.flatmap(_pieces) | texts, texts | st.just("UTC"), texts), _when),
    Target("rich text", _markup, _text),
    Target("addresses", ADDRESSES, _address),
)
