"""A Landbridge in use, on the sandbox and a database of its own, for the browser tests and the pictures.

One process, no sockets but the page's own, a clock that stands still, seeded people: the same every time.
"""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from inprocess import ADDRESS, Crasher, CrashingDatabase, InProcess, VirtualClock, folder, new_database
from landbridge.access.roles import Role
from landbridge.app import App, open_app
from landbridge.engine.durable import Plain
from landbridge.engine.feeds import Feeds
from landbridge.engine.work import EngineConfig
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.people import people
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sandbox.server import Sandbox, SandboxConfig
from landbridge.settings import load_settings
from landbridge.store.bridges import Bridge
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import ACTIVITIES, Side
from landbridge.sync.rules import ActivityRule, Direction, LabelRule, ListRule, Policy, When, default_policy
from landbridge.web.security import login_cookie
from landbridge.web.site import build_site

SEED = 7
OWNER, EMAIL, PASSWORD = "Olivia Owen", "olivia@example.com", "river anvil candle moss"
PUBLIC_URL = "https://bridge.example.com"
RECIPE = """\
name = "Call new buyers"
on = "tag_added"
tag = "buyer"
delay = "1 hour"

[[do]]
action = "create_task"
title = "Call {{contact.first_name}}"
"""
LABELS = (LabelRule("buyer", "Buyers", Direction.BOTH), LabelRule("seller", "Sellers", Direction.BOTH))


@dataclass(slots=True)
class World:
    """The application with its one bridge, the sandbox behind it, and the time both live in."""

    app: App
    bridge: Bridge
    sandbox: Sandbox
    clock: VirtualClock
    welcome: str = ""  # the path of an invitation that nobody has followed yet
    _site: Any = None

    def site(self) -> Any:
        """Its pages, built once: that takes longer than showing one of them."""
        self._site = self._site or build_site(self.app, self.clock)
        return self._site

    async def login(self, role: Role = Role.OWNER) -> tuple[str, str]:
        """Name and value of the cookie of somebody who is logged in."""
        everybody = await self.app.people.everybody()
        person = next(one for one in everybody if one.role == role.value and one.password)
        return login_cookie(self.app.settings).name, await self.app.doors.open_for(person.id)

    def contacts(self) -> list[Mapping[str, Any]]:
        """All contacts of HighLevel."""
        return list(self.sandbox.highlevel.dump()["contacts"])

    async def sync(self) -> None:
        """Whatever moved, and the notes of everybody."""
        self.clock.advance(3_600)
        await self.app.sync(self.bridge, cause="command", accept=True, everything=True)


@dataclass(slots=True)
class Plan:
    """What is different in a world from the usual one."""

    people: int = 40
    bridge_name: str = "Harbor Street"
    highlevel: Mapping[str, Any] = field(default_factory=dict)  # settings of the sandbox's HighLevel
    rezora: Mapping[str, Any] = field(default_factory=dict)
    policy: Callable[[Policy], Policy] = lambda policy: policy
    before: Callable[[Sandbox], None] = lambda _sandbox: None  # what people do before the first sync
    recipe: str = RECIPE
    hook_name: str = "Reporting"
    operator: str = "Omar Diaz"
    invited: str = "Ines Vidal"


def mapping() -> Policy:
    """The default, with two labels, a list that follows from appointments, and all activities."""
    return Policy(
        rules=default_policy().rules,
        labels=LABELS,
        activities=tuple(ActivityRule(kind, Direction.BOTH) for kind in ACTIVITIES),
        lists=(ListRule(When.APPOINTMENT_THIS_WEEK, "Appointment this week"),),
    )


@asynccontextmanager
async def world(plan: Plan | None = None, *, begun: bool = False) -> AsyncIterator[World]:
    """A bridge after two syncs, with something of everything that pages can show.

    ``begun``: at the end of its set-up instead, tested and tried with five contacts, and not switched on.
    """
    plan = plan or Plan()
    highlevel = HighLevelConfig(burst=0, **plan.highlevel)
    rezora = RezoraConfig(**{"activities": True} | dict(plan.rezora))
    sandbox = Sandbox(SandboxConfig(seed=SEED, people=0, highlevel=highlevel, rezora=rezora))
    sandbox.open(ADDRESS)
    clock = VirtualClock(sandbox)
    sandbox.worlds.seed(people(SEED, plan.people))  # now, at a time that is always the same
    sandbox.worlds.seed_activities(plan.people, SEED)
    plan.before(sandbox)
    home = folder()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        async with open_app(
            load_settings({}, settings_of(home)),
            clock,
            database=CrashingDatabase(new_database(home), Crasher()),
            durable=Plain,
            engine=EngineConfig(heartbeat_seconds=0.0, sweep_seconds=0.0),
            transport=lambda: InProcess(sandbox),
        ) as app:
            made = await _connected(app, sandbox, clock, plan, live=not begun)
            yield await (_set_up(made) if begun else _in_use(made, plan))
    finally:
        structlog.reset_defaults()
        shutil.rmtree(home, ignore_errors=True)


