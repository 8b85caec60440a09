"""Looking back from a real store: filters in bounded time, who caused what, answers that are taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, insert, text

from calendar_scenes import ADA, Scene, scene, task
from contact_scenes import LINK, REZORA, THERE
from landbridge.engine import catalog
from landbridge.engine.answers import NotPossible
from landbridge.engine.desk import Desk
from landbridge.engine.journal_book import JournalBook
from landbridge.engine.journal_told import _OPERATIONS, told_of
from landbridge.engine.undo import UndoOrder, chosen
from landbridge.engine.waterline import FileWaterline
from landbridge.store import decisions, journal, journal_search, links, observed
from landbridge.store.driver import Drivers
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.journal_search import Wanted
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.tables import journal as journal_table
from landbridge.store.tables import run as run_table
from landbridge.sync.mapping import read_policy
from landbridge.sync.model import Choice, Kind, Link, Side
from landbridge_rig import landbridge
from web_scenes import NOW

CITY = OpenHold("both_changed", ADA, THERE, "city", "Fort Collins", "Loveland")


@pytest.fixture
async def made() -> AsyncIterator[Scene]:
    async with scene([task("t1")]) as found:
        yield found


def desk_of(made: Scene, folder: Path) -> Desk:
    waterline = FileWaterline(folder / "waterline.json")
    return Desk(made.database, made.clock, lambda bridge: read_policy(bridge.policy), waterline)


async def write(made: Scene, entries: Sequence[Entry], run: int = 1, at: float = NOW) -> None:
    async with made.database.write() as connection:
        await journal.write(connection, made.bridge.id, run, entries, at)


async def many(made: Scene, count: int) -> None:
    """Updates in Rezora, a second apart; the very first is a delete of a task."""
    whole = {"bridge_id": made.bridge.id, "run_id": 1, "record_id": "x", "rule": "city", "note": ""}
    whole |= {"before": b'{"contact_home_city":"A"}', "after": b'{"contact_home_city":"B"}', "source_id": ""}
    rows = [
        whole | {"at": NOW + n, "action": "update", "side": "rezora", "kind": "contact", "state": "done"}
        for n in range(count)
    ]
    rows[0] |= {"action": "delete", "kind": "task", "record_id": "first"}
    async with made.database.write() as connection:
        await connection.execute(insert(journal_table), rows)


async def walk(made: Scene, wanted: Wanted, looked_at: int) -> tuple[list[Entry], int]:
    """Everything that fits, page by page, and how many pages that took."""
    found: list[Entry] = []
    pages = 0
    async with made.database.read() as connection:
        while True:
            pages += 1
            page = await journal_search.search(connection, made.bridge.id, wanted, 7, looked_at)
            found += page.entries
            if not page.following:
                return found, pages
            wanted = replace(wanted, before=page.following)


FILTERS = {
    "nothing": Wanted(),
    "side": Wanted(side=Side.REZORA),
    "action": Wanted(action="delete"),
    "kind": Wanted(kind=Kind.TASK),
    "contacts": Wanted(kind=Kind.CONTACT),
    "action and side": Wanted(action="delete", side=Side.REZORA),
    "kind and field": Wanted(kind=Kind.TASK, about="contact_home_city"),
    "span": Wanted(since=NOW + 10, until=NOW + 20),
    "span and action": Wanted(since=NOW, until=NOW + 30, action="delete"),
    "span and field": Wanted(since=NOW, about="contact_home_city"),
    "open span": Wanted(until=NOW + 5, side=Side.REZORA),
    "run": Wanted(run_id=1, action="delete"),
    "record": Wanted(record_id="first"),
    "field": Wanted(about="contact_home_city"),
    "rule": Wanted(about="city", action="update"),
    "another field": Wanted(about="home_city"),
    "lists": Wanted(listed=True),
    "cause": Wanted(cause="undo"),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("looked_at", [1, 3, 1_000])
async def test_pages_show_each_entry_that_fits_once_however_few_are_looked_at(
    made: Scene, name: str, looked_at: int
) -> None:
    await many(made, 40)
    wanted = FILTERS[name]
    found, _ = await walk(made, wanted, looked_at)
    fits = [
        entry
        for entry in (await walk(made, Wanted(), 1_000))[0]
        if (wanted.side in (None, entry.side))
        and (wanted.kind in (None, entry.kind))
        and wanted.action in ("", entry.action)
        and wanted.record_id in ("", entry.record_id)
        and wanted.about in ("", "contact_home_city", "city")
        and entry.at >= wanted.since
        and (not wanted.until or entry.at < wanted.until)
        and not wanted.listed
        and not wanted.cause
    ]
    assert [entry.id for entry in found] == [entry.id for entry in fits]
    assert len(fits) == {"another field": 0, "lists": 0, "cause": 0}.get(name, len(fits) or -1)


async def test_a_page_that_is_not_full_says_how_far_it_looked(made: Scene) -> None:
    await many(made, 100)
    async with made.database.read() as connection:
        wanted = Wanted(about="nowhere")
        page = await journal_search.search(connection, made.bridge.id, wanted, 7, 10)
        assert (page.entries, page.following) == ([], 81), "20 of them: they lie in the order of the page"
        assert page.far == NOW + 80
    _, pages = await walk(made, wanted, 10)
    assert pages == 5


async def test_no_query_of_the_journal_reads_it_whole(made: Scene) -> None:
    """The plans of SQLite: each page begins in an index, and none sorts but what names few records."""
    seen: list[tuple[str, object]] = []
    engine = made.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda c, u, s, p, x, m: seen.append((s, p)))
    async with made.database.read() as connection:
        person = Wanted(records={Side.HIGHLEVEL: [ADA, "t1"], Side.REZORA: [THERE, "u1"]})
        for wanted in [*FILTERS.values(), person]:
            await journal_search.search(connection, made.bridge.id, replace(wanted, before=0), 7)
        for statement, values in [one for one in seen if "FROM journal" in one[0]]:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)  # type: ignore[arg-type]
            steps = [str(row.detail) for row in plan]
            assert all("SCAN" not in step for step in steps), (statement, steps)
            assert "bridge_id=?" in steps[0] or "rowid=?" in steps[0], (statement, steps)
            few = (
                "record_id" in statement.partition("WHERE")[2]
                or "source_id" in statement.partition("WHERE")[2]
            )
            assert any("TEMP B-TREE" in step for step in steps) is few, (statement, steps)
            assert few is ("ix_journal_record" in steps[0] or "ix_journal_source" in steps[0]), steps


async def test_the_cause_is_that_of_the_run_the_recipe_or_the_person(made: Scene) -> None:
    base = {"bridge_id": made.bridge.id, "purpose": "live", "state": "done", "stage": "", "counts": {}}
    causes = {2: "event", 3: "schedule", 4: "page"}
    async with made.database.write() as connection:
        rows = [base | {"id": key, "cause": cause, "started_at": NOW} for key, cause in causes.items()]
        await connection.execute(insert(run_table), rows)
    update = Entry("update", Side.HIGHLEVEL, ADA, THERE, "city", {"city": "A"}, {"city": "B"})
    made_by_recipe = Entry("create", Side.HIGHLEVEL, "t9", ADA, "task", note="recipe Welcome", kind=Kind.TASK)
    for run in causes:
        await write(made, [update], run)
    await write(made, [made_by_recipe, replace(update, action="undo")], 2)
    await write(made, [replace(update, action="decided", note="Undone by you: ignore, by Olivia Owen")], 0)
    book = JournalBook(made.database)
    found = (await book.page(made.bridge, Wanted())).entries
    assert [(told.cause, told.by, told.name) for told in found] == [
        ("person", "Olivia Owen", "Ada Brook"),
        ("undo", "event", "Ada Brook"),
        ("recipe", "Welcome", "Ada Brook"),
        ("person", "page", "Ada Brook"),
        ("schedule", "schedule", "Ada Brook"),
        ("event", "event", "Ada Brook"),
    ]
    for cause in journal_search.CAUSES:
        page = (await book.page(made.bridge, Wanted(cause=cause))).entries
        assert [one.entry.id for one in page] == [one.entry.id for one in found if one.cause == cause]
        assert page, cause


async def test_a_contact_has_what_was_written_to_all_its_records_on_both_sides(made: Scene) -> None:
    async with made.database.write() as connection:
        await links.add(connection, made.bridge.id, [KeptLink(0, Link(ADA, THERE))], NOW)
    await write(
        made,
        [
            Entry("update", Side.REZORA, THERE, ADA),
            Entry("update", Side.HIGHLEVEL, "t1", "", kind=Kind.TASK),
            Entry("failed", Side.REZORA, "", ADA),
            Entry("update", Side.REZORA, ADA, ""),
            Entry("update", Side.REZORA, "other", "somebody"),
        ],
    )
    book = JournalBook(made.database)
    for key in (ADA, THERE):
        records = await book.records_of(made.bridge, key)
        assert records == {Side.HIGHLEVEL: {ADA, "t1"}, Side.REZORA: {THERE}}
    found, pages = await walk(made, Wanted(records=records), 1)
    assert ([entry.id for entry in found], pages) == ([3, 2, 1], 1)
    assert [one.contact for one in await book.tell(made.bridge, found)] == [ADA, ADA, ADA]
    narrowed, _ = await walk(made, Wanted(records=records, kind=Kind.TASK, side=Side.HIGHLEVEL), 1)
    assert [entry.id for entry in narrowed] == [2]


def test_every_operation_that_is_named_is_in_the_catalog() -> None:
    named = {name for known in _OPERATIONS.values() for name in known.values()}
    assert {name: catalog.operation(name).writes for name in named} == dict.fromkeys(named, True)
    called = told_of(Entry("operation", Side.HIGHLEVEL, "x", rule="contacts.add_followers"), None)
    assert (called.operation, called.undoable) == ("contacts.add_followers", False)


async def test_an_undo_of_a_record_begins_at_a_time(made: Scene) -> None:
    class Bench:
        database, bridge, policy = made.database, made.bridge, read_policy(made.bridge.policy)

    for day in range(3):
        await write(made, [Entry("update", Side.HIGHLEVEL, ADA, after={"city": str(day)})], at=NOW + day)
    later = await chosen(Bench(), UndoOrder(record_id=ADA, since=NOW + 1))  # type: ignore[arg-type]  # all it reads
    assert [entry.after["city"] for entry in later] == ["2", "1"]
    with pytest.raises(NotPossible, match="Name one thing"):
        await chosen(Bench(), UndoOrder(run_id=1, since=NOW))  # type: ignore[arg-type]


async def test_a_run_notes_how_long_each_of_its_stages_took(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 3) as rig:
        run = await rig.app.sync(rig.bridge, cause="test")
        assert {"highlevel", "rezora", "match", "apply", "finish"} <= run.spent.keys()
        assert all(0 <= seconds < 60 for seconds in run.spent.values())
        assert sum(run.spent.values()) <= (run.ended_at or 0) - run.started_at + 0.1


# Holds


async def held(made: Scene, *holds: OpenHold) -> None:
    async with made.database.write() as connection:
        await observed.save(
            connection, made.bridge.id, made.run, [Sighting(REZORA, "p", "Ada Brook", "")], NOW
        )
        await links.add(connection, made.bridge.id, [KeptLink(0, LINK)], NOW)
        await journal.save_holds(connection, made.bridge.id, made.run, holds, NOW)


async def test_a_hold_comes_with_what_both_sides_last_agreed_on_and_whose_it_is(
    made: Scene, tmp_path: Path
) -> None:
    of_task = OpenHold("activity_refused", "t1", "", kind=Kind.TASK)
    await held(made, CITY, of_task, OpenHold("twin", "nobody"))
    found = {one.hold.cause: one.around for one in await desk_of(made, tmp_path).questions(made.bridge)}
    assert found["both_changed"].base == {Side.HIGHLEVEL: "Boulder", Side.REZORA: "Boulder"}
    assert (found["both_changed"].contact, found["both_changed"].name) == (ADA, "Ada Brook")
    assert found["activity_refused"].contact == ADA
    assert (found["activity_refused"].name, found["activity_refused"].title) == ("Ada Brook", "Call back")
    assert (found["twin"].contact, dict(found["twin"].base)) == ("nobody", {})


async def test_an_answer_is_taken_back_once_and_written_down(made: Scene, tmp_path: Path) -> None:
    await held(made, CITY)
    desk = desk_of(made, tmp_path)
    (question,) = await desk.questions(made.bridge)
    await desk.resolve(made.bridge, question.hold.id, "edit", "Estes Park", by="Olivia")
    (answered,) = await desk.questions(made.bridge)
    assert (answered.decided, answered.value) == ("edit", "Estes Park")
    back = await desk.take_back(made.bridge, question.hold.id, by="Olivia")
    assert (back.decided, back.value) == ("", "")
    async with made.database.read() as connection:
        assert await decisions.choices(connection, made.bridge.id) == {}
        (newest,) = await journal.recent(connection, made.bridge.id, 1)
    note = "Edited on both sides: answer edit taken back, by Olivia"
    assert (newest.action, newest.note) == ("decided", note)
    assert newest.before == {"city": "Estes Park"}, "what was typed"
    with pytest.raises(NotPossible, match="no answer that could be taken back"):
        await desk.take_back(made.bridge, question.hold.id, by="Olivia")
    with pytest.raises(NotPossible, match="no open hold 99"):
        await desk.take_back(made.bridge, 99, by="Olivia")


async def test_what_a_sync_wrote_for_an_answer_before_it_was_cut_off_is_said_to_stay(
    made: Scene, tmp_path: Path
) -> None:
    await held(made, CITY)
    desk = desk_of(made, tmp_path)
    await write(made, [Entry("update", Side.HIGHLEVEL, ADA, THERE, "city")], at=NOW - 60)
    made.clock.at = NOW
    await desk.resolve(made.bridge, 1, "edit", "Estes Park", by="Olivia")
    written = Entry("update", Side.HIGHLEVEL, ADA, THERE, "name, city", {"city": "A"}, {"city": "Estes Park"})
    await write(made, [written, replace(written, rule="phone"), replace(written, action="link")], at=NOW + 9)
    question, answer = await desk.answer(made.bridge, 1)
    assert (answer.use, answer.value, answer.by, answer.at) == ("edit", "Estes Park", "Olivia", NOW)
    (stays,) = answer.written
    assert (stays.rule, stays.at, question.hold.id) == ("name, city", NOW + 9, 1)
    await desk.take_back(made.bridge, 1, by="Olivia", seen=answer.at)
    async with made.database.read() as connection:
        (newest,) = await journal.recent(connection, made.bridge.id, 1)
    kept = f"answer edit taken back, what it wrote before stays (no. {stays.id}), by Olivia"
    assert newest.note == f"Edited on both sides: {kept}"


async def test_only_the_answer_that_was_shown_is_taken_back(made: Scene, tmp_path: Path) -> None:
    await held(made, CITY)
    desk = desk_of(made, tmp_path)
    await desk.resolve(made.bridge, 1, "ignore", by="Olivia")
    _, shown = await desk.answer(made.bridge, 1)
    made.clock.at += 5
    await desk.resolve(made.bridge, 1, "use-rezora", by="Omar")
    with pytest.raises(NotPossible, match="answered this hold anew"):
        await desk.take_back(made.bridge, 1, by="Olivia", seen=shown.at)
    assert (await desk.question(made.bridge, 1)).decided == "use-rezora"


@pytest.mark.parametrize("other", ["twin", "delete_waits"])
async def test_a_word_about_a_whole_contact_answers_no_other_hold_of_it(
    made: Scene, tmp_path: Path, other: str
) -> None:
    asked = OpenHold("deleted_and_edited", ADA, THERE, seen="print")
    await held(made, asked, replace(asked, cause=other))
    async with made.database.write() as connection:
        word = Choice("", "delete", "deleted_and_edited", "print")
        await decisions.save_choice(connection, made.bridge.id, (ADA, THERE), word, "x", NOW)
    desk = desk_of(made, tmp_path)
    found = {one.hold.cause: one for one in await desk.questions(made.bridge)}
    assert (found["deleted_and_edited"].decided, found[other].decided) == ("delete", "")
    with pytest.raises(NotPossible, match="no answer that could be taken back"):
        await desk.take_back(made.bridge, found[other].hold.id, by="Olivia")
    async with made.database.write() as connection:
        later = [replace(asked, seen="another print")]
        await journal.save_holds(connection, made.bridge.id, made.run, later, NOW)
        assert await decisions.choices(connection, made.bridge.id), "forgotten by the next sync, not here"
    again = {one.hold.cause: one for one in await desk.questions(made.bridge)}
    assert again["deleted_and_edited"].decided == "", "edited since: asked about anew"


async def test_while_a_sync_may_be_carrying_it_out_no_answer_is_taken_back(
    made: Scene, tmp_path: Path
) -> None:
    other = replace(CITY, rule="name")
    await held(made, CITY, other)
    desk = desk_of(made, tmp_path)
    pair = (ADA, THERE)
    async with made.database.write() as connection:
        for rule in ("city", "name"):
            made_choice = Choice(rule, "ignore", "", CITY.highlevel_shows, CITY.rezora_shows)
            await decisions.save_choice(connection, made.bridge.id, pair, made_choice, "x", NOW)
    drivers = Drivers(made.database)
    lease = await drivers.take(made.bridge.id, "another-machine:1:x", NOW)
    with pytest.raises(NotPossible, match="A sync is under way"):
        await desk.take_back(made.bridge, 1, by="Olivia")
    await drivers.release(lease)
    await desk.take_back(made.bridge, 1, by="Olivia")
    async with made.database.read() as connection:
        left = await decisions.choices(connection, made.bridge.id)
        assert list(left[pair]) == ["name"], "the answers to other fields of the contact stay"
        assert (await connection.execute(text("select count(*) from hold"))).scalar_one() == 2
