"""A whole Landbridge beside a sandbox in this process, for tests that follow a change all the way."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from landbridge.app import App, open_app
from landbridge.engine.durable import Plain
from landbridge.engine.fleet import MakeDurable
from landbridge.sandbox.faults import read_faults
from landbridge.sandbox.highlevel import HighLevelConfig, HighLevelWorld
from landbridge.sandbox.highlevel.config import FULL_PIT, READ_ONLY_PIT
from landbridge.sandbox.history import Wanted
from landbridge.sandbox.rezora import RezoraConfig, RezoraWorld
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.settings import Settings, load_settings
from landbridge.store.bridges import Bridge
from landbridge.systems.base import RealClock


class QuickClock(RealClock):
    """The machine's clock, with pauses that take no time but are counted."""

    def __init__(self) -> None:
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await super().sleep(0.02 if seconds >= 1.0 else 0)  # the ticker must not spin


def counted(sandbox: Sandbox, key: str = "total", **wanted: Any) -> int:
    """How many requests a sandbox saw; ``key`` is ``total`` or ``mutating``."""
    found = sandbox.history.summary(Wanted(**wanted))[key]
    assert isinstance(found, int)
    return found


@dataclass(slots=True)
class Rig:
    """The application, its one bridge, and the sandbox it speaks to."""

    app: App
    bridge: Bridge
    sandbox: Sandbox

    def mutating(self, side: str = "") -> int:
        """Calls so far that can change something."""
        return counted(self.sandbox, "mutating", side=side, mutating=True, actor="api")

    def fault(self, **wanted: object) -> None:
        """Order a fault of the sandbox."""
        (ordered,) = read_faults({"faults": [wanted]})
        self.sandbox.faults.add(ordered)

    @property
    def rezora(self) -> RezoraWorld:
        """Rezora itself, for what only it knows."""
        world = self.sandbox.rezora
        assert isinstance(world, RezoraWorld)
        return world

    def highlevel_contacts(self) -> list[Mapping[str, Any]]:
        """All contacts in HighLevel."""
        world = self.sandbox.highlevel
        assert isinstance(world, HighLevelWorld)
        contacts: list[Mapping[str, Any]] = world.dump()["contacts"]
        return contacts

    def rezora_contacts(self) -> list[Mapping[str, Any]]:
        """All contacts in Rezora but the account's own."""
        contacts = [contact["fields"] for contact in self.rezora.dump()["contacts"]]
        return [contact for contact in contacts if contact["contact_self"] != "1"]


def settings_for(sandbox: Sandbox, home: Path, **more: object) -> Settings:
    """Settings that point at a sandbox."""
    return load_settings(
        {},
        {
            "home": home,
            "highlevel_api_url": sandbox.highlevel_url,
            "highlevel_authorise_url": f"{sandbox.highlevel_url}/v2/oauth/chooselocation",
            "highlevel_client_id": HighLevelConfig().client_id,
            "highlevel_client_secret": HighLevelConfig().client_secret,
            "rezora_api_url": f"{sandbox.rezora_url}/v1",
            "highlevel_quota_burst": 0,
            "rezora_quota_burst": 0,
            "log_level": "error",
        }
        | more,
    )


def write_settings(sandbox: Sandbox, home: Path) -> None:
    """A settings file for commands that shall speak to a sandbox."""
    home.mkdir(parents=True, exist_ok=True)
    made = settings_for(sandbox, home)
    names = ("highlevel_api_url", "rezora_api_url", "highlevel_quota_burst", "rezora_quota_burst")
    lines = [f"{name} = {json.dumps(getattr(made, name))}" for name in names]
    (home / "landbridge.toml").write_text("\n".join(lines), encoding="utf-8")


@asynccontextmanager
async def landbridge(
    home: Path,
    people: int = 60,
    *,
    mapping: str | None = None,
    read_only: bool = False,
    empty_rezora: bool = False,
    durable: MakeDurable | None = Plain,
    live: bool = True,
    **settings: object,
) -> AsyncIterator[Rig]:
    """A sandbox and a Landbridge whose accounts are connected and paired.

    Steps are done one after the other and no more; None for the durable ones that people have, which take a
    second to open and to close.
    """
    config = SandboxConfig(people=people, highlevel=HighLevelConfig(burst=0), empty_rezora=empty_rezora)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        async with Sandbox(config) as sandbox:
            made = settings_for(sandbox, home, highlevel_read_only=read_only, **settings)
            async with open_app(made, QuickClock(), durable=durable) as app:
                token = READ_ONLY_PIT if read_only else FULL_PIT
                await app.connect_highlevel(token=token, location=HighLevelConfig().location_id)
                login = RezoraConfig()
                await app.connect_rezora(login.username, login.password)
                bridge = await app.create_bridge("test", mapping, live=live)
                sandbox.history.forget()  # connecting makes a custom field in HighLevel
                yield Rig(app, bridge, sandbox)
    finally:
        structlog.reset_defaults()
