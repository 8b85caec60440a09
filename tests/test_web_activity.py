"""Looking back: filters, pages, files, runs, and undo behind a preview."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from calendar_scenes import ADA
from contact_scenes import FakeBook, view
from inprocess import new_database
from landbridge.access.roles import Person, Role
from landbridge.engine.answers import NotPossible
from landbridge.engine.journal_book import JournalBook
from landbridge.engine.undo import UndoLine, UndoOrder
from landbridge.store import journal
from landbridge.store.database import Database
from landbridge.store.journal import Entry
from landbridge.store.journal_search import Wanted
from landbridge.store.tables import run as run_table
from landbridge.sync.model import Kind, Side
from landbridge.web.activity import MOST, Filter
from web_client import Client, browse
from web_scenes import BRIDGE, LATER, NOW, FakeJournal, FakeProduct, OpenDoors, status
from webhook_posts import bridge_in

BASE = "/bridges/1"
DAY = 86_400.0


def entry(number: int, action: str = "update", **more: object) -> Entry:
    """One of many: every third is in HighLevel, every tenth of a note."""
    side = Side.HIGHLEVEL if number % 3 == 0 else Side.REZORA
    kind = Kind.NOTE if number % 10 == 0 else Kind.CONTACT
    made = Entry(
        action, side, f"r{number}", f"s{number}", "city", {"city": "A"}, {"city": f"B{number}"}, kind=kind
    )
    return replace(made, **more)  # type: ignore[arg-type]  # each is a field of an entry


class Kept:
    """A database with a journal, and the site over it."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite+aiosqlite:///{new_database(folder)}")
        self.book = JournalBook(self.database)
        self.browser: Client = browse(FakeProduct.of(status(), journal_book=self.book))

    async def write(self, entries: list[Entry], *, run: int = 1, at: float = NOW, bridge: int = 1) -> None:
        async with self.database.write() as connection:
            await journal.write(connection, bridge, run, entries, at)

    async def shown(self, asked: str = "") -> list[str]:
        """The records of all pages, in their order."""
        found: list[str] = []
        address = f"{BASE}/activity?{asked}"
        while address:
            page = (await self.browser.get(address)).page
            found += [page.words(cell) for cell in page.all("td", data_label="Contact")]
            more = [a.attributes["href"] for a in page.all("a") if a.text == "Show the next 50"]
            address = more[0] if more else ""
        return found


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    made = Kept(tmp_path)
    yield made
    await made.database.close()


async def test_everything_is_listed_once_newest_first_page_by_page(kept: Kept) -> None:
    await kept.write([entry(number) for number in range(1, 121)])
    await kept.write([entry(999)], bridge=2)
    found = await kept.shown()
    assert len(found) == len(set(found)) == 120
    assert found[0] == "r120" if 120 % 3 == 0 else "s120"
    assert (await kept.shown("action=nonsense&side=nowhere&run=x&since=2026-99-99&kind=y")) == found


async def test_filters_by_side_kind_action_run_and_day(kept: Kept) -> None:
    await kept.write([entry(n) for n in range(1, 31)], run=1, at=NOW - 3 * DAY)
    await kept.write([entry(n, "create") for n in range(31, 61)], run=2, at=NOW)
    assert len(await kept.shown("side=highlevel")) == 20
    assert len(await kept.shown("kind=note")) == 6
    assert len(await kept.shown("action=create&side=rezora")) == 20
    assert len(await kept.shown("run=2&kind=note")) == 3
    day = Filter(since="2026-05-30")
    assert day.wanted().since == 1_780_099_200.0
    today = (await kept.browser.get(f"{BASE}/activity?run=2")).page
    assert "Written by run 2" in today.text
    before = Filter.of({"until": "1999-01-01"})
    assert await kept.shown(before.address()) == []


async def test_the_time_span_holds_whole_days(kept: Kept) -> None:
    first, last = Filter(since="2026-05-30").wanted().since, Filter(until="2026-05-30").wanted().until
    assert last - first == DAY
    for number, at in enumerate((first - 1, first, last - 1, last), 1):
        await kept.write([entry(number)], at=at)
    assert len(await kept.shown("since=2026-05-30&until=2026-05-30")) == 2


