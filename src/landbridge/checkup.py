"""The doctor: looks at everything that can be wrong with an installation, and says of each what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from sqlalchemy.exc import DBAPIError

from landbridge.checks import FAILS, NOTE, OK, Check, FreeBytes, free_bytes, machine_checks
from landbridge.connections import Connections, probed
from landbridge.instruments import Instruments
from landbridge.settings import Settings
from landbridge.store import findings, revision
from landbridge.store.bridges import Account, Bridges
from landbridge.store.database import Database, StoreFailure
from landbridge.store.findings import Findings
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock, SystemFailure

NOTED_SKEW, WRONG_SKEW = 30.0, 300.0  # seconds between our clock and a system's
AHEAD_SECONDS = 60.0  # so much later than now nothing can have been written
NAMED = 5  # bridges that are named, of many
_SERVE = "See that `landbridge serve` runs"


class Checkup:
    """``free`` says how much space there is where a folder is."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        vault: Vault,
        clock: Clock,
        connections: Connections,
        instruments: Instruments,
        free: FreeBytes = free_bytes,
    ) -> None:
        self._settings = settings
        self._database = database
        self._vault = vault
        self._clock = clock
        self._connections = connections
        self._instruments = instruments
        self._bridges = Bridges(database)
        self._free = free

    async def look(self, *, online: bool = False) -> list[Check]:
        """Everything; ``online`` uses each stored credential for one cheap read as well."""
        checks = list(machine_checks(self._settings, self._free))
        try:
            checks += [check async for check in self._store()]
        except (DBAPIError, OSError) as error:
            checks.append(broken(error))
            return checks
        if online:
            accounts = await self._bridges.accounts()
            checks += [await self._tried(account) for account in accounts]
            checks += self._clocks()
        else:
            checks += await self._accounts()
        return checks

    async def _store(self) -> AsyncIterator[Check]:
        async with self._database.read() as connection:
            wrong = await findings.integrity(connection)
            same = await revision.current(connection) == revision.newest()
        if wrong:
            yield Check("Database", FAILS, f"The file is damaged: {wrong}", "Restore the newest backup.")
            return
        if not same:
            yield Check(
                "Database",
                FAILS,
                "It has the schema of another version.",
                "Restart Landbridge with this one.",
            )
            return
        yield Check("Database", OK, f"Sound, and its schema is up to date ({revision.newest()}).")
        fits = await self._vault.fits()
        yield Check(
            "Credentials",
            OK if fits else FAILS,
            "The key opens what is stored." if fits else "The key does not open what is stored.",
            "" if fits else "Put the old LANDBRIDGE_KEY or key file back, or connect the accounts again.",
        )
        now = self._clock.now()
        async with self._database.read() as connection:
            found = await findings.find(connection, now, self._settings.highlevel_quota_daily)
        for check in judged(found, now):
            yield check

    async def _accounts(self) -> list[Check]:
        async with self._database.read() as connection:
            troubled = await findings.troubles(connection)
        if troubled:
            return [Check(f"{side.title}: {title}", FAILS, told, fix) for side, title, told, fix in troubled]
        number = len(await self._bridges.accounts())
        return [Check("Accounts", OK, f"{number} connected, none with a known trouble; --online asks them.")]

    async def _tried(self, account: Account) -> Check:
        """Its stored credential, used once; a trouble that is over is forgotten."""
        name = f"{account.side.title}: {account.title or account.external_id}"
        try:
            capability = await probed(await self._connections.open(account))
        except (SystemFailure, StoreFailure) as failure:
            return Check(name, FAILS, failure.sentence, failure.fix)
        await self._bridges.set_trouble(account.id, "", "")
        allowed = "read and write" if capability.can_write else "read only"
        return Check(name, OK, f"Connected as {capability.title}; {allowed}.")

    def _clocks(self) -> Iterator[Check]:
        for side, skew in self._instruments.skews().items():
            told = f"{abs(skew):.0f} seconds {'behind' if skew > 0 else 'ahead of'} that of {side.title}."
            state = FAILS if abs(skew) > WRONG_SKEW else NOTE if abs(skew) > NOTED_SKEW else OK
            fix = "" if state == OK else "Let the machine keep its time by NTP (`timedatectl set-ntp true`)."
            yield Check("Clock", state, f"The clock of this machine is {told}", fix)


