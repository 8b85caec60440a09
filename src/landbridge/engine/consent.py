"""Opt-outs before everything else: whoever shares an opted-out address is unsubscribed in Rezora first."""

from __future__ import annotations

from contextlib import suppress as suppress_errors

from landbridge.engine.scan import learn_labels, wanted_labels
from landbridge.engine.work import Stage, Work
from landbridge.store import journal, observed
from landbridge.store.driver import renew
from landbridge.store.journal import Entry, OpenHold
from landbridge.sync.model import Side
from landbridge.systems.base import Gone, Rejected


async def suppress(work: Work, stage: Stage) -> Stage:
    """Every sendable Rezora contact of an address that opted out anywhere, linked to anybody or not.

    An opt-out belongs to the address (property S8), comes before any other write (section 5), and is not
    held back by the brake: it only ever means less e-mail.
    """
    if not work.policy.opt_out:
        return stage.to("weigh")
    async with work.database.read() as connection:
        addresses = await observed.suppressed(connection, work.bridge.id, work.run_id)
        contacts = await observed.sendable_in(connection, work.bridge.id, work.run_id, addresses)
    work.show("Carrying opt-outs", 0, len(contacts))
    for contact_id in contacts:
        await _opt_out(work, contact_id)
        work.step()
    return stage.to("weigh")


async def carry_opt_out(work: Work, contact_id: str, source_id: str = "") -> tuple[list[Entry], bool]:
    """Write, read back; where it did not stick, take the contact off the lists we fill (rezora.md 4.3).

    Returns what to put into the journal, and whether Rezora shows the contact as unsubscribed now.
    """
    rezora = work.systems[Side.REZORA]
    await rezora.opt_out(contact_id)
    work.progress.counts["opted_out"] += 1
    work.progress.counts["writes"] += 1
    entries = [Entry("opt_out", Side.REZORA, contact_id, source_id, rule="consent")]
    stuck = (await rezora.contact(contact_id)).opted_out is True
    work.progress.counts["reads"] += 1
    if not stuck:
        await learn_labels(work)
        for name in wanted_labels(work):
            if name.casefold() in work.labels:
                with suppress_errors(Gone, Rejected):  # not on that list
                    await rezora.remove_label(contact_id, work.labels[name.casefold()])
                work.progress.counts["writes"] += 1
                entries.append(Entry("leave", Side.REZORA, contact_id, source_id, f"list {name}"))
    return entries, stuck


async def _opt_out(work: Work, contact_id: str) -> None:
    """One contact, and what became of it."""
    entries, stuck = await carry_opt_out(work, contact_id)
    now = work.clock.now()
    async with work.database.write() as connection:
        await renew(connection, work.lease, now)
        await journal.write(connection, work.bridge.id, work.run_id, entries, now)
        if stuck:
            await observed.set_opted_out(connection, work.bridge.id, contact_id)
        else:
            hold = OpenHold("opt_out_did_not_stick", "", contact_id)
            await journal.save_holds(connection, work.bridge.id, work.run_id, [hold], now)
