"""Set-ups that people began in the browser: which accounts and bridge they are of, and what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, insert, select, update

from landbridge.store.database import Database
from landbridge.store.setup_tables import setup
from landbridge.sync.model import Side

Typed = Mapping[str, Mapping[str, Any]]
DRAFT = "new-"  # what the key of a set-up begins with while it has no bridge


@dataclass(frozen=True, slots=True)
class Setup:
    """One way through the wizard; ``typed`` is what was typed, by step and field. Times: epoch seconds."""

    id: int
    bridge_id: int | None
    accounts: Mapping[Side, int]
    typed: Typed = field(default_factory=dict)
    created_at: float = 0.0
    updated_at: float = 0.0
    done_at: float | None = None

    @property
    def key(self) -> str:
        """How addresses name it: by its bridge once there is one, so that both go by one number."""
        return f"{DRAFT}{self.id}" if self.bridge_id is None else str(self.bridge_id)

    def said(self, step: str, name: str, default: Any = "") -> Any:
        """What was typed into one field of a step."""
        return self.typed.get(step, {}).get(name, default)


class Setups:
    """Finds and keeps set-ups."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, now: float) -> Setup:
        """A new one."""
        row = {"typed": {}, "created_at": now, "updated_at": now}
        async with self._database.write() as connection:
            query = insert(setup).values(row).returning(setup.c.id)
            made = (await connection.execute(query)).scalar_one()
        return Setup(made, None, {}, {}, now, now)

    async def find(self, key: str) -> Setup | None:
        """By its key: ``new-3``, or the id of its bridge; None for one that is not there."""
        column, number = (
            (setup.c.id, key[len(DRAFT) :]) if key.startswith(DRAFT) else (setup.c.bridge_id, key)
        )
        if not number.isdecimal() or len(number) > 9:
            return None
        async with self._database.read() as connection:
            row = (await connection.execute(select(setup).where(column == int(number)))).first()
        return None if row is None else _setup(row)

    async def unfinished(self) -> list[Setup]:
        """Those whose bridge is not switched on, the one that was touched last first."""
        query = select(setup).where(setup.c.done_at.is_(None)).order_by(setup.c.updated_at.desc(), setup.c.id)
        async with self._database.read() as connection:
            return [_setup(row) for row in await connection.execute(query)]

    async def keep(self, setup_id: int, step: str, values: Mapping[str, Any], now: float) -> None:
        """Remember what was typed into some fields of a step; the others stay."""
        async with self._database.write() as connection:
            query = select(setup.c.typed).where(setup.c.id == setup_id)
            typed = dict((await connection.execute(query)).scalar_one())
            typed[step] = {**typed.get(step, {}), **values}
            changed = {"typed": typed, "updated_at": now}
            await connection.execute(update(setup).where(setup.c.id == setup_id).values(changed))

    async def attach(self, setup_id: int, side: Side, account_id: int, now: float) -> None:
        """An account was connected for it."""
        await self._change(setup_id, {f"{side.value}_account": account_id, "updated_at": now})

    async def pair(self, setup_id: int, bridge_id: int, now: float) -> None:
        """Both accounts have become a bridge."""
        await self._change(setup_id, {"bridge_id": bridge_id, "updated_at": now})

    async def finish(self, bridge_id: int, now: float) -> None:
        """Its bridge was switched on, here or elsewhere."""
        async with self._database.write() as connection:
            query = update(setup).where(setup.c.bridge_id == bridge_id, setup.c.done_at.is_(None))
            await connection.execute(query.values(done_at=now))

    async def _change(self, setup_id: int, values: Mapping[str, Any]) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(setup).where(setup.c.id == setup_id).values(values))


def _setup(row: Row[Any]) -> Setup:
    connected = {Side.HIGHLEVEL: row.highlevel_account, Side.REZORA: row.rezora_account}
    return Setup(
        row.id,
        row.bridge_id,
        {side: account for side, account in connected.items() if account is not None},
        row.typed,
        row.created_at,
        row.updated_at,
        row.done_at,
    )
