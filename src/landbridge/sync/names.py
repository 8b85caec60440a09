"""Names of people: one field to two and back, and whether two names may be one person's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from landbridge.sync.texts import clean, fold, plain

# Words that begin a family name of several words, as they are written in US address books.
PARTICLES = frozenset(
    (
        *("af", "al", "av", "bin", "ibn", "da", "das", "dal", "de", "del", "della", "den", "der", "des"),
        *("di", "do", "dos", "du", "el", "la", "las", "le", "los", "san", "santa", "st", "ten", "ter"),
        *("van", "vom", "von", "zu", "zum", "zur"),
    )
)
_GENERATIONS = {"jr": "jr", "jnr": "jr", "junior": "jr", "sr": "sr", "snr": "sr", "senior": "sr"} | {
    word: word for word in ("ii", "iii", "iv", "2nd", "3rd", "4th")
}
_DEGREES = frozenset(["md", "phd", "esq", "dds", "cpa"])
_TITLES = {"mr": "m", "mrs": "f", "ms": "f", "miss": "f", "dr": "", "prof": ""}
_COUPLE = frozenset(("&", "+", "and"))

# Short forms that are not the beginning of the long one. One line, one name.
_NICKNAMES = """
abby abigail
al albert alfred alan allen
andy drew andrew
tony anthony antonio
art arthur
becky rebecca
ben benjamin
betty beth betsy liz lizzie lisa eliza elizabeth
bill billy will willie liam william
bob bobby rob robby robert
cathy cate kathy kate katie kat kathryn katherine catherine kathleen
charlie chuck chas charles
chris kit christopher
chris tina chrissy christine christina
cindy cynthia
dan danny daniel
dave davey david
debbie deb deborah debra
dick rick ricky rich richie richard
don donny donald
dot dottie dorothy
ed eddie ned ted edward
fran frank frankie francis
gene eugene
greg gregory
hank harry henry
jack johnny jon john
jim jimmy jamie james
jeff geoff jeffrey geoffrey
jen jenny jennifer
jerry gerry gerald jerome
joe joey joseph
ken kenny kenneth
larry lawrence laurence
maggie meg peg peggy margie margaret
matt matthew
mike mick mickey michael
molly polly mary
nan nancy ann
nate nathan nathaniel
nick nicky nicholas
pam pamela
pat patty tricia patricia
pat patrick paddy
pepe jose
pete peter
phil philip phillip
ron ronnie ronald
sally sarah
sam sammy samuel
sam sammy samantha
sandy sandra alexandra
steve steph steven stephen
stephie steph stephanie
sue susie suzy susan
ted teddy theodore
terry terence terrence
terry teresa theresa
tim timmy timothy
tom tommy thomas
vicky victoria
zach zack zachary
"""

# Endings that turn a man's name into a woman's: Paul and Paula are two people.
_GENDERED = frozenset(
    ("a", "e", "ie", "na", "la", "le", "lla", "lle", "ella", "elle", "ina", "ine", "ette", "etta")
)
_WORD = re.compile(r"[\s,]+")


def _nicknames() -> dict[str, frozenset[int]]:
    groups: dict[str, set[int]] = {}
    for number, line in enumerate(_NICKNAMES.split("\n")):
        for name in line.split():
            groups.setdefault(name, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in groups.items()}


_NICKNAME_GROUPS = _nicknames()


def _bare(word: str) -> str:
    """A word without case, accents and punctuation: ``Jr.`` is ``jr``, ``O'Brien`` is ``obrien``."""
    return "".join(character for character in plain(word) if character.isalnum())


def _is_suffix(word: str) -> bool:
    bare = _bare(word)
    return bare in _GENERATIONS or bare in _DEGREES


def join_name(first: str, last: str) -> str:
    """``first last``, with no space too many when one is blank."""
    return " ".join(part for part in (clean(first), clean(last)) if part)


