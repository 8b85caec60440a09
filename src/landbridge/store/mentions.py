"""Texts that name a person though the row is about something else: sentences of runs, alerts, free calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, LargeBinary, Table, Text, and_, cast, false, func, or_, select

from landbridge.store.outgoing_tables import outgoing, subscription
from landbridge.store.recipe_tables import firing
from landbridge.store.rows import pack
from landbridge.store.tables import account, alert, bridge, hold, journal, pause, run

ERASED = "erased"
GONE_NOTE = "The values were erased."
NOTHING = pack({})
BLANK_ENTRY: Mapping[str, object] = {
    "before": NOTHING,
    "after": NOTHING,
    "note": GONE_NOTE,
    "state": ERASED,
}
OPERATION = "operation"  # the journal's word for what somebody called by hand
SHORTEST = 5  # characters; a shorter name or number would be found in texts that do not mean it
_ADDRESSES = ("email", "phone", "additionalEmails", "additionalPhones", "contact_email", "contact_phone")


@dataclass(frozen=True, slots=True)
class Mention:
    """Rows of one table in which a person is named; ``blank`` is what their texts become, None: all goes."""

    title: str
    table: Table
    where: ColumnElement[bool]
    blank: Mapping[str, object] | None


def words_of(fields: Mapping[str, str]) -> Iterator[str]:
    """What names a person among the fields of a contact: addresses, and a name of two words."""
    yield from (value for name, value in fields.items() if name.startswith(_ADDRESSES))
    both = " ".join(filter(None, (fields.get("firstName", ""), fields.get("lastName", ""))))
    yield from (name for name in (both, fields.get("contact_name", "")) if " " in name)


def spelled(words: Iterable[str]) -> list[str]:
    """The words as a text may have them, in lower case: as they are, and as JSON writes them.

    SQLite lowers the letters A to Z only, so a name with others is there in both ways.
    """
    found = set()
    for word in (each.strip() for each in words):
        if len(word) < SHORTEST:
            continue
        for one in (word, msgspec.json.encode(word).decode()[1:-1]):
            found |= {one.lower(), "".join(c.lower() if c.isascii() else c for c in one)}
    return sorted(found)


def mentions(dialect: str, bridge_id: int, words: Sequence[str]) -> list[Mention]:
    """Where a bridge's texts may name a person, by words as ``spelled`` gives them."""

    def named(*columns: Column[Any]) -> ColumnElement[bool]:
        return or_(
            false(), *(_text(dialect, one).contains(w, autoescape=True) for one in columns for w in words)
        )

    def of(table: Table, *columns: Column[Any]) -> ColumnElement[bool]:
        return and_(table.c.bridge_id == bridge_id, named(*columns))

    entry = journal.c
    free = and_(entry.action == OPERATION, entry.state != ERASED)
    noted = and_(entry.action != ERASED, of(journal, entry.note))
    pair = (
        select(bridge.c.highlevel_account, bridge.c.rezora_account).where(bridge.c.id == bridge_id).subquery()
    )
    ours = or_(*(account.c.id.in_(select(column)) for column in pair.c))
    theirs = select(subscription.c.id).where(subscription.c.bridge_id == bridge_id)
    sent = and_(outgoing.c.subscription_id.in_(theirs), named(outgoing.c.body, outgoing.c.told))
    said, told = {"sentence": GONE_NOTE, "fix": ""}, {"note": GONE_NOTE}
    return [
        Mention(
            "calls by hand that named them, of which only the values go",
            journal,
            and_(free, of(journal, entry.before, entry.after, entry.note)),
            BLANK_ENTRY,
        ),
        Mention("notes of other entries that named them", journal, noted, told),
        Mention("sentences of runs that named them", run, of(run, run.c.sentence, run.c.fix), said),
        Mention("alerts that named them", alert, of(alert, alert.c.sentence, alert.c.fix), said),
        Mention(
            "what waits about others and named them", hold, of(hold, hold.c.detail), {"detail": GONE_NOTE}
        ),
        Mention("reasons of other pauses that named them", pause, of(pause, pause.c.note), told),
        Mention(
            "what recipes did with others and named them",
            firing,
            of(firing, firing.c.detail),
            {"detail": GONE_NOTE},
        ),
        Mention("messages to other programs that named them", outgoing, sent, None),
        Mention(
            "troubles of an account that named them",
            account,
            and_(ours, named(account.c.trouble, account.c.trouble_fix)),
            {"trouble": GONE_NOTE, "trouble_fix": ""},
        ),
    ]


def without(typed: Any, ids: Sequence[str], words: Sequence[str]) -> Any:
    """What was typed into a set-up without these ids, and without texts in which one of the words is."""
    match typed:
        case dict():
            return {key: without(value, ids, words) for key, value in typed.items()}
        case list():
            kept = [without(one, ids, words) for one in typed if one not in ids]
            return [one for one in kept if one != ""]
        case str():
            return "" if any(word in typed.lower() for word in words) else typed
    return typed


def _text(dialect: str, column: Column[Any]) -> ColumnElement[str]:
    """A column as a text in lower case: what is packed is JSON in UTF-8."""
    if not isinstance(column.type, LargeBinary):
        return func.lower(column)
    if dialect == "postgresql":
        return func.lower(func.convert_from(column, "UTF8"))
    return func.lower(cast(column, Text))
