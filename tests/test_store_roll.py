"""Who speaks for a person in lists: kept beside the records, and always what links and sights say."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inprocess import new_database
from landbridge.engine.contact_lists import LISTS, Search, count_lists, place_of, place_text, wanted_of
from landbridge.store import contacts, links, observed, roll, standings
from landbridge.store.bridges import Bridges
from landbridge.store.contacts import Line
from landbridge.store.database import Database
from landbridge.store.links import KeptLink, live
from landbridge.store.observed import Sighting
from landbridge.store.standings import Standing
from landbridge.store.tables import link, run
from landbridge.store.tables import observed as seen
from landbridge.sync.finding import looked_through, needles
from landbridge.sync.model import Link, Record, Side

NOW = 1_780_000_000.0
ME = 1
DONE = {
    "bridge_id": ME, "purpose": "sync", "cause": "test", "state": "done", "stage": "", "started_at": NOW,
}  # fmt: skip


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{new_database(tmp_path)}")
    bridges = Bridges(opened)
    left, right = [await bridges.save_account(side, "1", "Office", {}, NOW) for side in Side]
    assert (await bridges.create("office", left, right, "", NOW)).id == ME
    yield opened
    await opened.close()


def sight(side: Side, key: str, name: str = "", email: str = "", phone: str = "", **more: Any) -> Sighting:
    return Sighting(Record(side, key, {}, **more), "p", name, email, phone)


async def people_by_definition(connection: AsyncConnection, since: int) -> set[tuple[str, str]]:
    """A record stands for a person unless it is Rezora's and one of HighLevel, linked and there, does."""
    first = seen.alias()
    spoken_for = exists().where(
        *live(ME),
        link.c.rezora_id == seen.c.id,
        first.c.bridge_id == ME,
        first.c.side == Side.HIGHLEVEL.value,
        first.c.id == link.c.highlevel_id,
        first.c.run_id >= since,
    )
    second = (seen.c.side == Side.REZORA.value) & (spoken_for | seen.c.read_only)
    query = select(seen.c.side, seen.c.id).where(seen.c.bridge_id == ME, seen.c.run_id >= since, ~second)
    return {(side, key) for side, key in await connection.execute(query)}


async def people_as_kept(connection: AsyncConnection, since: int) -> set[tuple[str, str]]:
    found = set()
    for side in Side:
        query = select(seen.c.side, seen.c.id).where(*roll.speaking(ME, since, side))
        found |= {(each, key) for each, key in await connection.execute(query)}
    return found


async def linked_as_kept(connection: AsyncConnection) -> tuple[set[str], set[str]]:
    kept, told = set(), set()
    for side in Side:
        query = select(seen.c.id).where(seen.c.side == side.value, seen.c.paired.is_(True))
        kept |= set((await connection.execute(query)).scalars())
        linked = select(links.id_column(side)).where(*live(ME))
        query = select(seen.c.id).where(seen.c.side == side.value, seen.c.id.in_(linked))
        told |= set((await connection.execute(query)).scalars())
    return kept, told


class World:
    """Things that happen to records and links, at random; ``run`` is the whole run that was last."""

    def __init__(self, connection: AsyncConnection, rng: random.Random) -> None:
        self.connection, self.rng, self.run = connection, rng, 1

    async def step(self) -> None:
        await self.rng.choice((self.see, self.see, self.join, self.part, self.move, self.lose, self.whole))()

    def some(self, side: Side) -> str:
        return f"{'h' if side is Side.HIGHLEVEL else ''}{self.rng.randrange(12)}"

    async def see(self) -> None:
        side = self.rng.choice(list(Side))
        own = side is Side.REZORA and self.rng.random() < 0.1
        one = sight(side, f"{self.some(side)}{'00' if own else ''}", read_only=own)
        await observed.save(self.connection, ME, self.run, [one], NOW, NOW)

    async def join(self) -> None:
        pair = self.some(Side.HIGHLEVEL), self.some(Side.REZORA)
        taken = [
            await links.by_side(self.connection, ME, side, [key])
            for side, key in zip(Side, pair, strict=True)
        ]
        if not any(taken):
            await links.add(self.connection, ME, [KeptLink(0, Link(*pair))], NOW)

    async def part(self) -> None:
        kept = await links.every(self.connection, ME)
        if kept:
            why = self.rng.choice(("left_scope", "deleted_in_rezora"))
            await links.close(self.connection, {self.rng.choice(kept).id: why})

    async def move(self) -> None:
        kept, there = await links.every(self.connection, ME), self.some(Side.HIGHLEVEL)
        if kept and not await links.by_side(self.connection, ME, Side.HIGHLEVEL, [there]):
            await links.move(self.connection, self.rng.choice(kept).id, there)

    async def lose(self) -> None:
        side = self.rng.choice(list(Side))
        await observed.unsee(self.connection, ME, side, self.some(side))

    async def whole(self) -> None:
        """A run that reads both sides whole sees most of what there is; it opens links again."""
        self.run += 1
        for side in Side:
            ids = (
                await self.connection.execute(select(seen.c.id).where(seen.c.side == side.value))
            ).scalars()
            own = [key for key in ids if self.rng.random() < 0.8]
            sights = [
                sight(side, key, read_only=side is Side.REZORA and key.endswith("00") and len(key) > 2)
                for key in own
            ]
            await observed.save(self.connection, ME, self.run, sights, NOW)
        await links.reopen(self.connection, ME, self.run)
        await roll.settle(self.connection, ME, self.run)
        await self.connection.execute(insert(run).values(id=self.run, **DONE))


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_the_lists_have_each_person_once(database: Database, seed: int) -> None:
    async with database.write() as connection:
        world = World(connection, random.Random(seed))
        for _ in range(90):
            await world.step()
            kept, told = await linked_as_kept(connection)
            assert kept == told
            assert await people_as_kept(connection, world.run) == await people_by_definition(
                connection, world.run
            )


