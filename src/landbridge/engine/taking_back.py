"""Taking back an answer: what was said by whom, what of it was written already, and forgetting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.answers import FIELD_CAUSES, NotPossible
from landbridge.store import decisions, driver, journal
from landbridge.store.decisions import Given
from landbridge.store.journal import Entry, OpenHold
from landbridge.sync.model import Choice, Kind, Side

WORDS = {"highlevel": "use-highlevel", "rezora": "use-rezora", "value": "edit"}
"""Answers about values, as a choice keeps them and as people give them."""

WRITTEN = ("create", "update", "join", "leave", "delete")
"""What a sync may have written for an answer before it failed or was cut off."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that waits: what was given, by whom, when (epoch seconds).

    ``written`` are entries of the journal since then that touched the same records and the same field or
    mark: a run that failed or was cut off may have carried a part of the answer out. They stay.
    """

    use: str
    value: str
    by: str
    at: float
    written: Sequence[Entry] = ()


async def answer_of(connection: AsyncConnection, bridge_id: int, hold: OpenHold) -> Answer:
    """The answer to a hold that no sync has carried out; raises ``NotPossible`` where there is none."""
    pair = hold.highlevel_id, hold.rezora_id
    given = await decisions.given(connection, bridge_id, pair, choice_rule(hold))
    if given is None or not still(hold, given.choice):
        raise NotPossible(
            "This hold has no answer that could be taken back.",
            "Look at what was written in the activity: it can be undone there.",
        )
    written = await _written_since(connection, bridge_id, hold, given)
    return Answer(use_of(given.choice), given.choice.value, given.by, given.at, written)


async def take_back(
    connection: AsyncConnection,
    bridge_id: int,
    hold: OpenHold,
    *,
    by: str,
    title: str,
    now: float,
    seen: float | None = None,
) -> None:
    """Forget it and write that down, in the transaction of the caller.

    ``seen``: when the answer was given that the person was shown; None for whichever there is. Raises
    ``NotPossible`` where there is none, or while a sync that may have read it is under way.
    """
    if await driver.at_work(connection, bridge_id, now):
        raise NotPossible(
            "A sync is under way, and may be carrying this answer out.",
            "Look again when it has ended; what it wrote can be undone in the activity.",
        )
    answer = await answer_of(connection, bridge_id, hold)
    if seen is not None and answer.at != seen:
        raise NotPossible(
            "Somebody answered this hold anew while you looked.",
            "Look at that answer before you take it back.",
        )
    pair = hold.highlevel_id, hold.rezora_id
    await decisions.drop_choice(connection, bridge_id, pair, choice_rule(hold))
    side = Side.HIGHLEVEL if hold.highlevel_id else Side.REZORA
    ids = pair if side is Side.HIGHLEVEL else pair[::-1]
    stays = f", what it wrote before stays ({_numbers(answer.written)})" if answer.written else ""
    note = f"{title}: answer {answer.use} taken back{stays}, by {by}"
    typed = {hold.rule or "answer": answer.value} if answer.use == "edit" else {}
    entry = Entry("decided", side, *ids, hold.rule, before=typed, note=note, kind=hold.kind)
    await journal.write(connection, bridge_id, 0, [entry], now)


def use_of(choice: Choice) -> str:
    """The word by which people gave it."""
    return WORDS.get(choice.use, choice.use)


def choice_rule(hold: OpenHold) -> str:
    """The rule under which the answer to a hold is kept."""
    if hold.kind is not Kind.CONTACT:
        return hold.rule
    return hold.rule if hold.cause in FIELD_CAUSES else ""


def still(hold: OpenHold, choice: Choice) -> bool:
    """Does the choice speak of this hold, and of what it shows?

    The word about a whole contact is kept with the cause it answered (``answers._choose_fate``), and one to
    delete with the prints of what the person saw (``gone._still_meant``).
    """
    if hold.kind is Kind.CONTACT and hold.cause not in FIELD_CAUSES:
        return choice.value == hold.cause and (choice.use != "delete" or choice.highlevel == hold.seen)
    of_value = hold.kind is Kind.CONTACT or " " in hold.rule
    return not of_value or (choice.highlevel, choice.rezora) == (hold.highlevel_shows, hold.rezora_shows)


async def _written_since(
    connection: AsyncConnection, bridge_id: int, hold: OpenHold, given: Given
) -> list[Entry]:
    """Newest first."""
    found: dict[int, Entry] = {}
    for side, record_id in ((Side.HIGHLEVEL, hold.highlevel_id), (Side.REZORA, hold.rezora_id)):
        if record_id:
            key = side, record_id
            entries = await journal.entries_of(connection, bridge_id, record=key, since=given.at)
            found |= {entry.id: entry for entry in entries if _of_answer(entry, hold)}
    return [found[key] for key in sorted(found, reverse=True)]


def _of_answer(entry: Entry, hold: OpenHold) -> bool:
    if entry.action not in WRITTEN or entry.kind is not hold.kind:
        return False
    if hold.kind is Kind.CONTACT and hold.cause not in FIELD_CAUSES:
        return True
    if entry.action in ("join", "leave"):  # the hold has the name of the mark on one side, the entry its own
        return {hold.highlevel_shows, hold.rezora_shows} <= {"yes", "no"}
    field = hold.rule if hold.kind is Kind.CONTACT else hold.rule.partition(" ")[2]
    return not field or field in entry.rule.split(", ")


def _numbers(entries: Sequence[Entry]) -> str:
    return "no. " + " and ".join(str(entry.id) for entry in entries)
