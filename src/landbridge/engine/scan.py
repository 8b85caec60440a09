"""Reading both sides whole, page by page, into what the store has observed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.engine.work import Stage, Work
from landbridge.store import journal, links, observed, runs, suppression
from landbridge.store.driver import renew
from landbridge.store.journal import OpenHold
from landbridge.store.observed import Sighting
from landbridge.store.suppression import Suppressed
from landbridge.sync.consent import restrictions
from landbridge.sync.mapping import check_custom_fields
from landbridge.sync.model import Record, Side
from landbridge.systems.base import Page

BREATH = 100  # fingerprints at a stretch, a few milliseconds


async def prepare(work: Work, stage: Stage) -> Stage:
    """Check what the mapping needs before anything is read; one read only if custom fields are mapped."""
    mapped = [name for rule in work.policy.rules for name in rule.highlevel] + [
        rule.highlevel_field for rule in work.policy.labels
    ]
    if any(name.startswith("customFields.") for name in mapped):
        known = await work.systems[Side.HIGHLEVEL].custom_fields()
        work.progress.counts["reads"] += 1
        check_custom_fields(work.policy, {found.id: found.type for found in known})
    if not work.dry:
        async with work.database.write() as connection:
            await renew(connection, work.lease, work.clock.now())
            await journal.close_begun(connection, work.bridge.id)
            if stage.doubt:
                await links.doubt(connection, work.bridge.id)
                kept = work.waterline.suppressed(work.bridge.id)
                await suppression.remember(connection, work.bridge.id, kept, work.clock.now())
    return stage.to("highlevel")


async def read_highlevel(work: Work, stage: Stage) -> Stage:
    """One page of contacts; the cursor is HighLevel's own (``searchAfter``)."""
    if not stage.cursor:
        await _wait_for_the_index(work)
    page = await work.systems[Side.HIGHLEVEL].contacts(stage.cursor or None)
    work.progress.counts["reads"] += 1
    done = work.progress.done + len(page.records)
    work.show("Reading HighLevel", done, max(page.total or 0, done))
    note_listed(work, page.records)
    following = stage.to("highlevel", page.cursor) if page.cursor is not None else stage.to("rezora")
    await _keep(work, Side.HIGHLEVEL, page, following)
    return following


async def _wait_for_the_index(work: Work) -> None:
    """A create without an answer shows in a search only some seconds later: look no earlier than that."""
    async with work.database.read() as connection:
        intents = await links.open_intents(connection, work.bridge.id)
    newest = max((intent.at for intent in intents if intent.side is Side.HIGHLEVEL), default=None)
    if newest is not None:
        lag = work.config.index_lag_seconds
        left = newest + lag - work.clock.now()
        if left > 0:
            await work.clock.sleep(min(left, lag))  # our own clock may have been put back


def note_listed(work: Work, records: Sequence[Record]) -> None:
    """Remember the newest change that a listing of HighLevel showed."""
    now = work.clock.now()
    work.listing = (work.listing[0] if work.listing else now, now)
    times = [at for record in records if (at := changed_at(record)) is not None]
    if times:
        work.listed = max(times) if work.listed is None else max(work.listed, *times)


def next_beginning(work: Work) -> float | None:
    """Up to when HighLevel is listed for sure: what moved while the pages came may be in none of them."""
    if work.listed is None or work.listing is None:
        return None
    return work.listed - max(0.0, work.listing[1] - work.listing[0])


async def read_rezora(work: Work, stage: Stage) -> Stage:
    """Everything that Rezora has."""
    work.show("Reading Rezora", 0, 0)
    page = await list_rezora(work)
    work.show("Reading Rezora", len(page.records), len(page.records))
    await _keep(work, Side.REZORA, page, stage.to("suppress"))
    return stage.to("suppress")


async def list_rezora(work: Work) -> Page:
    """Everything in one answer: the API has no paging (rezora.md 1.2); then the mapped lists."""
    page = await work.systems[Side.REZORA].contacts()
    work.progress.counts["reads"] += 1
    memberships = await _memberships(work)
    if memberships is not None:
        records = [
            replace(record, labels=frozenset(memberships.get(record.id, ()))) for record in page.records
        ]
        page = Page(records, page.cursor, page.total)
    return page


async def sights(work: Work, records: Sequence[Record]) -> list[Sighting]:
    """Fingerprints of many records; calls under way go on meanwhile."""
    seen = []
    for number, record in enumerate(records):
        if number % BREATH == 0:
            await asyncio.sleep(0)
        seen.append(work.sight(record))
    return seen


async def read_again(work: Work, side: Side, record_id: str) -> Sighting:
    """Read one contact by id; raises ``Gone`` only on proof.

    Rezora shows no list membership on a contact: what the run read of it stands. A field that a listing
    showed as empty, and that this read leaves out, is empty: HighLevel's two reads differ in that.
    """
    record = await work.systems[side].contact(record_id)
    work.progress.counts["reads"] += 1
    async with work.database.read() as connection:
        before = await observed.one(connection, work.bridge.id, side, record_id)
    if before is not None:
        left_out = {n: "" for n, v in before.record.fields.items() if not v and n not in record.fields}
        labels = before.record.labels if record.labels is None else record.labels
        record = replace(record, fields={**record.fields, **left_out}, labels=labels)
    sight = work.sight(record)
    if before is None:
        return replace(sight, first_seen=work.clock.now())
    return replace(
        sight,
        partner=before.partner,
        first_seen=before.first_seen if before.print == sight.print else work.clock.now(),
        lifted=(before.lifted or before.record.opted_out is True) and record.opted_out is False,
    )


