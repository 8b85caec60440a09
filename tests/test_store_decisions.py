"""What people decided and what was deleted, what each side showed last, and how links live on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from landbridge.store import decisions, links, observed
from landbridge.store.bridges import Bridges
from landbridge.store.database import Database
from landbridge.store.decisions import Tombstone
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.tables import observed as table
from landbridge.sync.model import Choice, Link, Record, Side

NOW = 1_780_000_000.0
BRIDGE = 1


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await opened.migrate()
    bridges = Bridges(opened)
    highlevel = await bridges.save_account(Side.HIGHLEVEL, "loc", "Shore Homes", {}, NOW)
    rezora = await bridges.save_account(Side.REZORA, "agent", "Agent", {}, NOW)
    assert (await bridges.create("main", highlevel, rezora, "", NOW)).id == BRIDGE
    yield opened
    await opened.close()


# Choices, people kept apart, pauses, tombstones


async def test_a_later_word_replaces_an_earlier_one_about_the_same_field(database: Database) -> None:
    first = Choice("city", "highlevel", "", "Lyons", "Boulder")
    later = Choice("city", "value", "Denver", "Lyons", "Boulder")
    email = Choice("email", "ignore", "", "a@example.org", "b@example.org")
    async with database.write() as connection:
        for made in (first, email, later):
            await decisions.save_choice(connection, BRIDGE, ("h1", "r1"), made, "page", NOW)
        await decisions.save_choice(connection, BRIDGE, ("h2", ""), Choice("", "create"), "page", NOW)
    async with database.read() as connection:
        found = await decisions.choices(connection, BRIDGE)
        assert await decisions.choices(connection, BRIDGE + 1) == {}
    assert found == {
        ("h1", "r1"): {"city": later, "email": email},
        ("h2", ""): {"": Choice("", "create")},
    }


async def test_choices_that_were_carried_out_are_dropped_and_the_others_stay(database: Database) -> None:
    async with database.write() as connection:
        for pair in (("h1", "r1"), ("h1", ""), ("", "r1")):
            await decisions.save_choice(connection, BRIDGE, pair, Choice("", "ignore"), "page", NOW)
        await decisions.drop_choices(connection, BRIDGE, [("h1", "r1"), ("h9", "r9")])
    async with database.read() as connection:
        assert set(await decisions.choices(connection, BRIDGE)) == {("h1", ""), ("", "r1")}


async def test_two_people_stay_apart_however_often_it_is_said(database: Database) -> None:
    async with database.write() as connection:
        await decisions.keep_apart(connection, BRIDGE, "h1", "r1", NOW)
        await decisions.keep_apart(connection, BRIDGE, "h1", "r1", NOW + 1)
        await decisions.keep_apart(connection, BRIDGE, "h1", "h2", NOW)
    async with database.read() as connection:
        assert await decisions.kept_apart(connection, BRIDGE) == {("h1", "r1"), ("h1", "h2")}


async def test_a_pause_ends_once(database: Database) -> None:
    async with database.write() as connection:
        await decisions.save_pause(connection, BRIDGE, Side.HIGHLEVEL, "1", "on leave", NOW)
        await decisions.save_pause(connection, BRIDGE, Side.HIGHLEVEL, "1", "still", NOW)
        await decisions.save_pause(connection, BRIDGE, Side.REZORA, "1", "", NOW)
    async with database.read() as connection:
        assert await decisions.paused(connection, BRIDGE) == {(Side.HIGHLEVEL, "1"), (Side.REZORA, "1")}
    async with database.write() as connection:
        assert await decisions.end_pause(connection, BRIDGE, Side.HIGHLEVEL, "1")
        assert not await decisions.end_pause(connection, BRIDGE, Side.HIGHLEVEL, "1")
    async with database.read() as connection:
        assert await decisions.paused(connection, BRIDGE) == {(Side.REZORA, "1")}


async def test_the_newest_reason_stands_on_a_tombstone_until_the_record_is_back(database: Database) -> None:
    first = Tombstone(Side.HIGHLEVEL, "h1", "restored")
    later = Tombstone(Side.HIGHLEVEL, "h1", "deleted_in_rezora", "r1")
    other = Tombstone(Side.REZORA, "h1", "deleted", "h1")  # ids of the two sides are not confused
    async with database.write() as connection:
        for stones in ([first], [later, other], []):
            await decisions.bury(connection, BRIDGE, stones, NOW)
    async with database.read() as connection:
        buried = await decisions.buried(connection, BRIDGE)
    assert buried == {(Side.HIGHLEVEL, "h1"): "deleted_in_rezora", (Side.REZORA, "h1"): "deleted"}
    async with database.write() as connection:
        await decisions.unbury(connection, BRIDGE, Side.HIGHLEVEL, "h1")
    async with database.read() as connection:
        assert await decisions.buried(connection, BRIDGE) == {(Side.REZORA, "h1"): "deleted"}


# What each side showed last


def sight(
    record_id: str = "h1",
    *,
    side: Side = Side.HIGHLEVEL,
    fields: Mapping[str, str] | None = None,
    out: bool | None = False,
    barred: frozenset[str] | None = None,
    changed_at: str = "",
    mark: str = "p1",
    key: str = "",
) -> Sighting:
    shown = {"city": "Lyons"} if fields is None else fields
    record = Record(side, record_id, shown, frozenset(), out, changed_at=changed_at, barred=barred)
    return Sighting(record, mark, email_key=key)


async def seen(
    database: Database, *sights: Sighting, run: int = 1, at: float = NOW, until: float = 0
) -> None:
    async with database.write() as connection:
        await observed.save(connection, BRIDGE, run, sights, at, until)


async def now(database: Database, record_id: str = "h1", side: Side = Side.HIGHLEVEL) -> Sighting:
    async with database.read() as connection:
        found = await observed.one(connection, BRIDGE, side, record_id)
    assert found is not None
    return found


async def test_an_opt_out_that_is_shown_no_more_was_lifted_by_somebody(database: Database) -> None:
    story = [(False, False), (True, False), (None, False), (False, True), (False, True), (None, True)]
    for out, lifted in [*story, (True, False)]:
        await seen(database, sight(out=out))
        assert (await now(database)).lifted is lifted, out


async def test_an_opt_out_that_is_not_told_keeps_the_last_known_one(database: Database) -> None:
    await seen(database, sight(out=True, barred=frozenset({"sms"})))
    await seen(database, sight(out=None, barred=None))
    record = (await now(database)).record
    assert (record.opted_out, record.barred) == (True, frozenset({"sms"}))
    await seen(database, sight(out=False, barred=frozenset()))
    record = (await now(database)).record
    assert (record.opted_out, record.barred) == (False, frozenset())


async def test_a_person_may_decide_that_an_opt_out_stands(database: Database) -> None:
    await seen(database, sight(out=True))
    await seen(database, sight(out=False))
    async with database.write() as connection:
        await observed.set_lifted(connection, BRIDGE, Side.HIGHLEVEL, "h1")
    assert not (await now(database)).lifted


async def test_a_record_is_new_from_when_it_was_first_seen_as_it_is(database: Database) -> None:
    await seen(database, sight(mark="p1"), at=NOW)
    await seen(database, sight(mark="p1"), at=NOW + 5)
    assert (await now(database)).first_seen == NOW
    await seen(database, sight(mark="p2"), at=NOW + 9)
    assert (await now(database)).first_seen == NOW + 9


OLD, NEW, NEWER = "2026-06-01T10:00:00.000Z", "2026-06-01T10:00:05.000Z", "2026-06-01T10:00:09.000Z"


async def city(database: Database) -> str:
    return (await now(database)).record.fields["city"]


async def test_a_search_that_lags_does_not_replace_what_was_read_by_id(database: Database) -> None:
    await seen(database, sight(fields={"city": "Lyons"}, changed_at=NEW), at=NOW, until=NOW + 15)
    await seen(database, sight(fields={"city": "Boulder"}, changed_at=OLD, mark="p0"), run=2, at=NOW + 5)
    assert await city(database) == "Lyons"
    async with database.read() as connection:
        assert set(await observed.by_ids(connection, BRIDGE, 2, Side.HIGHLEVEL, ["h1"])) == {"h1"}


async def test_a_search_that_lags_does_not_lift_an_opt_out(database: Database) -> None:
    await seen(database, sight(out=False, changed_at=OLD))
    await seen(database, sight(out=True, changed_at=NEW), until=NOW + 15)
    await seen(database, sight(out=False, changed_at=OLD), at=NOW + 5)
    found = await now(database)
    assert (found.record.opted_out, found.lifted) == (True, False)


@pytest.mark.parametrize(
    ("changed_at", "later", "until"),
    [(NEWER, 5, 0.0), (NEW, 5, 0.0), (OLD, 16, 0.0), (OLD, 5, NOW + 20)],
    ids=["newer", "of the same moment", "after the lag", "read by id again"],
)
async def test_what_is_no_lagging_search_replaces_what_was_read_by_id(
    database: Database, changed_at: str, later: float, until: float
) -> None:
    await seen(database, sight(fields={"city": "Lyons"}, changed_at=NEW), at=NOW, until=NOW + 15)
    await seen(
        database,
        sight(fields={"city": "Boulder"}, changed_at=changed_at, mark="p2"),
        at=NOW + later,
        until=until,
    )
    assert await city(database) == "Boulder"


async def test_a_search_does_not_shorten_how_long_a_read_by_id_stands(database: Database) -> None:
    await seen(database, sight(changed_at=NEW), at=NOW, until=NOW + 15)
    await seen(database, sight(changed_at=NEWER), at=NOW + 1)
    async with database.read() as connection:
        query = select(table.c.fresh_until).where(table.c.id == "h1")
        assert (await connection.execute(query)).scalar_one() == NOW + 15


# Links


async def linked(database: Database, highlevel: str = "h1", rezora: str = "r1") -> KeptLink:
    pair = Link(
        highlevel, rezora, {"city": "Lyons"}, {"contact_home_city": "Lyons"}, notes={"city": "undone"}
    )
    async with database.write() as connection:
        await links.add(connection, BRIDGE, [KeptLink(0, pair, "settled")], NOW)
    (kept,) = (await by_side(database, Side.HIGHLEVEL, highlevel)).values()
    return kept


async def by_side(database: Database, side: Side, *ids: str) -> dict[str, KeptLink]:
    async with database.read() as connection:
        return await links.by_side(connection, BRIDGE, side, ids)


async def test_a_link_keeps_its_notes_and_what_its_base_is_worth(database: Database) -> None:
    kept = await linked(database)
    assert (kept.link.notes, kept.link.rebase, kept.settled) == ({"city": "undone"}, False, "settled")
    async with database.write() as connection:
        await links.doubt(connection, BRIDGE)
    (doubted,) = (await by_side(database, Side.REZORA, "r1")).values()
    assert (doubted.link.rebase, doubted.settled) == (True, "")
    assert doubted.link.base_highlevel == {"city": "Lyons"}
    async with database.write() as connection:
        await links.change(connection, [KeptLink(kept.id, kept.link, "again")])
    (now_sure,) = (await by_side(database, Side.REZORA, "r1")).values()
    assert (now_sure.link.rebase, now_sure.settled) == (False, "again")


async def test_a_moved_link_has_another_record_and_no_base(database: Database) -> None:
    kept = await linked(database)
    async with database.write() as connection:
        await links.move(connection, kept.id, "h2")
    assert await by_side(database, Side.HIGHLEVEL, "h1") == {}
    moved = (await by_side(database, Side.HIGHLEVEL, "h2"))["h2"]
    assert moved == KeptLink(kept.id, Link("h2", "r1"))


async def test_a_link_cannot_be_moved_to_a_record_that_has_one(database: Database) -> None:
    kept = await linked(database)
    await linked(database, "h2", "r2")
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await links.move(connection, kept.id, "h2")


async def reopened(database: Database, run: int) -> list[tuple[str, str]]:
    async with database.write() as connection:
        return await links.reopen(connection, BRIDGE, run)


async def close(database: Database, kept: KeptLink, reason: str) -> None:
    async with database.write() as connection:
        await links.close(connection, {kept.id: reason})


async def test_a_link_lives_again_when_both_its_records_are_there_again(database: Database) -> None:
    kept = await linked(database)
    await close(database, kept, "deleted_in_rezora")
    assert await by_side(database, Side.HIGHLEVEL, "h1") == {}
    await seen(database, sight("h1"), run=2)
    await seen(database, sight("r1", side=Side.REZORA), run=1)
    assert await reopened(database, 2) == []  # Rezora's was seen by an earlier run only
    await seen(database, sight("r1", side=Side.REZORA), run=2)
    assert await reopened(database, 2) == [("h1", "r1")]
    again = (await by_side(database, Side.HIGHLEVEL, "h1"))["h1"]
    assert (again.id, again.link.base_highlevel, again.settled) == (kept.id, {"city": "Lyons"}, "")
    assert await reopened(database, 2) == []


@pytest.mark.parametrize("taken", ["h1", "r1"])
async def test_a_link_stays_closed_when_one_of_its_records_belongs_to_another(
    database: Database, taken: str
) -> None:
    await close(database, await linked(database), "deleted_in_rezora")
    await linked(database, *(("h1", "r2") if taken == "h1" else ("h2", "r1")))
    await seen(database, sight("h1"), sight("r1", side=Side.REZORA), run=2)
    assert await reopened(database, 2) == []


async def test_of_two_closed_links_of_one_record_the_newer_lives_again(database: Database) -> None:
    await close(database, await linked(database), "deleted_in_rezora")
    await close(database, await linked(database, "h1", "r2"), "deleted_in_highlevel")
    records = [sight(one, side=Side.REZORA) for one in ("r1", "r2")]
    await seen(database, sight("h1"), *records, run=2)
    assert await reopened(database, 2) == [("h1", "r2")]


@pytest.mark.parametrize("reason", ["merged", "deleted_on_both_sides"])
async def test_a_link_that_ended_for_another_reason_stays_closed(database: Database, reason: str) -> None:
    await close(database, await linked(database), reason)
    await seen(database, sight("h1"), sight("r1", side=Side.REZORA), run=2)
    assert await reopened(database, 2) == []


async def test_a_link_misses_a_record_that_is_not_there(database: Database) -> None:
    kept = await linked(database)
    whole = await linked(database, "h2", "r2")
    await seen(database, sight("h1"), sight("h2"), sight("r2", side=Side.REZORA), run=2)
    await seen(database, sight("r1", side=Side.REZORA), run=1)
    async with database.read() as connection:
        assert [one.id for one in await links.missing(connection, BRIDGE, 2)] == [kept.id]
        assert await links.missing(connection, BRIDGE, 1) == []  # both are there since that run
        await observed.unsee(connection, BRIDGE, Side.HIGHLEVEL, "h2")
        assert [one.id for one in await links.missing(connection, BRIDGE, 1)] == [whole.id]
    await close(database, kept, "deleted_in_rezora")
    async with database.read() as connection:
        assert await links.missing(connection, BRIDGE, 2) == []


async def test_only_rezora_records_without_a_partner_are_cases_of_their_own(database: Database) -> None:
    await linked(database, "h1", "r1")
    records = [sight(one, side=Side.REZORA) for one in ("r1", "r2", "r3", "r4")]
    await seen(database, sight("h1"), sight("h2"), *records)
    async with database.write() as connection:
        partners = {"r2": "=h2", "r3": "twin"}
        await observed.set_partners(connection, BRIDGE, 1, Side.REZORA, partners)
    async with database.read() as connection:
        alone = await observed.slice_of(connection, BRIDGE, 1, Side.REZORA, "", 10)
        there = await observed.slice_of(connection, BRIDGE, 1, Side.HIGHLEVEL, "", 10)
    assert [one.record.id for one in alone] == ["r3", "r4"]
    assert [one.record.id for one in there] == ["h1", "h2"]
