"""HighLevel's webhooks: whether a delivery is authentic, and what it names; no input or output.

Documented and assumed are told apart in docs/webhooks.md (highlevel.md 4.1 has the sources).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from landbridge.systems.highlevel.events import APPOINTMENT, BY_TYPE, UNKNOWN, EventType, Meaning, Names

SIGNATURE, LEGACY_SIGNATURE = "x-ghl-signature", "x-wh-signature"
# Our own limits, none is documented: the largest known body, a contact with custom fields, has a few KiB.
LARGEST = 256 * 1024
DEEPEST = 32

# A whole string (so that brackets inside of one do not count), or one bracket. Possessive, and a string
# without an end is taken to the end of the body: linear in whatever is sent.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)

_Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:-]{0,64}\Z")]  # as our columns hold them
_Type = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_.:-]{0,60}\Z")]


class Flaw(StrEnum):
    """Why a delivery has no effect."""

    FORGED = "forged"
    OVERSIZED = "oversized"
    DEEP = "deep"
    MALFORMED = "malformed"


class NotAccepted(Exception):  # noqa: N818  # a condition, not a programming error
    """This delivery has no effect; ``flaw`` says why, and nothing of its text is repeated."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Event:
    """What an authentic delivery names. Ids are blank where the body has none; ``at`` is epoch seconds.

    ``type`` is blank for events that are not in the table. ``at`` is None without a ``timestamp``.
    """

    webhook_id: str
    type: str
    location_id: str
    company_id: str
    app_id: str
    kind: Names
    record_id: str
    contact_id: str
    meaning: Meaning
    at: float | None

    @property
    def urgent(self) -> bool:
        """Somebody may have opted out."""
        return self.meaning is Meaning.OPT_OUT


class Keys:
    """The public keys a delivery may be signed with; several of each kind, so that one can follow another.

    Raises ``ValueError`` for what is not base64 of an Ed25519, or RSA, public key (SPKI).
    """

    def __init__(self, ed25519: Iterable[str] = (), rsa: Iterable[str] = ()) -> None:
        self._ed25519 = [_ed25519_key(text) for text in ed25519]
        self._rsa = [_rsa_key(text) for text in rsa]

    def check(self, raw: bytes, headers: Mapping[str, str]) -> None:
        """Raise ``NotAccepted`` unless one of the keys signed these very bytes; names are lower case.

        The rule of the vendor's SDK: with the current signature and a key for it only that one counts, so
        that nobody can choose the weaker one; else the legacy signature, if there is a key. "N/A" in the
        place of a signature was met by an implementer (highlevel.md 4.1).
        """
        current, legacy = (_signature(headers.get(name, "")) for name in (SIGNATURE, LEGACY_SIGNATURE))
        if current is not None and self._ed25519:
            good = any(_signed_ed25519(key, current, raw) for key in self._ed25519)
        else:
            good = legacy is not None and any(_signed_rsa(key, legacy, raw) for key in self._rsa)
        if not good:
            raise NotAccepted(Flaw.FORGED)


def _ed25519_key(text: str) -> Ed25519PublicKey:
    key = _loaded(text)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004  # the same error for all that is no such key
    return key


def _rsa_key(text: str) -> RSAPublicKey:
    key = _loaded(text)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004  # the same error for all that is no such key
    return key


def _loaded(text: str) -> object:
    try:
        return load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not base64 of a public key") from error


def _signature(text: str) -> bytes | None:
    """The bytes of a signature; None without one, empty (which fits no key) when it is not base64."""
    if text.strip() in ("", "N/A"):
        return None
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _signed_ed25519(key: Ed25519PublicKey, signature: bytes, raw: bytes) -> bool:
    try:
        key.verify(signature, raw)
    except InvalidSignature:
        return False
    return True


def _signed_rsa(key: RSAPublicKey, signature: bytes, raw: bytes) -> bool:
    try:
        key.verify(signature, raw, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


class _Nested(msgspec.Struct):
    id: _Id | None = None
    contactId: _Id | None = None  # noqa: N815  # HighLevel's own name


class _Body(msgspec.Struct):
    """What we look at; all else in a body is passed over, and never kept."""

    type: _Type | None = None
    webhookId: _Id | None = None  # noqa: N815  # HighLevel's own names, here and below
    timestamp: str | None = None
    locationId: _Id | None = None  # noqa: N815
    companyId: _Id | None = None  # noqa: N815
    appId: _Id | None = None  # noqa: N815
    id: _Id | None = None
    contactId: _Id | None = None  # noqa: N815
    appointment: _Nested | None = None


_decoder = msgspec.json.Decoder(_Body)


def read_event(raw: bytes) -> Event:
    """What a delivery names; raises ``NotAccepted`` for a body that is too large, too deep or not as
    documented. Check the signature first."""
    if len(raw) > LARGEST:
        raise NotAccepted(Flaw.OVERSIZED)
    if _is_deep(raw):
        raise NotAccepted(Flaw.DEEP)
    try:
        body = _decoder.decode(raw)
        at = _moment(body.timestamp)
    except (ValueError, RecursionError, OverflowError):  # msgspec's errors are ValueErrors
        raise NotAccepted(Flaw.MALFORMED) from None  # the cause may quote the body
    return _event(body, at, raw)


def _event(body: _Body, at: float | None, raw: bytes) -> Event:
    known = _known(body)
    record: _Body | _Nested | None = body.appointment if known.inside else body
    record_id = (record.id if record else "") or ""
    contact_id = ((record_id if known.contact_at == "id" else record.contactId) if record else "") or ""
    location_id = body.locationId or ""
    if known.names is Names.LOCATION:
        location_id = location_id or record_id  # those carry the location as ``id``
    if known.names in (Names.LOCATION, Names.INSTALL):
        record_id = location_id
    elif known.names is not Names.NOTHING and not record_id:
        raise NotAccepted(Flaw.MALFORMED)  # names a record without saying which
    return Event(
        # Old examples in the documents have no webhookId. The same body is then the same delivery.
        webhook_id=body.webhookId or f"body-{hashlib.sha256(raw).hexdigest()[:48]}",
        type=known.type,
        location_id=location_id,
        company_id=body.companyId or "",
        app_id=body.appId or "",
        kind=known.names,
        record_id=record_id,
        # Of events about none of our kinds no page shows where a contact's id lies: an assumption.
        contact_id=contact_id if known.names is not Names.NOTHING else body.contactId or "",
        meaning=known.meaning,
        at=at,
    )


def _known(body: _Body) -> EventType:
    """The event by its type; whatever carries an appointment is about one, whatever its type says."""
    known = BY_TYPE.get(body.type or "", UNKNOWN)
    return APPOINTMENT if body.appointment is not None and known is UNKNOWN else known


def _is_deep(raw: bytes) -> bool:
    depth = 0
    for token in _TOKEN.finditer(raw):
        first = raw[token.start()]
        if first in b"[{":
            depth += 1
            if depth > DEEPEST:
                return True
        elif first != 0x22:  # a closing bracket; strings begin with 0x22
            depth -= 1
    return False


def _moment(text: str | None) -> float | None:
    """Epoch seconds of an ISO time; one without an offset is UTC (an assumption)."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