def settings_of(home: object) -> dict[str, object]:
    """Of a Landbridge whose systems are sandboxes in this process."""
    app = HighLevelConfig()
    return {
        "home": home,
        "highlevel_api_url": f"{ADDRESS}/highlevel",
        "highlevel_authorise_url": f"{ADDRESS}/highlevel/v2/oauth/chooselocation",
        "highlevel_client_id": app.client_id,
        "highlevel_client_secret": app.client_secret,
        "rezora_api_url": f"{ADDRESS}/rezora/v1",
        "highlevel_quota_burst": 0,
        "rezora_quota_burst": 0,
        "log_level": "error",
    }


async def _connected(app: App, sandbox: Sandbox, clock: VirtualClock, plan: Plan, *, live: bool) -> World:
    """People, two accounts and a bridge between them, and nothing done yet."""
    await app.people.first(OWNER, EMAIL, PASSWORD)
    await app.people.add(plan.operator, "omar@example.com", Role.OPERATOR, PASSWORD)
    await app.people.add("Vera Lund", "vera@example.com", Role.VIEWER, PASSWORD)
    await app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
    login = RezoraConfig()
    await app.connect_rezora(login.username, login.password)
    text = write_policy(plan.policy(mapping()))
    bridge = await app.create_bridge(plan.bridge_name, text, live=live)
    return World(app, bridge, sandbox, clock)


async def _in_use(made: World, plan: Plan) -> World:
    """Synced twice, and with something on every page."""
    app, bridge, clock = made.app, made.bridge, made.clock
    invited = await app.people.invite(plan.invited, "ines@example.com", Role.VIEWER)
    await app.doors.make_key(plan.hook_name, Role.VIEWER, by=OWNER)
    await made.sync()
    _edit_both_sides(made)
    clock.advance(86_400)
    await made.sync()
    await app.recipes.switch(bridge, "follow-up", on=True)
    await app.recipes.save(bridge, plan.recipe)
    await app.outgoing.subscribe(bridge, "https://hooks.example.com/a", ["contact.synced"], plan.hook_name)
    same = random.Random(SEED).randbytes(32).hex()  # an address that never changes, for the pictures
    app.feeds = Feeds(app.database, app._vault, clock, PUBLIC_URL, new_secret=lambda: same)
    await app.feeds.renew(bridge)
    made.welcome = invited.path
    return made


async def _set_up(made: World) -> World:
    """As the wizard leaves it before its last button."""
    app, bridge = made.app, made.bridge
    begun = await app.setups.find(str(bridge.id))  # which begins it
    assert begun is not None
    for step in ("fields", "scope", "test", "verify"):
        await app.setups.keep(begun, step, {"done": True})
    made.clock.advance(3_600)  # nobody edits the contacts right now
    app.trials.start(bridge, bridge.policy, OWNER)
    await asyncio.gather(*app.trials._tasks.values())
    found = app.trials.state(bridge)
    assert found is not None
    assert found.result is not None, found.sentence
    sample = await app.setups.samples.run(bridge, found.result.examples.suggested())
    assert sample.checked, sample.sentence
    return made


def _edit_both_sides(made: World) -> None:
    """One conflict, one edit that travels, one opt-out."""
    linked = [c for c in made.contacts() if c["email"] and c["city"]][:3]
    by_email = {
        row["fields"]["contact_email"].lower(): row["fields"]["contact_id"]
        for row in made.sandbox.rezora.dump()["contacts"]
    }
    ours = [(c["id"], by_email[c["email"].lower()]) for c in linked if c["email"].lower() in by_email]
    assert len(ours) >= 2, "the seeded people have changed"
    (one, there), (two, _) = ours[:2]
    edit = made.sandbox.edit
    edit(Side.HIGHLEVEL, _change("contact", one, {"phone": "+13035550142", "city": "Fort Collins"}))
    edit(Side.REZORA, _change("contact", there, {"contact_phone_mobile": "303-555-0188"}))
    edit(Side.HIGHLEVEL, _change("contact", two, {"city": "Boulder"}))


def _change(kind: str, key: str, fields: Mapping[str, str]) -> dict[str, object]:
    return {"action": "update", "kind": kind, "id": key, "fields": dict(fields)}
