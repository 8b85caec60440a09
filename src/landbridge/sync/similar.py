"""People who are maybe the same: for a person to look at, never joined by themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from landbridge.sync.match import Person
from landbridge.sync.names import compatible_names
from landbridge.sync.texts import plain

_TYPOS = 2  # letters by which two e-mail addresses of one person may differ
_BLOCK = 200  # more people share a key only where it is a placeholder, or says too little
_EACH = 5  # candidates shown for one person
_SHORT = 3  # words up to so many letters differ by one letter and are two words: Lee and Lea, Jr. and Sr.
_GIVEN = 5  # first names from so many letters on are rarely another one for a letter inside: Bryan, Brian
_GIVEN_AT_HOME = 8  # the same where one household is as likely: Martin and Marvin, Francis and Frances

# Local parts that say nothing about who reads them.
_ROLES = frozenset(
    (
        *("admin", "agent", "billing", "contact", "email", "enquiries", "hello", "home", "info", "inquiries"),
        *("mail", "marketing", "me", "noreply", "office", "realtor", "sales", "service", "support", "team"),
        *("test", "webmaster"),
    )
)

_EQUAL = "The names are the same"
_FITTING = "The names fit each other"
_NEAR = "The names are almost the same"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two contacts that may be one person.

    ``score`` is how alike the names are, 100 where they may be one person's as they are; ``reason`` is
    a sentence without personal data.
    """

    highlevel_id: str
    rezora_id: str
    score: float
    reason: str


def similar(
    highlevel: Iterable[Person],
    rezora: Iterable[Person],
    *,
    apart: frozenset[tuple[str, str]] = frozenset(),
    score: float = 90,
) -> tuple[Candidate, ...]:
    """Pairs of people whom ``match`` left alone and who are probably one; sorted by id.

    Compatible names, or names alike by ``score`` that differ like a misspelling, and e-mail addresses
    that are a letter or two apart or have one telling local part; or misspelt names and the same phone
    or e-mail address. A name alone is never enough, and neither is an address: families share those.
    Near linear: only people who share a key are compared, and a key that too many share is skipped.
    Nobody is in more than five; the most alike are kept.
    """
    seen: set[tuple[str, str]] = set()
    found = []
    for one, two in _sharing([*highlevel], [*rezora]):
        pair = (one.id, two.id)
        if pair in seen or pair in apart or pair[::-1] in apart:
            continue
        seen.add(pair)
        if candidate := _compare(one, two, score):
            found.append(candidate)
    return _best(found)


def _best(found: Iterable[Candidate]) -> tuple[Candidate, ...]:
    shown: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    kept = []
    for candidate in sorted(found, key=lambda c: (-c.score, c.highlevel_id, c.rezora_id)):
        if shown[0][candidate.highlevel_id] < _EACH and shown[1][candidate.rezora_id] < _EACH:
            shown[0][candidate.highlevel_id] += 1
            shown[1][candidate.rezora_id] += 1
            kept.append(candidate)
    return tuple(sorted(kept, key=lambda c: (c.highlevel_id, c.rezora_id)))


def _sharing(left: list[Person], right: list[Person]) -> Iterator[tuple[Person, Person]]:
    """Pairs across the sides that share a key, perhaps several times."""
    blocks: defaultdict[Hashable, tuple[list[Person], list[Person]]] = defaultdict(lambda: ([], []))
    for place, people in enumerate((left, right)):
        for person in people:
            for key in _keys(person):
                blocks[key][place].append(person)
    for ones, others in blocks.values():
        if len(ones) + len(others) <= _BLOCK:
            yield from ((one, other) for one in ones for other in others)


def _keys(person: Person) -> Iterator[Hashable]:
    """What two people have in common before a closer look is worth it.

    Of a misspelt name one word is mostly right, and of a misspelt local part its beginning or its end.
    """
    name = plain(person.name)
    if not name:
        return
    if person.phone:
        yield "phone", person.phone
    local, at, domain = person.email.rpartition("@")
    if not at:
        return
    yield "name", name
    yield "local", local
    for word in set(name.split()):
        yield "beginning", word, domain, local[:3]
        yield "end", word, domain, local[-3:]


