"""How the fields of tasks, notes and appointments are compared, and which strategy each has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from landbridge.sync.activity import Activity
from landbridge.sync.fingerprint import digest
from landbridge.sync.model import Kind, Side
from landbridge.sync.rich_text import plain, same
from landbridge.sync.rules import ActivityRule, Rule, Strategy
from landbridge.sync.texts import clean, fold
from landbridge.sync.values import Converter

STRATEGIES: Mapping[str, Strategy] = {"completed": Strategy.ABSORBING, "body": Strategy.HOLD}
"""Done wins where nothing is known of when; texts that both sides rewrote wait for a person; of everything
else HighLevel's stands and the other value is kept in the journal (sync-correctness.md section 8)."""

IDENTITY: Mapping[Kind, tuple[str, ...]] = {
    Kind.TASK: ("title", "body", "due"),
    Kind.NOTE: ("body",),
    Kind.APPOINTMENT: ("title", "start"),
}
"""What makes two activities of one contact the same one where no id says so."""


RAGGED = 8  # signs at the end of a text that was cut, of which half an element or entity may be left


def field_rules(rule: ActivityRule) -> list[tuple[Rule, Converter]]:
    """A rule for each field that is carried, with the way it is compared."""
    return [
        (
            Rule(
                name,
                (name,),
                (name,),
                converter.name,
                rule.direction,
                STRATEGIES.get(name, Strategy.THREE_WAY),
            ),
            converter,
        )
        for name, converter in CONVERTERS[rule.kind].items()
    ]


def body_print(kind: Kind, fields: Mapping[str, str]) -> str:
    """Equal for two activities that say the same."""
    known = CONVERTERS[kind]
    return digest(known[name].canon(Side.HIGHLEVEL, (fields.get(name, ""),)) for name in IDENTITY[kind])


def is_cut(kind: Kind, whole: Mapping[str, str], shown: Mapping[str, str]) -> bool:
    """Is the one the other with the end of its text cut off, as a side may do with what is too long for it?

    What is left of our own footer makes no difference, nor do the last signs: markup may be cut in two.
    """
    known = CONVERTERS[kind]
    others = [name for name in IDENTITY[kind] if name != "body"]
    looks = [
        [known[name].canon(Side.HIGHLEVEL, (fields.get(name, ""),)) for name in others]
        for fields in (whole, shown)
    ]
    if "body" not in IDENTITY[kind] or looks[0] != looks[1]:
        return False
    full, rows = plain(whole.get("body", "")), plain(shown.get("body", "")).split("\n")
    if rows[-1].startswith("—"):
        rows.pop()
    left = "\n".join(rows).rstrip()
    return len(left) > RAGGED and full.startswith(left[:-RAGGED])


def sort_key(one: Activity) -> tuple[str, str]:
    """Oldest first, as far as a side tells; the id settles the rest."""
    times = (one.fields.get(name, "") for name in ("made_at", "start", "due"))
    return next((time for time in times if time), ""), one.id


def instant(text: str) -> str:
    """An instant in UTC to the second; a text that is none stays as it is."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return fold(text)
    if found.tzinfo is None:
        return fold(text)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _converter(name: str, title: str, canon: Callable[[str], str]) -> Converter:
    def as_written(values: tuple[str, ...], _: tuple[str, ...]) -> tuple[str, ...]:
        return (clean(values[0]),)

    def compared(values: tuple[str, ...]) -> str:
        return canon(values[0])

    return Converter(name, title, 1, 1, as_written, as_written, compared, compared)


_TEXT = _converter("line", "One line of text", fold)
_RICH = _converter("rich text", "Text with emphasis, links and lists", same)
_INSTANT = _converter("instant", "Date and time", instant)
CONVERTERS: Mapping[Kind, Mapping[str, Converter]] = {
    Kind.TASK: {"title": _TEXT, "body": _RICH, "due": _INSTANT, "completed": _TEXT},
    Kind.NOTE: {"body": _RICH},
    Kind.APPOINTMENT: {
        "title": _TEXT,
        "start": _INSTANT,
        "end": _INSTANT,
        "location": _TEXT,
        "status": _TEXT,
    },
}
