"""Private calendars over a real store: secrets, what is in them, who is told, and how an address dies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from sqlalchemy import text

from calendar_scenes import ADA, Scene, appointment, feeds_over, scene, secret_of, task
from landbridge.engine.answers import NotPossible
from landbridge.engine.feeds import AHEAD, BACK, REPEATING_BACK
from landbridge.store.database import StoreFailure
from landbridge.sync.model import Side
from web_scenes import NOW


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def uids(content: bytes) -> set[str]:
    return {str(part["uid"]) for part in Calendar.from_ical(content).subcomponents if "uid" in part}


async def raw(made: Scene) -> bytes:
    """All that the database file holds of feeds."""
    async with made.database.read() as connection:
        rows = (await connection.execute(text("SELECT token, sealed FROM feed"))).all()
    return b"".join(row.token.encode() + row.sealed for row in rows)


async def test_an_address_has_256_bits_and_the_store_only_a_hash_and_a_sealed_copy() -> None:
    async with scene() as made:
        address = (await made.feeds.renew(made.bridge)).address
        secret = secret_of(address)
        assert address == f"https://bridge.example.com/feeds/{secret}.ics"
        assert len(secret) == 43
        assert (await made.feeds.show(made.bridge)).address == address
        stored = await raw(made)
        assert secret.encode() not in stored
        assert stored


async def test_a_new_address_kills_the_old_one_and_revoking_kills_both() -> None:
    async with scene() as made:
        assert (await made.feeds.show(made.bridge)).address == ""
        first = secret_of((await made.feeds.renew(made.bridge)).address)
        assert await made.feeds.read(first) is not None
        second = secret_of((await made.feeds.renew(made.bridge)).address)
        assert first != second
        assert await made.feeds.read(first) is None
        assert await made.feeds.read(second) is not None
        await made.feeds.revoke(made.bridge)
        assert await made.feeds.read(second) is None
        assert (await made.feeds.show(made.bridge)).address == ""
        with pytest.raises(NotPossible, match="no calendar address"):
            await made.feeds.revoke(made.bridge)


async def test_another_key_opens_nothing_and_says_what_to_do() -> None:
    async with scene() as made:
        secret = secret_of((await made.feeds.renew(made.bridge)).address)
        other = feeds_over(made.database, made.clock, b"o" * 32)
        with pytest.raises(StoreFailure, match="another key") as caught:
            await other.show(made.bridge)
        assert "new address" in caught.value.fix
        assert await other.read(secret) is not None  # reading needs no key
        assert (await other.renew(made.bridge)).address


async def test_a_sealed_address_of_another_bridge_does_not_open() -> None:
    async with scene() as made:
        await made.feeds.renew(made.bridge)
        async with made.database.write() as connection:
            await connection.execute(text("UPDATE feed SET bridge_id = bridge_id + 1"))
        stranger = type(made.bridge)(
            made.bridge.id + 1, "other", made.bridge.highlevel, made.bridge.rezora, made.bridge.policy
        )
        with pytest.raises(StoreFailure):
            await made.feeds.show(stranger)


async def test_it_is_noted_when_it_was_read_but_not_each_time() -> None:
    async with scene() as made:
        await made.feeds.renew(made.bridge)
        assert (await made.feeds.show(made.bridge)).read_at is None
        for seconds, noted in ((0, 0), (30, 0), (61, 61)):
            made.clock.at = NOW + seconds
            await made.read()
            assert (await made.feeds.show(made.bridge)).read_at == NOW + noted


async def test_the_window_and_the_side() -> None:
    seen = [
        appointment("past", start=at(NOW - BACK + 60)),
        appointment("older", start=at(NOW - BACK - 60)),
        appointment("ahead", start=at(NOW + AHEAD - 60)),
        appointment("later", start=at(NOW + AHEAD + 60)),
        appointment("series", start=at(NOW - REPEATING_BACK), recurrence="FREQ=WEEKLY"),
        appointment("blank", start=at(NOW - REPEATING_BACK), recurrence=""),
        appointment("theirs", side=Side.REZORA, start=at(NOW)),
        task("due", due=at(NOW)),
    ]
    async with scene(seen) as made:
        await made.feeds.renew(made.bridge)
        content = await made.read()
    assert uids(content) == {
        "appointment-past@landbridge",
        "appointment-ahead@landbridge",
        "appointment-series@landbridge",
        "task-due@landbridge",
    }


async def test_the_calendar_has_names_the_zone_of_the_location_and_no_addresses() -> None:
    async with scene([appointment("a", start="2026-11-25T07:00:00Z", end="2026-11-26T07:00:00Z")]) as made:
        await made.feeds.renew(made.bridge)
        content = await made.read()
    assert b"SUMMARY:Showing" in content
    assert b"Ada Brook" in content
    assert b"DTSTART;VALUE=DATE:20261125" in content
    assert b"example.net" not in content
    assert ADA.encode() not in content
    assert Calendar.from_ical(content)["x-wr-calname"] == "Harbor Street – Landbridge"


async def test_tasks_can_be_read_as_events() -> None:
    async with scene([task("t", due=at(NOW))]) as made:
        await made.feeds.renew(made.bridge)
        assert b"BEGIN:VTODO" in await made.read()
        assert b"BEGIN:VTODO" not in await made.read(tasks_as_events=True)
