"""The way in: logging in with a password, the session that follows, and the keys of programs."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from hashlib import blake2b

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.access import passwords
from landbridge.access.people import INVITATION
from landbridge.access.roles import Person, Role
from landbridge.store import logins, people
from landbridge.store.database import Database, StoreFailure
from landbridge.store.logins import KeyRow, LoginRow
from landbridge.store.people import PersonRow, SessionRow
from landbridge.store.tokens import token_of
from landbridge.systems.base import Clock

IDLE_SECONDS = 12 * 3600.0  # a session ends when its browser asked for nothing so long
LONGEST_SECONDS = 30 * 86_400.0  # and in any case after so long
# Failed logins before each further one has to wait: of one e-mail, and from one network address, which a
# whole office may share.
TRIES = {"email_key": 5, "address_key": 20}
FIRST_WAIT, LONGEST_WAIT = 30.0, 900.0  # seconds; the wait doubles with each failure
REMEMBERED = 24 * 3600.0  # failures older than this slow nobody down
AUDIT_SECONDS = 365 * 86_400.0
KEY_BEGINS = "lb_"


class NotLetIn(StoreFailure):
    """A login that did not work; it never says which half of it was wrong."""


class TooManyTries(NotLetIn):
    """Somebody is guessing; ``seconds`` until the next attempt is looked at."""

    def __init__(self, seconds: float) -> None:
        minutes = max(1, round(seconds / 60))
        super().__init__(
            "There were too many attempts to log in.",
            f"Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again. Lost the password? Whoever"
            " runs the server makes a link with `landbridge user reset-password`.",
        )
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key; ``secret`` is shown once and not kept."""

    secret: str = field(repr=False)
    name: str
    role: Role


