"""Text as it is written and as it is compared."""

from __future__ import annotations

import re
import unicodedata

# Control characters that no field of either side can hold (XML 1.0 refuses them, and Rezora answers
# in XML too), and halves of surrogate pairs, which cannot be sent as UTF-8 at all.
_UNSENDABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_CONTROL_SPACE = re.compile("[\x0b\x0c\x1c-\x1f\x85]")


def clean(text: str) -> str:
    """The text as it is written to a side: as found, trimmed, without unsendable characters."""
    if not text.isprintable():
        text = _CONTROL_SPACE.sub(" ", _UNSENDABLE.sub("", text))
    return text.strip()


def fold(text: str) -> str:
    """The text as it is compared: clean, NFC, each run of white space one space; case is kept."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", _UNSENDABLE.sub("", text))
    return " ".join(text.split())


def caseless(text: str) -> str:
    """``fold`` without case, by canonical caseless matching (Unicode 3.13, D145)."""
    if text.isascii():
        return fold(text).lower()
    return fold(unicodedata.normalize("NFD", text).casefold())


def plain(text: str) -> str:
    """``caseless`` without accents, for look-ups in our own short word lists only."""
    folded = caseless(text)
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFD", folded)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))
