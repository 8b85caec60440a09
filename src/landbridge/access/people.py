"""The people of an installation: the first owner, invitations, roles, lost passwords, leaving."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.access import passwords
from landbridge.access.roles import Role
from landbridge.store import logins, people
from landbridge.store.database import Database, StoreFailure
from landbridge.store.people import PersonRow
from landbridge.systems.base import Clock

INVITATION, PASSWORD, ENTRY = "invitation", "password", "entry"  # names of purposes
GOOD_FOR = {INVITATION: 72 * 3600.0, PASSWORD: 3600.0, ENTRY: 24 * 3600.0}  # seconds
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_MISSING = StoreFailure("There is no such person.", "See the list of people, or `landbridge user list`.")


@dataclass(frozen=True, slots=True)
class DoorLink:
    """A link that lets somebody choose a password, once; ``path`` is below the installation's address."""

    email: str
    name: str
    path: str = field(repr=False)
    ends_at: float
    purpose: str


class People:
    """Everything that is done to people; each method raises ``StoreFailure`` with nothing changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def nobody_yet(self) -> bool:
        """Is the first owner still to come?"""
        async with self._database.read() as connection:
            return await people.count(connection) == 0

    async def first(self, name: str, email: str, password: str) -> int:
        """Make the owner of a new installation: their id. Of several at once one is the first."""
        checked = _checked(name, email)
        _good(password, *checked)
        stored = await passwords.hashed(password)
        async with self._database.write() as connection:
            if await people.count(connection):
                raise StoreFailure(
                    "This installation has an owner already.", "Log in, or ask them to invite you."
                )
            return await self._add(connection, *checked, Role.OWNER, stored)

    async def everybody(self) -> list[PersonRow]:
        """All people, oldest first."""
        async with self._database.read() as connection:
            return await people.everybody(connection)

    async def by_email(self, email: str) -> PersonRow:
        """One person, by e-mail address."""
        async with self._database.read() as connection:
            found = await people.by_email(connection, email.strip())
        if found is None:
            raise _MISSING
        return found

    async def one(self, person_id: int) -> PersonRow:
        """One person, by id."""
        async with self._database.read() as connection:
            return await self._one(connection, person_id)

    async def add(self, name: str, email: str, role: Role, password: str) -> int:
        """A person with a password at once, as the command line makes them; the id."""
        checked = _checked(name, email)
        _good(password, *checked)
        stored = await passwords.hashed(password)
        async with self._database.write() as connection:
            return await self._add(connection, *checked, role, stored)

    async def invite(self, name: str, email: str, role: Role) -> DoorLink:
        """A person who chooses a password by a link, good for 72 hours."""
        checked = _checked(name, email)
        async with self._database.write() as connection:
            made = await self._add(connection, *checked, role, "")
            return await self._link(connection, made, checked, INVITATION)

    async def new_link(self, person_id: int) -> DoorLink:
        """A new link for somebody: the invitation again, or to choose another password (good for an hour)."""
        async with self._database.write() as connection:
            found = await self._one(connection, person_id)
            purpose = PASSWORD if found.password else INVITATION
            return await self._link(connection, found.id, (found.name, found.email), purpose)

    async def entry_link(self, person_id: int) -> DoorLink:
        """A link that lets somebody in once, with no password; for the made-up people of the demo alone."""
        async with self._database.write() as connection:
            found = await self._one(connection, person_id)
            return await self._link(connection, found.id, (found.name, found.email), ENTRY)

    async def enter_by(self, secret: str) -> int:
        """Use such a link up; the person's id."""
        found = await self.of_link(secret, ENTRY)
        async with self._database.write() as connection:
            if await people.person_of_link(connection, secret, ENTRY, self._clock.now()) is None:
                raise StoreFailure("This link was used a moment ago.", "Start the demo again for a new one.")
            await people.drop_links(connection, found.id, ENTRY)
        return found.id

    async def of_link(self, secret: str, purpose: str) -> PersonRow:
        """Whose link this is; raises ``StoreFailure`` for one that is unknown, used or too old."""
        async with self._database.read() as connection:
            found = await people.person_of_link(connection, secret, purpose, self._clock.now())
        if found is None or found.disabled_at is not None:
            raise StoreFailure(
                "This link is not good any more: it was used, replaced, or is too old.",
                "Ask an owner for a new one, or run `landbridge user reset-password` on the server.",
            )
        return found

    async def use_link(self, secret: str, purpose: str, password: str) -> int:
        """Choose the password; every session of the person ends and the link is used up. The person's id."""
        found = await self.of_link(secret, purpose)
        _good(password, found.name, found.email)
        stored = await passwords.hashed(password)
        async with self._database.write() as connection:
            again = await people.person_of_link(connection, secret, purpose, self._clock.now())
            if again is None:
                raise StoreFailure(
                    "This link was used a moment ago.", "Log in with the password chosen then."
                )
            await people.drop_links(connection, found.id, purpose)
            await people.end_sessions(connection, found.id)
            await people.change(connection, found.id, password=stored)
        return found.id

    async def change_password(self, person_id: int, now_used: str, password: str, *, session: str) -> None:
        """Choose another password, knowing the present one; every session ends but this one (its hash)."""
        async with self._database.read() as connection:
            found = await self._one(connection, person_id)
        if found.password == passwords.BY_PROVIDER:
            raise StoreFailure(
                "You have no password here: you log in through your provider.",
                "Ask an owner for a link if you want one as well.",
            )
        if not await passwords.fits(found.password, now_used):
            raise StoreFailure("The present password is not right.", "Type the one you logged in with.")
        _good(password, found.name, found.email)
        stored = await passwords.hashed(password)
        async with self._database.write() as connection:
            await people.end_sessions(connection, person_id, but=session)
            await people.change(connection, person_id, password=stored)

    async def rename(self, person_id: int, name: str) -> None:
        """Show somebody by another name from now on; what is written down already keeps the old one."""
        async with self._database.write() as connection:
            found = await self._one(connection, person_id)
            named, _ = _checked(name, found.email)
            await people.change(connection, person_id, name=named)

    async def set_role(self, person_id: int, role: Role) -> None:
        """Give somebody another role; the last owner keeps theirs."""
        async with self._database.write() as connection:
            found = await self._one(connection, person_id)
            if role is not Role.OWNER:
                await self._not_the_last(connection, found)
            await people.change(connection, person_id, role=role.value)

    async def log_out(self, person_id: int) -> None:
        """End every session of somebody, as when a laptop is lost."""
        async with self._database.write() as connection:
            await self._one(connection, person_id)
            await people.end_sessions(connection, person_id)

    async def disable(self, person_id: int) -> None:
        """Let somebody in no more; their sessions end at once."""
        async with self._database.write() as connection:
            await self._not_the_last(connection, await self._one(connection, person_id))
            await people.end_sessions(connection, person_id)
            await people.change(connection, person_id, disabled_at=self._clock.now())

    async def enable(self, person_id: int) -> None:
        """Let somebody in again."""
        async with self._database.write() as connection:
            await self._one(connection, person_id)
            await people.change(connection, person_id, disabled_at=None)

    async def remove(self, person_id: int) -> None:
        """Forget somebody; what they did stays written down."""
        async with self._database.write() as connection:
            await self._not_the_last(connection, await self._one(connection, person_id))
            await logins.forget_person(connection, person_id)
            await people.remove(connection, person_id)

    async def _add(self, connection: AsyncConnection, name: str, email: str, role: Role, stored: str) -> int:
        try:
            return await people.add(connection, email, name, role.value, stored, self._clock.now())
        except IntegrityError:
            raise StoreFailure(
                "Somebody with this e-mail address is here already.", "Choose another, or change their role."
            ) from None

    async def _link(
        self, connection: AsyncConnection, person_id: int, who: tuple[str, str], purpose: str
    ) -> DoorLink:
        secret, now = secrets.token_urlsafe(32), self._clock.now()
        await people.drop_old_links(connection, now)
        await people.save_link(connection, secret, person_id, purpose, now + GOOD_FOR[purpose])
        path = f"/welcome/{purpose}/{secret}"
        return DoorLink(who[1], who[0], path, now + GOOD_FOR[purpose], purpose)

    async def _one(self, connection: AsyncConnection, person_id: int) -> PersonRow:
        found = await people.by_id(connection, person_id)
        if found is None:
            raise _MISSING
        return found

    async def _not_the_last(self, connection: AsyncConnection, found: PersonRow) -> None:
        """Somebody has to be able to log in as an owner."""
        counts = found.role == Role.OWNER and found.password and found.disabled_at is None
        if counts and await people.count(connection, Role.OWNER) < 2:
            raise StoreFailure(
                f"{found.name} is the last owner.", "Make somebody else an owner first, then try again."
            )


def _checked(name: str, email: str) -> tuple[str, str]:
    named, address = " ".join(name.split())[:100], email.strip().lower()
    if not named:
        raise StoreFailure("The name is blank.", "Type a name; others see it beside what you did.")
    if len(address) > 254 or not _EMAIL.fullmatch(address):
        raise StoreFailure("This is not an e-mail address.", "Type one such as ada@example.com.")
    return named, address


def _good(password: str, name: str, email: str) -> None:
    if why := passwords.weakness(password, email, name):
        raise StoreFailure(why, "Choose a longer one: four unrelated words are good and easy to remember.")
