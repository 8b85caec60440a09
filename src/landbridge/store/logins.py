"""The audit of logins, which also slows guessing down, and the keys of programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.people_tables import api_key, login, person

IN = "logged in"
WRONG_CODE, RIGHT_CODE = "wrong code", "right code"  # of the set-up code of a new installation
BY_PROVIDER = "by provider"  # let in because the identity provider vouched for them
FAILED = ("wrong", "unknown", "disabled", WRONG_CODE)  # what counts as a guess


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One attempt; ``name`` is blank for an address that belongs to nobody."""

    at: float
    outcome: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key of a program; ``shown`` is how it begins."""

    id: int
    shown: str
    name: str
    role: str
    made_by: str
    created_at: float
    used_at: float | None
    revoked_at: float | None


async def note(
    connection: AsyncConnection,
    now: float,
    outcome: str,
    *,
    person_id: int | None,
    email_key: str,
    address_key: str,
) -> int:
    """Keep one attempt; its id."""
    values = {"at": now, "outcome": outcome, "person_id": person_id}
    keys = {"email_key": email_key, "address_key": address_key}
    made = await connection.execute(insert(login).values(**values, **keys).returning(login.c.id))
    return int(made.scalar_one())


async def settle(connection: AsyncConnection, login_id: int, outcome: str) -> None:
    """What became of an attempt."""
    await connection.execute(update(login).where(login.c.id == login_id).values(outcome=outcome))


async def failures(
    connection: AsyncConnection, since: float, *, email_key: str = "", address_key: str = ""
) -> tuple[int, float]:
    """How often it failed since then, after the last success, for an e-mail or an address; and when last."""
    mine = login.c.email_key == email_key if email_key else login.c.address_key == address_key
    succeeded = select(func.max(login.c.at)).where(mine, login.c.outcome == IN)
    last_in = (await connection.execute(succeeded)).scalar_one() or 0.0
    query = select(func.count(), func.max(login.c.at)).where(
        mine, login.c.at > max(since, last_in), login.c.outcome.in_(FAILED)
    )
    number, last = (await connection.execute(query)).one()
    return int(number), float(last or 0.0)


async def newest(connection: AsyncConnection, count: int = 200) -> list[LoginRow]:
    """The newest attempts."""
    query = (
        select(login.c.at, login.c.outcome, person.c.name, person.c.email)
        .join_from(login, person, login.c.person_id == person.c.id, isouter=True)
        .order_by(login.c.id.desc())
        .limit(count)
    )
    return [
        LoginRow(row.at, row.outcome, row.name or "", row.email or "")
        for row in await connection.execute(query)
    ]


async def forget(connection: AsyncConnection, before: float, *, keys_before: float) -> None:
    """Drop attempts that are older than ``before``, and the hashes of those older than ``keys_before``.

    A hash of an address can be found out by hashing all addresses, so it stays only while it slows guessing.
    """
    await connection.execute(delete(login).where(login.c.at < before))
    named = (login.c.at < keys_before) & (login.c.address_key != "")
    await connection.execute(update(login).where(named).values(email_key="", address_key=""))


async def forget_person(connection: AsyncConnection, person_id: int) -> None:
    """Their attempts are nobody's from now on: SQLite may give their number to somebody else."""
    await connection.execute(update(login).where(login.c.person_id == person_id).values(person_id=None))


# Keys


async def add_key(
    connection: AsyncConnection, token: str, shown: str, name: str, role: str, made_by: str, now: float
) -> int:
    """A new key, by its hash."""
    values = {"token": token, "shown": shown, "name": name, "role": role}
    query = insert(api_key).values(**values, made_by=made_by, created_at=now).returning(api_key.c.id)
    return int((await connection.execute(query)).scalar_one())


async def key_of(connection: AsyncConnection, token: str) -> KeyRow | None:
    """The key with this hash, revoked or not."""
    row = (await connection.execute(select(api_key).where(api_key.c.token == token))).first()
    return None if row is None else _key(row)


async def keys(connection: AsyncConnection) -> list[KeyRow]:
    """All keys, the newest first."""
    return [_key(row) for row in await connection.execute(select(api_key).order_by(api_key.c.id.desc()))]


async def use_key(connection: AsyncConnection, key_id: int, now: float) -> None:
    """A program used it."""
    await connection.execute(update(api_key).where(api_key.c.id == key_id).values(used_at=now))


async def revoke_key(connection: AsyncConnection, key_id: int, now: float) -> bool:
    """Take it away; False when there is none, or it was taken away before."""
    mine = (api_key.c.id == key_id) & api_key.c.revoked_at.is_(None)
    return (await connection.execute(update(api_key).where(mine).values(revoked_at=now))).rowcount == 1


def _key(row: Row[Any]) -> KeyRow:
    return KeyRow(
        row.id, row.shown, row.name, row.role, row.made_by, row.created_at, row.used_at, row.revoked_at
    )
