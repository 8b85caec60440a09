"""Who may be the contact that a deleted one was merged into: the same people as when everybody is read."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, update

from inprocess import new_database
from landbridge.engine import gone
from landbridge.engine.gone import Vanished
from landbridge.engine.waterline import FileWaterline
from landbridge.engine.work import EngineConfig, Work
from landbridge.store import observed
from landbridge.store.bridges import Bridges
from landbridge.store.database import Database
from landbridge.store.driver import Lease
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.suppression import Addresses
from landbridge.store.tables import observed as table
from landbridge.sync.model import Link, Record, Side
from landbridge.sync.names import compatible_names
from landbridge.sync.rules import default_policy
from web_scenes import NOW, StillClock

NAMES = ("Ann Lee", "A. Lee", "Ann", "Bo Lee", "", "Ann Lee-Fox")
MAILS = ("ann@example.com", "ANN@example.com", "lee@example.org", "")
PHONES = ("+13035550142", "(303) 555-0142", "720 555 0100", "")


@pytest.fixture
async def work(tmp_path: Path) -> AsyncIterator[Work]:
    database = Database(f"sqlite+aiosqlite:///{new_database(tmp_path)}")
    bridges = Bridges(database)
    left, right = [await bridges.save_account(side, "1", "Office", {}, NOW) for side in Side]
    bridge = await bridges.create("office", left, right, "", NOW)
    yield Work(
        bridge=bridge,
        policy=default_policy(),
        systems={},
        database=database,
        clock=StillClock(),
        lease=Lease(bridge.id, "nobody:1:x", 1),
        config=EngineConfig(slice_size=50),
        run_id=5,
        purpose="sync",
        addresses=Addresses(b"p" * 32, bridge.id),
        waterline=FileWaterline(tmp_path / "waterline.json"),
    )
    await database.close()


def person(rng: random.Random, number: int) -> Record:
    first, _, last = rng.choice(NAMES).partition(" ")
    fields = {
        "firstName": first,
        "lastName": last,
        "email": rng.choice(MAILS),
        "phone": rng.choice(PHONES),
        "additionalEmails.0": rng.choice((*MAILS, "", "", "")),
        "additionalPhones.0": rng.choice((*PHONES, "", "", "not a number")),
        "additionalPhones.1": rng.choice((*PHONES, "", "")),
    }
    return Record(Side.HIGHLEVEL, f"h{number:04}", fields)


async def by_reading_everybody(work: Work, vanished: Sequence[Vanished]) -> Mapping[str, list[str]]:
    """The definition: all that are there, one after the other."""
    found: dict[str, list[str]] = {}
    async with work.database.read() as connection:
        everybody = await observed.slice_of(
            connection, work.bridge.id, work.generation, Side.HIGHLEVEL, "", 100_000
        )
        for one in vanished:
            key = one.kept.link.highlevel_id
            before = await observed.one(connection, work.bridge.id, Side.HIGHLEVEL, key)
            if before is None or one.gone != [Side.HIGHLEVEL] or not (before.email or before.phone):
                continue
            found[key] = [each.record.id for each in everybody if holds(work, each, before)]
    return found


def holds(work: Work, sight: Sighting, before: Sighting) -> bool:
    own = {sight.email, sight.phone}
    for name, value in sight.record.fields.items():
        if name.startswith("additional") and value:
            extra = work.sight(replace(sight.record, fields={"email" if "Email" in name else "phone": value}))
            own |= {extra.email, extra.phone}
    wanted = {before.email, before.phone} - {""}
    return compatible_names(sight.name, before.name) and not own.isdisjoint(wanted)


async def fill(work: Work, seed: int, number: int = 150) -> list[Vanished]:
    """People who share addresses, of whom some are gone."""
    rng = random.Random(seed)
    sights = [work.sight(person(rng, each)) for each in range(number)]
    async with work.database.write() as connection:
        await observed.save(connection, work.bridge.id, work.run_id, sights, NOW)
        vanished = []
        for each in rng.sample(range(number), 12):
            kept = KeptLink(each, Link(f"h{each:04}", str(each)))
            sides = rng.choice(([Side.HIGHLEVEL], [Side.HIGHLEVEL], [Side.HIGHLEVEL, Side.REZORA]))
            await observed.unsee(connection, work.bridge.id, Side.HIGHLEVEL, f"h{each:04}")
            vanished.append(Vanished(kept, gone=sides))
    return vanished


@pytest.mark.parametrize("known", ["all", "some", "none"])
@pytest.mark.parametrize("seed", range(4))
async def test_the_same_survivors_are_found_as_by_reading_everybody(
    work: Work, seed: int, known: str
) -> None:
    vanished = await fill(work, seed)
    async with work.database.write() as connection:  # as in a database of before that was kept
        if known != "all":
            before = update(table).values(further=None)
            some = table.c.id.endswith("3") if known == "some" else table.c.id != ""
            await connection.execute(before.where(some))
    expected = await by_reading_everybody(work, vanished)
    assert any(expected.values())
    found = await gone._survivors(work, vanished)
    assert {key: [one.record.id for one in some] for key, some in found.items()} == expected


async def test_nobody_is_read_but_who_may_hold_the_address(work: Work) -> None:
    await fill(work, 1)
    read: list[str] = []

    def keep(_: object, __: object, statement: str, *___: object) -> None:
        read.append(statement)

    keys = [work.addresses.key("lee@example.org"), work.addresses.key("")]
    event.listen(work.database.engine.sync_engine, "before_cursor_execute", keep)
    async with work.database.read() as connection:
        people = await observed.holders(connection, work.bridge.id, 5, Side.HIGHLEVEL, keys)
        plans = [
            str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}", given)).all())
            for each in [one for one in read if "FROM observed" in one]
            for given in [(1, 5, "highlevel", "k", "/")[: each.count("?")]]
        ]
    assert 0 < len(people) < 150
    assert all("ix_observed_email_key" in p or "ix_observed_phone_key" in p or "_further" in p for p in plans)
    assert len(plans) == 4
    async with work.database.read() as connection:
        assert await observed.holders(connection, work.bridge.id, 5, Side.HIGHLEVEL, [""]) == []
