"""The order of events of a sandbox: every request and answer, with counters that stay exact for ever."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from landbridge.sandbox.wire import Answer, Request

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# POST requests that store no record: searches, and the token calls (highlevel.md 1.4, 1.6, 1.7, 4).
_READING_POST = re.compile(r"(/search|/oauth/[A-Za-z-]+)$")
# An id in a path: digits, a UUID, 24 hex digits, or 16 and more letters and digits such as HighLevel's 20;
# a Rezora path may end in a response format (rezora.md 1).
_SUFFIX = r"(?=\.(?:json|xml|csv|txt)$|$)"
_ID = re.compile(
    r"^(?:[0-9]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{24}|[A-Za-z0-9]{20}"
    r"|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,})" + _SUFFIX
)
_REMEMBERED_ROUTES = 2_000
_COUNTED_ROUTES = 5_000  # a scanner's invented paths must not fill the memory
OTHER_ROUTES = "(other paths)"
_REDACTED = "[redacted]"


class CountKey(NamedTuple):
    """What requests are counted by."""

    actor: str
    side: str
    method: str
    route: str
    status: int
    mutating: bool


@dataclass(slots=True)
class Entry:
    """One request and its answer as the client saw them.

    ``path`` is relative to the side's prefix. ``status`` is 0 when no whole answer left the sandbox.
    ``applied`` tells whether the world saw the request (a fault may have kept it away); ``late_of`` is the
    number of the request that a zombie applies late. ``mutating`` is what the request asks for, whatever
    became of it.
    """

    number: int
    at: float
    actor: str
    side: str
    method: str
    path: str
    query: Mapping[str, str]
    request_headers: Mapping[str, str]
    request_body: bytes | None
    status: int
    answer_headers: Mapping[str, str]
    answer_body: bytes | None
    mutating: bool
    applied: bool = True
    fault: str = ""
    late_of: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to read; empty means any."""

    side: str = ""
    method: str = ""
    actor: str = ""
    path_contains: str = ""
    mutating: bool | None = None
    since: int = 0
    limit: int | None = None

    def fits(self, entry: Entry) -> bool:
        """Whether this entry is asked for."""
        return (
            entry.number > self.since
            and self.side in ("", entry.side)
            and self.method in ("", entry.method)
            and self.actor in ("", entry.actor)
            and self.mutating in (None, entry.mutating)
            and self.path_contains in entry.path
        )


@dataclass(slots=True)
class _Kept:
    entries: deque[Entry] = field(default_factory=deque)
    with_body: deque[Entry] = field(default_factory=deque)
    body_bytes: int = 0


