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
_CROWD = 50  # the same for one person against the names of all who share an address
_ALONE = "\x1f"  # no name holds a control character once it was read


@dataclass(frozen=True, slots=True)
class Person:
    """An unlinked contact as matching sees it.

    ``name`` is the full name as found, ``email`` as ``normal_email`` gives it, ``phone`` in E.164; blank
    when there is none. ``marker`` is the other side's id that a create of ours left in the record.
    """

    side: Side
    id: str
    name: str
    email: str
    phone: str
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Contacts among which a person must choose; ``reason`` is a sentence without personal data."""

    highlevel_ids: tuple[str, ...]
    rezora_ids: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class LinkedPair:
    """Two people who are linked already: never paired again, but they show who would be a duplicate."""

    highlevel: Person
    rezora: Person


@dataclass(frozen=True, slots=True)
class Twin:
    """Somebody who is there already: as one of a linked pair, or as another of the same side.

    Of a linked pair both ids are given, of somebody alone the one of the twin's side, and the other is
    empty. ``reason`` is a sentence without personal data.
    """

    side: Side
    id: str
    of_highlevel_id: str
    of_rezora_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """Every id once: in a pair (HighLevel id, Rezora id, why), in a group, as a twin, or alone.

    Why is ``marker``, ``email`` or ``phone``. All is sorted by id, so that equal input gives equal output.
    """

    pairs: tuple[tuple[str, str, str], ...]
    ambiguous: tuple[Ambiguity, ...]
    alone_highlevel: tuple[str, ...]
    alone_rezora: tuple[str, ...]
    twins: tuple[Twin, ...] = ()


Apart = frozenset[tuple[str, str]]


def match(
    highlevel: Iterable[Person],
    rezora: Iterable[Person],
    *,
    linked: Iterable[LinkedPair] = (),
    apart: Apart = frozenset(),
) -> Pairing:
    """Pair unlinked people by the rules of sync-correctness.md section 6; ids are unique on each side.

    First a marker that names the other record. Then a candidate has the same e-mail address and a
    compatible name, else the same phone number and a compatible name; a name alone never matches.
    Candidates form a graph over the whole batch: a component of one and one is a pair, any larger one is
    ambiguous, so input order cannot matter. Phones are looked at only for people whose e-mail address did
    not already decide. Who is alone and is somebody of ``linked`` a second time, or another of his own
    side, is a twin: of several such people the first by id stays alone, one with a name if there is one.
    Two ids in ``apart``, in either order, are two people, whatever they share.
    """
    marked, groups, free = _by_marker([*highlevel], [*rezora], apart)
    found = _by_address(free, apart)
    people = {(person.side, person.id): person for person in free}
    met = [
        LinkedPair(people[Side.HIGHLEVEL, one], people[Side.REZORA, two]) for one, two, _why in found.pairs
    ]
    alone, twins = _without_twins(found.alone, [*linked, *marked, *met], apart)
    pairs = [(pair.highlevel.id, pair.rezora.id, "marker") for pair in marked]
    return Pairing(
        tuple(sorted(pairs + found.pairs)),
        tuple(sorted(groups + found.groups, key=lambda group: (group.highlevel_ids, group.rezora_ids))),
        tuple(sorted(person.id for person in alone if person.side is Side.HIGHLEVEL)),
        tuple(sorted(person.id for person in alone if person.side is Side.REZORA)),
        tuple(sorted(twins, key=lambda twin: (twin.side, twin.id))),
    )


def _by_marker(
    highlevel: list[Person], rezora: list[Person], apart: Apart
) -> tuple[list[LinkedPair], list[Ambiguity], list[Person]]:
    """Pairs that our own creates left a mark of; who is marked twice is left to a person."""
    there = {person.id: person for person in rezora}
    marked: defaultdict[str, list[Person]] = defaultdict(list)
    for person in highlevel:
        if person.marker in there and not kept_apart(apart, person.id, person.marker):
            marked[person.marker].append(person)
    pairs = [LinkedPair(people[0], there[mark]) for mark, people in marked.items() if len(people) == 1]
    groups = [
        Ambiguity(
            tuple(sorted(person.id for person in people)),
            (mark,),
            f"{len(people)} in HighLevel carry the mark of one in Rezora.",
        )
        for mark, people in marked.items()
        if len(people) > 1
    ]
    done = {person.id for people in marked.values() for person in people}
    free = [person for person in highlevel if person.id not in done]
    return pairs, groups, free + [person for person in rezora if person.id not in marked]


@dataclass(slots=True)
class _Found:
    pairs: list[tuple[str, str, str]]
    groups: list[Ambiguity]
    alone: list[Person]


def _by_address(people: list[Person], apart: Apart) -> _Found:
    """Pairs and groups by e-mail, then by phone."""
    graph = _Graph(len(people))
    graph.connect(_candidates(people, range(len(people)), lambda person: person.email, apart))
    by_email = [members for members in graph.components() if len(members) == 2]
    decided = {member for members in by_email for member in members}
    undecided = [member for member in range(len(people)) if member not in decided]
    crowded = {member for members in graph.components() if len(members) > 2 for member in members}
    graph.connect(_candidates(people, undecided, lambda person: person.phone, apart))
    components = [members for members in graph.components() if members[0] not in decided]
    pairs = [_pair(people, members, "email") for members in by_email]
    pairs += [_pair(people, members, "phone") for members in components if len(members) == 2]
    groups = [_ambiguity(people, members, crowded) for members in components if len(members) > 2]
    return _Found(pairs, groups, [people[members[0]] for members in components if len(members) == 1])


def _without_twins(
    alone: list[Person], linked: Collection[LinkedPair], apart: Apart
) -> tuple[list[Person], list[Twin]]:
    """Who is there already must not be created a second time on the other side."""
    marks = {pair.rezora.id: pair for pair in linked}
    left, twins = [], []
    for side in Side:
        # A nameless person fits a whole family: going first, he would make twins of all of them.
        people = sorted((p for p in alone if p.side is side), key=lambda p: (not plain(p.name), p.id))
        known = _Known(people, apart)
        for pair in sorted(linked, key=lambda pair: _of(pair, side).id):
            known.add(pair.highlevel, pair)
            known.add(pair.rezora, pair)
        for person in people:
            marked = marks.get(person.marker) if side is Side.HIGHLEVEL else None
            if marked and not known.kept_apart(person, marked):
                twins.append(_twin(person, marked, "its own mark"))
            elif found := known.find(person):
                twins.append(_twin(person, *found))
            else:
                known.add(person, person)
                left.append(person)
    return left, twins


def _of(pair: LinkedPair, side: Side) -> Person:
    return pair.highlevel if side is Side.HIGHLEVEL else pair.rezora


def _twin(person: Person, other: Person | LinkedPair, sign: str) -> Twin:
    if isinstance(other, LinkedPair):
        reason = f"This person is in sync already, by {sign}."
        return Twin(person.side, person.id, other.highlevel.id, other.rezora.id, reason)
    ids = (other.id, "") if other.side is Side.HIGHLEVEL else ("", other.id)
    return Twin(person.side, person.id, *ids, f"{person.side.title} has this person twice, by {sign}.")


class _Known:
    """People that ``seekers`` may be a second time, by address and then by name."""

    def __init__(self, seekers: Iterable[Person], apart: Apart) -> None:
        self._apart = apart
        self._names: dict[tuple[str, str], dict[str, list[Person | LinkedPair]]] = {
            address: {} for person in seekers for address in _addresses(person)
        }

    def add(self, person: Person, known_as: Person | LinkedPair) -> None:
        """Somebody who is there; who was added first is found first."""
        for address in _addresses(person):
            if (names := self._names.get(address)) is not None:
                names.setdefault(plain(person.name), []).append(known_as)

    def find(self, person: Person) -> tuple[Person | LinkedPair, str] | None:
        """Who this person is already, and by which sign."""
        own = plain(person.name)
        for address in _addresses(person):
            names = self._names[address]
            similar = names if len(names) <= _CROWD else ()
            for name in (own, *(name for name in similar if name != own and compatible_names(name, own))):
                for known_as in names.get(name, ()):
                    if not self.kept_apart(person, known_as):
                        return known_as, f"{address[0]} and name"
        return None

    def kept_apart(self, person: Person, other: Person | LinkedPair) -> bool:
        """Did somebody say that these are two people?"""
        others = (other,) if isinstance(other, Person) else (other.highlevel, other.rezora)
        return any(kept_apart(self._apart, person.id, one.id) for one in others)


def _addresses(person: Person) -> Iterator[tuple[str, str]]:
    """E-mail address first, because a phone decides only where that does not."""
    if person.email:
        yield "e-mail address", person.email
    if person.phone:
        yield "phone number", person.phone


def kept_apart(apart: Apart, one: str, two: str) -> bool:
    """Did somebody say that these two records are two people?"""
    return bool(apart) and ((one, two) in apart or (two, one) in apart)


def _candidates(
    people: Sequence[Person], members: Iterable[int], address: Callable[[Person], str], apart: Apart
) -> Iterator[tuple[int, int]]:
    """Edges across the sides between people of one address and compatible names."""
    single = {one for pair in apart for one in pair}  # who was kept apart from somebody is looked at alone
    groups: dict[str, dict[Side, dict[str, list[int]]]] = {}
    for member in members:
        person = people[member]
        if key := address(person):
            names = groups.setdefault(key, {side: {} for side in Side})[person.side]
            name = f"{person.name}{_ALONE}{person.id}" if person.id in single else person.name
            names.setdefault(name, []).append(member)
    for group in groups.values():
        one, two = group[Side.HIGHLEVEL], group[Side.REZORA]
        met: set[tuple[Side, str]] = set()
        for name, other in _compatible(one, two):
            if kept_apart(apart, people[one[name][0]].id, people[two[other][0]].id):
                continue
            yield one[name][0], two[other][0]
            met |= {(Side.HIGHLEVEL, name), (Side.REZORA, other)}
        for side, name in met:  # people of one name and address have the same candidates
            first, *others = group[side][name]
            yield from ((first, member) for member in others)


def _compatible(one: Collection[str], two: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pairs of names that may be one person's."""
    if len(one) * len(two) <= _PAIRS_COMPARED:
        bare = {name: name.partition(_ALONE)[0] for name in (*one, *two)}
        yield from (pair for pair in product(one, two) if compatible_names(bare[pair[0]], bare[pair[1]]))
        return
    folded: dict[str, list[str]] = {}
    for other in two:
        folded.setdefault(plain(other.partition(_ALONE)[0]), []).append(other)
    blank = folded.get("", [])
    for name in one:
        key = plain(name.partition(_ALONE)[0])
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
