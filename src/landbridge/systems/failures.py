"""What went wrong with one call, as the error that says what happens next (sync-correctness.md section 5)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import aiohttp

from landbridge.sync.model import Side
from landbridge.systems.base import (
    Duplicate,
    Forbidden,
    Gone,
    Malformed,
    RateLimited,
    Rejected,
    SystemFailure,
    Unavailable,
    Unreachable,
    WrongCredentials,
)

_TEMPORARY = frozenset({408, 425})


@dataclass(frozen=True, slots=True)
class At:
    """Which call it was: enough for a sentence and a class, nothing of its content.

    ``by_id`` says that the path names a record, so that a 404 can prove it gone.
    """

    side: Side
    address: str
    method: str
    route: str
    idempotent: bool
    by_id: bool

    @property
    def place(self) -> str:
        """For sentences: ``HighLevel at services.example:443``."""
        return f"{self.side.title} at {self.address}"

    @property
    def call(self) -> str:
        """For sentences: ``PUT /contacts/{contact}``."""
        return f"{self.method} {self.route}"


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says of its own outcome; ``status`` is 0 for an error inside a success.

    ``message`` is the vendor's text: for hints, never for people, as it may name a person.
    """

    status: int
    message: str = ""
    trace_id: str = ""
    contact_id: str = ""

    def says(self, *texts: str) -> bool:
        """Whether the message has one of these lower-case texts in it."""
        message = self.message.lower()
        return any(text in message for text in texts)


def no_connection(error: Exception, at: At) -> Unreachable:
    """The request surely did not leave: refused, unknown name, no route, bad certificate."""
    fix = None
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        why = "its name is not known"
    elif isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = "its certificate is not valid"
        fix = "Check the address in `landbridge settings`, this machine's clock and its root certificates."
    elif isinstance(error, aiohttp.ClientSSLError):
        why = "no TLS connection could be made"
    elif isinstance(error, TimeoutError):
        why = "no connection in time"
    else:
        why = _os_reason(error)
    return Unreachable(f"{at.place} does not answer ({why}).", side=at.side, fix=fix)


def _os_reason(error: Exception) -> str:
    """The operating system's own words; the error's text may hold addresses."""
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if isinstance(number, int) and number > 0 else "no connection"


def no_answer(error: Exception, at: At) -> SystemFailure:
    """The request left, and no whole answer came."""
    if isinstance(error, aiohttp.ClientPayloadError):
        return malformed("cut short", at)
    if isinstance(error, aiohttp.ClientResponseError):
        return malformed("no HTTP answer", at)
    why = "no answer in time" if isinstance(error, TimeoutError) else "the connection was closed"
    return Unavailable(f"{at.place} did not finish {at.call} ({why}).", side=at.side)


def malformed(what: str, at: At) -> Malformed:
    """An answer that is not what the API promises; ``what`` completes "The answer ... is"."""
    return Malformed(f"The answer of {at.place} to {at.call} is {what}.", side=at.side)


def refused(told: Told, at: At, *, is_json: bool, wait_seconds: float | None) -> SystemFailure:
    """The error for an answer that is no success; ``wait_seconds`` is what ``Retry-After`` asked for.

    The status decides; that a 404 must come as JSON keeps a proxy's page from proving a record gone.
    """
    status = told.status
    if status == 0:
        failure: SystemFailure = malformed("an error inside a success", at)
    elif status == 429 and at.idempotent:
        sentence = f"{at.place} refused {at.call}: too many calls."
        failure = RateLimited(sentence, wait_seconds=wait_seconds or 0.0)
    elif status == 429 or status in _TEMPORARY or status >= 500:
        failure = Unavailable(f"{at.place} could not carry out {at.call} ({status}).")
        failure.wait_seconds = wait_seconds or 0.0
    elif status == 401:
        failure = WrongCredentials(f"{at.place} refused the credentials.", side=at.side)
    elif status == 403:
        failure = Forbidden(f"{at.place} does not allow {at.call}.")
    elif not 400 <= status < 500:
        failure = malformed(f"an unexpected {status}", at)
    elif not is_json:
        failure = malformed(f"{status} with a web page", at)
    else:
        failure = _record_refused(told, at)
    return failure


def _record_refused(told: Told, at: At) -> SystemFailure:
    """A 4xx that speaks of this record: park it, or it is gone (highlevel.md 5.1)."""
    missing = told.status in (404, 410) or (told.status == 400 and told.says("not found"))
    no_such_route = told.says("cannot get", "cannot post", "cannot put", "cannot delete")
    if missing and at.by_id and at.idempotent and not no_such_route:
        return Gone(f"{at.side.title} has no such record any more ({at.call}).")
    if missing and (no_such_route or not at.by_id):
        return malformed(f"{told.status}: it knows no such call", at)
    words = safe_words(told.message)
    sentence = f"{at.side.title} refused {at.call} ({told.status}{': ' + words if words else ''})."
    if told.contact_id:
        return Duplicate(sentence, contact_id=told.contact_id)
    return Rejected(sentence)


_FIELD = re.compile(
    r"contact_(?:id|name|email|type|title|company|date|self|unsubscribe"
    r"|phone_(?:home|work|mobile|fax)|(?:home|business)_(?:street2?|city|state|zip))"
    r"|list_(?:id|name)|firstName|lastName|address1|postalCode|companyName|dateOfBirth|locationId|assignedTo"
    r"|customFields|dndSettings|pageLimit|searchAfter"
    r"|dueDate|completed|startTime|endTime|calendarId|appointmentStatus|userId"
    r"|(?:task|note|appointment)_(?:id|title|body|due|completed|start|end|location|status)"
)
_PLAIN = re.compile(
    r"a|allow|allowed|already|an|and|appointment|are|as|be|been|can|cannot|characters|city|code|contact|contacts"
    r"|country|create|created|custom|date|does|duplicate|duplicated|email|empty|exceeds|exist|exists"
    r"|expected|expired|field|fields|for|format|greater|has|have|id|in|invalid|is|it|its|less"
    r"|list|location|long|longer|managed|maximum|minimum|missing|must|name|no|none|not|note|null|number"
    r"|object|of|on|one|only|option|or|parameter|phone|please|property|provided|record|refresh|request"
    r"|required|same|scope|should|source|state|string|tag|tags|than|the|there|this|timezone|to|token"
    r"|task|time|title|too|type|unique|unknown|update|valid|value|was|website|with|without",
    re.IGNORECASE,
)


def safe_words(message: str) -> str:
    """The vendor's text with every word left out that is neither a field's name nor plain language.

    A refusal may quote a name, an address or a token; sentences of ours never carry one.
    """
    shown: list[str] = []
    for word in re.findall(r"[^\s,;:.!()\[\]'\"`]+", message[:300]):
        fine = _PLAIN.fullmatch(word) or _FIELD.fullmatch(word)
        if fine:
            shown.append(word)
        elif not shown or shown[-1] != "…":
            shown.append("…")
    return " ".join(shown) if any(word != "…" for word in shown) else ""
