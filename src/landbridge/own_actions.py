"""Landbridge's own operations carried out: each is one method of the application, and its answer as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import Question
from landbridge.engine.status import Share, Status
from landbridge.engine.undo import UndoOrder
from landbridge.store.bridges import Bridge
from landbridge.store.runs import Run

if TYPE_CHECKING:  # the application holds this object
    from landbridge.app import App

IN_BACKGROUND = ("page", "api")  # doors of a process that stays: it starts a run and answers at once
LINES, HOLDS, ENTRIES = 100, 200, 50
Arguments = Mapping[str, Any]


class OwnActions:
    """Does what ``engine/own_operations.toml`` declares; a name is a method here."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, bridge: Bridge, name: str, arguments: Arguments, by: str) -> object:
        """The answer as JSON has it; raises what the application raises."""
        answer = await getattr(self, name.removeprefix("landbridge."))(bridge, arguments, by)
        return msgspec.to_builtins(answer, str_keys=True)

    async def status(self, bridge: Bridge, _arguments: Arguments, _by: str) -> object:
        """How the bridge stands."""
        return _status(await self._app.status(bridge))

    async def plan(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """A dry run."""
        dry = await self._app.plan(bridge)
        return {
            **_run(dry.run),
            "lines": [asdict(line) for line in dry.lines[: _whole(arguments, "lines", LINES)]],
        }

    async def sync(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """A whole sync."""
        accept = bool(arguments.get("accept_large_change"))
        if by in IN_BACKGROUND:
            self._app.start_sync(bridge, cause=by, accept=accept)
            return {"started": True}
        return _run(await self._app.sync(bridge, cause=by, accept=accept))

    async def look_for_changes(self, bridge: Bridge, _arguments: Arguments, by: str) -> object:
        """What moved on both sides."""
        if by in IN_BACKGROUND:
            self._app.look_for_changes(bridge)
            return {"started": True}
        return _looked(await self._app.poll(bridge, cause=by))

    async def sync_contacts(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """Some contacts, by id."""
        named = await self._app.ask(bridge, arguments["contacts"], cause="asked")
        return await self._carried(bridge, named, by)

    async def sync_business(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """Everybody of a business."""
        named = await self._app.ask_business(bridge, arguments["business"], cause="asked")
        return await self._carried(bridge, named, by)

    async def list_holds(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """What waits for a person."""
        limit = _whole(arguments, "limit", HOLDS)
        found = await self._app.holds(bridge, arguments.get("cause", ""), limit)
        return {"holds": [_question(one) for one in found]}

    async def get_hold(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """One hold."""
        return _question(await self._app.hold(bridge, _whole(arguments, "hold")))

    async def resolve_hold(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """An answer to a hold."""
        key, value = _whole(arguments, "hold"), arguments.get("value", "")
        return _question(await self._app.resolve(bridge, key, arguments["action"], value, by=f"the {by}"))

    async def resolve_holds(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """One answer to many holds."""
        return await self._app.resolve_all(bridge, arguments["cause"], arguments["action"], by=f"the {by}")

    async def list_contacts(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """Contacts by where they stand."""
        listing = await self._app.contacts(bridge, arguments["standing"], arguments.get("after", ""))
        facts = {"standing": listing.standing, "following": listing.following}
        return facts | {"total": listing.total, "contacts": [asdict(one) for one in listing.contacts]}

    async def pause_contact(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """Out of the sync."""
        await self._app.pause(bridge, arguments["contact"], arguments.get("note", ""))
        return {"done": True}

    async def resume_contact(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """Back into the sync."""
        await self._app.resume(bridge, arguments["contact"])
        return {"done": True}

    async def recreate_contact(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """Created anew by the next sync."""
        await self._app.again(bridge, arguments["contact"])
        return {"done": True}

    async def journal(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """What was done."""
        return {"entries": await self._app.journal(bridge, _whole(arguments, "count", ENTRIES))}

    async def preview_undo(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """What an undo would do."""
        return await self._undo(bridge, arguments, by, preview=True)

    async def undo(self, bridge: Bridge, arguments: Arguments, by: str) -> object:
        """An undo."""
        return await self._undo(bridge, arguments, by, preview=False)

    async def list_schedules(self, bridge: Bridge, _arguments: Arguments, _by: str) -> object:
        """When it runs by itself."""
        return {"schedules": await self._app.timings(bridge)}

    async def set_schedule(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """A new schedule."""
        zone, quiet = arguments.get("zone"), arguments.get("quiet")
        return await self._app.set_schedule(bridge, arguments["purpose"], arguments["when"], zone, quiet)

    async def switch_off_schedule(self, bridge: Bridge, arguments: Arguments, _by: str) -> object:
        """No schedule."""
        return await self._app.switch_off(bridge, arguments["purpose"])

    async def list_alerts(self, bridge: Bridge, _arguments: Arguments, _by: str) -> object:
        """What people were told."""
        return {"alerts": await self._app.alerts(bridge)}

    async def _carried(self, bridge: Bridge, named: int, by: str) -> object:
        """Contacts that were named are due; a process that does not stay carries them at once.

        Not where another one works on the bridge right now: that one carries them.
        """
        if by in IN_BACKGROUND or (await self._app.status(bridge)).busy:
            return {"named": named}
        return {"named": named, "run": _looked(await self._app.live(bridge, cause=by))}

    async def _undo(self, bridge: Bridge, arguments: Arguments, by: str, *, preview: bool) -> object:
        order = UndoOrder(
            _whole(arguments, "entry", 0),
            arguments.get("field", ""),
            arguments.get("record", ""),
            _whole(arguments, "run", 0),
            bool(arguments.get("created")),
        )
        made = await self._app.undo(bridge, order, cause=by, preview=preview)
        return {**_run(made.run), "lines": made.lines}


def _whole(arguments: Arguments, name: str, default: int | None = None) -> int:
    """A whole number that is not negative; the default where it was left out."""
    value = arguments.get(name, default)
    if value is None or value != int(value) or value < 0:
        raise NotPossible(f"{name} is not a whole number.", f"Give {name} as a whole number, such as 1.")
    return int(value)


def _looked(run: Run | None) -> dict[str, object]:
    if run is None:
        raise NotPossible(
            "A whole sync has to be done before single contacts can be looked at.",
            "Look at `landbridge plan`, then run `landbridge sync`.",
        )
    return _run(run)


def _run(run: Run) -> dict[str, object]:
    return {
        "run": run.id,
        "state": run.state,
        "purpose": run.purpose,
        "counts": dict(run.counts),
        "sentence": run.sentence,
        "fix": run.fix,
    }


def _status(status: Status) -> dict[str, object]:
    return {
        "bridge": status.bridge.name,
        "sentence": status.sentence,
        "total": status.total,
        "equal": status.equal,
        "waiting": status.waiting,
        "left_out": [_share(share) for share in status.excluded],
        "held": [_share(share) for share in status.held],
        "runs": [_run(run) for run in status.recent],
        "due": status.due,
    }


def _share(share: Share) -> dict[str, object]:
    return {"cause": share.key, "title": share.reason.title, "count": share.count, "fix": share.reason.fix}


def _question(question: Question) -> dict[str, object]:
    return {**asdict(question.hold), "actions": list(question.actions), "decided": question.decided}
