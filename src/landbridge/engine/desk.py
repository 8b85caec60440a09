"""What people decide about holds: each word is checked, kept, and carried out by the next sync."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.answers import FIELD_CAUSES, NotPossible, Word, way
from landbridge.engine.waterline import Waterline
from landbridge.store import decisions, journal
from landbridge.store.bridges import Bridge
from landbridge.store.database import Database
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.runs import Runs
from landbridge.sync.consent import EMAIL
from landbridge.sync.model import Choice, Kind, Side
from landbridge.sync.reasons import HELD
from landbridge.sync.rules import Policy
from landbridge.systems.base import Clock

log = structlog.get_logger()

_FIELD = ("use-highlevel", "use-rezora", "edit", "ignore")
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "list_missing": (),
    "one_option_only": (),
    **dict.fromkeys(FIELD_CAUSES, _FIELD),
    "several_candidates": ("link", "apart", "keep"),
    "maybe_same": ("link", "apart"),
    "twin": ("apart", "retry"),
    "deleted_and_edited": ("keep", "delete", "create"),
    "delete_waits": ("keep", "delete"),
    "restored_alone": ("create", "ignore"),
    "refused": ("retry",),
    "unknown_outcome": ("retry",),
    "opt_out_did_not_stick": ("retry",),
    "opt_out_lifted": ("out", "allow"),
    "opted_out_in_highlevel": (),
    "opted_out_in_rezora": (),
    "activity_deleted_and_edited": ("keep", "delete"),
    "activity_double": ("create", "ignore"),
    "activity_restored": ("create", "ignore"),
    "activity_shortened": ("use-highlevel", "use-rezora", "ignore"),
    "activity_refused": ("retry",),
    "task_without_due": ("ignore",),
    "recipe": ("done",),
}
"""What a person may answer, by the cause of the hold; nothing where only a hand in a system helps."""

ONE_BY_ONE = ("edit", "allow")  # each of these speaks of one person
EVERY = 1_000_000  # holds read for an answer to all of them


@dataclass(frozen=True, slots=True)
class Question:
    """An open hold, what may be answered, and what was answered already and waits for the next sync."""

    hold: OpenHold
    actions: tuple[str, ...]
    decided: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer to many holds: how many took it, and why others did not, by the id of the hold."""

    done: int = 0
    skipped: Mapping[int, str] = field(default_factory=dict)