def split_name(full: str, hint: tuple[str, str] = ("", "")) -> tuple[str, str]:
    """First and last name such that joining them means ``full`` again.

    ``hint`` is the first and last name shown now: the half that did not change stays as it is.
    Without it the last word is the last name, with its particles (*van der Berg*) and suffixes
    (*King Jr.*); a single word is a first name. ``King, Ada`` is not turned round: nobody can tell
    it from two names and a stray comma.
    """
    words = clean(full).split()
    if len(words) < 2:
        only_last = bool(fold(hint[1])) and not fold(hint[0])
        return ("", " ".join(words)) if only_last else (" ".join(words), "")
    cut = _hinted_cut(words, hint)
    if cut is None:
        cut = _usual_cut(words)
    return " ".join(words[:cut]), " ".join(words[cut:])


def _hinted_cut(words: list[str], hint: tuple[str, str]) -> int | None:
    """Where the unchanged last name begins, or the unchanged first name ends."""
    folded = [fold(word) for word in words]
    first, last = fold(hint[0]).split(), fold(hint[1]).split()
    if last and len(last) < len(words) and folded[-len(last) :] == last:
        return len(words) - len(last)
    if first and len(first) < len(words) and folded[: len(first)] == first:
        return len(first)
    return None


def _usual_cut(words: list[str]) -> int:
    """The index at which the last name begins; the first word never belongs to it."""
    end = len(words)
    while end > 1 and _is_suffix(words[end - 1]):
        end -= 1
    if end == 1:
        return len(words)  # "Prince III": one name and its suffix
    cut = end - 1
    while cut > 1:
        if _bare(words[cut - 1]) in PARTICLES:
            cut -= 1
        elif _bare(words[cut - 1]) == "y" and cut > 2:  # "Ortega y Gasset"
            cut -= 2
        else:
            break
    return cut


@dataclass(frozen=True, slots=True)
class _Parts:
    """A name taken apart for comparison only."""

    words: tuple[str, ...] = ()
    generation: str = ""
    gender: str = ""
    partner: str = ""


@lru_cache(maxsize=1 << 16)
def _parts(name: str) -> _Parts:
    raw = [word for word in _WORD.split(plain(name)) if word]
    couple = next(
        (place for place, word in enumerate(raw) if word in _COUPLE and 0 < place < len(raw) - 1), 0
    )
    partner = _bare(raw[couple + 1]) if couple else ""
    if couple:
        del raw[couple : couple + 2]
    words = [bare for word in raw for bare in map(_bare, word.split("-")) if bare]
    gender = generation = ""
    while len(words) > 1 and words[0] in _TITLES:
        gender = _TITLES[words.pop(0)] or gender
    while len(words) > 1 and (words[-1] in _GENERATIONS or words[-1] in _DEGREES):
        generation = _GENERATIONS.get(words.pop(), generation)
    return _Parts(tuple(words), generation, gender, partner)


def compatible_names(a: str, b: str) -> bool:
    """May two full names be one person's? Symmetric; a blank name is compatible with any.

    The same last name, and first names that are equal, an initial or the beginning of one another, or
    a common short form. John Smith Jr. and Sr., Mr. and Mrs. Smith, Paul and Paula, a couple and one of
    the two are different people: two contacts too many are a smaller harm than two people in one.
    """
    one, two = _parts(a), _parts(b)
    if not one.words or not two.words:
        return True
    if one.partner or two.partner:
        return one == two
    if _differ(one.generation, two.generation) or _differ(one.gender, two.gender):
        return False
    if one.words == two.words:
        return True
    if len(one.words) == 1 or len(two.words) == 1:
        return _single_fits(one.words, two.words)
    return _same_last(one.words, two.words) and _same_first(one.words[0], two.words[0])


def _differ(a: str, b: str) -> bool:
    return bool(a and b) and a != b


def _single_fits(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """One of the names is a single word: the other's first name, or its last."""
    single, other = (one[0], two) if len(one) == 1 else (two[0], one)
    return _same_first(single, other[0]) or (len(other) > 1 and single == other[-1])


def _same_last(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """The last word of one is among the later words of the other (*Byron* and *Byron King*)."""
    return one[-1] in two[1:] or two[-1] in one[1:]


def _same_first(a: str, b: str) -> bool:
    if a == b or _NICKNAME_GROUPS.get(a, frozenset()) & _NICKNAME_GROUPS.get(b, frozenset()):
        return True
    short, long = sorted((a, b), key=len)
    if not long.startswith(short):
        return False
    return len(short) < 3 or long[len(short) :] not in _GENDERED
