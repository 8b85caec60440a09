"""Accounts, and the bridges that pair them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update

from landbridge.store import mapping_versions
from landbridge.store.database import Database, StoreFailure
from landbridge.store.tables import account, bridge, oauth_state
from landbridge.sync.model import Side

STATE_SECONDS = 900.0  # a started connect must come back within a quarter of an hour


@dataclass(frozen=True, slots=True)
class Account:
    """One authorised account; ``external_id`` is the location id or the API user name."""

    id: int
    side: Side
    external_id: str
    title: str
    capability: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""
    trouble_fix: str = ""

    @property
    def disconnected_at(self) -> float | None:
        """When a person took its credential away; connecting it again makes that None."""
        at = self.capability.get("disconnected_at")
        return None if at is None else float(at)


@dataclass(frozen=True, slots=True)
class Bridge:
    """One HighLevel account paired with one Rezora account, and its mapping file to the letter."""

    id: int
    name: str
    highlevel: Account
    rezora: Account
    policy: str
    live_at: float | None = 0.0  # when it was switched on; None while it is being set up
    paused_at: float | None = None
    paused_by: str = ""

    @property
    def live(self) -> bool:
        """Was it switched on? Until then nothing runs by itself, and no whole sync."""
        return self.live_at is not None

    @property
    def stopped(self) -> bool:
        """Does nothing start on it: was it paused, or one of its accounts disconnected, by a person?"""
        return any(
            at is not None
            for at in (self.paused_at, self.highlevel.disconnected_at, self.rezora.disconnected_at)
        )

    @property
    def running(self) -> bool:
        """Does it run by itself: was it switched on, and has nobody stopped it?"""
        return self.live and not self.stopped


@dataclass(frozen=True, slots=True)
class Started:
    """What a connect was started for: a set-up, 0 for none, and whether it asked to read only."""

    setup: int = 0
    read_only: bool = False


class Bridges:
    """Finds and keeps accounts and bridges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_account(
        self, side: Side, external_id: str, title: str, capability: dict[str, Any], now: float
    ) -> Account:
        """Add the account, or refresh what is known of it; idempotent."""
        facts = {"title": title, "capability": capability, "trouble": "", "trouble_fix": ""}
        async with self._database.write() as connection:
            found = (
                await connection.execute(
                    select(account.c.id).where(account.c.side == side, account.c.external_id == external_id)
                )
            ).scalar_one_or_none()
            if found is None:
                row = {"side": side.value, "external_id": external_id, "created_at": now, **facts}
                found = (
                    await connection.execute(insert(account).values(row).returning(account.c.id))
                ).scalar_one()
            else:
                await connection.execute(update(account).where(account.c.id == found).values(facts))
        return Account(found, side, external_id, title, capability)

    async def set_trouble(self, account_id: int, sentence: str, fix: str) -> None:
        """Remember why an account cannot be used, for the page; empty when it can again."""
        async with self._database.write() as connection:
            await connection.execute(
                update(account).where(account.c.id == account_id).values(trouble=sentence, trouble_fix=fix)
            )

    async def accounts(self, side: Side | None = None) -> list[Account]:
        """All accounts, or those of one side."""
        query = select(account).order_by(account.c.id)
        if side is not None:
            query = query.where(account.c.side == side)
        async with self._database.read() as connection:
            return [_account(row) for row in await connection.execute(query)]

    async def account(self, side: Side, external_id: str = "") -> Account:
        """The named account, or the only one; raises ``StoreFailure`` naming the choices."""
        found = [a for a in await self.accounts(side) if not external_id or a.external_id == external_id]
        if len(found) == 1:
            return found[0]
        if not found:
            raise StoreFailure(
                f"No {side.title} account is connected.", f"Run `landbridge connect {side.value}` first."
            )
        names = ", ".join(a.external_id for a in found)
        raise StoreFailure(
            f"Several {side.title} accounts are connected: {names}.", f"Say which with --{side.value}."
        )

    async def create(
        self,
        name: str,
        highlevel: Account,
        rezora: Account,
        policy: str,
        now: float,
        *,
        live: bool = True,
        by: str = "",
    ) -> Bridge:
        """Pair two accounts, or give the pair a new name or mapping; idempotent.

        ``live`` is of a new pair only: False for one that is switched on later. The former mapping is
        kept (``mapping_versions``), with ``by`` for whoever gives this one.
        """
        async with self._database.write() as connection:
            rows = (
                await connection.execute(
                    select(
                        bridge.c.id, bridge.c.highlevel_account, bridge.c.rezora_account, bridge.c.live_at
                    ).where(
                        (bridge.c.highlevel_account == highlevel.id)
                        | (bridge.c.rezora_account == rezora.id)
                        | (bridge.c.name == name)
                    )
                )
            ).all()
            same = [r for r in rows if (r.highlevel_account, r.rezora_account) == (highlevel.id, rezora.id)]
            if len(rows) != len(same):
                raise StoreFailure(
                    "One of the two accounts, or the name, already belongs to another bridge.",
                    "See `landbridge status`; choose another --name, or other accounts.",
                )
            values = {"name": name, "policy": policy}
            live_at = now if live else None
            if same:
                bridge_id = same[0].id
                await mapping_versions.keep(connection, bridge_id, policy, by, now)
                await connection.execute(update(bridge).where(bridge.c.id == bridge_id).values(values))
            else:
                pair: dict[str, Any] = {"highlevel_account": highlevel.id, "rezora_account": rezora.id}
                pair |= {"created_at": now, "live_at": live_at}
                bridge_id = (
                    await connection.execute(insert(bridge).values(values | pair).returning(bridge.c.id))
                ).scalar_one()
                await mapping_versions.keep(connection, bridge_id, policy, by, now)
        return await self.by_id(bridge_id)

    async def switch_on(self, bridge_id: int, now: float) -> None:
        """From now on it runs by itself; one that does already goes on."""
        asleep = (bridge.c.id == bridge_id) & bridge.c.live_at.is_(None)
        async with self._database.write() as connection:
            await connection.execute(update(bridge).where(asleep).values(live_at=now))

    async def by_id(self, bridge_id: int) -> Bridge:
        """One that is there."""
        found = await self.find(bridge_id)
        assert found is not None  # noqa: S101  # bridges are never deleted
        return found

    async def rename(self, bridge_id: int, name: str) -> None:
        """Give it another name; raises ``StoreFailure`` for one that another bridge has."""
        async with self._database.write() as connection:
            taken = select(bridge.c.id).where(bridge.c.name == name, bridge.c.id != bridge_id)
            if (await connection.execute(taken)).first() is not None:
                raise StoreFailure(f"Another bridge is named {name!r} already.", "Choose another name.")
            await connection.execute(update(bridge).where(bridge.c.id == bridge_id).values(name=name))

    async def pause(self, bridge_id: int, at: float | None, by: str = "") -> None:
        """Stop it from a moment on, or let it run again (None)."""
        values = {"paused_at": at, "paused_by": by[:100]}
        async with self._database.write() as connection:
            await connection.execute(update(bridge).where(bridge.c.id == bridge_id).values(values))

    async def add_facts(self, account_id: int, facts: Mapping[str, Any]) -> None:
        """Note something about an account beside what its last probe found, until the next one."""
        async with self._database.write() as connection:
            query = select(account.c.capability).where(account.c.id == account_id)
            known = (await connection.execute(query)).scalar_one()
            values = {"capability": {**known, **facts}}
            await connection.execute(update(account).where(account.c.id == account_id).values(values))

    async def bridges(self) -> list[Bridge]:
        """All bridges, oldest first."""
        return await self._read()

    async def find(self, bridge_id: int) -> Bridge | None:
        """The bridge of that id, without reading the others; None where there is none."""
        found = await self._read(bridge.c.id == bridge_id)
        return found[0] if found else None

    async def _read(self, *which: ColumnElement[bool]) -> list[Bridge]:
        async with self._database.read() as connection:
            rows = list(await connection.execute(select(bridge).where(*which).order_by(bridge.c.id)))
            query = select(account)
            if which:
                theirs = {one for row in rows for one in (row.highlevel_account, row.rezora_account)}
                query = query.where(account.c.id.in_(theirs))
            accounts = {row.id: _account(row) for row in await connection.execute(query)}
        return [
            Bridge(
                row.id,
                row.name,
                accounts[row.highlevel_account],
                accounts[row.rezora_account],
                row.policy,
                row.live_at,
                row.paused_at,
                row.paused_by,
            )
            for row in rows
        ]

    async def bridge(self, name: str = "") -> Bridge:
        """The named bridge, or the only one; raises ``StoreFailure`` naming the choices."""
        found = [b for b in await self.bridges() if not name or b.name == name]
        if len(found) == 1:
            return found[0]
        if not found:
            missing = f"There is no bridge named {name!r}." if name else "There is no bridge yet."
            raise StoreFailure(missing, "Connect both accounts, then run `landbridge bridge create`.")
        names = ", ".join(b.name for b in found)
        raise StoreFailure(f"There are several bridges: {names}.", "Say which with --bridge.")

    async def start_connect(
        self, state: str, session: str, now: float, started: Started | None = None
    ) -> None:
        """Remember a one-time state, the browser session it belongs to, and what it is for."""
        what = started or Started()
        async with self._database.write() as connection:
            await connection.execute(
                delete(oauth_state).where(oauth_state.c.created_at < now - STATE_SECONDS)
            )
            row = {"state": state, "session": session, "created_at": now}
            row |= {"setup": what.setup, "read_only": what.read_only}
            await connection.execute(insert(oauth_state).values(row))

    async def started_by(self, session: str) -> Started:
        """What this browser session started a connect for; it stays started."""
        query = select(oauth_state.c.setup, oauth_state.c.read_only).where(oauth_state.c.session == session)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return Started() if row is None else Started(row.setup, row.read_only)

    async def finish_connect(self, state: str, session: str, now: float) -> Started | None:
        """Use up a state: what it was started for, once, for the session that started it, in time."""
        good = (
            oauth_state.c.state == state,
            oauth_state.c.session == session,
            oauth_state.c.created_at >= now - STATE_SECONDS,
        )
        query = delete(oauth_state).where(*good).returning(oauth_state.c.setup, oauth_state.c.read_only)
        async with self._database.write() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Started(row.setup, row.read_only)


def _account(row: Row[Any]) -> Account:
    return Account(
        row.id, Side(row.side), row.external_id, row.title, row.capability, row.trouble, row.trouble_fix
    )