def broken(error: Exception) -> Check:
    """A database that fails; its words are left out, as they may quote what is stored."""
    return Check(
        "Database",
        FAILS,
        f"It cannot be read ({type(error).__name__}).",
        "Look whether the disk is full or failing, or the server down; else restore the newest backup.",
    )


def judged(found: Findings, now: float) -> Iterator[Check]:
    """What the database points to, in the order in which it matters."""
    if not found.bridges:
        connect = "Connect both accounts, then `landbridge bridge create`."
        yield Check("Bridges", FAILS, "There is no bridge yet.", connect)
    ahead = found.newest - now
    if ahead > AHEAD_SECONDS:
        told = f"A run began {ahead:.0f} seconds from now: the clock was set back, or is wrong."
        yield Check("Clock", FAILS, told, "Set the clock right (`timedatectl set-ntp true`).")
    yield from _runs(found)
    yield _waiting(found)
    yield from _webhooks(found)
    if found.spent:
        told = f"Less than a tenth of HighLevel's calls of today is left at {_some(found.spent)}."
        yield Check("Quota", NOTE, told, "It is full again tomorrow; see what uses it on the bridge's page.")
    else:
        yield Check("Quota", OK, "No bridge is known to be near the end of HighLevel's calls of today.")
    if found.untold:
        told = (
            f"{found.untold} alert{'s' * (found.untold > 1)} could not be told, tried at least three times."
        )
        yield Check("Alerts", FAILS, told, "Run `landbridge alerts test`; it says which channel fails.")


def _runs(found: Findings) -> Iterator[Check]:
    if found.cut_off:
        told = f"A sync was cut off and nobody goes on with it: {_some(found.cut_off)}."
        yield Check(
            "Runs", FAILS, told, f"{_SERVE}: it goes on by itself; or `landbridge sync --bridge NAME`."
        )
    elif found.endless:
        told = f"A sync has been running for more than 12 hours: {_some(found.endless)}."
        yield Check("Runs", NOTE, told, "Look at its page; if its figures stand still, restart Landbridge.")
    else:
        yield Check("Runs", OK, "None was cut off, none hangs.")
    if found.left:
        many = "1 bridge was" if found.left == 1 else f"{found.left} bridges were"
        told = f"{many} left by a process that died or hangs."
        yield Check("Workers", NOTE, told, f"{_SERVE}: the next run takes them over within a minute.")
    else:
        yield Check("Workers", OK, "No process left a bridge behind.")


def _waiting(found: Findings) -> Check:
    if not found.late:
        return Check("Waiting for a look", OK, f"{found.due} records, none of them late.")
    return Check(
        "Waiting for a look",
        FAILS,
        f"{found.late} of {found.due} records are half an hour late or more: {_some(found.late_bridges)}.",
        f"{_SERVE}; look whether these bridges wait for your answer, or need a credential.",
    )


def _webhooks(found: Findings) -> Iterator[Check]:
    if found.never:
        told = f"None has ever come for {_some(found.never)}; changes are found by looking for them."
        yield Check("Webhooks", NOTE, told, "Enter the address in HighLevel (docs/webhooks.md).")
    if found.silent:
        told = f"None has come for seven days for {_some(found.silent)}."
        yield Check("Webhooks", NOTE, told, "Look at the address in HighLevel, and at the proxy before it.")
    if found.bridges and not (found.never or found.silent):
        yield Check("Webhooks", OK, "They come for every bridge.")


def _some(names: Sequence[str]) -> str:
    """The first few by name, the others as a number."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