async def test_files_hold_what_is_filtered_and_no_cell_is_a_formula(kept: Kept) -> None:
    attack = entry(1, after={"city": "=cmd|' /C calc'!A0"}, note="=1+1", record_id="+41", source_id="@x")
    await kept.write([attack, entry(2), entry(3)])
    answer = await kept.browser.get(f"{BASE}/activity.csv?side=rezora")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == ["2", "1"]
    assert (rows[1]["note"], rows[1]["record"], rows[1]["source"]) == ("'=1+1", "'+41", "'@x")
    assert json.loads(rows[1]["after"]) == {"city": "=cmd|' /C calc'!A0"}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    lines = (await kept.browser.get(f"{BASE}/activity.jsonl")).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [3, 2, 1]
    assert json.loads(lines[2])["note"] == "=1+1", "JSON is no spreadsheet"


async def test_a_file_of_many_is_written_piece_by_piece(kept: Kept) -> None:
    await kept.write([entry(number) for number in range(2_500)])
    text = (await kept.browser.get(f"{BASE}/activity.jsonl")).text
    ids = [json.loads(line)["id"] for line in text.splitlines()]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 2_500


async def test_runs_have_a_page_each_and_belong_to_their_bridge(kept: Kept) -> None:
    await bridge_in(kept.database)
    of_all = {"bridge_id": 1, "cause": "page", "state": "done", "stage": "", "done": 0, "total": 0}
    of_all |= {"started_at": NOW - 60, "counts": {}}
    async with kept.database.write() as connection:
        rows = [{**of_all, "purpose": purpose} for purpose in ("sync", "live")]
        await connection.execute(insert(run_table), rows)
    await kept.write([entry(1), entry(2, "create")], run=1)
    page = (await kept.browser.get(f"{BASE}/runs")).page
    links = [a.attributes["href"] for a in page.all("a") if a.within("tbody")]
    assert links == [f"{BASE}/runs/2", f"{BASE}/runs/1"]
    one = (await kept.browser.get(f"{BASE}/runs/1")).page
    assert "2 entries in the journal." in one.text
    assert one.all("a", href=f"{BASE}/activity?run=1")
    assert await kept.book.run(replace(BRIDGE, id=2), 1) is None
    assert (await kept.browser.get(f"{BASE}/runs/99")).status == 404


async def test_undo_shows_first_and_writes_after_a_second_press() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    page = (await browser.post(f"{BASE}/undo", {"entry": "7"})).page
    assert product.asked == [("undo", UndoOrder(entry_id=7), True)]
    assert "c b → a" in page.text
    done = await browser.post(f"{BASE}/undo", {"entry": "7", "confirmed": "yes"})
    assert product.asked[1] == ("undo", UndoOrder(entry_id=7), False)
    assert "Went back" in done.page.text
    assert done.page.words(done.page.one("h1")) == "Undone"


async def test_undo_of_a_run_can_delete_what_it_created() -> None:
    product = FakeProduct.of(status())
    await browse(product).post(f"{BASE}/undo", {"run": str(LATER[0].id), "created": "yes"})
    assert product.asked == [("undo", UndoOrder(run_id=LATER[0].id, created=True), True)]


async def test_what_takes_longer_than_a_page_waits_says_how_else() -> None:
    class Large(FakeJournal):
        async def written(self, bridge: object, run_id: int) -> dict[str, int]:
            return {"update": MOST + 1}

    product = FakeProduct.of(status(), journal_book=Large())
    answer = await browse(product).post(f"{BASE}/undo", {"run": "5"})
    assert answer.status == 409
    assert "landbridge undo --run 5 --preview" in answer.page.text
    assert product.asked == []


async def test_what_cannot_be_undone_says_why() -> None:
    product = FakeProduct.of(status(), failure=NotPossible("There is no entry 7.", "Look at the activity."))
    answer = await browse(product).post(f"{BASE}/undo", {"entry": "7"})
    assert answer.status == 409
    assert "There is no entry 7." in answer.page.text


async def test_a_viewer_sees_what_was_done_and_cannot_undo() -> None:
    product = FakeProduct.of(status(), doors=OpenDoors(Person(7, "Vera", Role.VIEWER)))
    browser = browse(product)
    page = (await browser.get(f"{BASE}/activity")).page
    assert page.all("td")
    assert page.all("form", action=f"{BASE}/undo") == []
    assert (await browser.post(f"{BASE}/undo", {"entry": "7"})).status == 403


