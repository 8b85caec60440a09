"""People who can log in, their sessions, and links to choose a password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.people_tables import door_link, person, web_session
from landbridge.store.tokens import token_of

SEEN_EVERY = 60.0  # seconds; requests in between are not noted, so that reading a page writes little


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as stored; times are epoch seconds."""

    id: int
    email: str
    name: str
    role: str
    password: str
    created_at: float
    disabled_at: float | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One browser that is logged in; ``token`` is the hash of its cookie."""

    token: str
    person_id: int
    created_at: float
    seen_at: float


async def everybody(connection: AsyncConnection) -> list[PersonRow]:
    """All people, oldest first."""
    return [_person(row) for row in await connection.execute(select(person).order_by(person.c.id))]


async def by_id(connection: AsyncConnection, person_id: int) -> PersonRow | None:
    """One person."""
    row = (await connection.execute(select(person).where(person.c.id == person_id))).first()
    return None if row is None else _person(row)


async def by_email(connection: AsyncConnection, email: str) -> PersonRow | None:
    """Whoever has this address, in whatever case."""
    row = (await connection.execute(select(person).where(person.c.email == email.lower()))).first()
    return None if row is None else _person(row)


async def add(
    connection: AsyncConnection, email: str, name: str, role: str, password: str, now: float
) -> int:
    """A new person; raises ``IntegrityError`` for an address that is known."""
    values = {"email": email.lower(), "name": name, "role": role, "password": password, "created_at": now}
    made = await connection.execute(insert(person).values(**values).returning(person.c.id))
    return int(made.scalar_one())


async def change(connection: AsyncConnection, person_id: int, **values: object) -> None:
    """Set columns of a person."""
    await connection.execute(update(person).where(person.c.id == person_id).values(**values))


async def remove(connection: AsyncConnection, person_id: int) -> None:
    """Forget a person with sessions and links; what they did stays in journal and audit."""
    await end_sessions(connection, person_id)
    await connection.execute(delete(door_link).where(door_link.c.person_id == person_id))
    await connection.execute(delete(person).where(person.c.id == person_id))


async def count(connection: AsyncConnection, role: str = "") -> int:
    """How many people there are, or how many of a role may log in."""
    query = select(func.count()).select_from(person)
    if role:
        query = query.where(person.c.role == role, person.c.disabled_at.is_(None), person.c.password != "")
    return (await connection.execute(query)).scalar_one()


# Sessions


async def open_session(connection: AsyncConnection, secret: str, person_id: int, now: float) -> None:
    """A browser is logged in from now on."""
    values = {"token": token_of(secret), "person_id": person_id, "created_at": now, "seen_at": now}
    await connection.execute(insert(web_session).values(**values))


async def session(connection: AsyncConnection, secret: str) -> tuple[SessionRow, PersonRow] | None:
    """The session of a cookie and its person; whether it is still good is for the caller to say."""
    query = (
        select(
            person, web_session.c.token, web_session.c.created_at.label("opened_at"), web_session.c.seen_at
        )
        .join_from(web_session, person, web_session.c.person_id == person.c.id)
        .where(web_session.c.token == token_of(secret))
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    return SessionRow(row.token, row.id, row.opened_at, row.seen_at), _person(row)


async def sessions_of(connection: AsyncConnection, person_id: int) -> list[SessionRow]:
    """All sessions of a person, the newest first."""
    query = select(web_session).where(web_session.c.person_id == person_id)
    return [_session(row) for row in await connection.execute(query.order_by(web_session.c.seen_at.desc()))]


async def see(connection: AsyncConnection, token: str, now: float) -> None:
    """The browser asked for something."""
    await connection.execute(update(web_session).where(web_session.c.token == token).values(seen_at=now))


async def end_session(connection: AsyncConnection, token: str) -> None:
    """Log one browser out, by the hash of its cookie."""
    await connection.execute(delete(web_session).where(web_session.c.token == token))


async def end_sessions(connection: AsyncConnection, person_id: int, *, but: str = "") -> None:
    """Log a person out everywhere, ``but`` of one session."""
    query = delete(web_session).where(web_session.c.person_id == person_id, web_session.c.token != but)
    await connection.execute(query)


async def end_old_sessions(connection: AsyncConnection, created: float, seen: float) -> None:
    """Forget sessions that were made, or seen last, before these moments."""
    old = (web_session.c.created_at < created) | (web_session.c.seen_at < seen)
    await connection.execute(delete(web_session).where(old))


# Links


async def save_link(
    connection: AsyncConnection, secret: str, person_id: int, purpose: str, ends_at: float
) -> None:
    """A link for this person; those made before for the same purpose are dead."""
    await drop_links(connection, person_id, purpose)
    values = {"token": token_of(secret), "person_id": person_id, "purpose": purpose, "ends_at": ends_at}
    await connection.execute(insert(door_link).values(**values))


async def person_of_link(
    connection: AsyncConnection, secret: str, purpose: str, now: float
) -> PersonRow | None:
    """Whose link this is, None for one that is unknown, used or too old."""
    query = select(door_link.c.person_id).where(
        door_link.c.token == token_of(secret), door_link.c.purpose == purpose, door_link.c.ends_at > now
    )
    found = (await connection.execute(query)).scalar_one_or_none()
    return None if found is None else await by_id(connection, found)


async def drop_links(connection: AsyncConnection, person_id: int, purpose: str) -> None:
    """Forget the links of a person for a purpose."""
    mine = (door_link.c.person_id == person_id) & (door_link.c.purpose == purpose)
    await connection.execute(delete(door_link).where(mine))


async def drop_old_links(connection: AsyncConnection, now: float) -> None:
    """Forget links that have ended."""
    await connection.execute(delete(door_link).where(door_link.c.ends_at <= now))


def _person(row: Row[Any]) -> PersonRow:
    return PersonRow(row.id, row.email, row.name, row.role, row.password, row.created_at, row.disabled_at)


def _session(row: Row[Any]) -> SessionRow:
    return SessionRow(row.token, row.person_id, row.created_at, row.seen_at)