def _compare(one: Person, two: Person, least: float) -> Candidate | None:
    """Alike in name and in an address, without being the same person by the rules of ``match``."""
    mail = _mail(one, two)
    same_phone = bool(one.phone) and one.phone == two.phone
    if not mail and not same_phone:
        return None
    first, second = plain(one.name), plain(two.name)
    if not (_says_something(first) and _says_something(second)):
        return None
    if first == second or compatible_names(first, second):
        names, likeness = _EQUAL if first == second else _FITTING, 100.0
        if not mail or one.email == two.email:
            return None  # such people are for match, and it had its reasons
    else:
        at_home = same_phone or one.email == two.email
        names, likeness = _NEAR, _misspelt(first, second, _GIVEN_AT_HOME if at_home else _GIVEN)
        if not likeness or likeness < least or _own_addresses(one, two):
            return None
    return Candidate(one.id, two.id, likeness, f"{names} and {mail or 'the phone number is the same'}.")


def _says_something(name: str) -> bool:
    return any(character.isalnum() for character in name)


def _mail(one: Person, two: Person) -> str:
    """Why two e-mail addresses may be one person's; empty where they may not."""
    local, at, domain = one.email.rpartition("@")
    other, also, elsewhere = two.email.rpartition("@")
    if not at or not also:
        return ""
    letters = OSA.distance(local, other, score_cutoff=_TYPOS)
    both = letters + OSA.distance(domain, elsewhere, score_cutoff=_TYPOS)
    if both == 0:
        return "the e-mail address is the same"
    if letters <= _tolerance(local, other) and both - letters <= _tolerance(domain, elsewhere):
        if both == 1:
            return "the e-mail addresses differ in one letter"
        if both == _TYPOS:
            return "the e-mail addresses differ in two letters"
    if local == other and _is_telling(local, one, two):
        return "the e-mail addresses differ only after the @"
    return ""


def _tolerance(one: str, two: str) -> int:
    """Letters by which texts may differ and be one, misspelt: Ada and Ida are two, as aol.com and aim.com."""
    shorter = min(len(one), len(two))
    return _TYPOS if shorter > 7 else 1 if shorter > 4 else 0


def _is_telling(local: str, one: Person, two: Person) -> bool:
    """Does it say more than a word of the name, which many people of that name have?"""
    words = plain(one.name).split() + plain(two.name).split()
    return len(local) > _SHORT and local not in _ROLES and local not in words


def _own_addresses(one: Person, two: Person) -> bool:
    """Has each an address with his own first name? Martin and Marvin are no misspelling then."""
    first, second = _words(one.name)[0], _words(two.name)[0]
    if compatible_names(first, second) or _is_slip(first, second):
        return False
    local, other = one.email.rpartition("@")[0], two.email.rpartition("@")[0]
    return first in local and second in other


def _words(name: str) -> list[str]:
    words = ("".join(filter(str.isalnum, word)) for word in plain(name).split())
    return [word for word in words if word]


def _misspelt(first: str, second: str, given: int) -> float:
    """How alike two names are, 0 to 100; 0 where they are clearly those of two people.

    ``given`` is the length from which one other letter inside a first name is a misspelling.
    """
    words, others = _words(first), _words(second)
    if "".join(words) == "".join(others):
        return 100.0
    if len(words) != len(others) or len(words) < 2:
        return 0.0
    if compatible_names(" ".join(words), " ".join([others[0], *words[1:]])):  # Jon and John: a short form
        words[0] = others[0] = max(words[0], others[0], key=lambda word: (len(word), word))
    last = 0 if "," in first or "," in second else len(words)  # "Smith, John": which word is which?
    for place, (word, other) in enumerate(zip(words, others, strict=True), start=1):
        if word != other and not (
            _is_typo(word, other) if place == last else _is_given_typo(word, other, given)
        ):
            return 0.0
    return float(fuzz.ratio(" ".join(words), " ".join(others)))


def _is_typo(word: str, other: str) -> bool:
    return min(len(word), len(other)) > _SHORT and OSA.distance(word, other, score_cutoff=1) <= 1


def _is_given_typo(word: str, other: str, least: int) -> bool:
    """One letter makes Joan of John, Paula of Paul, Harry of Larry: only what is hardly another name."""
    if not _is_typo(word, other):
        return False
    inside = word[0] == other[0] and word[-1] == other[-1] and min(len(word), len(other)) >= least
    return inside or _is_slip(word, other)


def _is_slip(word: str, other: str) -> bool:
    """Two letters that changed places, or one that is doubled: an error of the hand, whatever the word."""
    same_letters = sorted(word) == sorted(other) or _undoubled(word) == _undoubled(other)
    return same_letters and _is_typo(word, other)


def _undoubled(word: str) -> str:
    return "".join(letter for letter, _ in groupby(word))
