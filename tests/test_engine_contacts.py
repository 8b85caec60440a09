"""One contact on both sides, from a real store: fields and their reasons, the timeline, finding people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from calendar_scenes import ADA, BEA, Scene, appointment, scene, task
from contact_scenes import HIGHLEVEL, LINK, REZORA, SEEN, THERE, TIED
from landbridge.engine.contact_book import PAGE, ContactBook, ContactView, kept_where
from landbridge.engine.contact_lists import Search
from landbridge.engine.field_rows import FieldRow, field_rows
from landbridge.engine.timeline import timeline_of
from landbridge.store import activities, activity_links, contacts, journal, links, observed, standings
from landbridge.store.journal import Entry, OpenHold
from landbridge.store.links import KeptLink
from landbridge.store.observed import Sighting
from landbridge.store.standings import Standing
from landbridge.sync.activity import Activity
from landbridge.sync.mapping import read_policy
from landbridge.sync.merge import UNDONE, difference
from landbridge.sync.model import Kind, Link, Record, Side
from landbridge.sync.reasons import HELD
from landbridge.sync.rules import default_policy
from web_scenes import BRIDGE, NOW

BOTH = {Side.HIGHLEVEL: HIGHLEVEL, Side.REZORA: REZORA}


def book_of(made: Scene) -> ContactBook:
    return ContactBook(made.database, made.clock, lambda bridge: read_policy(bridge.policy))


def rows(link: Link | None = LINK, **waiting: OpenHold) -> dict[str, FieldRow]:
    return {row.name: row for row in field_rows(default_policy(), BOTH, link, waiting)}


async def link_both(made: Scene) -> int:
    """Ada is linked with a contact in Rezora; the id of that link."""
    async with made.database.write() as connection:
        sights = [Sighting(record, "p", "Ada Brook", "ada.brook@example.net") for record in BOTH.values()]
        await observed.save(connection, made.bridge.id, made.run, sights, NOW)
        await links.add(connection, made.bridge.id, [KeptLink(0, LINK)], NOW)
        return (await links.by_side(connection, made.bridge.id, Side.HIGHLEVEL, [ADA]))[ADA].id


async def seen(made: Scene, key: str = ADA) -> ContactView:
    view = await book_of(made).contact(made.bridge, key)
    assert view is not None
    return view


# Fields


def test_equal_fields_say_nothing_whatever_their_spelling() -> None:
    found = rows(replace(LINK, base_highlevel=dict(LINK.base_highlevel) | {"phone": "+13035550142"}))
    assert found["name"].state == "same"
    assert found["name"].shows == {Side.HIGHLEVEL: "Ada Brook", Side.REZORA: "Ada Brook"}
    assert (found["street"].state, found["street"].reason) == ("same", "")


def test_an_edit_on_one_side_says_where_it_goes() -> None:
    row = rows()["mobile phone"]
    assert row.state == "differs"
    assert row.shows == {Side.HIGHLEVEL: "+13035550188", Side.REZORA: "303-555-0142"}
    assert row.base[Side.HIGHLEVEL] == "+13035550142"
    assert row.reason == "HighLevel has the newer value; the next sync carries it to Rezora."


def test_a_hold_gives_its_reason_and_fix() -> None:
    row = rows(city=OpenHold("both_changed", ADA, THERE, "city"))["city"]
    assert (row.state, row.reason, row.fix) == (
        "differs",
        HELD["both_changed"].sentence,
        HELD["both_changed"].fix,
    )


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        (None, HELD["differs_at_first_contact"].sentence),
        (replace(LINK, rebase=True), HELD["restored"].sentence),
        (
            replace(
                LINK,
                base_highlevel=HIGHLEVEL.fields,
                base_rezora=REZORA.fields,
                notes={"city": difference("Fort Collins", "Loveland")},
            ),
            "Somebody said that the two may differ",
        ),
        (
            replace(LINK, base_highlevel=HIGHLEVEL.fields, base_rezora=REZORA.fields, notes={"city": UNDONE}),
            HELD["undone"].sentence,
        ),
    ],
)
def test_every_difference_has_its_reason_in_words(link: Link | None, reason: str) -> None:
    row = rows(link)["city"]
    assert row.state == "differs"
    assert reason in row.reason


def test_a_field_that_was_not_shown_is_not_blank() -> None:
    row = rows()["company"]
    assert (row.state, row.shows[Side.REZORA]) == ("unknown", None)
    assert row.reason == "Rezora did not show this field."
    assert rows()["home phone"].shows[Side.REZORA] == ""


def test_consent_is_a_row_and_the_stricter_side_counts() -> None:
    assert rows()["e-mail consent"].state == "same"
    out = field_rows(default_policy(), BOTH | {Side.REZORA: replace(REZORA, opted_out=True)}, LINK, {})[-1]
    assert (out.state, out.shows[Side.REZORA]) == ("differs", "no e-mail")
    assert "stricter" in out.reason


def test_who_is_on_one_side_only_differs_from_nobody() -> None:
    found = field_rows(default_policy(), {Side.HIGHLEVEL: HIGHLEVEL}, None, {})
    assert {row.state for row in found} == {"alone"}


# The timeline


def test_the_timeline_has_what_comes_soonest_first_and_the_past_newest_first() -> None:
    found = timeline_of(SEEN, TIED, NOW)
    assert [one.title for one in found.coming] == [
        "Call back",
        "Showing, 12 Elm St",
        "Send the contract",
        "Say hello",
    ]
    assert [next(iter(one.ids.values())) for one in found.past] == ["902", "n1", "n2", "a2"]
    assert [one.overdue for one in found.coming] == [True, False, False, False]


def test_what_both_sides_have_is_there_once_with_what_differs() -> None:
    (both,) = [one for one in timeline_of(SEEN, TIED, NOW).coming if len(one.ids) == 2]
    assert both.ids == {Side.HIGHLEVEL: "t2", Side.REZORA: "901"}
    assert (both.sides, both.apart) == ("HighLevel and Rezora", ["due"])


def test_rich_text_that_says_the_same_is_no_difference() -> None:
    one = Activity(Side.HIGHLEVEL, Kind.NOTE, "n", ADA, {"body": "<p>a</p><p>b</p>", "made_at": "x"})
    two = Activity(Side.REZORA, Kind.NOTE, "m", THERE, {"body": "a\nb", "made_at": "y"})
    (note,) = timeline_of([one, two], [(Kind.NOTE, Link("n", "m"))], NOW).past
    assert (note.apart, note.text, note.at) == ([], "a\nb", None)


def test_a_link_of_which_one_half_is_gone_shows_the_other() -> None:
    found = timeline_of([task("t2")], TIED, NOW).coming
    assert [one.ids for one in found] == [{Side.HIGHLEVEL: "t2"}]
    assert timeline_of([], TIED, NOW).coming == []


def test_what_goes_on_now_and_a_done_task_are_where_they_belong() -> None:
    now_on = appointment("a", start="2026-11-23T11:30:00Z", end="2026-11-23T12:30:00Z")
    done = task("t", due="2026-12-24T09:00:00Z", completed="1")
    found = timeline_of([now_on, done], [], NOW)
    assert ([one.kind for one in found.coming], [one.state for one in found.past]) == (
        ["appointment"],
        ["done"],
    )


# From the store


async def test_the_page_has_both_records_links_activities_holds_and_the_journal() -> None:
    async with scene(SEEN) as made:
        contact_link = await link_both(made)
        async with made.database.write() as connection:
            tied = [(contact_link, kind, KeptLink(0, link)) for kind, link in TIED]
            await activity_links.add(connection, made.bridge.id, tied, NOW)
            hold = OpenHold("both_changed", ADA, THERE, "city", "Fort Collins", "Loveland")
            other = OpenHold("both_changed", BEA, "90999", "city", "a", "b")
            await journal.save_holds(connection, made.bridge.id, made.run, [hold, other], NOW)
            entries = [
                Entry("update", Side.REZORA, THERE, ADA, "city"),
                Entry("create", Side.REZORA, "901", "t2", kind=Kind.TASK),
                Entry("failed", Side.REZORA, "", ADA),
                Entry("update", Side.REZORA, "90999", BEA, "city"),
            ]
            await journal.write(connection, made.bridge.id, made.run, entries, NOW)
        view = await seen(made)
        assert view.ids == {Side.HIGHLEVEL: ADA, Side.REZORA: THERE}
        assert (view.name, view.linked, view.record_id) == ("Ada Brook", True, ADA)
        assert [held.rule for held in view.holds] == ["city"]
        assert [entry.action for entry in view.entries] == ["failed", "create", "update"]
        assert [one.sides for one in view.timeline.coming if len(one.ids) == 2] == ["HighLevel and Rezora"]
        assert {row.name: row for row in view.rows}["city"].reason == HELD["both_changed"].sentence
        assert await seen(made, THERE) == view
        assert view.unread is None


async def test_activities_of_a_contact_are_read_by_their_index() -> None:
    asked: list[str] = []
    async with scene(SEEN) as made:

        def keep(_: object, __: object, statement: str, *___: object) -> None:
            asked.append(statement)

        event.listen(made.database.engine.sync_engine, "before_cursor_execute", keep)
        async with made.database.read() as connection:
            await activities.of_contacts(connection, made.bridge.id, Side.HIGHLEVEL, [ADA])
            (query,) = [each for each in asked if "FROM activity" in each]
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (1, "highlevel", ADA))
            assert "ix_activity_contact" in str(plan.all())


async def test_what_was_written_is_found_by_index_and_not_by_walking_through_the_journal() -> None:
    asked: list[tuple[str, Any]] = []
    async with scene(SEEN) as made:

        def keep(_: object, __: object, statement: str, given: Any, *___: object) -> None:
            asked.append((statement, given))

        event.listen(made.database.engine.sync_engine, "before_cursor_execute", keep)
        records = {Side.HIGHLEVEL: [ADA, "t2"], Side.REZORA: [THERE]}
        async with made.database.read() as connection:
            await contacts.entries_of(connection, made.bridge.id, records, 50)
            named = [each for each in asked if "FROM journal" in each[0] and "side" in each[0]]
            plans = [
                str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", given)).all())
                for query, given in named
                if "_id IN" in query
            ]
        assert len(plans) == 4
        assert all("ix_journal_record" in plan or "ix_journal_source" in plan for plan in plans), plans


async def test_who_was_just_created_is_found_by_the_id_that_nobody_has_read_yet() -> None:
    async with scene() as made:
        async with made.database.write() as connection:
            await links.add(connection, made.bridge.id, [KeptLink(0, LINK)], NOW)
        view = await seen(made, THERE)
        assert (view.ids, view.unread) == ({Side.HIGHLEVEL: ADA, Side.REZORA: THERE}, Side.REZORA)
        assert (await seen(made)).unread is Side.REZORA


async def test_an_id_that_nobody_saw_is_nobody() -> None:
    async with scene() as made:
        assert await book_of(made).contact(made.bridge, "nobody") is None


@pytest.mark.parametrize(
    ("standing", "reason", "title"),
    [
        ("equal", "", "In sync"),
        ("waiting", "", "Waiting"),
        ("excluded", "no_email", "No e-mail address"),
        ("held", "both_changed", "Edited on both sides"),
        ("excluded", "of_the_future", "of_the_future"),
    ],
)
async def test_the_page_says_where_the_contact_stands(standing: str, reason: str, title: str) -> None:
    async with scene() as made:
        async with made.database.write() as connection:
            found = [Standing(Side.HIGHLEVEL, ADA, standing, reason)]
            await standings.note(connection, made.bridge.id, found)
        assert (await seen(made)).standing.title == title


async def test_who_is_gone_is_told_so() -> None:
    async with scene() as made:
        async with made.database.write() as connection:
            await observed.unsee(connection, made.bridge.id, Side.HIGHLEVEL, ADA)
        assert (await seen(made)).standing.title == "Not there any more"


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["contact"], "this account does not answer for them: Landbridge keeps those of HighLevel"),
        (["contact", "task"], "answers for tasks. Landbridge keeps the notes and appointments of HighLevel"),
        (["contact", "task", "note", "appointment"], "answers for all three"),
    ],
)
def test_it_is_said_who_keeps_activities(kinds: list[str], words: str) -> None:
    rezora = replace(BRIDGE.rezora, capability=BRIDGE.rezora.capability | {"kinds": kinds})
    sentence = kept_where(replace(BRIDGE, rezora=rezora)).sentence
    assert sentence.startswith("Rezora does not document tasks, notes and appointments")
    assert words in sentence


async def test_it_is_said_what_the_mapping_leaves_alone() -> None:
    async with scene() as made:
        assert book_of(made).not_read(made.bridge) == ["tasks", "notes", "appointments"]


# Finding


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [ADA, BEA]),
        ("brook", [ADA]),
        ("BROOK", [ADA]),
        ("ada.brook@", [ADA]),
        ("Bea@Example", [BEA]),
        (BEA, [BEA]),
        (BEA[:10], []),
        ("%", []),
        ("_", []),
        ("nobody", []),
        ("ada  brook", [ADA]),
    ],
)
async def test_people_are_found_by_part_of_a_name_an_address_or_a_whole_id(
    text: str, found: list[str]
) -> None:
    async with scene() as made:
        page = await book_of(made).find(made.bridge, Search(text))
        assert [line.id for line in page.lines] == found
        assert page.following == ""


async def test_names_are_found_without_case_in_every_script() -> None:
    async with scene() as made:
        await made.know(Side.HIGHLEVEL, "e", "Éric Øst")
        for text in ("éric", "ÉRIC", "øst"):
            assert [line.id for line in (await book_of(made).find(made.bridge, Search(text))).lines] == ["e"]


async def test_who_only_rezora_has_is_a_list_of_its_own() -> None:
    async with scene() as made:
        await link_both(made)
        await made.know(Side.REZORA, "90555", "Cleo Stone")
        page = await book_of(made).find(made.bridge, Search(list="only-rezora"))
        assert [line.id for line in page.lines] == ["90555"]
        page = await book_of(made).find(made.bridge, Search("ada"))
        assert [line.partner for line in page.lines] == [THERE]
        assert (await seen(made, "90555")).ids == {Side.REZORA: "90555"}


async def test_pages_follow_each_other_without_gap_or_double() -> None:
    async with scene() as made:
        ids = [f"x{number:03}" for number in range(PAGE * 2 + 1)]
        async with made.database.write() as connection:
            sights = [Sighting(Record(Side.HIGHLEVEL, key, {}), "p", "Xaver") for key in ids]
            await observed.save(connection, made.bridge.id, made.run, sights, NOW)
        found, after = [], ""
        for _ in range(3):
            page = await book_of(made).find(made.bridge, Search("xaver", after=after))
            found += [line.id for line in page.lines]
            after = page.following
        assert (found, after) == (ids, "")
