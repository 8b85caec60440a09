"""Reading tasks, notes and appointments of both sides into what the store remembers of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.activity_kinds import Carried, carried
from landbridge.engine.apply import FAILURES_IN_A_ROW
from landbridge.engine.together import together
from landbridge.engine.work import Stage, Work
from landbridge.store import activities, activity_links, due, journal, links, runs, watermarks
from landbridge.store.driver import renew
from landbridge.store.due import Due, Urgency
from landbridge.store.journal import Entry
from landbridge.store.links import KeptLink
from landbridge.sync.activity import Activity
from landbridge.sync.activity_plan import Sent
from landbridge.sync.model import Kind, Side
from landbridge.systems.base import Forbidden, Gone, Malformed, Rejected, SystemFailure, Unavailable

SLICE = 100  # pairs of contacts between two commits

Reading = tuple[Side, Kind]


async def read_listed(work: Work, stage: Stage) -> Stage:
    """One page of a kind that a side lists for the whole account; then the next kind, then the contacts.

    The cursor is the number of the listing and the side's own cursor, as in ``1:abc``.
    """
    listings = [
        (side, one.kind)
        for one in carried(work)
        for side in sorted(one.readable)
        if one.kind in work.systems[side].activities.listed
    ]
    number, _, cursor = stage.cursor.partition(":")
    place = int(number or 0)
    if place >= len(listings):
        return stage.to("read_contacts" if carried(work) else "lists")
    side, kind = listings[place]
    work.show(f"Reading {kind.value}s of {side.title}", work.progress.done, 0)
    try:
        page = await work.systems[side].activities.listing(kind, cursor or None)
    except Forbidden:
        if kind in work.systems[side].activities.listed:
            raise
        return stage.to("activities", f"{place}:")  # it is read contact by contact, if that is allowed
    work.progress.counts["reads"] += 1
    last = page.cursor is None
    following = stage.to("activities", f"{place + 1}:" if last else f"{place}:{page.cursor}")
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await activities.save(connection, work.bridge.id, work.run_id, page.records)
        if last:
            await activities.forget_unseen(connection, work.bridge.id, side, kind, work.run_id)
        await _advance(work, connection, following)
    return following


async def read_contacts(work: Work, stage: Stage) -> Stage:
    """Some contacts, each of whose kinds that are in no listing is one call a side (highlevel.md 3.1).

    A sync does so for everybody once a day, or when it is asked to be thorough; in between for those who were
    linked since, and events name the contacts that moved.
    """
    if not stage.swept_from:
        stage = msgspec.structs.replace(stage, swept_from=work.clock.now())
    swept, fresh_since = await _sweeps(work, stage)
    async with work.database.read() as connection:
        bridge_id = work.bridge.id
        some: list[KeptLink] = []
        if fresh_since:
            since = min(fresh_since.values())
            some = await links.after(connection, bridge_id, stage.swept, SLICE, made_after=since)
        made = await links.made_at(connection, [kept.id for kept in some])
        total = 0 if stage.swept else await links.count(connection, bridge_id)
    if not some:
        await _note_sweep(work, swept, stage.swept_from)
        return replace_swept(stage.to("weigh_activities"), 0)
    if swept and not stage.swept:
        work.show("Reading the activities of each contact", 0, total)
    wanted = [
        (kept, reading)
        for kept in some
        for reading, since in fresh_since.items()
        if made.get(kept.id, 0.0) > since or not since
    ]
    work.progress.done += len(some) if swept else 0
    following = replace_swept(stage, some[-1].id)
    failed: Failed = []
    found = await read_some(work, wanted, failed)
    await _again_later(work, failed)
    await keep(work, found, following)
    return following


async def _again_later(work: Work, failed: Failed) -> None:
    """Contacts that could not be read are due: live work reads them again, some times."""
    if failed:
        work.progress.counts["failed"] += len(failed)
    if not failed or work.dry:
        return
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        named = [
            Due(Side.HIGHLEVEL, kept.link.highlevel_id, Urgency.SCAN, kind, cause="poll")
            for kept, _, kind, _ in failed
        ]
        await due.name(connection, work.bridge.id, named, now)
        entries = [
            Entry("failed", side, kept.link.id(side), note=f"Its {kind.value}s: {failure.sentence}")
            for kept, side, kind, failure in failed
        ]
        await journal.write(connection, work.bridge.id, work.run_id, entries, now)


def replace_swept(stage: Stage, swept: int) -> Stage:
    """The stage, with the link up to which the contacts were read; 0 ends the reading."""
    return msgspec.structs.replace(stage, swept=swept, swept_from=stage.swept_from if swept else 0.0)


async def _sweeps(work: Work, stage: Stage) -> tuple[list[Reading], dict[Reading, float]]:
    """What is read of everybody in this run; and for all readings, of links made since when."""
    everybody: list[Reading] = []
    since: dict[Reading, float] = {}
    async with work.database.read() as connection:
        for one in carried(work):
            for side in sorted(one.readable):
                if one.kind in work.systems[side].activities.listed:
                    continue
                last = await watermarks.read(connection, work.bridge.id, side, one.kind)
                recent = last is not None and 0 <= stage.swept_from - last < work.config.sweep_seconds
                whole = stage.thorough or stage.doubt or not recent
                since[side, one.kind] = 0.0 if whole or last is None else last
                if whole:
                    everybody.append((side, one.kind))
    return everybody, since


async def _note_sweep(work: Work, readings: Sequence[Reading], began: float) -> None:
    """From when on somebody is new; a dry run has read for nobody but itself."""
    if work.dry or not readings:
        return
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        for side, kind in readings:
            await watermarks.move(connection, work.bridge.id, side, began, kind)


Found = list[tuple[KeptLink, Side, Kind, Sequence[Activity]]]


Failed = list[tuple[KeptLink, Side, Kind, SystemFailure]]


async def read_some(
    work: Work, wanted: Sequence[tuple[KeptLink, Reading]], failed: Failed | None = None
) -> Found:
    """Whole contacts, some calls at a time; a contact that is gone has no activities that matter.

    One that cannot be read is noted in ``failed`` and stops nobody else; a kind that an account does not
    allow is read no further in this run.
    """
    found: Found = []
    in_a_row: Failed = []

    async def read(one: tuple[KeptLink, Reading]) -> None:
        kept, (side, kind) = one
        if kind in work.lacking:
            return
        try:
            shown = await work.systems[side].activities.of_contact(kind, kept.link.id(side))
        except (Gone, Rejected):
            return  # the next sync of contacts finds out what became of this one
        except Forbidden as failure:
            work.lacking[kind] = failure
            return
        except (Unavailable, Malformed) as failure:
            in_a_row.append((kept, side, kind, failure))
            if failed is None or len(in_a_row) >= FAILURES_IN_A_ROW:
                raise  # it is the system that fails, not the contact
            failed.append(in_a_row[-1])
            return
        in_a_row.clear()
        work.progress.counts["reads"] += 1
        found.append((kept, side, kind, shown))

    _, stop = await together(wanted, work.config.concurrency, read)
    if stop is not None:
        raise stop
    return found


async def keep(work: Work, found: Found, following: Stage | None = None) -> None:
    """Remember contacts that were read whole, and nothing of theirs that was not shown."""
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        for kept, side, kind, shown in found:
            ids = [one.id for one in shown if not one.deleted]
            await activities.keep_only(connection, work.bridge.id, side, kind, kept.link.id(side), ids)
        seen = [one for *_, shown in found for one in shown]
        await activities.save(connection, work.bridge.id, work.run_id, seen)
        if following is not None:
            await _advance(work, connection, following)


async def _advance(work: Work, connection: AsyncConnection, following: Stage) -> None:
    progress = work.progress
    await runs.advance(
        connection, work.run_id, following.text(), progress.done, progress.total, progress.counts
    )


async def read_unsettled(work: Work, some: Sequence[KeptLink], kinds: Sequence[Carried]) -> None:
    """Contacts with a create whose answer was lost: a listing may trail it, their own view does not.

    Of both sides, as what is sent again must still be there.
    """
    async with work.database.read() as connection:
        known = await activity_links.ties(connection, work.bridge.id, [kept.id for kept in some])
    wanted = [
        (kept, (side, one.kind))
        for kept in some
        for one in kinds
        for side in sorted(one.readable)
        if any(sent.open for sent in _sent(known, kept, one.kind))
    ]
    if wanted:
        await keep(work, await read_some(work, wanted, []))


def _sent(known: dict[tuple[int, Kind], activity_links.Ties], kept: KeptLink, kind: Kind) -> Sequence[Sent]:
    ties = known.get((kept.id, kind))
    return ties.sent if ties else ()