class Doors:
    """Lets people and programs in. ``clock`` decides when sessions end and who has to wait."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def log_in(self, email: str, password: str, address: str) -> tuple[Person, str]:
        """The person, and the secret of a new session. ``address`` is the browser's, to slow guessing down.

        Raises ``NotLetIn``; what was wrong is the same for an unknown e-mail and a wrong password.
        """
        now, email = self._clock.now(), email.strip().lower()[:254]
        async with self._database.write() as connection:
            found = await people.by_email(connection, email)
            known = None if found is None else found.id
            attempt = await self._attempt(connection, ("e-mail", email), address, "wrong", known)
        right = await passwords.fits("" if found is None else found.password, password)
        outcome = _outcome(found, right=right)
        session = secrets.token_urlsafe(32)
        async with self._database.write() as connection:
            await logins.settle(connection, attempt, outcome)
            await logins.forget(connection, now - AUDIT_SECONDS, keys_before=now - REMEMBERED)
            if outcome == logins.IN and found is not None:
                await people.end_old_sessions(connection, now - LONGEST_SECONDS, now - IDLE_SECONDS)
                await people.open_session(connection, session, found.id, now)
        if outcome != logins.IN or found is None:
            raise NotLetIn(
                "This e-mail address and password do not belong together here.",
                "Check both, capital letters too. Lost the password? Ask an owner for a link, or run"
                " `landbridge user reset-password` on the server.",
            )
        return _person(found), session

    async def try_code(self, typed: str, right: str, address: str) -> bool:
        """Whether the set-up code is right; guessing it has to wait as guessing a password has.

        Counted for each network address alone, so that nobody can keep the first owner waiting.
        """
        fits = hmac.compare_digest(typed.strip().lower().encode(), right.encode())
        async with self._database.write() as connection:
            attempt = await self._attempt(connection, ("code", address), address, logins.WRONG_CODE, None)
            if fits:
                await logins.settle(connection, attempt, logins.RIGHT_CODE)
        return fits

    async def let_in_by_provider(self, email: str, name: str, *, newcomer: Role | None) -> tuple[Person, str]:
        """The person with this address, which the provider verified, and the secret of a new session.

        Somebody new gets the role ``newcomer``, or is refused where that is None. Raises ``NotLetIn``.
        """
        now, session = self._clock.now(), secrets.token_urlsafe(32)
        async with self._database.write() as connection:
            found = await people.by_email(connection, email)
            if found is None and newcomer is not None and await people.count(connection):
                named = " ".join(name.split())[:100]
                await people.add(connection, email, named, newcomer.value, passwords.BY_PROVIDER, now)
                found = await people.by_email(connection, email)
            welcome = found is not None and found.disabled_at is None
            outcome = logins.BY_PROVIDER if welcome else "unknown" if found is None else "disabled"
            known = None if found is None else found.id
            await logins.note(connection, now, outcome, person_id=known, email_key="", address_key="")
            if found is not None and welcome:
                if not found.password:  # invited, and came this way instead
                    await people.change(connection, found.id, password=passwords.BY_PROVIDER)
                    await people.drop_links(connection, found.id, INVITATION)
                await people.open_session(connection, session, found.id, now)
        if found is None or not welcome:
            raise NotLetIn(
                "The provider knows you, but you may not log in here.", "Ask an owner to invite you."
            )
        return _person(found), session

    async def open_for(self, person_id: int) -> str:
        """A session for somebody who proved who they are in another way: the secret of it."""
        session = secrets.token_urlsafe(32)
        async with self._database.write() as connection:
            await people.open_session(connection, session, person_id, self._clock.now())
        return session

    async def of_session(self, secret: str) -> Person | None:
        """Whose browser this is; None for a session that ended, or of somebody who is disabled."""
        if not secret:
            return None
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await people.session(connection, secret)
        if found is None:
            return None
        session, row = found
        if _is_over(session, now) or row.disabled_at is not None:
            return None
        if now - session.seen_at >= people.SEEN_EVERY:
            async with self._database.write() as connection:
                await people.see(connection, session.token, now)
        return _person(row)

    async def of_key(self, secret: str) -> Person | None:
        """The program that has this key; None for one that is unknown or was taken away."""
        if not secret.startswith(KEY_BEGINS):
            return None
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await logins.key_of(connection, token_of(secret))
        if found is None or found.revoked_at is not None:
            return None
        if found.used_at is None or now - found.used_at >= people.SEEN_EVERY:
            async with self._database.write() as connection:
                await logins.use_key(connection, found.id, now)
        return Person(0, f"key {found.name}", Role(found.role))

    async def log_out(self, secret: str) -> None:
        """End the session of this browser."""
        await self.end(token_of(secret))

    async def sessions(self, person_id: int) -> list[SessionRow]:
        """Where somebody is logged in, the newest first; those that ended are left out."""
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await people.sessions_of(connection, person_id)
        return [one for one in found if not _is_over(one, now)]

    async def end(self, token: str) -> None:
        """End one session, by the hash that ``sessions`` shows."""
        async with self._database.write() as connection:
            await people.end_session(connection, token)

    async def logins(self) -> list[LoginRow]:
        """The newest attempts to log in; kept for a year."""
        async with self._database.read() as connection:
            return await logins.newest(connection)

    async def _attempt(
        self,
        connection: AsyncConnection,
        what: tuple[str, str],
        address: str,
        outcome: str,
        known: int | None,
    ) -> int:
        """Note a try as failed until it is none, so that many at once count as many; its id."""
        now = self._clock.now()
        keys = {"email_key": _key(*what), "address_key": _key("address", address)}
        waits = [
            _wait(await logins.failures(connection, now - REMEMBERED, **{name: key}), TRIES[name], now)
            for name, key in keys.items()
        ]
        if max(waits) > 0:
            raise TooManyTries(max(waits))
        return await logins.note(connection, now, outcome, person_id=known, **keys)

    # Keys of programs

    async def make_key(self, name: str, role: str, *, by: str) -> MadeKey:
        """A key for a program; raises ``StoreFailure`` for a blank name."""
        named = " ".join(name.split())[:100]
        if not named:
            raise StoreFailure("A key needs a name.", "Say what it is for, such as “reporting”.")
        secret = KEY_BEGINS + secrets.token_urlsafe(32)
        async with self._database.write() as connection:
            await logins.add_key(
                connection, token_of(secret), secret[:8], named, Role(role).value, by, self._clock.now()
            )
        return MadeKey(secret, named, Role(role))

    async def keys(self) -> list[KeyRow]:
        """All keys, the newest first, those that were taken away too."""
        async with self._database.read() as connection:
            return await logins.keys(connection)

    async def revoke_key(self, key_id: int) -> None:
        """Take a key away; it is refused from now on."""
        async with self._database.write() as connection:
            if not await logins.revoke_key(connection, key_id, self._clock.now()):
                raise StoreFailure(f"There is no key {key_id} in use.", "See `landbridge keys list`.")


def _is_over(session: SessionRow, now: float) -> bool:
    return session.created_at + LONGEST_SECONDS <= now or session.seen_at + IDLE_SECONDS <= now


def _outcome(found: PersonRow | None, *, right: bool) -> str:
    if found is None:
        return "unknown"
    if found.disabled_at is not None:
        return "disabled"
    return logins.IN if right else "wrong"


def _wait(failures: tuple[int, float], tries: int, now: float) -> float:
    """Seconds until the next attempt is looked at; nothing before some have failed."""
    failed, last = failures
    if failed < tries:
        return 0.0
    pause = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failed - tries, 10))
    return last + pause - now


def _key(what: str, text: str) -> str:
    """An e-mail or a network address as the audit keeps it."""
    return blake2b(f"{what}:{text}".encode(), digest_size=24, person=b"landbridge-login").hexdigest()


def _person(row: PersonRow) -> Person:
    return Person(row.id, row.name, Role(row.role), row.email)
