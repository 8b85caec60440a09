"""Reading both sides whole, page by page, into what the store has observed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from landbridge.engine.work import Stage, Work
from landbridge.store import observed, runs
from landbridge.store.driver import renew
from landbridge.sync.mapping import check_custom_fields
from landbridge.sync.model import Side
from landbridge.systems.base import Page


async def prepare(work: Work, stage: Stage) -> Stage:
    """Check what the mapping needs before anything is read; one read only if custom fields are mapped."""
    mapped = [
        name for rule in work.policy.rules for name in rule.highlevel if name.startswith("customFields.")
    ]
    if mapped:
        known = await work.systems[Side.HIGHLEVEL].custom_fields()
        work.progress.counts["reads"] += 1
        check_custom_fields(work.policy, {found.id: found.type for found in known})
    return stage.to("highlevel")


async def read_highlevel(work: Work, stage: Stage) -> Stage:
    """One page of contacts; the cursor is HighLevel's own (``searchAfter``)."""
    page = await work.systems[Side.HIGHLEVEL].contacts(stage.cursor or None)
    work.progress.counts["reads"] += 1
    done = work.progress.done + len(page.records)
    work.show("Reading HighLevel", done, max(page.total or 0, done))
    following = stage.to("highlevel", page.cursor) if page.cursor is not None else stage.to("rezora")
    await _keep(work, page, following)
    return following


async def read_rezora(work: Work, stage: Stage) -> Stage:
    """Everything in one answer: the API has no paging (rezora.md 1.2); then the mapped lists."""
    work.show("Reading Rezora", 0, 0)
    page = await work.systems[Side.REZORA].contacts()
    work.progress.counts["reads"] += 1
    memberships = await _memberships(work)
    if memberships is not None:
        records = [
            replace(record, labels=frozenset(memberships.get(record.id, ()))) for record in page.records
        ]
        page = Page(records, page.cursor, page.total)
    work.show("Reading Rezora", len(page.records), len(page.records))
    await _keep(work, page, stage.to("match"))
    return stage.to("match")


async def learn_labels(work: Work) -> None:
    """Read the lists the mapping speaks of, once a run, and only if it speaks of any."""
    if work.labels or not wanted_labels(work):
        return
    found = await work.systems[Side.REZORA].labels()
    work.progress.counts["reads"] += 1
    work.labels = {label.name.casefold(): label for label in found}


def wanted_labels(work: Work) -> list[str]:
    """Names of the Rezora lists that the mapping fills."""
    names = [rule.list for rule in work.policy.labels]
    if work.policy.default_list:
        names.append(work.policy.default_list)
    return list(dict.fromkeys(names))


async def _memberships(work: Work) -> dict[str, set[str]] | None:
    """Contact id to the names of its mapped lists: one read a list, as no inverse view is documented."""
    wanted = wanted_labels(work)
    if not wanted:
        return None
    await learn_labels(work)
    lists: dict[str, set[str]] = defaultdict(set)
    for name in wanted:
        if name.casefold() in work.labels:
            for contact_id in await work.systems[Side.REZORA].members(work.labels[name.casefold()]):
                lists[contact_id].add(name)
            work.progress.counts["reads"] += 1
    return lists


async def _keep(work: Work, page: Page, following: Stage) -> None:
    """Store a page and the cursor behind it in one transaction."""
    seen = [work.sight(record) for record in page.records]
    async with work.database.write() as connection:
        await renew(connection, work.lease, work.clock.now())
        await observed.save(connection, work.bridge.id, work.run_id, seen)
        await runs.advance(
            connection,
            work.run_id,
            following.text(),
            work.progress.done,
            work.progress.total,
            work.progress.counts,
        )