async def search(browser: Client, **form: str) -> tuple[int, str, str]:
    """What a posted filter leads to: the status, the address, and what the page says."""
    answer = await browser.post(f"{BASE}/activity", form)
    said = answer.page.text if answer.status == 200 else ""
    return answer.status, answer.headers.get("location", ""), said


async def test_a_filter_becomes_an_address_and_a_person_is_in_it_by_an_id_alone() -> None:
    book = FakeBook(view())
    browser = browse(FakeProduct.of(status(), contact_book=book))
    everything = {"side": "rezora", "kind": "list", "cause": "recipe", "field": "city", "run": "7"}
    moved, address, _ = await search(browser, **everything, text="")
    query = "side=rezora&kind=list&cause=recipe&field=city&run=7"
    assert (moved, address) == (303, f"{BASE}/activity?{query}")
    moved, address, _ = await search(browser, side="rezora", text="ada.brook@example.net")
    assert (moved, address) == (303, f"{BASE}/activity?side=rezora&contact={ADA}")
    nobody = await search(browser, text="nobody")
    assert (nobody[0], "Nobody matches “nobody”" in nobody[2]) == (200, True)


async def test_of_several_people_one_is_chosen() -> None:
    other = replace(view(), ids={Side.HIGHLEVEL: "k2Vn8sE5uAjGf0Xc3MtO"}, name="Ada Stone")
    browser = browse(FakeProduct.of(status(), contact_book=FakeBook(view(), other)))
    answer = await browser.post(f"{BASE}/activity", {"text": "ada", "action": "update"})
    links = [a.attributes["href"] for a in answer.page.all("a") if a.within("ul", **{"class": "choices"})]
    assert links == [f"{BASE}/activity?action=update&contact={key}" for key in (ADA, "k2Vn8sE5uAjGf0Xc3MtO")]
    assert not any("ada&" in link or "ada=" in link for link in links)


async def test_what_the_address_says_is_looked_for(kept: Kept) -> None:
    await kept.write([entry(n) for n in range(1, 4)])
    await kept.write([entry(4, "join", rule="list Buyers"), entry(5, note="recipe Welcome")])
    await kept.write([entry(6, after={"state": "CO"}, before={}, rule="state")])
    assert len(await kept.shown("kind=list")) == 1
    assert len(await kept.shown("cause=recipe")) == 1
    assert len(await kept.shown("field=state")) == 1
    assert len(await kept.shown("field=city&side=rezora")) == 4
    assert len(await kept.shown("contact=r3")) == 1, "its record in HighLevel, by its own id"
    assert len(await kept.shown('contact=no%20id&field=a"b&run=x')) == 6, "what is no id filters nothing"
    page = (await kept.browser.get(f"{BASE}/activity?cause=recipe")).page
    assert "Recipe “Welcome”" in page.text
    assert "Rule: city" in page.text
    files = [a.attributes["href"] for a in page.all("a") if "activity." in a.attributes["href"]]
    assert files == [f"{BASE}/activity.{ending}?cause=recipe" for ending in ("csv", "jsonl")]
    assert (await kept.browser.get(files[1])).text.count("\n") == 1


async def test_a_page_that_looked_far_says_so_and_goes_on(kept: Kept) -> None:
    await kept.write([entry(n) for n in range(1, 13)])
    book = JournalBook(kept.database, looked_at=3)
    browser = browse(FakeProduct.of(status(), journal_book=book))
    page = (await browser.get(f"{BASE}/activity?field=nowhere")).page
    assert "Looked through everything back to" in page.text
    assert "Nothing of that fits." in page.text
    (more,) = [a.attributes["href"] for a in page.all("a") if a.text == "Look further back"]
    assert more == f"{BASE}/activity?field=nowhere&before=7"
    assert len([1 async for _ in book.as_json(BRIDGE, Wanted(about="city"))]) == 12


async def test_a_day_that_is_none_undoes_nothing() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    answer = await browser.post(f"{BASE}/undo", {"record": "r1", "since": "yesterday"})
    assert (answer.status, product.asked) == (409, [])
    assert "holds no day" in answer.page.text
    page = (await browser.post(f"{BASE}/undo", {"record": "r1", "since": "2026-05-30"})).page
    order = UndoOrder(record_id="r1", since=1_780_099_200.0)
    assert product.asked == [("undo", order, True)]
    line = UndoLine(7, Side.REZORA, "r1", "city", {"c": "b"}, {"c": "a"}, "undo")
    product.lines = [line]
    page = (await browser.post(f"{BASE}/undo", {"record": "r1", "since": "2026-05-30"})).page
    assert page.one("input", name="since").attributes["value"] == "2026-05-30"


