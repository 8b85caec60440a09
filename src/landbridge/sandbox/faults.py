"""Faults on demand: what can go wrong with one request, and which request it goes wrong with."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, get_args, get_type_hints

import msgspec

from landbridge.sandbox.wire import Answer, Request

Kind = Literal[
    "refuse",
    "fail_before",
    "lost_answer",
    "applied_then_500",
    "zombie",
    "cut_body",
    "429",
    "ok_with_error",
    "html",
    "slow",
    "drop_field",
    "status",
]
KINDS: tuple[str, ...] = get_args(Kind)
KIND_MEANINGS = {
    "refuse": "the connection closes, nothing is applied",
    "fail_before": "an error status (500 unless `status` says another), nothing is applied",
    "lost_answer": "the request is applied, then the connection closes without an answer",
    "applied_then_500": "the request is applied, then answered with 500 (or `status`)",
    "zombie": "the connection closes now; the request is applied `after_requests` requests to the same side"
    " later, or `after_seconds` of the sandbox's clock later",
    "cut_body": "the request is applied; the answer ends after `keep_bytes` (half) of its body",
    "429": "429 without Retry-After, as HighLevel sends it, nothing is applied",
    "ok_with_error": "200 whose body is an error, nothing is applied",
    "html": "200 text/html, as a proxy's sign-in page, nothing is applied",
    "slow": "the answer comes `delay_seconds` later; applied at the delay's end, with `apply` at its start",
    "drop_field": "applied and answered, but the JSON answer lacks `field`: a name at any depth, or a path"
    " such as contacts.email (lists are walked through)",
    "status": "the given `status`, `body` and `headers`; applied only with `apply`",
}
# What each side says when it fails; HighLevel after highlevel.md 1.10 and 7, Rezora after rezora.md 1.2
# (its error body is an assumption: the wiki's text on it was not visible).
_ERROR_TEXTS = {429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway"}
_HTML = (
    b"<!doctype html><html><head><title>Sign in</title></head><body><h1>One moment please</h1></body></html>"
)
_JSON = {"content-type": "application/json; charset=utf-8"}


class FaultError(ValueError):
    """A fault as posted cannot be understood; the text names the field and what it may be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of failure and the requests it strikes.

    A request matches when ``side`` ("" for both), ``method`` ("" for all), ``path`` (a prefix),
    ``path_regex`` (searched) and ``body_contains`` all agree; paths are relative to the side's prefix. The
    first ``skip`` matches pass, then each is struck with ``probability`` (repeatable, from ``seed``) until
    ``times`` have been (``None``: for ever).
    """

    kind: Kind
    side: Literal["", "highlevel", "rezora"] = ""
    method: str = ""
    path: str = ""
    path_regex: str = ""
    body_contains: str = ""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
    status: int | None = None
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    apply: bool = False
    delay_seconds: float = 1.0
    after_seconds: float | None = None
    after_requests: int | None = None
    keep_bytes: int | None = None
    field: str = ""

    def answer(self, side: str) -> Answer:
        """The made-up answer of this fault."""
        if self.kind == "html":
            content_type = {"content-type": "text/html; charset=utf-8"}
            return Answer(self.status or 200, self._body(_HTML), content_type | self.headers)
        code = {"429": 429, "ok_with_error": 200}.get(self.kind, 500)
        status = self.status or code
        shown = 500 if status < 300 and self.kind == "ok_with_error" else status
        return Answer(status, self._body(_error(side, shown)), _JSON | self.headers)

    def _body(self, default: bytes) -> bytes:
        if self.body is None:
            return default
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(slots=True)
class Armed:
    """A fault in force, with what it has done so far."""

    id: int
    fault: Fault
    matched: int = 0
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random)
    _regex: re.Pattern[str] | None = None

    def __post_init__(self) -> None:
        self._random.seed(self.fault.seed)
        self._regex = re.compile(self.fault.path_regex) if self.fault.path_regex else None

    def strikes(self, side: str, request: Request) -> bool:
        """Whether this request is hit; counts the match."""
        fault = self.fault
        if (fault.times is not None and self.hits >= fault.times) or not self._matches(side, request):
            return False
        self.matched += 1
        if self.matched <= fault.skip:
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        self.hits += 1
        return True

    def _matches(self, side: str, request: Request) -> bool:
        fault = self.fault
        return (
            fault.side in ("", side)
            and fault.method in ("", request.method)
            and request.path.startswith(fault.path)
            and (self._regex is None or self._regex.search(request.path) is not None)
            and (not fault.body_contains or fault.body_contains.encode() in request.body)
        )

    def as_json(self) -> dict[str, object]:
        """The fault as posted, without what was left at its default, with its counts."""
        given = {
            item.name: value
            for item in fields(Fault)
            if (value := getattr(self.fault, item.name)) != item.default and value != {}
        }
        return {"id": self.id, **given, "times": self.fault.times, "matched": self.matched, "hits": self.hits}


class Faults:
    """The faults in force, in the order they were added; the first that strikes wins."""

    def __init__(self) -> None:
        self.armed: list[Armed] = []
        self._last_id = 0

    def add(self, fault: Fault) -> int:
        """Put a fault in force; returns its id."""
        self._last_id += 1
        self.armed.append(Armed(self._last_id, fault))
        return self._last_id

    def strike(self, side: str, request: Request) -> Fault | None:
        """The fault that befalls this request, if any."""
        for armed in self.armed:
            if armed.strikes(side, request):
                return armed.fault
        return None

    def clear(self, fault_id: int | None = None) -> int:
        """End one fault or all; returns how many ended."""
        before = len(self.armed)
        self.armed = [armed for armed in self.armed if fault_id is not None and armed.id != fault_id]
        return before - len(self.armed)


def read_faults(posted: object) -> list[Fault]:
    """The faults of ``{"faults": [...]}``, of a list, or of one object; raises FaultError."""
    if isinstance(posted, Mapping) and "faults" in posted:
        posted = posted["faults"]
    if isinstance(posted, Mapping):
        posted = [posted]
    if not isinstance(posted, Sequence) or isinstance(posted, str):
        raise FaultError('Send {"faults": [{"kind": ..., "path": ...}]}.')
    return [_read_fault(item, f"faults[{index}]") for index, item in enumerate(posted)]


def _read_fault(item: object, where: str) -> Fault:
    if not isinstance(item, Mapping):
        raise FaultError(f"{where} must be an object with at least `kind`.")
    allowed = [item_field.name for item_field in fields(Fault)]
    for name in item:
        if name not in allowed:
            raise FaultError(f"{where}.{name} is not a field of a fault; allowed are {', '.join(allowed)}.")
    if item.get("kind") not in KINDS:
        raise FaultError(f"{where}.kind must be one of {', '.join(KINDS)}.")
    _check_types(item, where)
    fault = Fault(**{**item, "method": str(item.get("method", "")).upper()})
    _check_ranges(fault, where)
    return fault


def _check_types(item: Mapping[str, object], where: str) -> None:
    hints = get_type_hints(Fault)
    for name, value in item.items():
        try:
            msgspec.convert(value, hints[name])
        except msgspec.ValidationError as error:
            allowed = ", ".join(filter(None, get_args(hints[name]))) if name == "side" else ""
            detail = f"one of {allowed}, or left out" if allowed else str(error)
            raise FaultError(f"{where}.{name} is not valid: {detail}.") from None


def _check_ranges(fault: Fault, where: str) -> None:
    def require(name: str, good: bool, allowed: str) -> None:
        if not good:
            raise FaultError(f"{where}.{name} must be {allowed}.")

    require("times", fault.times is None or fault.times >= 1, "1 or more, or null for ever")
    require("skip", fault.skip >= 0, "0 or more")
    require("probability", 0 <= fault.probability <= 1, "between 0 and 1")
    require("status", fault.status is None or 200 <= fault.status <= 599, "an HTTP status from 200 to 599")
    require("delay_seconds", 0 <= fault.delay_seconds <= 600, "between 0 and 600 seconds")
    require("after_seconds", fault.after_seconds is None or fault.after_seconds >= 0, "0 or more seconds")
    require("after_requests", fault.after_requests is None or fault.after_requests >= 1, "1 or more requests")
    require("keep_bytes", fault.keep_bytes is None or fault.keep_bytes >= 0, "0 or more bytes")
    require("path", not fault.path or fault.path.startswith("/"), "a path prefix such as /contacts/")
    if fault.kind == "status":
        require("status", fault.status is not None, "given when kind is status, for example 503")
    if fault.kind == "drop_field":
        require("field", bool(fault.field), "given when kind is drop_field, for example email")
    try:
        re.compile(fault.path_regex)
    except re.error as error:
        raise FaultError(f"{where}.path_regex is not a regular expression: {error}.") from None


def without_field(body: bytes, path: str) -> bytes:
    """A JSON body without a field: a name at any depth, or a dotted path; other bodies are unchanged."""
    try:
        tree = json.loads(body)
    except ValueError:
        return body
    if "." in path:
        _drop_at(tree, path.split("."))
    else:
        _drop_anywhere(tree, path)
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


def _drop_at(tree: object, parts: Sequence[str]) -> None:
    if isinstance(tree, list):
        for item in tree:
            _drop_at(item, parts)
    elif isinstance(tree, dict):
        if len(parts) == 1:
            tree.pop(parts[0], None)
        else:
            _drop_at(tree.get(parts[0]), parts[1:])


def _drop_anywhere(tree: object, name: str) -> None:
    if isinstance(tree, list):
        for item in tree:
            _drop_anywhere(item, name)
    elif isinstance(tree, dict):
        tree.pop(name, None)
        for value in tree.values():
            _drop_anywhere(value, name)


def _error(side: str, status: int) -> bytes:
    text = _ERROR_TEXTS.get(status, "Internal Server Error" if status >= 500 else "Request refused")
    if side == "rezora":
        return json.dumps([{"status": str(status), "message": text}]).encode()
    return json.dumps({"statusCode": status, "message": text}).encode()