async def filled(connection: AsyncConnection) -> None:
    """Twenty pairs, five only in HighLevel, five only in Rezora, with standings of all sorts."""
    left = [sight(Side.HIGHLEVEL, f"h{n:02}", f"Ada Brook{n}", f"a{n}@example.net") for n in range(25)]
    right = [sight(Side.REZORA, f"{n:02}", f"Ada Brook{n}") for n in range(20)]
    right += [sight(Side.REZORA, f"9{n}", "Zoë Ôst", "zoe@example.org", "+13035550142") for n in range(5)]
    right.append(sight(Side.REZORA, "self", "The office", read_only=True))
    left.append(sight(Side.HIGHLEVEL, "hx", "Opted Out", opted_out=True))
    await observed.save(connection, ME, 3, left + right, NOW)
    pairs = [KeptLink(0, Link(f"h{n:02}", f"{n:02}")) for n in range(20)]
    await links.add(connection, ME, pairs, NOW)
    stands = [("equal", "")] * 12 + [("held", "both_changed")] * 4 + [("excluded", "paused")] * 2
    stands += [("excluded", "no_email")] * 3
    told = [Standing(Side.HIGHLEVEL, f"h{n:02}", *each) for n, each in enumerate(stands)]
    told += [Standing(Side.REZORA, f"{n:02}", *each) for n, each in enumerate(stands[:20])]
    await standings.note(connection, ME, told)


async def of_list(connection: AsyncConnection, search: Search, size: int = 4) -> list[Line]:
    """A whole list, page by page."""
    found: list[Line] = []
    after = None
    while True:
        wanted = await wanted_of(connection, ME, search)
        lines = await contacts.listed(connection, ME, 3, wanted, after, size)
        found += lines
        if len(lines) < size:
            return found
        after = place_of(place_text(lines[-1]))


EXPECTED = {
    "everybody": 31, "in-sync": 12, "held": 4, "left-out": 5, "waiting": 10, "paused": 2,
    "only-highlevel": 6, "only-rezora": 5, "opted-out": 1,
}  # fmt: skip


async def test_each_list_has_whom_it_says_page_by_page_and_the_number_is_right(database: Database) -> None:
    async with database.write() as connection:
        await filled(connection)
        counts = count_lists(await contacts.groups(connection, ME, 3))
        assert counts.lists == EXPECTED
        assert (counts.held, counts.left_out) == ({"both_changed": 4}, {"no_email": 3, "paused": 2})
        for name in LISTS:
            lines = await of_list(connection, Search(list=name))
            assert len({(line.side, line.id) for line in lines}) == len(lines) == EXPECTED[name], name
        tally = await standings.counts(connection, ME, 3)
        assert sum(tally.values()) == 31
        assert tally["held", "both_changed"] == 4
        (first, *_) = await of_list(connection, Search(list="left-out", reason="no_email"))
        assert (first.id, first.partner, first.reason) == ("h18", "18", "no_email")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search("brook7"), ["h07"]),
        (Search("rook7 a7@"), ["h07"]),
        (Search("brook7", "held"), []),
        (Search("brook1", "held"), ["h12", "h13", "h14", "h15"]),
        (Search("a13@EXAMPLE"), ["h13"]),
        (Search("07"), ["h07"]),  # the id in Rezora of somebody who is linked
        (Search("h07"), ["h07"]),
        (Search("zoe OST"), ["90", "91", "92", "93", "94"]),
        (Search("(303) 555-0142"), ["90", "91", "92", "93", "94"]),
        (Search("+1 303 555"), ["90", "91", "92", "93", "94"]),
        (Search("%"), []),
        (Search("office"), []),  # the account's own contact is nobody's
        (Search("nobody at all"), []),
    ],
)
async def test_a_search_looks_through_names_addresses_numbers_and_ids(
    database: Database, search: Search, found: list[str]
) -> None:
    async with database.write() as connection:
        await filled(connection)
        assert [line.id for line in await of_list(connection, search)] == found


def test_what_is_typed_and_what_is_kept_are_folded_alike() -> None:
    kept = looked_through("Éric Straße", "E.S@Example.ORG", "+44 20 7946 0958")
    assert kept == "eric strasse e.s@example.org 442079460958"
    for text in ("STRASSE", "straße", "éric", "example.org", "020 7946 0958", "0958"):
        assert all(needle in kept for needle in needles(text)), text
    assert needles("  ") == []
    assert needles("12 Elm") == ["12", "elm"]
    assert len(looked_through("n" * 900, "e" * 900, "1" * 90)) <= 400


@pytest.mark.parametrize(
    "search", [Search(), Search("nobody"), Search(list="held"), Search(list="only-rezora")]
)
async def test_lists_and_numbers_are_read_from_their_index_alone(database: Database, search: Search) -> None:
    asked: list[tuple[str, Any]] = []
    async with database.read() as connection:

        def keep(_: object, __: object, statement: str, given: Any, *___: object) -> None:
            asked.append((statement, given))

        event.listen(database.engine.sync_engine, "before_cursor_execute", keep)
        place = place_of("highlevel:equal::h1")
        await contacts.listed(connection, ME, 3, await wanted_of(connection, ME, search), place, 51)
        await contacts.groups(connection, ME, 3)
        event.remove(database.engine.sync_engine, "before_cursor_execute", keep)
        plans = [
            str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)).all())
            for statement, given in asked
            if "FROM observed" in statement
        ]
    assert len(plans) >= 3
    assert all("USING COVERING INDEX ix_observed_roll" in plan for plan in plans), plans