async def remember(work: Work, sights: Sequence[Sighting]) -> None:
    """Keep what was read by id; for a while a search does not replace it by something older."""
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await observed.save(
            connection, work.bridge.id, work.run_id, sights, now, now + work.config.index_lag_seconds
        )
        await learn_restrictions(work, connection, sights)


async def take_in(
    work: Work, connection: AsyncConnection, side: Side, seen: Sequence[Sighting], fresh_seconds: float = 0.0
) -> None:
    """Remember what people did on one side; a new opt-out ends that somebody took an older one back.

    ``fresh_seconds`` is given for records read by id: for so long a search does not replace them.
    """
    now = work.clock.now()
    out = [sight.record.id for sight in seen if sight.record.opted_out]
    new = await observed.newly_out(connection, work.bridge.id, side, out) if out else []
    fresh_until = now + fresh_seconds if fresh_seconds else 0.0
    await observed.save(connection, work.bridge.id, work.run_id, seen, now, fresh_until)
    await observed.forget_lifts(connection, work.bridge.id, side, new)
    await learn_restrictions(work, connection, seen)


async def learn_restrictions(work: Work, connection: AsyncConnection, sights: Sequence[Sighting]) -> None:
    """What these records say about who must not be written to, without saying whom; never forgotten."""
    found = [
        Suppressed(work.addresses.key(one.address), one.channel, one.level, sight.record.side.value)
        for sight in sights
        for one in restrictions(sight.record, work.policy.default_country)
    ]
    work.waterline.suppress(work.bridge.id, found)
    await suppression.remember(connection, work.bridge.id, found, work.clock.now())


async def learn_labels(work: Work) -> None:
    """Read the lists the mapping speaks of, once a run, and only if it speaks of any."""
    if work.labels or not wanted_labels(work):
        return
    found = await work.systems[Side.REZORA].labels()
    work.progress.counts["reads"] += 1
    work.labels = {label.name.casefold(): label for label in found}


def wanted_labels(work: Work) -> list[str]:
    """Names of the Rezora lists that the mapping speaks of."""
    names = [rule.list for rule in work.policy.labels if rule.list]
    if work.policy.default_list:
        names.append(work.policy.default_list)
    names += [rule.list for rule in work.policy.lists]
    return list(dict.fromkeys(names))


async def _memberships(work: Work) -> dict[str, set[str]] | None:
    """Contact id to the names of its mapped lists: one read a list, as no inverse view is documented."""
    wanted = wanted_labels(work)
    if not wanted:
        return None
    await learn_labels(work)
    await _miss_lists(work)
    lists: dict[str, set[str]] = defaultdict(set)
    for name in wanted:
        if name.casefold() in work.labels:
            for contact_id in await work.systems[Side.REZORA].members(work.labels[name.casefold()]):
                lists[contact_id].add(name)
            work.progress.counts["reads"] += 1
    return lists


async def _miss_lists(work: Work) -> None:
    """A list that was there once and is gone, or has another name, takes no tag off anybody: it is shown."""
    names = {rule.list for rule in work.policy.labels if rule.list}
    missing = {name for name in names if name.casefold() not in work.labels}
    if missing:
        async with work.database.read() as connection:
            kept = await links.every(connection, work.bridge.id)
        missing = {name for name in missing if any(f"label:{name}" in one.link.base_rezora for one in kept)}
    if not missing:
        return  # the mapping is new, and the lists it needs are made
    work.leave_out_lists({name.casefold() for name in missing})
    if not work.dry:
        now = work.clock.now()
        holds = [OpenHold("list_missing", rule=name) for name in sorted(missing)]
        async with work.database.write() as connection:
            await renew(connection, work.lease, now)
            await journal.save_holds(connection, work.bridge.id, work.run_id, holds, now)


async def _keep(work: Work, side: Side, page: Page, following: Stage) -> None:
    """Store a page, the opt-outs in it and the cursor behind it in one transaction."""
    seen = await sights(work, page.records)
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await take_in(work, connection, side, seen)
        await runs.advance(
            connection,
            work.run_id,
            following.text(),
            work.progress.done,
            work.progress.total,
            work.progress.counts,
        )
    work.known = None


def is_settling(work: Work, sight: Sighting, *, known: bool) -> bool:
    """Was the record edited so shortly ago that somebody may still be typing?

    HighLevel tells when; of Rezora we know when we first saw it so, which says nothing of a first sync.
    A time that lies in the future delays nothing: no clock but ours is relied on (property L10).
    """
    wait = work.policy.settle_seconds
    if not wait:
        return False
    if (sight.record.side, sight.record.id) in work.touched:
        return False
    changed = changed_at(sight.record)
    if changed is None and not (known or work.synced_before):
        return False
    return 0 <= work.clock.now() - (sight.first_seen if changed is None else changed) < wait


def changed_at(record: Record) -> float | None:
    """When the side says the record was changed last, in epoch seconds; None when it does not say."""
    return epoch(record.changed_at) if record.changed_at else None


def epoch(text: str) -> float | None:
    """ISO 8601 with a zone, or None."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
