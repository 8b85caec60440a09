"""The protocol both systems speak, and the tree of what can go wrong.

    SystemFailure
    ├── NotConnected        no credential stored yet
    ├── ReconnectNeeded     the credential is final: a person must connect again
    ├── WrongCredentials    refused user name, password or token
    ├── Forbidden           the credential works but may not do this
    │   └── ReadOnlyGrant   refused by us, before anything was sent
    ├── Unreachable         no connection: surely not sent
    ├── Unavailable         sent, outcome unknown: time-out, reset, 5xx
    ├── RateLimited         burst or daily quota
    ├── Malformed           an answer that is not what the API promises: HTML, cut JSON
    ├── Rejected            the record was refused: park it
    │   └── Duplicate       refused because of another record, named in ``contact_id``
    ├── Gone                the id is proved not to exist
    └── Paused              the account is paused by its owner or unpaid: wait, keep the grant

Each class says what happens next; each error carries its sentence and its fix.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol

from landbridge.sync.model import ACTIVITIES, Kind, Record, Side
from landbridge.systems.activities import Activities

Sent = Literal["no", "maybe", "yes"]


class SystemFailure(Exception):  # noqa: N818  # conditions, not programming errors
    """Something a system did or refused; ``str()`` is one sentence, ``fix`` the next step.

    Neither sentence ever carries a token, an address or a name of a person.
    """

    fix: str = "Try again; if it stays, run `landbridge doctor`."
    sent: Sent = "yes"
    wait_seconds: float = 0.0  # how long the answer asked us to stay away; 0 when it did not say
    retriable: ClassVar[bool] = False

    def __init__(
        self,
        sentence: str,
        *,
        fix: str | None = None,
        side: Side | None = None,
        status: int | None = None,
        trace_id: str = "",
        sent: Sent | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.side = side
        self.status = status
        self.trace_id = trace_id
        if fix is not None:
            self.fix = fix
        if sent is not None:
            self.sent = sent


class NotConnected(SystemFailure):
    """No credential is stored for this account."""

    fix = "Run `landbridge connect highlevel` or `landbridge connect rezora`."
    sent: Sent = "no"


class ReconnectNeeded(SystemFailure):
    """The grant is lost for good; only a person can give a new one."""

    fix = "Connect the account again: `landbridge connect highlevel`. Nothing was lost meanwhile."
    sent: Sent = "no"


class WrongCredentials(SystemFailure):
    """User name, password or token were refused."""

    fix = "Check the user name and password with your Rezora account manager, then connect again."


class Forbidden(SystemFailure):
    """The credential is good but may not do this."""

    fix = "Give the connection the missing permission, then connect again."


class ReadOnlyGrant(Forbidden):
    """A write was asked of a read-only grant; nothing left this machine."""

    fix = "Connect again with write permission, or keep the bridge one-way."
    sent: Sent = "no"


class Unreachable(SystemFailure):
    """No connection was made; the request surely did not arrive."""

    fix = "Check the address in `landbridge settings` and this machine's network, then run the command again."
    sent: Sent = "no"
    retriable = True


class Unavailable(SystemFailure):
    """The request left and no good answer came: a read may be repeated, a create is unknown."""

    fix = "Wait a few minutes and run the sync again; it continues where it stopped."
    sent: Sent = "maybe"
    retriable = True


class RateLimited(SystemFailure):
    """The quota is spent; ``wait_seconds`` says for how long, ``daily`` which of the two."""

    fix = "Nothing to do: the sync continues when the quota is free again."
    retriable = True

    def __init__(
        self, sentence: str, *, wait_seconds: float = 10.0, daily: bool = False, **rest: object
    ) -> None:
        super().__init__(sentence, **rest)  # type: ignore[arg-type]  # passes the base's own keywords on
        self.wait_seconds = wait_seconds
        self.daily = daily


class Malformed(SystemFailure):
    """The answer is not what the API promises; it is a failure, never data."""

    fix = "Check that the address in `landbridge settings` is the API and not a web page or a proxy."
    sent: Sent = "maybe"
    retriable = True


class Rejected(SystemFailure):
    """This record was refused; others are not affected."""

    fix = "Look at the record named here and correct the field, then sync again."


class Duplicate(Rejected):
    """Refused because another record holds the address; ``contact_id`` is a candidate, not an answer."""

    def __init__(self, sentence: str, *, contact_id: str, **rest: object) -> None:
        super().__init__(sentence, **rest)  # type: ignore[arg-type]  # passes the base's own keywords on
        self.contact_id = contact_id


class Gone(SystemFailure):
    """A read by id proved that the record does not exist."""

    fix = "Nothing to do: the record was deleted there."


class Paused(SystemFailure):
    """The account is paused or unpaid; the grant stays good and is kept."""

    fix = "Activate the location in HighLevel; Landbridge continues by itself, no new connection is needed."


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a listing; ``cursor`` is None on the last page, ``total`` None when not said."""

    records: Sequence[Record]
    cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A HighLevel tag or a Rezora list; ``writable`` is False for Rezora's Primary Sphere."""

    id: str
    name: str
    writable: bool = True


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field an account's owner made; ``type`` is the vendor's word, such as ``SINGLE_OPTIONS``."""

    id: str
    key: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Capability:
    """What an account can do, as probed at connect: shown to people and obeyed by the engine.

    ``kinds`` can be read, ``writes`` can be written; an account that was connected before activities were
    known has no ``writes`` stored, and ``stored_kinds`` reads that as none of them.
    """

    side: Side
    account: str
    title: str
    can_write: bool
    time_zone: str = ""
    country: str = ""
    kinds: tuple[str, ...] = ("contact",)
    writes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    marker_field: str = ""  # id of the field that ``make_marker`` made or found; "" where there is none


def named_kinds(activities: Collection[Kind]) -> tuple[str, ...]:
    """Contacts and these activities, as ``Capability`` names them, always in one order."""
    return (Kind.CONTACT.value, *(kind.value for kind in ACTIVITIES if kind in activities))


def stored_kinds(capability: Mapping[str, Any]) -> tuple[frozenset[Kind], frozenset[Kind]]:
    """Activities that a stored ``Capability`` says can be read, and those that can be written too."""
    reads = frozenset(kind for kind in ACTIVITIES if kind.value in capability.get("kinds", ()))
    return reads, frozenset(kind for kind in reads if kind.value in capability.get("writes", ()))


@dataclass(frozen=True, slots=True)
class Ledger:
    """What calls were made and may be made still, as of one moment.

    ``calls`` were sent through this open system, retries among them. The limits are the account's, whoever
    in this process uses it: ``burst`` calls an interval, of which ``burst_left`` may leave now, and
    ``daily`` calls a day, 0 where there is no such limit; ``resets_at`` is epoch seconds, 0 for never.
    ``waited_seconds`` is how long calls stood in line for the quota since this system was opened.
    ``headers`` are the limits in the system's own last words, empty where it tells none.
    """

    calls: int = 0
    burst: int = 0
    burst_left: int = 0
    interval_seconds: float = 0.0
    daily: int = 0
    daily_used: int = 0
    resets_at: float = 0.0
    waited_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def daily_left(self) -> int:
        """Calls that are left of the day."""
        return max(self.daily - self.daily_used, 0)


class System(Protocol):
    """One account of one system. All methods raise ``SystemFailure``."""

    side: Side

    @property
    def activities(self) -> Activities:
        """Tasks, notes and appointments; which of them the account has is told by ``probe``."""
        ...

    async def probe(self) -> Capability:
        """Ask the account what it is and can do. Reads only."""
        ...

    async def contacts(self, cursor: str | None = None, *, since: float | None = None) -> Page:
        """One page of all contacts, from the start when ``cursor`` is None.

        ``since``, in epoch seconds: at least all contacts that were created or changed at that moment or
        later, oldest change first; deletions never show. A system without such a filter answers with
        everybody. The caller names the same ``since`` with every page of a listing, and takes for the next
        one the *start* of this one less a look-back (sync-correctness.md 5): what moves while the pages
        are read may be missed now, and is then seen by the next listing.
        """
        ...

    async def contacts_of_business(self, business_id: str) -> frozenset[str]:
        """Ids of the contacts that belong to a business; nobody in a system without businesses."""
        ...

    async def contact(self, record_id: str) -> Record:
        """Read one contact by id; raises ``Gone`` only on proof."""
        ...

    async def create(
        self, fields: Mapping[str, str], *, marker: str = "", barred: frozenset[str] = frozenset()
    ) -> str:
        """Create a contact from native field names and return its id. Never retried here.

        ``marker`` is the other side's id, kept in the marker field where there is one and dropped elsewhere.
        ``barred`` are channels that are closed from the start, named as in ``Record.barred``; a side
        without such channels takes no notice.
        """
        ...

    async def update(self, record_id: str, fields: Mapping[str, str]) -> None:
        """Write only these native fields."""
        ...

    async def delete(self, record_id: str) -> None:
        """Delete one contact for good; one that is gone already is fine."""
        ...

    async def opt_out(self, record_id: str) -> None:
        """Stop e-mail to this contact, ahead of all bulk calls. There is no call for the opposite."""
        ...

    async def labels(self) -> Sequence[Label]:
        """All tags or lists of the account."""
        ...

    async def members(self, label: Label) -> frozenset[str]:
        """Ids of the contacts that carry the label (HighLevel shows tags on the record instead)."""
        ...

    async def create_label(self, name: str) -> Label:
        """Define a tag or list."""
        ...

    async def add_label(self, record_id: str, label: Label) -> None:
        """Tag a contact, or put it on a list."""
        ...

    async def remove_label(self, record_id: str, label: Label) -> None:
        """Untag a contact, or take it off a list."""
        ...

    async def custom_fields(self) -> Sequence[CustomField]:
        """Fields made by the account's owner; empty where the system has none."""
        ...

    async def make_marker(self) -> str:
        """Find or make the field that carries the other side's id; its id, "" where that cannot be.

        From then on this object fills ``Record.marker`` from it. A missing permission is no failure.
        """
        ...

    def ledger(self) -> Ledger:
        """Calls made and calls left, without asking anybody."""
        ...

    async def close(self) -> None:
        """Release the connection pool."""
        ...


