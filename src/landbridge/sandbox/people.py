"""Made-up, repeatable people of a real-estate agent's address book, with all that makes syncing hard."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from landbridge.sandbox import names

_FIRST_ADDED = datetime(2021, 1, 4, 8, tzinfo=UTC).timestamp()
_LAST_ADDED = datetime(2026, 6, 30, 18, tzinfo=UTC).timestamp()
_LINES_A_AREA = 100  # 555-0100 to 555-0199 are the lines kept free for fiction

_WEIGHTS = {
    "plain": 74.0,
    "hard": 6.0,
    "unicode": 4.0,
    "suffix": 2.5,
    "long": 0.5,
    "company": 2.0,
    "two names": 2.0,
    "family": 2.0,
}
# A small sandbox also shows one of each: the first people are of these kinds, the rest by weight.
_OPENING = ("plain", "family", "hard", "unicode", "suffix", "company", "two names", "long", "hard", "unicode")
_REACH = {
    "both": 81.0,
    "no phone": 6.0,
    "no e-mail": 4.4,
    "neither": 2.0,
    "upper case": 2.5,
    "plus": 3.0,
    "abroad": 1.3,
}
_OPENING_REACH = (
    "both",
    "both",
    "both",
    "plus",
    "upper case",
    "both",
    "no e-mail",
    "no phone",
    "neither",
    "abroad",
)
# Valid by phonenumbers' rules and, where a country has one, of its range for fiction.
_ABROAD = (
    ("GB", "+4420794601{:02d}", "London"),
    ("GB", "+4420794609{:02d}", "London"),
    ("FR", "+331990001{:02d}", "Paris"),
    ("SE", "+468405001{:02d}", "Stockholm"),
    ("AU", "+612555012{:02d}", "Sydney"),
    ("CA", "+160455501{:02d}", "Vancouver"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One contact as both worlds seed it; empty strings mean "not known".

    ``phone`` and ``extra_phones`` are E.164, ``added_at`` is epoch seconds, ``date_of_birth`` is
    ``YYYY-MM-DD``, ``country`` an ISO 3166 two-letter code. ``dnd_email`` is the opt-out in HighLevel,
    ``rezora_unsubscribed`` the one in Rezora; they may disagree.
    """

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    company: str = ""
    tags: tuple[str, ...] = ()
    dnd_email: bool = False
    date_of_birth: str = ""
    source: str = ""
    added_at: float = 0.0
    extra_phones: tuple[str, ...] = ()
    extra_emails: tuple[str, ...] = ()
    in_rezora: bool = False
    rezora_unsubscribed: bool = False
    rezora_lists: tuple[str, ...] = ()


def people(seed: int, count: int) -> list[Person]:
    """``count`` people, the same for the same seed; a smaller count is the start of a larger one."""
    return list(itertools.islice(_Crowd(seed).everyone(), count))


