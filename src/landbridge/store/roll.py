"""Who speaks for a person in lists: HighLevel's record of a linked pair, else the one that there is.

``paired`` and ``speaks`` follow from the links and from what was seen. They are kept beside the records, as
to find them out for 100,000 contacts takes longer than a page may. Whoever changes a link tells it here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, false, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.rows import batches
from landbridge.store.tables import link, observed, run
from landbridge.sync.model import Kind, Side


async def refresh(connection: AsyncConnection, bridge_id: int, side: Side, ids: Sequence[str]) -> None:
    """Links of these records were made or ended, or one of their partners is gone: tell it anew."""
    for some in batches(list(ids)):
        query = update(observed).where(
            observed.c.bridge_id == bridge_id, observed.c.side == side.value, observed.c.id.in_(some)
        )
        await connection.execute(query.values(paired=_linked(side), speaks=_speaks(bridge_id, side)))


async def take_up(connection: AsyncConnection, bridge_id: int, side: Side, ids: Sequence[str]) -> None:
    """Records that were seen: some are new and linked already, and HighLevel's speak for their partners."""
    for some in batches(list(ids)):
        new = update(observed).where(
            observed.c.bridge_id == bridge_id,
            observed.c.side == side.value,
            observed.c.id.in_(some),
            observed.c.paired.is_(False),
            _linked(side),
        )
        await connection.execute(new.values(paired=true(), speaks=_speaks(bridge_id, side)))
        if side is Side.HIGHLEVEL:
            theirs = select(link.c.rezora_id).where(*_live(bridge_id), link.c.highlevel_id.in_(some))
            spoken_for = update(observed).where(
                observed.c.bridge_id == bridge_id,
                observed.c.side == Side.REZORA.value,
                observed.c.id.in_(theirs),
                observed.c.speaks.is_(True),
            )
            await connection.execute(spoken_for.values(speaks=false()))


async def settle(connection: AsyncConnection, bridge_id: int, since: int) -> None:
    """At the end of a whole run: whose partner it did not see speaks, whose partner it saw does not."""
    partner = observed.alias()
    there = exists().where(
        *_live(bridge_id),
        link.c.rezora_id == observed.c.id,
        *_record(partner, bridge_id, Side.HIGHLEVEL),
        partner.c.id == link.c.highlevel_id,
        partner.c.run_id >= since,
    )
    ours = (observed.c.bridge_id == bridge_id, observed.c.side == Side.REZORA.value)
    told = update(observed).where(*ours, observed.c.speaks.is_(True), there)
    await connection.execute(told.values(speaks=false()))
    missed = (
        select(link.c.rezora_id)
        .join(
            partner, and_(*_record(partner, bridge_id, Side.HIGHLEVEL), partner.c.id == link.c.highlevel_id)
        )
        .where(*_live(bridge_id), partner.c.speaks.is_(True), partner.c.run_id < since)
    )
    alone = update(observed).where(*ours, observed.c.id.in_(missed), observed.c.read_only.is_(False))
    await connection.execute(alone.values(speaks=true()))


def speaking(bridge_id: int, since: int, side: Side) -> tuple[ColumnElement[bool], ...]:
    """Records of one side that stand for a person and are there; ``ix_observed_roll`` serves these terms."""
    return (
        observed.c.bridge_id == bridge_id,
        observed.c.side == side.value,
        observed.c.speaks.is_(True),
        observed.c.run_id >= since,
    )


def _linked(side: Side) -> ColumnElement[bool]:
    mine = link.c.highlevel_id if side is Side.HIGHLEVEL else link.c.rezora_id
    return exists().where(*_live(observed.c.bridge_id), mine == observed.c.id)


def _speaks(bridge_id: int, side: Side) -> ColumnElement[bool]:
    """HighLevel's always does; Rezora's only where no linked record of HighLevel is known to be there."""
    if side is Side.HIGHLEVEL:
        return true()
    partner = observed.alias()
    spoken_for = exists().where(
        *_live(bridge_id),
        link.c.rezora_id == observed.c.id,
        *_record(partner, bridge_id, Side.HIGHLEVEL),
        partner.c.id == link.c.highlevel_id,
        partner.c.run_id >= _newest_whole(bridge_id),
    )
    return and_(observed.c.read_only.is_(False), ~spoken_for)


def _newest_whole(bridge_id: int) -> ColumnElement[int]:
    """The newest run that read both sides whole: who was not seen since is not there."""
    ended = (run.c.bridge_id == bridge_id, run.c.state == "done", run.c.purpose.in_(("plan", "sync")))
    return func.coalesce(select(func.max(run.c.id)).where(*ended).scalar_subquery(), 1)


def _record(table: object, bridge_id: int, side: Side) -> tuple[ColumnElement[bool], ...]:
    columns = table.c  # type: ignore[attr-defined]  # an alias of ``observed``
    return columns.bridge_id == bridge_id, columns.side == side.value


def _live(bridge_id: object) -> tuple[ColumnElement[bool], ...]:
    return link.c.bridge_id == bridge_id, link.c.kind == Kind.CONTACT.value, link.c.live.is_(True)
