"""Which unlinked contacts of the two sides are the same person: mutual and unique, or left to a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from landbridge.sync.model import Side
from landbridge.sync.names import compatible_names
from landbridge.sync.texts import plain

# Names that share one address are compared pair by pair up to this many pairs; beyond it, equal or blank
# names only. So many people behind one address is a placeholder, and matching must stay linear.
_PAIRS_COMPARED = 2_500


@dataclass(frozen=True, slots=True)
class Person:
    """An unlinked contact as matching sees it.

    ``name`` is the full name as found, ``email`` as ``normal_email`` gives it, ``phone`` in E.164; blank
    when there is none. ``fingerprint`` is the caller's own and takes no part in matching.
    """

    side: Side
    id: str
    name: str
    email: str
    phone: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Contacts among which a person must choose; ``reason`` is a sentence without personal data."""

    highlevel_ids: tuple[str, ...]
    rezora_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """Every id once: in a pair (HighLevel id, Rezora id, ``email`` or ``phone``), in a group, or alone.

    All is sorted by id, so that equal input gives equal output.
    """

    pairs: tuple[tuple[str, str, str], ...]
    ambiguous: tuple[Ambiguity, ...]
    alone_highlevel: tuple[str, ...]
    alone_rezora: tuple[str, ...]


def match(highlevel: Iterable[Person], rezora: Iterable[Person]) -> Pairing:
    """Pair unlinked people by the rules of sync-correctness.md section 6; ids are unique on each side.

    A candidate has the same e-mail address and a compatible name, else the same phone number and a
    compatible name; a name alone never matches. Candidates form a graph over the whole batch: a
    component of one and one is a pair, any larger one is ambiguous, so input order cannot matter.
    Phones are looked at only for people whose e-mail address did not already decide.
    """
    people = [*highlevel, *rezora]
    graph = _Graph(len(people))
    graph.connect(_candidates(people, range(len(people)), lambda person: person.email))
    by_email = [members for members in graph.components() if len(members) == 2]
    decided = {member for members in by_email for member in members}
    undecided = [member for member in range(len(people)) if member not in decided]
    crowded = {member for members in graph.components() if len(members) > 2 for member in members}
    graph.connect(_candidates(people, undecided, lambda person: person.phone))
    components = [members for members in graph.components() if members[0] not in decided]
    pairs = [_pair(people, members, "email") for members in by_email]
    pairs += [_pair(people, members, "phone") for members in components if len(members) == 2]
    groups = [_ambiguity(people, members, crowded) for members in components if len(members) > 2]
    alone = [members[0] for members in components if len(members) == 1]
    return Pairing(
        tuple(sorted(pairs)),
        tuple(sorted(groups, key=lambda group: (group.highlevel_ids, group.rezora_ids))),
        _ids(people, alone, Side.HIGHLEVEL),
        _ids(people, alone, Side.REZORA),
    )


def _candidates(
    people: Sequence[Person], members: Iterable[int], address: Callable[[Person], str]
) -> Iterator[tuple[int, int]]:
    """Edges across the sides between people of one address and compatible names."""
    groups: dict[str, dict[Side, dict[str, list[int]]]] = {}
    for member in members:
        person = people[member]
        if key := address(person):
            names = groups.setdefault(key, {side: {} for side in Side})[person.side]
            names.setdefault(person.name, []).append(member)
    for group in groups.values():
        one, two = group[Side.HIGHLEVEL], group[Side.REZORA]
        met: set[tuple[Side, str]] = set()
        for name, other in _compatible(one, two):
            yield one[name][0], two[other][0]
            met |= {(Side.HIGHLEVEL, name), (Side.REZORA, other)}
        for side, name in met:  # people of one name and address have the same candidates
            first, *others = group[side][name]
            yield from ((first, member) for member in others)


def _compatible(one: Collection[str], two: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that may be one person's."""
    if len(one) * len(two) <= _PAIRS_COMPARED:
        yield from (pair for pair in product(one, two) if compatible_names(*pair))
        return
    folded: dict[str, list[str]] = {}
    for other in two:
        folded.setdefault(plain(other), []).append(other)
    blank = folded.get("", [])
    for name in one:
        key = plain(name)
        for other in folded.get(key, []) if key else two:
            yield name, other
        yield from ((name, other) for other in blank if key)


class _Graph:
    """Which people hang together (union by path halving)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def connect(self, edges: Iterable[tuple[int, int]]) -> None:
        """Put the two ends of each edge into one component."""
        for one, two in edges:
            self._parent[self._root(one)] = self._root(two)

    def components(self) -> list[list[int]]:
        """All components, a person without candidates alone in one."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for member in range(len(self._parent)):
            found[self._root(member)].append(member)
        return list(found.values())

    def _root(self, member: int) -> int:
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member


def _ids(people: Sequence[Person], members: Iterable[int], side: Side) -> tuple[str, ...]:
    return tuple(sorted(people[member].id for member in members if people[member].side is side))


def _pair(people: Sequence[Person], members: list[int], reason: str) -> tuple[str, str, str]:
    """Edges only lead across, so a component of two has one member on each side."""
    (highlevel,), (rezora,) = (_ids(people, members, side) for side in Side)
    return highlevel, rezora, reason


def _ambiguity(people: Sequence[Person], members: list[int], crowded: set[int]) -> Ambiguity:
    highlevel, rezora = (_ids(people, members, side) for side in Side)
    by_email = sum(member in crowded for member in members)
    shared = "an e-mail address" if by_email == len(members) else "an e-mail address or a phone number"
    reason = (
        f"{len(highlevel)} in HighLevel and {len(rezora)} in Rezora share"
        f" {shared if by_email else 'a phone number'} and have similar names."
    )
    return Ambiguity(highlevel, rezora, reason)
