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

from inprocess import new_database
from landbridge.access.roles import Person, Role
from landbridge.engine.answers import NotPossible
from landbridge.engine.journal_book import JournalBook
from landbridge.engine.undo import UndoOrder
from landbridge.store import journal
from landbridge.store.database import Database
from landbridge.store.journal import Entry
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
