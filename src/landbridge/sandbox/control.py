"""The sandbox's own pages under ``/_sandbox``: history, faults, clock, reset, edits and state."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

import msgspec

from landbridge.sandbox.faults import KIND_MEANINGS, FaultError, read_faults
from landbridge.sandbox.history import Wanted, as_json
from landbridge.sandbox.wire import Answer, Request
from landbridge.sandbox.worlds import SIDES, ConfigError

if TYPE_CHECKING:
    from landbridge.sandbox.server import Sandbox

_MAX_PEOPLE = 1_000_000
_YES, _NO = ("1", "true", "yes"), ("0", "false", "no")
PAGES = {
    "GET /_sandbox/": "this description",
    "GET /_sandbox/history": "every request and answer in order; side, mutating=1, since=N, method, actor,"
    " path_contains, limit, bodies=0 to leave headers and bodies out, count=1 for counts only",
    "DELETE /_sandbox/history": "begin the history again at number 1",
    "GET /_sandbox/faults": "the faults in force with their hits",
    "POST /_sandbox/faults": '{"faults": [{"kind": ..., "side", "method", "path" or "path_regex", "times",'
    ' "skip", "probability", "seed", ...}]}',
    "DELETE /_sandbox/faults": "end all faults, or one with ?id=",
    "GET /_sandbox/webhooks": "HighLevel's webhooks: pending, delivered, lost; the key that signs them",
    "DELETE /_sandbox/webhooks": "forget all webhooks, those on their way too",
    "GET /_sandbox/clock": "the sandbox's time",
    "POST /_sandbox/clock": '{"advance": seconds}, {"freeze": true or an ISO time}, {"release": true}',
    "POST /_sandbox/reset": '{"seed", "people", "activities", "highlevel": {settings}, "rezora": {settings}},'
    " all optional",
    "GET /_sandbox/config": "the settings of both systems",
    "POST /_sandbox/config": '{"highlevel": {settings}, "rezora": {settings}}: change them, keep all else',
    "POST /_sandbox/edit": '{"side", "action", "kind", "id", "fields"}, or a list of them: a user\'s edit',
    "GET /_sandbox/state": "everything both systems hold; ?side=highlevel or ?side=rezora",
}


class _RequestError(ValueError):
    """What was sent cannot be used; the text says what would be."""


def answer(sandbox: Sandbox, request: Request) -> Answer:
    """Answer a request that is for neither system."""
    if request.path == "/" and request.method in ("GET", "HEAD"):
        return Answer(200, _front_page(sandbox).encode(), {"content-type": "text/html; charset=utf-8"})
    path = request.path.rstrip("/")
    page = _PAGES.get((request.method, path))
    if page is None:
        return _missing(path)
    try:
        return _json_answer(200, page(sandbox, request))
    except (FaultError, ConfigError, _RequestError) as error:
        return _json_answer(400, {"error": str(error)})


def _missing(path: str) -> Answer:
    methods = [method for method, known in _PAGES if known == path]
    if methods:
        allowed = ", ".join(methods)
        wrong = _json_answer(405, {"error": f"{path} takes {allowed} only."})
        wrong.headers["allow"] = allowed
        return wrong
    return _json_answer(404, {"error": "The sandbox has /highlevel, /rezora and /_sandbox/ only."})


def _describe(sandbox: Sandbox, request: Request) -> dict[str, object]:
    return {
        "what": "A made-up HighLevel location and Rezora account for tests and demonstrations.",
        "highlevel_url": sandbox.highlevel_url,
        "rezora_url": sandbox.rezora_url,
        "seed": sandbox.seed,
        "people": sandbox.people,
        "now": sandbox.clock.iso(),
        "requests": sandbox.history.last_number,
        "file": str(sandbox.config.file) if sandbox.config.file else None,
        "settings": _settings(sandbox, request),
        "pages": PAGES,
        "faults": KIND_MEANINGS,
    }


def _history(sandbox: Sandbox, request: Request) -> dict[str, object]:
    query = request.query
    wanted = _wanted(query)
    if _flag(query, "count", default=False):
        return sandbox.history.summary(wanted)
    bodies = _flag(query, "bodies", default=True)
    entries = sandbox.history.read(wanted)
    return {
        "last_number": sandbox.history.last_number,
        "first_kept": sandbox.history.first_kept,
        "entries": [as_json(entry, bodies=bodies) for entry in entries],
    }


def _wanted(query: Mapping[str, str]) -> Wanted:
    known = ("side", "mutating", "since", "method", "actor", "path_contains", "limit", "bodies", "count")
    for name in query:
        if name not in known:
            raise _RequestError(f"{name} is not a filter of the history; allowed are {', '.join(known)}.")
    return Wanted(
        side=_side(query.get("side", ""), empty_allowed=True),
        method=query.get("method", "").upper(),
        actor=_one_of(query.get("actor", ""), "actor", ("", "api", "user")),
        path_contains=query.get("path_contains", ""),
        mutating=_flag(query, "mutating", default=False) if "mutating" in query else None,
        since=_number(query.get("since", "0"), "since"),
        limit=_number(query["limit"], "limit") if "limit" in query else None,
    )


def _forget_history(sandbox: Sandbox, request: Request) -> dict[str, object]:
    del request
    sandbox.history.forget()
    return {"last_number": 0}


def _faults(sandbox: Sandbox, request: Request) -> dict[str, object]:
    del request
    return {"faults": [armed.as_json() for armed in sandbox.faults.armed], "waiting": len(sandbox.late)}


def _add_faults(sandbox: Sandbox, request: Request) -> dict[str, object]:
    faults = read_faults(_sent(request))
    return {"ids": [sandbox.faults.add(fault) for fault in faults]}


def _clear_faults(sandbox: Sandbox, request: Request) -> dict[str, object]:
    only = _number(request.query["id"], "id") if "id" in request.query else None
    return {"cleared": sandbox.faults.clear(only)}


def _webhooks(sandbox: Sandbox, request: Request) -> object:
    del request
    return sandbox.webhooks.as_json() if sandbox.webhooks is not None else {}


def _forget_webhooks(sandbox: Sandbox, request: Request) -> object:
    if sandbox.webhooks is not None:
        sandbox.webhooks.clear()
    return _webhooks(sandbox, request)


def _clock(sandbox: Sandbox, request: Request) -> dict[str, object]:
    del request
    return {"now": sandbox.clock.iso(), "epoch": sandbox.clock.now(), "frozen": sandbox.clock.frozen}


def _set_clock(sandbox: Sandbox, request: Request) -> dict[str, object]:
    sent = _object(request)
    _only(sent, ("advance", "freeze", "release"))
    if not sent:
        raise _RequestError(
            'Send {"advance": seconds}, {"freeze": true or an ISO time} or {"release": true}.'
        )
    if sent.get("release") not in (None, True, False):
        raise _RequestError("release must be true.")
    freeze_at, seconds = _freeze_at(sent.get("freeze")), sent.get("advance", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise _RequestError("advance must be a number of seconds, for example 60.")
    if sent.get("release"):
        sandbox.clock.release()
    if sent.get("freeze"):
        sandbox.clock.freeze(freeze_at)
    sandbox.clock.advance(seconds)
    sandbox.apply_late()
    return _clock(sandbox, request)


def _freeze_at(value: object) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise _RequestError("freeze must be true or an ISO time such as 2026-01-05T09:30:00Z.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _reset(sandbox: Sandbox, request: Request) -> dict[str, object]:
    sent = _object(request)
    overrides = _settings_sent(sent, ("seed", "people", "activities", *SIDES))
    seed, count, activities = _whole(sent, "seed"), _whole(sent, "people"), _whole(sent, "activities")
    for name, value in (("people", count), ("activities", activities)):
        if value is not None and not 0 <= value <= _MAX_PEOPLE:
            raise _RequestError(f"{name} must be from 0 to {_MAX_PEOPLE}.")
    sandbox.reset(seed, count, overrides, activities)
    return {"seed": sandbox.seed, "people": sandbox.people, "activities": sandbox.activities}


def _settings(sandbox: Sandbox, request: Request) -> dict[str, object]:
    del request
    return {side: sandbox.worlds.configs[side] for side in SIDES}


def _configure(sandbox: Sandbox, request: Request) -> dict[str, object]:
    sandbox.configure(_settings_sent(_object(request), SIDES))
    return _settings(sandbox, request)


def _settings_sent(sent: Mapping[str, object], allowed: tuple[str, ...]) -> dict[str, dict[str, object]]:
    """The settings per side; other allowed names are left to the caller."""
    _only(sent, allowed)
    settings: dict[str, dict[str, object]] = {}
    for side in SIDES:
        given = sent.get(side, {})
        if not isinstance(given, dict):
            raise _RequestError(f"{side} must be an object of settings; GET /_sandbox/config lists them.")
        settings[side] = given
    return settings


def _edit(sandbox: Sandbox, request: Request) -> object:
    sent = _sent(request)
    commands = sent if isinstance(sent, list) else [sent]
    results = []
    for index, command in enumerate(commands):
        where = f"edit {index}: " if isinstance(sent, list) else ""
        if not isinstance(command, dict):
            raise _RequestError(f"{where}send an object with side, action, kind, id and fields.")
        side = _side(command.get("side", ""))
        rest = {name: value for name, value in command.items() if name != "side"}
        try:
            results.append(sandbox.edit(side, rest))
        except (ValueError, LookupError, TypeError) as error:
            reason = str(error.args[0]) if error.args else type(error).__name__
            raise _RequestError(f"{where}{reason}") from error
    return results if isinstance(sent, list) else results[0]


def _state(sandbox: Sandbox, request: Request) -> dict[str, object]:
    side = _side(request.query.get("side", ""), empty_allowed=True)
    return {name: sandbox.worlds[name].dump() for name in SIDES if side in ("", name)}


_PAGES: dict[tuple[str, str], Callable[[Sandbox, Request], object]] = {
    ("GET", "/_sandbox"): _describe,
    ("GET", "/_sandbox/history"): _history,
    ("DELETE", "/_sandbox/history"): _forget_history,
    ("GET", "/_sandbox/faults"): _faults,
    ("POST", "/_sandbox/faults"): _add_faults,
    ("DELETE", "/_sandbox/faults"): _clear_faults,
    ("GET", "/_sandbox/webhooks"): _webhooks,
    ("DELETE", "/_sandbox/webhooks"): _forget_webhooks,
    ("GET", "/_sandbox/clock"): _clock,
    ("POST", "/_sandbox/clock"): _set_clock,
    ("POST", "/_sandbox/reset"): _reset,
    ("GET", "/_sandbox/config"): _settings,
    ("POST", "/_sandbox/config"): _configure,
    ("POST", "/_sandbox/edit"): _edit,
    ("GET", "/_sandbox/state"): _state,
}


def _sent(request: Request) -> object:
    if not request.body:
        return {}
    try:
        return json.loads(request.body)
    except ValueError:
        raise _RequestError("The body must be JSON.") from None


def _object(request: Request) -> dict[str, object]:
    sent = _sent(request)
    if not isinstance(sent, dict):
        raise _RequestError("The body must be a JSON object.")
    return sent


def _only(sent: Mapping[str, object], allowed: tuple[str, ...]) -> None:
    for name in sent:
        if name not in allowed:
            raise _RequestError(f"{name} is not known here; allowed are {', '.join(allowed)}.")


def _whole(sent: Mapping[str, object], name: str) -> int | None:
    value = sent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise _RequestError(f"{name} must be a whole number.")
    return value


def _side(value: object, *, empty_allowed: bool = False) -> str:
    return _one_of(value, "side", ("", *SIDES) if empty_allowed else SIDES)


def _one_of(value: object, name: str, allowed: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise _RequestError(f"{name} must be one of {', '.join(filter(None, allowed))}.")


def _flag(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = query.get(name)
    if value is None:
        return default
    if value.lower() not in _YES + _NO:
        raise _RequestError(f"{name} must be 1 or 0.")
    return value.lower() in _YES


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise _RequestError(f"{name} must be a whole number, 0 or more.")
    return int(text)


def _json_answer(status: int, tree: object) -> Answer:
    body = msgspec.json.encode(tree, enc_hook=str)
    return Answer(status, body, {"content-type": "application/json; charset=utf-8"})


def _front_page(sandbox: Sandbox) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(page)}</code></td><td>{escape(text)}</td></tr>"
        for page, text in PAGES.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Landbridge sandbox</title></head><body><main><h1>Landbridge sandbox</h1>"
        "<p>Made-up HighLevel and Rezora accounts on this machine, for tests and demonstrations;"
        f" {sandbox.people} made-up people, seed {sandbox.seed}."
        " Nothing here is connected to a real account.</p><ul>"
        f"<li>HighLevel API: <code>{escape(sandbox.highlevel_url)}</code></li>"
        f"<li>Rezora API: <code>{escape(sandbox.rezora_url)}</code></li>"
        '<li>Control: <a href="/_sandbox/">/_sandbox/</a>, <a href="/_sandbox/history?bodies=0">history</a>,'
        ' <a href="/_sandbox/history?count=1">counts</a></li></ul>'
        f"<table><caption>Control pages</caption><tbody>{rows}</tbody></table></main></body></html>"
    )
