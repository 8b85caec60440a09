"""Phone numbers as HighLevel stores them: E.164 (highlevel.md 5.5)."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

from landbridge.sandbox.highlevel.refusals import bad_request

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SEPARATORS = re.compile(r"[\s().-]+")


def e164(text: str, country: str) -> str:
    """The number in E.164; national ones are read as the location's country has them.

    Raises 400 for what is no number; the live validation differs between parts of the product
    (highlevel.md 5.5), the wording here is an assumption.
    """
    bare = _SEPARATORS.sub("", text)
    if _E164.fullmatch(bare):
        return bare
    if country in ("US", "CA") and len(bare) == 10 and bare.isascii() and bare.isdigit():
        return "+1" + bare
    return _parsed(text, country)


@lru_cache(maxsize=4096)
def _parsed(text: str, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise bad_request("The string supplied did not seem to be a phone number") from None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