class _Crowd:
    """One run of invention: the random numbers, and the addresses and phone lines already given away."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._emails: set[str] = set()
        self._lines: dict[int, int] = {}
        self._abroad = itertools.count()
        areas = [*names.ELSEWHERE, *(area for place in names.PLACES for area in place.area_codes)]
        self._areas = sorted(set(areas))
        self._random.shuffle(self._areas)

    def everyone(self) -> Iterator[Person]:
        """People without end, members of one family one after the other."""
        for kind, reach in zip(self._kinds(), self._reaches(), strict=False):
            if kind == "family":
                yield from self._family()
            else:
                yield self._finished(self._reachable(self._named(kind), kind, reach))

    def _kinds(self) -> Iterator[str]:
        yield from _OPENING
        kinds, weights = tuple(_WEIGHTS), tuple(_WEIGHTS.values())
        while True:
            yield self._random.choices(kinds, weights)[0]

    def _reaches(self) -> Iterator[str]:
        yield from _OPENING_REACH
        reaches, weights = tuple(_REACH), tuple(_REACH.values())
        while True:
            yield self._random.choices(reaches, weights)[0]

    def _named(self, kind: str) -> Person:
        pick = self._random.choice
        if kind == "company":
            return Person(company=f"{pick(names.LAST)} {pick(names.COMPANIES)}")
        if kind == "unicode":
            first, last = pick(names.UNICODE)
        elif kind == "long":
            first, last = pick(names.LONG)
        else:
            first, last = pick(names.FIRST), pick(names.LAST)
        if kind == "hard":
            last = pick(names.HARD_LAST)
        elif kind == "suffix":
            last = f"{last} {pick(names.SUFFIXES)}"
        elif kind == "two names":
            first = pick(names.PARTNERS)
        return Person(first_name=first, last_name=last, company=self._employer())

    def _employer(self) -> str:
        return self._random.choice(names.COMPANIES) if self._random.random() < 0.12 else ""

    def _reachable(self, person: Person, kind: str, reach: str) -> Person:
        place = self._random.choice(names.PLACES)
        person = self._housed(person, place)
        if reach == "neither":
            return person
        email = "" if reach == "no e-mail" else self._email(person, kind)
        if reach == "upper case":
            email = self._random.choice((email.upper(), email.title()))
        elif reach == "plus":
            email = email.replace("@", f"+{self._random.choice(names.PLUS_WORDS)}@")
        if reach == "abroad":
            return self._moved_abroad(replace(person, email=email))
        phone = "" if reach == "no phone" else self._phone(place)
        return replace(person, email=email, phone=phone)

    def _housed(self, person: Person, place: names.Place) -> Person:
        if self._random.random() < 0.25:
            return replace(person, country="US")
        number, unit = self._random.randrange(10, 9900), self._random.choice(names.UNITS)
        return replace(
            person,
            street=f"{number} {self._random.choice(names.STREETS)}{unit}",
            city=place.city,
            state=place.state,
            postal_code=f"{place.zip_prefix}{self._random.randrange(1, 100):02d}",
            country="US",
        )

    def _moved_abroad(self, person: Person) -> Person:
        serial = next(self._abroad)
        country, pattern, city = _ABROAD[serial % len(_ABROAD)]
        phone = pattern.format(serial // len(_ABROAD) % 100)
        return replace(person, phone=phone, city=city, state="", postal_code="", country=country)

    def _family(self) -> Iterator[Person]:
        """Two to four people of one last name, one roof and one inbox; often with a phone each."""
        last = self._random.choice(names.LAST)
        place = self._random.choice(names.PLACES)
        first_names = self._random.sample(names.FIRST, self._random.choice((2, 2, 2, 3, 4)))
        home = self._housed(Person(last_name=last), place)
        inbox = self._unused(
            f"{_ascii(last)}.family" if self._random.random() < 0.6 else f"the{_ascii(last)}s"
        )
        shared_phone = self._phone(place) if self._random.random() < 0.2 else ""
        for first in first_names:
            phone = shared_phone or (self._phone(place) if self._random.random() < 0.8 else "")
            yield self._finished(replace(home, first_name=first, email=inbox, phone=phone))

    def _email(self, person: Person, kind: str) -> str:
        if kind == "company":
            return self._unused(f"info.{_ascii(person.company)[:24]}")
        first, last = _ascii(person.first_name)[:20], _ascii(person.last_name)[:24]
        shapes = (
            f"{first}.{last}",
            f"{first[:1]}{last}",
            f"{first}_{last}",
            f"{first}{last}",
            f"{last}.{first}",
        )
        return self._unused(self._random.choice(shapes).strip("._") or "hello")

    def _unused(self, local_part: str) -> str:
        provider = self._random.choice(names.EMAIL_PROVIDERS)
        email = f"{local_part}@{provider}"
        while email in self._emails:
            email = f"{local_part}{self._random.randrange(2, 100_000)}@{provider}"
        self._emails.add(email)
        return email

    def _phone(self, place: names.Place) -> str:
        """A line of the place's state, else of anywhere, that nobody has; shared only when none is left."""
        open_areas = [area for area in place.area_codes if self._lines.get(area, 0) < _LINES_A_AREA]
        while not open_areas and self._areas:
            if self._lines.get(self._areas[-1], 0) < _LINES_A_AREA:
                open_areas = [self._areas[-1]]
            else:
                self._areas.pop()
        area = self._random.choice(open_areas or place.area_codes)
        line = self._lines.get(area, 0)
        self._lines[area] = line + 1
        return f"+1{area}55501{line % _LINES_A_AREA:02d}"

    def _finished(self, person: Person) -> Person:
        """With tags, age, consent, further addresses, and what Rezora already knows."""
        chance = self._random.random
        extra = chance() < 0.06 and person.phone.startswith("+1")
        place = self._random.choice(names.PLACES)
        person = replace(
            person,
            tags=tuple(tag for tag, share in names.TAGS if chance() < share),
            dnd_email=bool(person.email) and chance() < 0.032,
            date_of_birth=self._birthday() if person.first_name and chance() < 0.3 else "",
            source=self._random.choice(names.SOURCES),
            added_at=float(int(self._random.uniform(_FIRST_ADDED, _LAST_ADDED))),
            extra_phones=(self._phone(place),) if extra else (),
            extra_emails=(self._unused(f"{_ascii(person.last_name)}.work"),)
            if extra and chance() < 0.5
            else (),
        )
        if not (person.email and chance() < 0.045):
            return person
        lists = tuple(name for name in names.REZORA_LISTS if chance() < 0.4)
        return replace(person, in_rezora=True, rezora_unsubscribed=chance() < 0.1, rezora_lists=lists)

    def _birthday(self) -> str:
        return (date(1940, 1, 1) + timedelta(days=self._random.randrange(365 * 62))).isoformat()


def _ascii(text: str) -> str:
    """Lower-case ASCII letters and digits of a name, "" when it has none (an e-mail's local part)."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]", "", folded)