class Desk:
    """Holds of one store, and what people answer."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        policy_of: Callable[[Bridge], Policy],
        waterline: Waterline,
    ) -> None:
        self._database = database
        self._waterline = waterline
        self._clock = clock
        self._policy_of = policy_of

    async def counts(self, bridge: Bridge) -> dict[str, int]:
        """How many holds are open, by cause, the commonest first."""
        async with self._database.read() as connection:
            found = await journal.hold_counts(connection, bridge.id)
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    async def questions(
        self, bridge: Bridge, cause: str = "", limit: int = 200, after: tuple[float, int] | None = None
    ) -> list[Question]:
        """Open holds, oldest first; of one cause, if one is named; ``after`` one, by its time and id."""
        if cause:
            _check_cause(cause)
        async with self._database.read() as connection:
            found = await journal.holds(connection, bridge.id, limit, cause=cause, after=after)
            made = await decisions.choices(connection, bridge.id)
        return [_question(hold, made) for hold in found]

    async def question(self, bridge: Bridge, hold_id: int) -> Question:
        """One open hold."""
        async with self._database.read() as connection:
            hold = await _open(connection, bridge.id, hold_id)
            return _question(hold, await decisions.choices(connection, bridge.id))

    async def resolve(self, bridge: Bridge, hold_id: int, use: str, value: str = "", *, by: str) -> Question:
        """Answer one hold; raises ``NotPossible`` with nothing changed.

        What has to be written is written by the next sync, so that a dry run shows it first.
        """
        policy = self._policy_of(bridge)
        latest = await Runs(self._database).latest_done(bridge.id)
        since, now = latest.id if latest else 0, self._clock.now()
        async with self._database.write() as connection:
            hold = await _open(connection, bridge.id, hold_id)
            _check_use(hold, use, value)
            word = Word(connection, bridge.id, policy, hold, use, value.strip(), by, now, since)
            await way(hold, use)(word)
            side = next(iter(word.ids), Side.HIGHLEVEL)
            action = "allowed" if use == "allow" else "decided"
            ids = word.ids.get(side, ""), word.ids.get(side.other, "")
            note = f"{HELD[hold.cause].title}: {use}, by {by}"
            entry = Entry(action, side, *ids, hold.rule, note=note)
            await journal.write(connection, bridge.id, 0, [entry], now)
        self._waterline.allow(bridge.id, word.allowed, EMAIL)
        log.info("hold_answered", bridge=bridge.id, hold=hold.id, cause=hold.cause, use=use)
        return Question(hold, ALLOWED[hold.cause], use)

    async def resolve_all(self, bridge: Bridge, cause: str, use: str, *, by: str) -> Answered:
        """Give every open hold of one cause the same answer; what cannot take it stays, with the reason."""
        _check_cause(cause)
        if use in ONE_BY_ONE:
            raise NotPossible(
                f"{use!r} speaks of one person and is not given to many at once.",
                "Answer each with `landbridge holds resolve`.",
            )
        _check_use(OpenHold(cause), use, "")
        async with self._database.read() as connection:
            found = await journal.holds(connection, bridge.id, EVERY, cause=cause)
        several = _named_more_than_once(found) if use == "link" else frozenset()
        done, skipped = 0, {}
        for hold in found:
            if hold.id in several:
                skipped[hold.id] = "There is more than one candidate; choose one of them."
                continue
            try:
                await self.resolve(bridge, hold.id, use, by=by)
                done += 1
            except NotPossible as refusal:
                skipped[hold.id] = refusal.sentence
        return Answered(done, skipped)


def _question(hold: OpenHold, made: Mapping[tuple[str, str], Mapping[str, Choice]]) -> Question:
    choice = made.get((hold.highlevel_id, hold.rezora_id), {}).get(_choice_rule(hold))
    words = {"highlevel": "use-highlevel", "rezora": "use-rezora", "value": "edit"}
    decided = words.get(choice.use, choice.use) if choice is not None and _still(hold, choice) else ""
    return Question(hold, ALLOWED.get(hold.cause, ()), decided)


def _choice_rule(hold: OpenHold) -> str:
    if hold.kind is not Kind.CONTACT:
        return hold.rule
    return hold.rule if hold.cause in FIELD_CAUSES else ""


def _still(hold: OpenHold, choice: Choice) -> bool:
    """Does the choice speak of what the hold shows?"""
    shown = (hold.highlevel_shows, hold.rezora_shows)
    return hold.cause not in FIELD_CAUSES or (choice.highlevel, choice.rezora) == shown


def _named_more_than_once(found: Sequence[OpenHold]) -> frozenset[int]:
    """Holds of people who have several candidates."""
    named = Counter(
        key for h in found for key in ((Side.HIGHLEVEL, h.highlevel_id), (Side.REZORA, h.rezora_id))
    )
    return frozenset(
        h.id
        for h in found
        if named[Side.HIGHLEVEL, h.highlevel_id] > 1 or named[Side.REZORA, h.rezora_id] > 1
    )


async def _open(connection: AsyncConnection, bridge_id: int, hold_id: int) -> OpenHold:
    hold = await journal.hold_by_id(connection, bridge_id, hold_id)
    if hold is None:
        raise NotPossible(
            f"There is no open hold {hold_id} on this bridge.",
            "Look at `landbridge holds list`: a sync closes a hold when it finds it settled.",
        )
    return hold


def _check_cause(cause: str) -> None:
    if cause not in HELD:
        raise NotPossible(f"There is no cause {cause!r}.", f"Use one of: {', '.join(sorted(HELD))}.")


def _check_use(hold: OpenHold, use: str, value: str) -> None:
    """Is this an answer to that hold at all?"""
    allowed = ALLOWED.get(hold.cause, ())
    if not allowed:
        title = HELD[hold.cause].title if hold.cause in HELD else hold.cause
        fix = HELD[hold.cause].fix if hold.cause in HELD else "Update Landbridge."
        raise NotPossible(f"Nothing can be answered to {title!r}; it closes by itself.", fix)
    if use not in allowed:
        raise NotPossible(
            f"{use!r} is no answer to {HELD[hold.cause].title!r}.", f"Use one of: {', '.join(allowed)}."
        )
    if (use == "edit") != bool(value.strip()):
        raise NotPossible(
            "A value goes with `edit`, and only with it.",
            "Use `edit` with --value TEXT; to clear a field, clear it on one side and choose that side.",
        )
