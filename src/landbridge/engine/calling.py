"""One call of one operation, for every door: checked, permitted, noted ahead, made, and noted down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from landbridge.engine import catalog
from landbridge.store import journal, ledger
from landbridge.store.bridges import Account, Bridge
from landbridge.store.database import Database
from landbridge.store.journal import Entry
from landbridge.sync.model import Side
from landbridge.systems.arguments import checked
from landbridge.systems.base import (
    Clock,
    Gone,
    Ledger,
    RateLimited,
    ReadOnlyGrant,
    Rejected,
    SystemFailure,
    Unavailable,
)
from landbridge.systems.operations import Operation, Parameter

ACTION = "operation"  # the journal's word for what somebody called by hand
LONGEST_VALUE = 300  # characters of one value in the journal
LONGEST_RECORD = 64  # characters of a record's id in the journal
HIDDEN = "…"
# The errors' own next steps speak of a sync; these speak of one call.
FIXES: Mapping[type[SystemFailure], str] = {
    Rejected: "Correct the parameters and call it again.",
    Gone: "Check the ids; it may have been deleted there.",
    RateLimited: "Wait until the quota is free again, then call it again.",
    Unavailable: "Wait a few minutes and call it again; look first whether a write was done all the same.",
}


class Calls(Protocol):
    """One open account whose operations can be called."""

    def permit(self, operation: Operation) -> None:
        """Raises ``Forbidden`` for what the credential may not do; asks nobody."""
        ...

    def filled(self) -> Mapping[str, str]:
        """``location`` and ``company`` of the account, where it knows them."""
        ...

    async def call(self, operation: Operation, arguments: Mapping[str, object]) -> object:
        """Make the call with checked arguments; the answer's JSON. Raises ``SystemFailure``."""
        ...

    def ledger(self) -> Ledger:
        """Calls made and calls left."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


OpenCalls = Callable[[Account], Awaitable[Calls]]
OwnAction = Callable[[Bridge, str, Mapping[str, object], str], Awaitable[object]]
"""Does one of our own operations: bridge, its name, checked arguments, and who asks."""


@dataclass(frozen=True, slots=True)
class Called:
    """What a call gave: the answer's JSON, the entry of the journal (0 for none), and the calls it took.

    ``daily_left`` is what is left of HighLevel's day by our count; None where there is no such limit.
    """

    operation: Operation
    answer: object
    entry_id: int = 0
    calls: int = 0
    daily_left: int | None = None


class Caller:
    """Calls operations for people, scripts and assistants."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        open_calls: OpenCalls,
        own: OwnAction,
        may_write: Callable[[Bridge], bool],
    ) -> None:
        self._database = database
        self._clock = clock
        self._open_calls = open_calls
        self._own = own
        self._may_write = may_write

    async def call(self, bridge: Bridge, name: str, given: Mapping[str, object], *, by: str) -> Called:
        """Call an operation on the bridge's account; ``by`` is the door: page, api, command, assistant.

        Nothing is sent for an unknown name (``UnknownOperation``), wrong parameters (``WrongArguments``, all
        of them), a missing permission (``Forbidden``, ``ReadOnlyGrant``) and a spent quota
        (``RateLimited``). A write is in the journal before it leaves. Raises ``SystemFailure``.
        """
        one = catalog.operation(name)
        if one.side is None:
            return Called(one, await self._own(bridge, name, checked(one, given, {}), by))
        calls = await self._open_calls(bridge.highlevel if one.side is Side.HIGHLEVEL else bridge.rezora)
        try:
            arguments = checked(one, given, calls.filled())
            self._permit(bridge, one)
            calls.permit(one)
            if not one.writes:
                return _called(one, await calls.call(one, arguments), 0, calls)
            return await self._write(bridge, one, arguments, calls, by)
        except SystemFailure as failure:
            if failure.fix == type(failure).fix and type(failure) in FIXES:
                failure.fix = FIXES[type(failure)]
            raise
        finally:
            await self._enter(bridge, one, calls.ledger().calls)
            await calls.close()

    def _permit(self, bridge: Bridge, one: Operation) -> None:
        """A bridge that is one-way towards Rezora writes nothing in HighLevel, whatever its token may do."""
        if one.writes and one.side is Side.HIGHLEVEL and not self._may_write(bridge):
            raise ReadOnlyGrant(
                f"{one.name} writes in HighLevel, and this bridge only reads there; nothing was sent.",
                fix="Connect HighLevel again with contacts.write, and without highlevel_read_only.",
                side=one.side,
            )

    async def _write(
        self, bridge: Bridge, one: Operation, arguments: Mapping[str, object], calls: Calls, by: str
    ) -> Called:
        """Noted ahead, so that a crash does not hide that something may have been changed."""
        entry = entry_of(one, arguments, by)
        async with self._database.write() as connection:
            (key,) = await journal.begin(connection, bridge.id, 0, [entry], self._clock.now())
        try:
            answer = await calls.call(one, arguments)
        except SystemFailure as failure:
            unsure = failure.sent == "maybe"
            note = f"{failure.sentence} It may have been done all the same." if unsure else failure.sentence
            await self._finish(key, replace(entry, action="failed", note=f"{one.title}: {note}"))
            raise
        await self._finish(key, entry)
        return _called(one, answer, key, calls)

    async def _enter(self, bridge: Bridge, one: Operation, made: int) -> None:
        """The day's ledger says who used the quota."""
        if made and one.side is not None:
            counts = {f"calls_{one.side.value}": made}
            async with self._database.write() as connection:
                await ledger.add(connection, bridge.id, self._clock.now(), ledger.OPERATIONS, counts)

    async def _finish(self, key: int, entry: Entry) -> None:
        async with self._database.write() as connection:
            await journal.finish(connection, {key: entry})


def entry_of(one: Operation, arguments: Mapping[str, object], by: str) -> Entry:
    """The journal's line: which record, what was sent, and through which door; no secret."""
    record = next((str(arguments[p.name]) for p in one.at("path") if p.filled == ""), "")
    side = one.side or Side.HIGHLEVEL
    sent = {p.name: _shown(p, arguments[p.name]) for p in one.parameters if p.name in arguments}
    note = f"{one.title}, by {by}"
    return Entry(ACTION, side, record[:LONGEST_RECORD], rule=one.name, after=sent, note=note)


def _shown(parameter: Parameter, value: object) -> str:
    if parameter.secret or parameter.type == "file":
        return HIDDEN
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + HIDDEN


def _called(one: Operation, answer: object, entry_id: int, calls: Calls) -> Called:
    told = calls.ledger()
    return Called(one, answer, entry_id, told.calls, told.daily_left if told.daily else None)