class Clock(Protocol):
    """Time as a parameter: ``now`` in epoch seconds (UTC), ``monotonic`` for spans."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Grant:
    """A HighLevel credential in the clear; lives in memory only.

    ``kind`` is ``oauth`` or ``pit`` (a Private Integration Token, which never expires by itself).
    ``expires_at`` is epoch seconds, 0 for never. ``version`` counts saves, for compare-and-set.
    ``previous_refresh_token`` is kept until the new pair has worked once.
    """

    kind: Literal["oauth", "pit"]
    access_token: str
    refresh_token: str = ""
    previous_refresh_token: str = ""
    expires_at: float = 0.0
    scopes: tuple[str, ...] = ()
    location_id: str = ""
    company_id: str = ""
    version: int = 0

    def __repr__(self) -> str:
        return f"Grant(kind={self.kind!r}, location_id={self.location_id!r}, version={self.version})"

    def with_version(self, version: int) -> Grant:
        """The same grant as saved under that version."""
        return replace(self, version=version)


class GrantStore(Protocol):
    """Where one account's grant is kept, encrypted; safe between processes."""

    async def load(self) -> Grant:
        """The newest grant; raises ``NotConnected`` when there is none."""
        ...

    async def save(self, grant: Grant, *, expected_version: int) -> Grant | None:
        """Store durably if the stored version is still the expected one; None when somebody was faster."""
        ...

    async def begin_refresh(self, version: int, seconds: float) -> bool:
        """Take the one refresh slot of this grant for so many seconds; False when another holds it."""
        ...

    async def end_refresh(self) -> None:
        """Give the slot back."""
        ...
