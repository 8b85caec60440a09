"""The lists of a bridge's contacts: their names, what is on them, and the place at which a page begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.answers import NotPossible
from landbridge.store import links
from landbridge.store.contacts import Group, Line, Place, Wanted
from landbridge.sync.finding import needles
from landbridge.sync.model import Side

LISTS: Mapping[str, tuple[str, Wanted]] = {
    "everybody": ("Everybody", Wanted()),
    "in-sync": ("In sync", Wanted(standing="equal")),
    "held": ("Waiting for you", Wanted(standing="held")),
    "left-out": ("Left out", Wanted(standing="excluded")),
    "waiting": ("Waiting for their turn", Wanted(standing="waiting")),
    "paused": ("Paused", Wanted(standing="excluded", reason="paused")),
    "only-highlevel": ("Only in HighLevel", Wanted(side=Side.HIGHLEVEL, alone=True)),
    "only-rezora": ("Only in Rezora", Wanted(side=Side.REZORA)),
    "opted-out": ("Opted out of e-mail", Wanted(opted_out=True)),
}
"""The lists as people name them, with their titles; in-sync, held, left-out and waiting are everybody."""

_LONGEST_PLACE = 160


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for: a list, one reason of it, words, and the place that the page before told."""

    text: str = ""
    list: str = "everybody"
    reason: str = ""
    after: str = ""


EVERYBODY = Search()


@dataclass(frozen=True, slots=True)
class Found:
    """One page of contacts; ``following`` is where the next one begins, empty on the last."""

    lines: Sequence[Line]
    following: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people each list has, and of those that wait or are left out how many for which reason."""

    lists: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


async def wanted_of(connection: AsyncConnection, bridge_id: int, search: Search) -> Wanted:
    """What the store has to look for; a whole id of either side finds its person."""
    if search.list not in LISTS:
        raise NotPossible(f"There is no list {search.list[:40]!r}.", f"Use one of: {', '.join(LISTS)}.")
    _, kept = LISTS[search.list]
    words = tuple(needles(search.text))
    ids: list[str] = []
    if words:
        whole = search.text.strip()
        partners = await links.partners(connection, bridge_id, Side.REZORA, [whole])
        ids = [whole, *partners.values()]
    return Wanted(
        side=kept.side,
        standing=kept.standing,
        reason=search.reason or kept.reason,
        alone=kept.alone,
        opted_out=kept.opted_out,
        needles=words,
        ids=tuple(ids),
    )


def count_lists(groups: Sequence[Group]) -> Counts:
    """The numbers on the filters."""
    lists = {name: sum(_on(group, wanted) for group in groups) for name, (_, wanted) in LISTS.items()}
    return Counts(lists, _reasons(groups, "held"), _reasons(groups, "excluded"))


def _on(group: Group, wanted: Wanted) -> int:
    """How many of these people are on a list."""
    fits = (
        wanted.side in (None, group.side)
        and wanted.standing in ("", group.standing)
        and wanted.reason in ("", group.reason)
    )
    number = group.alone if wanted.alone else group.opted_out if wanted.opted_out else group.number
    return number if fits else 0


def _reasons(groups: Sequence[Group], standing: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for group in groups:
        if group.standing == standing:
            found[group.reason] += group.number
    return dict(found.most_common())


def place_text(line: Line) -> str:
    """Where a page ends, in a form that goes into an address: no name, nothing of the person but the id."""
    return ":".join((line.side.value, line.standing, line.reason, line.id))


def place_of(text: str) -> Place | None:
    """What ``place_text`` told; None for the beginning. Raises ``NotPossible`` for anything else."""
    if not text:
        return None
    parts = text[:_LONGEST_PLACE].split(":", 3)
    if len(parts) != 4 or parts[0] not in tuple(Side):
        raise NotPossible("This is no place in a list.", "Give what the page before said in following.")
    return Place(Side(parts[0]), *parts[1:])
