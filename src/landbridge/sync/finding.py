"""What people type to find somebody, and what of a contact is looked through: both folded alike."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 400  # characters of a contact that are looked through: an index takes no more than some thousand
_NAME, _EMAIL, _PHONE = 160, 200, 20
_LEAST_DIGITS = 4  # fewer may as well be a house number in a name
_LIKE_A_PHONE = re.compile(r"[\d\s().+/-]+")


def folded(text: str) -> str:
    """Without case and accents: ``Éric`` is found by ``eric``."""
    if text.isascii():
        return text.lower()
    bare = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return bare.casefold()


def looked_through(name: str, email: str, phone: str) -> str:
    """Name, e-mail address and the digits of the phone number of one contact, as they are kept."""
    digits = re.sub(r"\D", "", phone)
    return f"{folded(name)[:_NAME]} {folded(email)[:_EMAIL]} {digits[:_PHONE]}"[:LONGEST].strip()


def needles(text: str) -> list[str]:
    """The pieces that all have to be in what is looked through; of a phone number its digits.

    A leading zero of a number is left out: it is not in the international spelling that is kept.
    """
    digits = re.sub(r"\D", "", text)
    if _LIKE_A_PHONE.fullmatch(text.strip()) and len(digits) >= _LEAST_DIGITS:
        return [digits.lstrip("0") or digits]
    return folded(text).split()