class History:
    """The last ``limit`` entries, the last ``body_bytes`` bytes of bodies, and exact counts of all."""

    def __init__(self, limit: int = 100_000, body_bytes: int = 64 * 1024 * 1024) -> None:
        self.limit = limit
        self.max_body_bytes = body_bytes
        self.last_number = 0
        self.counts: Counter[CountKey] = Counter()
        self._kept = _Kept()
        self._routes: dict[str, str] = {}

    def record(
        self,
        request: Request,
        answer: Answer,
        *,
        at: float,
        side: str,
        actor: str = "api",
        applied: bool = True,
        fault: str = "",
        late_of: int | None = None,
    ) -> Entry:
        """Add one exchange; ``request.path`` is relative to the side's prefix.

        A zombie's late application (``late_of``) is listed but not counted: its request already was.
        """
        mutating = actor == "user" or is_mutating(request.method, request.path)
        self.last_number += 1
        entry = Entry(
            self.last_number,
            at,
            actor,
            side,
            request.method,
            request.path,
            request.query,
            _redacted(request.headers),
            request.body,
            answer.status,
            answer.headers,
            answer.body,
            mutating,
            applied,
            fault,
            late_of,
        )
        if late_of is None:
            key = CountKey(actor, side, request.method, self._route(request.path), answer.status, mutating)
            if key not in self.counts and len(self.counts) >= _COUNTED_ROUTES:
                key = key._replace(route=OTHER_ROUTES)
            self.counts[key] += 1
        self._keep(entry)
        return entry

    def read(self, wanted: Wanted | None = None) -> list[Entry]:
        """The kept entries asked for, oldest first."""
        wanted = wanted or Wanted()
        entries = self._kept.entries
        first = entries[0].number if entries else 1
        start = max(0, wanted.since + 1 - first)
        fitting = (entry for entry in islice(entries, start, None) if wanted.fits(entry))
        return list(islice(fitting, wanted.limit))

    @property
    def first_kept(self) -> int:
        """The number of the oldest entry still kept (1 when nothing happened yet)."""
        return self._kept.entries[0].number if self._kept.entries else self.last_number + 1

    def forget(self) -> None:
        """Begin again at number 1."""
        self.last_number = 0
        self.counts.clear()
        self._kept = _Kept()

    def summary(self, wanted: Wanted | None = None) -> dict[str, object]:
        """Counts by actor, side, method, route and status; ``complete`` tells whether they are exact.

        They always are, except when ``since`` reaches back to entries that are no longer kept.
        """
        wanted = wanted or Wanted()
        counts, complete = self._counted(wanted)
        rows = [{**key._asdict(), "count": count} for key, count in sorted(counts.items())]
        return {
            "total": sum(counts.values()),
            "mutating": sum(count for key, count in counts.items() if key.mutating),
            "complete": complete,
            "by_route": rows,
        }

    def dump(self) -> dict[str, object]:
        """The counters as JSON-able data, without the entries."""
        return {"last_number": self.last_number, "counts": [[*key, n] for key, n in self.counts.items()]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up the counters of :meth:`dump`; entries from before stay unknown."""
        self.forget()
        self.last_number = state["last_number"]
        for *key, count in state["counts"]:
            self.counts[CountKey(*key)] = count

    def _counted(self, wanted: Wanted) -> tuple[Counter[CountKey], bool]:
        if wanted.since == 0:
            return Counter({k: n for k, n in self.counts.items() if _counts(wanted, k)}), True
        entries = [entry for entry in self.read(wanted) if entry.late_of is None]
        counts = Counter(
            CountKey(e.actor, e.side, e.method, self._route(e.path), e.status, e.mutating) for e in entries
        )
        return counts, wanted.since + 1 >= self.first_kept

    def _route(self, path: str) -> str:
        known = self._routes.get(path)
        if known is not None:
            return known
        route = route_of(path)
        if len(self._routes) < _REMEMBERED_ROUTES:
            self._routes[path] = route
        return route

    def _keep(self, entry: Entry) -> None:
        kept = self._kept
        kept.entries.append(entry)
        if entry.request_body or entry.answer_body:
            kept.with_body.append(entry)
            kept.body_bytes += _weight(entry)
        while kept.body_bytes > self.max_body_bytes and kept.with_body:
            self._drop_bodies(kept.with_body.popleft())
        if len(kept.entries) > self.limit:
            oldest = kept.entries.popleft()
            if kept.with_body and kept.with_body[0] is oldest:
                self._drop_bodies(kept.with_body.popleft())

    def _drop_bodies(self, entry: Entry) -> None:
        self._kept.body_bytes -= _weight(entry)
        entry.request_body = entry.answer_body = None


def is_mutating(method: str, path: str) -> bool:
    """Whether a request asks to change a record; searches and token calls do not, whatever their method."""
    return method not in READING_METHODS and _READING_POST.search(path) is None


def route_of(path: str) -> str:
    """The path with ids replaced: ``/contacts/{id}/notes``, ``/v1/lists/{id}/contacts.json``."""
    return "/".join(_ID.sub("{id}", part) for part in path.split("/"))


def as_json(entry: Entry, *, bodies: bool) -> dict[str, object]:
    """One entry for people and tests; a dropped body is missing, a JSON body is decoded."""
    row: dict[str, object] = {
        "number": entry.number,
        "at": datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds"),
        "actor": entry.actor,
        "side": entry.side,
        "method": entry.method,
        "path": entry.path,
        "query": dict(entry.query),
        "status": entry.status,
        "mutating": entry.mutating,
        "applied": entry.applied,
        "fault": entry.fault,
    }
    if entry.late_of is not None:
        row["late_of"] = entry.late_of
    if bodies:
        row["request_headers"] = dict(entry.request_headers)
        row["answer_headers"] = dict(entry.answer_headers)
        row |= dict(_bodies(entry))
    return row


def _bodies(entry: Entry) -> Iterator[tuple[str, object]]:
    for name, body in (("request_body", entry.request_body), ("answer_body", entry.answer_body)):
        if body is not None:
            yield name, _decoded(body)


def _decoded(body: bytes) -> object:
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", errors="replace")


def _counts(wanted: Wanted, key: CountKey) -> bool:
    return (
        wanted.side in ("", key.side)
        and wanted.method in ("", key.method)
        and wanted.actor in ("", key.actor)
        and wanted.mutating in (None, key.mutating)
        and wanted.path_contains in key.route
    )


def _redacted(headers: Mapping[str, str]) -> Mapping[str, str]:
    authorization = headers.get("authorization")
    if authorization is None:
        return headers
    scheme, _, rest = authorization.partition(" ")
    return {**headers, "authorization": f"{scheme} {_REDACTED}" if rest else _REDACTED}


def _weight(entry: Entry) -> int:
    return len(entry.request_body or b"") + len(entry.answer_body or b"")
