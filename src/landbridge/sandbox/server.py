"""The sandbox's HTTP server: both worlds under one address, with faults, history and a saved state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
from aiohttp import web

from landbridge.sandbox import answers, control
from landbridge.sandbox.courier import Courier, is_loopback
from landbridge.sandbox.faults import Fault, Faults
from landbridge.sandbox.files import FileError, SandboxFile
from landbridge.sandbox.history import READING_METHODS, Entry, History
from landbridge.sandbox.late import LateRequest, LateRequests
from landbridge.sandbox.people import people
from landbridge.sandbox.wire import Answer, Request
from landbridge.sandbox.worlds import (
    HIGHLEVEL,
    REZORA,
    SIDES,
    KeptClock,
    Maker,
    SandboxConfig,
    World,
    Worlds,
    changed,
)

__all__ = ["Sandbox", "SandboxConfig", "serve"]

_log = logging.getLogger(__name__)
_PREFIXES = {f"/{side}": side for side in SIDES}
Sleep = Callable[[float], Awaitable[None]]
_SAVE_SHARE = 10  # a save may take a tenth of the time, so that a large state does not stop the server


class Sandbox:
    """Local HighLevel and Rezora servers; ``async with`` starts and stops them.

    ``makers`` replaces the two worlds (for tests): side to a callable taking clock, ids and settings.
    ``sleep`` (seconds) is how a slow request passes its time.
    """

    def __init__(
        self,
        config: SandboxConfig | None = None,
        *,
        makers: Mapping[str, Maker] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.sleep = sleep
        self.config = config or SandboxConfig()
        self.history = History(self.config.history_limit, self.config.history_body_bytes)
        self.faults = Faults()
        self.late = LateRequests()
        self.worlds = Worlds(self.config, makers)
        self.seed, self.people, self.activities = self.config.seed, self.config.people, self.config.activities
        self.overrides: dict[str, dict[str, object]] = {}
        self.url = ""
        self._file = SandboxFile(self.config.file) if self.config.file else None
        self._dirty: set[str] = set()
        self._saving = asyncio.Lock()
        self._saver: asyncio.Task[None] | None = None
        self._runner: web.ServerRunner | None = None
        self._courier: asyncio.Task[None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def highlevel(self) -> World:
        """The HighLevel world (a new one after every reset)."""
        return self.worlds[HIGHLEVEL]

    @property
    def rezora(self) -> World:
        """The Rezora world (a new one after every reset)."""
        return self.worlds[REZORA]

    @property
    def webhooks(self) -> Any:
        """HighLevel's webhooks on their way; None for a world that has none."""
        return getattr(self.highlevel, "webhooks", None)

    @property
    def clock(self) -> KeptClock:
        """The time both worlds live in."""
        return self.worlds.clock

    @property
    def highlevel_url(self) -> str:
        """Where HighLevel's API and consent page begin."""
        return f"{self.url}/highlevel"

    @property
    def rezora_url(self) -> str:
        """Where Rezora's API begins."""
        return f"{self.url}/rezora"

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Load the file or make the people, then listen; port 0 takes a free one.

        Raises ValueError for a host that is not loopback (unless ``any_host``), FileError for a file that
        cannot be read, OSError when the port is taken.
        """
        if not (self.config.any_host or is_loopback(host)):
            raise ValueError(
                "The sandbox has no real protection and listens on loopback only: use 127.0.0.1, ::1 or"
                " localhost, or set any_host when the network is yours alone."
            )
        self.open()
        # Handlers are not cancelled when a client hangs up: a slow request is applied all the same.
        self._runner = web.ServerRunner(web.Server(self._receive, access_log=None), shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        address = self._runner.addresses[0]
        shown = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.url = f"http://{shown}:{address[1]}"
        self._tell_own_url()
        carries = Courier(lambda: self.webhooks, self.clock.now, any_host=self.config.any_host)
        self._courier = asyncio.create_task(carries.run())
        if self._file is not None:
            self._saver = asyncio.create_task(self._save_now_and_then())

    def open(self, url: str = "") -> None:
        """Load the file or make the people; enough for ``exchange``, which needs no connection."""
        self.url = url
        if not self._load():
            self.reset()
        self._tell_own_url()

    async def stop(self) -> None:
        """Stop listening and save."""
        for timer in self._timers:
            timer.cancel()
        if self._courier is not None:
            self._courier.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._courier
            self._courier = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._saver is not None:
            self._saver.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._saver
            self._saver = None
        await self.save()

    def reset(
        self,
        seed: int | None = None,
        count: int | None = None,
        overrides: Mapping[str, Mapping[str, object]] | None = None,
        activities: int | None = None,
    ) -> None:
        """Everything as at the first start: people, settings (with these on top), history, faults, time."""
        seed = self.config.seed if seed is None else seed
        kept = {side: dict(values) for side, values in (overrides or {}).items()}
        self.worlds.build(seed, kept)
        self.seed, self.overrides = seed, kept
        self.people = self.config.people if count is None else count
        self.activities = self.config.activities if activities is None else activities
        self.clock.release()
        self.faults.clear()
        self.late.clear()
        self.history.forget()
        known = people(seed, self.people)
        if self.config.empty_rezora:
            known = [replace(person, in_rezora=False) for person in known]
        self.worlds.seed(known)
        self.worlds.seed_activities(self.activities, seed)
        self._tell_own_url()
        self._dirty.update(SIDES, ("about",))

    def configure(self, settings: Mapping[str, Mapping[str, object]]) -> None:
        """Change settings of the running worlds, per side; raises ConfigError and then changes nothing."""
        for side, values in settings.items():
            changed(self.worlds.configs[side], values, side)
        for side, values in settings.items():
            self.worlds.change(side, values)
            self.overrides[side] = {**self.overrides.get(side, {}), **values}
        self._dirty.add("about")

    def apply(self, side: str, request: Request) -> Answer:
        """Let a world answer; a mistake of the sandbox itself becomes a 500 that says so."""
        if request.method not in READING_METHODS or "/oauth/" in request.path:
            self._dirty.add(side)
        try:
            return self.worlds[side].answer(request)
        except Exception:  # a broken route must not take the whole sandbox down
            _log.exception("the sandbox failed at %s %s %s", side, request.method, request.path)
            body = json.dumps({"error": "The sandbox itself failed at this request; its log has the reason."})
            return Answer(500, body.encode(), {"content-type": "application/json", "x-sandbox-error": "1"})

    def edit(self, side: str, command: Mapping[str, object]) -> dict[str, object]:
        """A user's edit in the product's own pages, kept in the history as actor "user"."""
        result = self.worlds[side].edit(command)
        self._dirty.add(side)
        kind, record = command.get("kind", "record"), command.get("id") or result.get("id", "")
        sent = Request(
            str(command.get("action", "edit")).upper(), f"/{kind}/{record}", {}, {}, _json(command)
        )
        self._record(side, sent, Answer(200, _json(result)), actor="user")
        return result

    def apply_late(self) -> None:
        """Apply the zombies whose time has come."""
        if not len(self.late):
            return
        for late in self.late.take_ripe(self.clock.now()):
            answer = self.apply(late.side, late.request)
            self._record(late.side, late.request, answer, fault="zombie", late_of=late.number)

    async def save(self) -> None:
        """Write what changed to the file, if there is one."""
        if self._file is None or not self._dirty:
            return
        async with self._saving:
            dirty, self._dirty = self._dirty, set()
            parts = {side: _json(self.worlds.dump(side)) for side in SIDES if side in dirty}
            parts["history"] = _json(self.history.dump())
            parts["about"] = _json(
                {
                    "seed": self.seed,
                    "people": self.people,
                    "overrides": self.overrides,
                    "clock": self.clock.dump(),
                }
            )
            try:
                await asyncio.to_thread(self._file.write, parts)
            except BaseException:
                self._dirty |= dirty
                raise

    def _tell_own_url(self) -> None:
        """HighLevel writes whole addresses of next pages, which need the server's own."""
        if self.url and getattr(self.worlds.configs[HIGHLEVEL], "public_url", None) == "":
            self.worlds.change(HIGHLEVEL, {"public_url": self.highlevel_url})

    def _load(self) -> bool:
        parts = self._file.read() if self._file is not None else {}
        if not parts:
            return False
        try:
            about = json.loads(parts["about"])
            self.seed, self.people, self.overrides = about["seed"], about["people"], about["overrides"]
            self.worlds.build(self.seed, self.overrides)
            self.clock.load(about["clock"])
            for side in SIDES:
                self.worlds.load(side, json.loads(parts[side]))
            self.history.load(json.loads(parts["history"]))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise FileError(
                "The sandbox file does not fit this version; delete it and start again."
            ) from error
        return True

    async def _save_now_and_then(self) -> None:
        wait = self.config.save_seconds
        while True:
            await asyncio.sleep(wait)
            began = time.perf_counter()
            try:
                await self.save()
            except Exception:  # a full disk must not end the sandbox; the next round tries again
                _log.exception("the sandbox file could not be written")
            wait = max(self.config.save_seconds, _SAVE_SHARE * (time.perf_counter() - began))

    def _record(
        self,
        side: str,
        request: Request,
        answer: Answer,
        *,
        actor: str = "api",
        applied: bool = True,
        fault: str = "",
        late_of: int | None = None,
    ) -> Entry:
        self._dirty.add("history")
        return self.history.record(
            request,
            answer,
            at=self.clock.now(),
            side=side,
            actor=actor,
            applied=applied,
            fault=fault,
            late_of=late_of,
        )

    async def _receive(self, received: web.BaseRequest) -> web.StreamResponse:
        body = await received.content.read() if received.body_exists else b""
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in received.raw_headers
        }
        told = await self.exchange(received.method, received.raw_path, headers, body)
        if told.ends == "hung up":
            return answers.hang_up(received)
        if told.ends == "cut":
            return await answers.cut(received, told)
        return answers.response(told.answer)

    async def exchange(
        self, method: str, raw_path: str, headers: Mapping[str, str], body: bytes
    ) -> answers.Exchange:
        """Answer one request, with the faults in force; ``raw_path`` as on the wire, header names in lower
        case. Whoever called carries out how the connection ends.
        """
        path, _, query = raw_path.partition("?")
        path = unquote(path)
        side, rest = _mounted(path)
        parameters = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
        request = Request(method, rest, parameters, headers, body)
        if side is None:
            return answers.Exchange(control.answer(self, request))
        self.apply_late()
        fault = self.faults.strike(side, request) if self.faults.armed else None
        self.late.seen(side)
        if fault is not None:
            told = await self._struck(fault, side, request)
        else:
            answer = self.apply(side, request)
            self._record(side, request, answer)
            told = answers.Exchange(answer)
        self.apply_late()
        return told

    async def _struck(self, fault: Fault, side: str, request: Request) -> answers.Exchange:
        """Carry out one fault; the history keeps the status the client saw, 0 for none."""
        if fault.kind == "zombie":
            return self._bury(fault, side, request)
        held = fault.delay_seconds if fault.kind == "slow" else 0.0
        if held and not fault.apply:
            await self.sleep(held)
        applied = fault.apply or fault.kind in answers.APPLIED
        truth = self.apply(side, request) if applied else Answer(0)
        shown = answers.shown(fault, side, truth)
        self._record(side, request, shown, applied=applied, fault=fault.kind)
        if held and fault.apply:
            await self.sleep(held)
        if fault.kind == "cut_body":
            return answers.Exchange(truth, "cut", fault.keep_bytes)
        return answers.Exchange(shown, "hung up" if shown.status == 0 else "", held_seconds=held)

    def _bury(self, fault: Fault, side: str, request: Request) -> answers.Exchange:
        entry = self._record(side, request, Answer(0), applied=False, fault="zombie")
        seconds, requests = fault.after_seconds, fault.after_requests
        if seconds is None and requests is None:
            requests = 1
        due_at = None if seconds is None else self.clock.now() + seconds
        self.late.add(LateRequest(side, request, entry.number, requests, due_at))
        if seconds is not None:
            # Applied even when nobody sends anything more, if the sandbox's clock runs with the machine's.
            self._timers.add(asyncio.get_running_loop().call_later(seconds + 0.001, self.apply_late))
        return answers.Exchange(Answer(0), "hung up")


async def serve(
    config: SandboxConfig,
    host: str = "127.0.0.1",
    port: int = 8787,
    on_ready: Callable[[Sandbox], None] | None = None,
) -> None:
    """Run a sandbox until cancelled, then save and stop; raises what :meth:`Sandbox.start` raises."""
    sandbox = Sandbox(config)
    await sandbox.start(host, port)
    try:
        if on_ready is not None:
            on_ready(sandbox)
        await asyncio.Event().wait()
    finally:
        await sandbox.stop()


def _mounted(path: str) -> tuple[str | None, str]:
    end = path.find("/", 1)
    side = _PREFIXES.get(path if end < 0 else path[:end])
    if side is None:
        return None, path
    return side, path[end:] if end > 0 else "/"


def _json(tree: object) -> bytes:
    return msgspec.json.encode(tree)
