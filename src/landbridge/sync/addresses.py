"""E-mail addresses and phone numbers: what they are, and the form in which they are compared."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from landbridge.sync.texts import caseless, clean, fold

_LABEL_LENGTH = 63  # RFC 1035; a longer label is no domain and stays as text
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NO_LABEL = re.compile(r"[\x00-,/:-`{-\x7f]")  # ASCII that no host name has
_LOCAL_FORBIDDEN = re.compile(r'[\s"(),:;<>@\[\\\]\x00-\x1f\x7f-\x9f]')


def normal_email(text: str) -> str:
    """The form in which e-mail addresses are compared, empty for blank text.

    Trimmed, NFC, domain in lower-case IDNA, local part case-folded; ``+tag`` and dots stay, because
    couples use them to stay apart (sync-correctness.md section 6). Text that is no address is
    compared without case. Never written to a side.
    """
    local, at, domain = fold(text).rpartition("@")
    if not at:
        return caseless(domain)
    return f"{caseless(local)}@{_normal_domain(domain)}"


def _normal_domain(domain: str) -> str:
    """Lower-case labels, those beyond ASCII in Punycode (the mapping of UTS 46, without its tables)."""
    if domain.isascii():
        return domain.lower()
    wide = unicodedata.normalize("NFKC", domain).lower().replace("\u3002", ".")
    labels = fold(unicodedata.normalize("NFKC", wide)).split(".")
    return ".".join(_normal_label(label) for label in labels)


def _normal_label(label: str) -> str:
    if label.isascii() or len(label) > _LABEL_LENGTH or _NO_LABEL.search(label):
        return label
    return "xn--" + label.encode("punycode").decode("ascii").lower()


def is_email(text: str) -> bool:
    """Can this be delivered to: one address, a plausible local part, and a domain with a dot.

    Quoted local parts and literal addresses (``[192.0.2.1]``) are legal but never a customer's: refused.
    """
    local, at, domain = normal_email(text).rpartition("@")
    return (
        bool(at)
        and 0 < len(local) <= 64
        and not _LOCAL_FORBIDDEN.search(local)
        and all(local.split("."))
        and _is_domain(domain)
    )


@lru_cache(maxsize=4096)  # people share few domains
def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    return (
        len(domain) <= 253
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164, and its extension, which E.164 has no room for."""

    number: str
    extension: str = ""


# NANP numbers in the forms that both systems show most: these need no library.
_NANP_E164 = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_NANP_USUAL = re.compile(
    r"(?:\+?1[ .-]?)?(?:\(([2-9][0-9]{2})\) ?|([2-9][0-9]{2})[ .-]?)([2-9][0-9]{2})[ .-]?([0-9]{4})"
)
_NANP_NATIONAL = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")


def e164(text: str, country: str) -> str:
    """The number in E.164, read as dialled inside ``country`` (ISO 3166, two letters); empty when it is none.

    Numbers are judged by their length, not by whether they are in service; NANP numbers (country
    code 1) also by their form, so that ``000-000-0000`` is no number.
    """
    if _NANP_E164.fullmatch(text):
        return text
    phone = parse_phone(text, country)
    return phone.number if phone else ""


@lru_cache(maxsize=1 << 16)
def parse_phone(text: str, country: str) -> Phone | None:
    """The number and its extension, or None when the text is no phone number."""
    text = fold(text)
    if in_nanp(country) and (usual := _NANP_USUAL.fullmatch(text)):
        return Phone("+1" + "".join(part for part in usual.groups() if part))
    try:
        parsed = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    if not _is_possible(parsed):
        return None
    number = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return Phone(number, parsed.extension or "") if _reads_back(number) else None


def _reads_back(number: str) -> bool:
    """Some texts of possible length (rows of zeros) are read as another number each time."""
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return False
    return _is_possible(parsed) and phonenumbers.format_number(parsed, PhoneNumberFormat.E164) == number


def _is_possible(parsed: phonenumbers.PhoneNumber) -> bool:
    if parsed.country_code == 1:
        return _NANP_NATIONAL.fullmatch(phonenumbers.national_significant_number(parsed)) is not None
    return phonenumbers.is_possible_number_with_reason(parsed) == ValidationResult.IS_POSSIBLE


@lru_cache(maxsize=512)
def in_nanp(country: str) -> bool:
    """Does the country number its phones by the North American plan?"""
    return phonenumbers.country_code_for_region(country) == 1


def is_country(code: str) -> bool:
    """Is this the upper-case ISO 3166 code of a country with a known phone plan?"""
    return code in phonenumbers.SUPPORTED_REGIONS


def local_phone(text: str, country: str) -> str:
    """The number as a Rezora user in ``country`` writes it.

    NANP numbers as ``303-555-0100`` where the country is in NANP (the sample style of rezora.md
    2.1), others in international form; text that is no number as found.
    """
    if _NANP_E164.fullmatch(text) and in_nanp(country):
        return f"{text[2:5]}-{text[5:8]}-{text[8:]}"
    return _local_phone(text, country)


@lru_cache(maxsize=1 << 16)
def _local_phone(text: str, country: str) -> str:
    phone = parse_phone(text, country)
    if phone is None:
        return clean(text)
    if in_nanp(country) and phone.number.startswith("+1"):
        number = f"{phone.number[2:5]}-{phone.number[5:8]}-{phone.number[8:]}"
    else:
        parsed = phonenumbers.parse(phone.number)
        number = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    # "x" would be read back with nine digits at most, "ext." with twenty.
    return f"{number} ext. {phone.extension}" if phone.extension else number
