"""Saved mappings, own fields, examples; pause, disconnect, erase, and a bridge's own data; the whole way."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from landbridge.connections import probed
from landbridge.engine.answers import NotPossible
from landbridge.engine.mapping_book import own_fields
from landbridge.engine.undo import VALUES_GONE, UndoOrder
from landbridge.mapping_edits import FieldEdit, field_edits, with_fields
from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.store import suppression
from landbridge.store.database import StoreFailure
from landbridge.store.driver import Drivers, owner_name
from landbridge.store.tables import hold, journal, observed, secret
from landbridge.sync.mapping import MappingError
from landbridge.sync.model import Side
from landbridge.sync.scope import Scope
from landbridge.systems.base import NotConnected
from landbridge_rig import Rig, counted, landbridge


async def sync(rig: Rig) -> str:
    rig.bridge = await rig.app.bridges.bridge()
    return (await rig.app.sync(rig.bridge, cause="command")).state


async def test_each_save_keeps_the_former_text_and_any_can_be_taken_again(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 20) as rig:
        book, first = rig.app.mappings, rig.bridge.policy
        saved = await book.save(
            rig.bridge, first.replace('default_country = "US"', 'default_country = "CA"'), by="Ada"
        )
        await book.set_scope(saved, Scope(tags=("vip",)), by="Ben")
        versions = await book.versions(rig.bridge)
        assert [one.saved_by for one in versions] == ["Ben", "Ada", ""]
        assert versions[-1].text == first
        assert 'tags = ["vip"]' in versions[0].text
        assert (await book.go_back(rig.bridge, versions[-1].id, by="Ada")).policy == first
        assert len(await book.versions(rig.bridge)) == 4
        await book.save(rig.bridge, first, by="Ada")  # the same again is no version
        assert len(await book.versions(rig.bridge)) == 4
        with pytest.raises(MappingError, match="not TOML"):
            await book.save(rig.bridge, "[", by="Ada")
        with pytest.raises(NotPossible, match="no mapping number"):
            await book.go_back(rig.bridge, 99, by="Ada")
        assert (await rig.app.bridges.bridge()).policy == first

        # Own fields are asked for once, and from then on a mapping is checked against them.
        assert own_fields(rig.bridge) is None
        unknown = FieldEdit("title", "customFields.nosuchfield", "contact_title", "text")
        text = with_fields(first, [*field_edits(first), unknown])
        book.check(rig.bridge, text)
        read = await book.read_own_fields(rig.bridge)
        bridge = await rig.app.bridges.bridge()
        assert own_fields(bridge) == read
        assert read
        with pytest.raises(MappingError, match="no custom field"):
            book.check(bridge, text)
        marker = bridge.highlevel.capability["marker_field"]
        policy = rig.app.policy_of(bridge)
        assert marker not in str([one.rule for one in book.suggestions(bridge, policy)])

        # Nothing was read yet; then three contacts, from the store alone.
        assert not (await book.samples(bridge, policy)).contacts
        assert await sync(rig) == "done"
        assert await sync(rig) == "done"  # now Rezora's copies are read as well
        calls = counted(rig.sandbox)
        samples = await book.samples(bridge, policy)
        assert counted(rig.sandbox) == calls
        assert len(samples.contacts) == 3
        cell = samples.contacts[0].cells["email"]
        assert cell.shows[Side.HIGHLEVEL] == cell.shows[Side.REZORA] != ""
        assert cell.writes == {}
        # Under another mapping the same contacts would be written to.
        other = with_fields(
            first, [*field_edits(first), FieldEdit("as title", "city", "contact_title", "text", "to_rezora")]
        )
        changed = await book.samples(bridge, book.check(bridge, other))
        cells = [one.cells["as title"] for one in changed.contacts]
        told = [{Side.REZORA: city} if (city := one.shows[Side.HIGHLEVEL]) else {} for one in cells]
        assert [one.writes for one in cells] == told
        assert any(told)
        assert await book.synced(bridge)


async def test_a_paused_bridge_starts_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 20) as rig:
        assert await sync(rig) == "done"
        settings = rig.app.bridge_settings
        paused = await settings.pause(rig.bridge, by="Ada")
        assert (paused.paused_by, paused.stopped) == ("Ada", True)
        again = await settings.pause(paused, by="Ben")
        assert again.paused_by == "Ada"
        assert (await rig.app.status(paused)).sentence.startswith("Paused since ")
        assert (await rig.app.status(paused)).sentence.endswith(" by Ada.")
        assert [one.next_at for one in await rig.app.timings(paused)] == [None, None]
        with pytest.raises(NotPossible, match="Paused since"):
            rig.app.start_sync(paused, cause="page")
        with pytest.raises(NotPossible, match="Paused since"):
            rig.app.look_for_changes(paused)
        with pytest.raises(NotPossible, match="Paused since"):  # also for whoever knows an older bridge
            await rig.app.sync(rig.bridge, cause="command")
        with pytest.raises(NotPossible, match="Paused since"):
            await rig.app.live(rig.bridge)
        with pytest.raises(NotPossible, match="Paused since"):
            await rig.app.ask(paused, ["x"], cause="page")
        dry = await rig.app.plan(paused)
        assert dry.run.state == "done"

        resumed = await settings.resume(paused)
        assert resumed.stopped is False
        assert await sync(rig) == "done"


async def test_what_is_due_waits_for_the_end_of_the_pause(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 10) as rig:
        assert await sync(rig) == "done"
        someone = next(one for one in rig.highlevel_contacts() if one.get("email"))
        assert await rig.app.ask(rig.bridge, [someone["id"]], cause="page") == 1
        await rig.app.bridge_settings.pause(rig.bridge, by="Ada")
        await rig.app._crew.look()
        assert not rig.app._crew.busy(rig.bridge.id)
        assert (await rig.app.status(rig.bridge)).due == 1
        await rig.app.bridge_settings.resume(await rig.app.bridges.bridge())
        await rig.app._crew.look()
        assert rig.app._crew.busy(rig.bridge.id)
        await rig.app._crew._tasks[rig.bridge.id]
        assert (await rig.app.status(rig.bridge)).due == 0


async def test_a_disconnected_account_comes_back_without_duplicates(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 20) as rig:
        assert await sync(rig) == "done"
        writes, people = rig.mutating(), len(rig.rezora_contacts())
        settings = rig.app.bridge_settings
        with pytest.raises(NotPossible, match="not the name"):
            await settings.disconnect(rig.bridge, Side.HIGHLEVEL, "tset", by="Ada")
        made = await settings.disconnect(rig.bridge, Side.HIGHLEVEL, "test", by="Ada")
        assert "no call that revokes a token" in made.fix
        async with rig.app.database.read() as connection:
            left = (await connection.execute(select(secret.c.account_id))).scalars().all()
        assert left == [rig.bridge.rezora.id]
        with pytest.raises(NotConnected):
            await probed(await rig.app._connections.open(made.bridge.highlevel))
        with pytest.raises(NotPossible, match=r"HighLevel was disconnected .* by Ada"):
            await sync(rig)
        assert (await rig.app.status(made.bridge)).sentence.startswith("HighLevel was disconnected")
        await rig.app.connect_highlevel(token=FULL_PIT, location=HighLevelConfig().location_id)
        before = rig.mutating()
        assert await sync(rig) == "done"
        assert (rig.mutating() - before, len(rig.rezora_contacts())) == (0, people)
        assert before >= writes


async def test_a_disconnect_does_not_pull_the_credential_from_under_another_process(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 3) as rig:
        lease = await Drivers(rig.app.database).take(rig.bridge.id, owner_name("other"), rig.app.clock.now())
        with pytest.raises(StoreFailure, match="nothing was disconnected"):
            await rig.app.bridge_settings.disconnect(rig.bridge, Side.REZORA, "test", by="Ada")
        bridge = await rig.app.bridges.bridge()
        assert not bridge.stopped
        assert (await probed(await rig.app._connections.open(bridge.rezora))).can_write
        await Drivers(rig.app.database).release(lease)


def traces(file: Path, words: list[str]) -> list[str]:
    """Tables of a database in which one of these words is, whatever their case."""
    found = []
    with closing(sqlite3.connect(file)) as raw:
        for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in raw.execute(f'SELECT * FROM "{table}"'):  # noqa: S608  # names of our own tables
                text = " ".join(
                    cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for cell in row
                ).lower()
                found += [f"{table}: {word}" for word in words if word.lower() in text]
    return sorted(set(found))


async def test_nothing_of_an_erased_person_is_left_but_an_opt_out(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 20) as rig:
        assert await sync(rig) == "done"
        assert await sync(rig) == "done"  # now Rezora's copies are read as well
        bridge, eraser = rig.bridge, rig.app.bridge_settings.eraser
        async with rig.app.database.read() as connection:
            rows = await connection.execute(
                select(observed).where(
                    observed.c.side == "highlevel", observed.c.standing == "equal", observed.c.email != ""
                )
            )
            people = list(rows)
            shared = Counter(row.email for row in people)
            someone = next(row for row in people if row.phone and shared[row.email] == 1)
            before = len((await connection.execute(select(journal.c.id))).all())
        words = [someone.email, someone.name]
        file = Path(rig.app.settings.home) / "landbridge.sqlite3"
        assert {one.split(":")[0] for one in traces(file, words)} >= {"observed", "link", "journal"}
        async with rig.app.database.write() as connection:
            await suppression.remember(
                connection, bridge.id, [suppression.Suppressed(someone.email_key, source="test")], 1.0
            )
            await connection.execute(
                hold.insert().values(
                    bridge_id=bridge.id,
                    run_id=1,
                    cause="both_changed",
                    highlevel_id=someone.id,
                    rezora_id="",
                    rule="city",
                    highlevel_shows=someone.name,
                    rezora_shows="",
                    detail="",
                    opened_at=1.0,
                    seen="",
                    attempts=1,
                    kind="contact",
                )
            )

        (seen,) = await eraser.preview(bridge, f" {someone.email.upper()} ")
        assert (seen.name, seen.remembered) == (someone.name, True)
        assert seen.rows["what both systems showed of the contact"] == 2
        assert traces(file, words)  # a preview removes nothing
        calls = rig.mutating()

        done = await eraser.erase(bridge, seen.record_id, by="Ada")
        assert done == seen
        assert traces(file, words) == []
        assert rig.mutating() == calls
        async with rig.app.database.read() as connection:
            entries = (await connection.execute(select(journal).order_by(journal.c.id))).all()
            closed = await suppression.known(connection, bridge.id)
        assert len(entries) == before + 1
        assert (entries[-1].action, entries[-1].record_id) == ("erased", someone.id)
        assert "Ada" in entries[-1].note
        assert someone.email_key in closed
        order = UndoOrder(run_id=1, created=True)
        undone = (await rig.app.undo(bridge, order, cause="command", preview=True)).lines
        (theirs,) = [line for line in undone if line.record_id == seen.ids[Side.REZORA]]
        assert (theirs.outcome, theirs.reason) == ("skipped", VALUES_GONE)
        with pytest.raises(NotPossible, match="Nobody"):
            await eraser.preview(bridge, someone.email)
        with pytest.raises(NotPossible, match="Nobody"):
            await eraser.preview(bridge, "  ")

        # It is read again, as the page says, and nobody is created twice.
        number = len(rig.rezora_contacts())
        assert await sync(rig) == "done"
        assert len(rig.rezora_contacts()) == number
        assert (await eraser.preview(bridge, someone.email))[0].remembered

        lease = await Drivers(rig.app.database).take(bridge.id, owner_name("other"), rig.app.clock.now())
        with pytest.raises(StoreFailure, match="process is working"):
            await eraser.erase(bridge, someone.id, by="Ada")
        await Drivers(rig.app.database).release(lease)


async def test_the_archive_has_everything_and_no_secret(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 20) as rig:
        assert await sync(rig) == "done"
        async with rig.app.database.write() as connection:
            await connection.execute(
                update(observed).where(observed.c.side == "rezora").values(name='=HYPERLINK("x")')
            )
        archive = rig.app.bridge_settings.archive
        pieces = [piece async for piece in archive.chunks(rig.bridge)]
        assert len(pieces) > 5  # not one heap
        raw = b"".join(pieces)
        with zipfile.ZipFile(io.BytesIO(raw)) as opened:
            assert opened.testzip() is None
            files = {name: opened.read(name) for name in opened.namelist()}
        tables = ("standings", "links", "holds", "journal", "activities", "mapping-versions")
        assert set(files) == {
            "README.txt",
            "mapping.toml",
            *(f"{t}.{k}" for t in tables for k in ("csv", "json")),
        }
        assert files["mapping.toml"].decode() == rig.bridge.policy
        for table in tables:
            rows = json.loads(files[f"{table}.json"])
            lines = list(csv.DictReader(io.StringIO(files[f"{table}.csv"].decode())))
            assert len(rows) == len(lines)
        links = json.loads(files["links.json"])
        assert len(links) > 5
        assert links[0]["base_highlevel"]["email"]
        csv_text = files["standings.csv"].decode()
        assert "'=HYPERLINK" in csv_text
        assert ",=HYPERLINK" not in csv_text
        everything = b"".join(files.values())
        assert FULL_PIT.encode() not in everything
        assert archive.name(replace(rig.bridge, name="Büro / 1")).startswith("landbridge-b-ro---1-")


async def test_a_bridge_gets_another_name_that_is_free(tmp_path: Path) -> None:
    async with landbridge(tmp_path / "home", 0) as rig:
        assert (await rig.app.bridge_settings.rename(rig.bridge, "  Shore   Homes ")).name == "Shore Homes"
        for wrong in ("", "x" * 101):
            with pytest.raises(NotPossible, match="Name"):
                await rig.app.bridge_settings.rename(rig.bridge, wrong)