async def test_the_page_of_a_run_says_how_long_each_stage_took() -> None:
    spent = {"highlevel": 12.5, "apply": 37.5, "forecast": 0.01, "of a later version": 2.0}
    run = replace(LATER[0], spent=spent)
    browser = browse(FakeProduct.of(status(), journal_book=FakeJournal(runs=[run])))
    page = (await browser.get(f"{BASE}/runs/{run.id}")).page
    table = page.one("table", **{"class": "stages"})
    rows = [page.words(row) for row in page.all("tr") if row.within("tbody") and row.within("table")]
    assert rows == ["Reading HighLevel12 s", "Writing the changes38 s", "of a later version2.0 s"]
    assert "Planning" not in table.text
    bars = [bar.attributes["aria-label"] for bar in page.all("progress")]
    assert bars[:2] == ["Reading HighLevel: 24 % of all stages", "Writing the changes: 72 % of all stages"]


# The API


async def test_the_api_has_the_activity_the_runs_and_the_files(kept: Kept) -> None:
    await bridge_in(kept.database)
    facts = {"bridge_id": 1, "cause": "event", "state": "done", "stage": "", "purpose": "live"}
    async with kept.database.write() as connection:
        facts |= {"started_at": NOW, "counts": {"updated": 2}, "spent": {"live": 1.5}}
        await connection.execute(insert(run_table), [facts])
    await kept.write([entry(1), entry(2, "join")])
    api = "/api/v1/bridges/1"
    found = (await kept.browser.get(f"{api}/activity?side=rezora&cause=event")).json
    assert [(one["id"], one["cause"], one["by"]) for one in found["entries"]] == [
        (2, "event", "event"),
        (1, "event", "event"),
    ]
    assert (found["following"], found["looked_back_to"]) == (0, None)
    assert [one["id"] for one in (await kept.browser.get(f"{api}/activity?before=2")).json["entries"]] == [1]
    assert (await kept.browser.get(f"{api}/activity?kind=nonsense")).status == 422
    lines = (await kept.browser.get(f"{api}/activity/file?kind=list")).text.splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["join"]
    assert (await kept.browser.get(f"{api}/activity/file?form=csv")).text.startswith("id,at,run,")
    (run,) = (await kept.browser.get(f"{api}/runs")).json
    assert (run["purpose"], run["spent"], run["written"]) == ("live", {"live": 1.5}, {})
    assert (await kept.browser.get(f"{api}/runs/1")).json["written"] == {"update": 1, "join": 1}
    assert (await kept.browser.get(f"{api}/runs/9")).status == 404


async def test_the_api_answers_many_holds_and_takes_an_answer_back() -> None:
    product = FakeProduct.of(status())
    browser = browse(product)
    api, sent = "/api/v1/bridges/1/holds", {"content-type": "application/json"}
    body = json.dumps({"cause": "both_changed", "action": "ignore"}).encode()
    made = await browser.ask("POST", f"{api}/resolve-all", body, sent)
    assert made.json == {"done": 2, "skipped": {"7": "There is more than one candidate; choose one of them."}}
    product.answers.decided[3] = "edit", "Lyons"
    product.answers.written = [Entry("update", Side.REZORA, "91", "c1", "city", id=7, run_id=3)]
    given = (await browser.get(f"{api}/3/answer")).json
    assert [given[name] for name in ("hold", "action", "value", "by", "at")] == [
        3, "edit", "Lyons", "Olivia Owen", NOW - 60
    ]  # fmt: skip
    assert [one["id"] for one in given["written"]] == [7]
    back = await browser.ask("POST", f"{api}/3/take-back", b"", sent)
    assert (back.json["id"], back.json["decided"]) == (3, "")
    assert product.asked == [
        ("resolve all", "both_changed", "ignore", "the API"),
        ("take back", 3, "the API"),
    ]
    assert (await browser.get(f"{api}/counts")).json["both_changed"] == 1
    product.failure = NotPossible("A sync is under way.", "Look again.")
    assert (await browser.get(f"{api}/3/answer")).status == 409
    refused = await browser.ask("POST", f"{api}/3/take-back", b"", sent)
    assert (refused.status, refused.json["error"]) == (409, "A sync is under way.")
