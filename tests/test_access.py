"""Who gets in: the first owner, passwords, sessions, links, roles, keys, and whoever guesses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from inprocess import new_database
from landbridge.access import doors as way_in
from landbridge.access import passwords
from landbridge.access.doors import Doors, NotLetIn, TooManyTries
from landbridge.access.people import INVITATION, PASSWORD, People
from landbridge.access.roles import Role
from landbridge.store.database import Database, StoreFailure
from landbridge.store.people_tables import login
from landbridge.store.tokens import token_of
from web_scenes import cheap_passwords

GOOD = "river anvil candle moss"
OTHER = "lantern oboe thimble fog"
ADA = ("Ada Byron", "ada@example.com")


class Clock:
    """Stands where it is put."""

    at = 1_780_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


class House:
    """An installation with a database of its own."""

    def __init__(self, database: Database) -> None:
        self.clock = Clock()
        self.database = database
        self.doors = Doors(database, self.clock)
        self.people = People(database, self.clock)

    async def log_in(self, email: str = ADA[1], password: str = GOOD, address: str = "192.0.2.1") -> str:
        return (await self.doors.log_in(email, password, address))[1]

    async def fail(self, times: int, email: str = ADA[1], address: str = "192.0.2.1") -> None:
        for _ in range(times):
            with pytest.raises(NotLetIn):
                await self.log_in(email, "not the right one", address)


def all_bytes(folder: Path) -> bytes:
    """Everything in the files of a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_passwords(monkeypatch)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite+aiosqlite:///{new_database(tmp_path)}")
    yield House(database)
    await database.close()


async def test_the_first_person_is_the_owner_and_there_is_one_first(house: House) -> None:
    assert await house.people.nobody_yet()
    made = await asyncio.gather(
        *(house.people.first(f"Owner {n}", f"o{n}@example.com", GOOD) for n in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in made) == ["StoreFailure", "StoreFailure", "int"]
    (owner,) = await house.people.everybody()
    assert owner.role == Role.OWNER
    assert not await house.people.nobody_yet()


@pytest.mark.parametrize(
    ("name", "email", "password", "said"),
    [
        (" ", "ada@example.com", GOOD, "The name is blank."),
        ("Ada", "ada.example.com", GOOD, "This is not an e-mail address."),
        ("Ada", "ada@example.com", "short", "shorter than 12"),
        ("Ada", "ada@example.com", "x" * 201, "longer than 200"),
        ("Ada", "ada@example.com", "aaaaaaaaaaaaaaaa", "guessed first"),
        ("Ada", "ada@example.com", "password123456", "guessed first"),
        ("Ada", "ada@example.com", "ada@example.com1", "guessed first"),
    ],
)
async def test_bad_input_names_the_field(
    house: House, name: str, email: str, password: str, said: str
) -> None:
    with pytest.raises(StoreFailure, match=said):
        await house.people.first(name, email, password)
    assert await house.people.nobody_yet()


async def test_a_login_opens_a_session_that_ends_when_nobody_asks_for_anything(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    session = await house.log_in("ADA@example.com ")
    found = await house.doors.of_session(session)
    assert found is not None and (found.name, found.role) == (ADA[0], Role.OWNER)
    house.clock.at += way_in.IDLE_SECONDS - 1
    assert await house.doors.of_session(session) is not None, "seen, so it goes on"
    house.clock.at += way_in.IDLE_SECONDS - 1
    assert await house.doors.of_session(session) is not None
    house.clock.at += way_in.IDLE_SECONDS
    assert await house.doors.of_session(session) is None
    assert await house.doors.of_session("") is None


async def test_a_session_ends_after_thirty_days_however_busy(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    session = await house.log_in()
    for _ in range(3 * 30 - 1):
        house.clock.at += 8 * 3600
        assert await house.doors.of_session(session) is not None
    house.clock.at += 8 * 3600
    assert await house.doors.of_session(session) is None


async def test_logging_out_ends_the_session(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    one, other = await house.log_in(), await house.log_in()
    assert one != other
    await house.doors.log_out(one)
    assert await house.doors.of_session(one) is None
    assert await house.doors.of_session(other) is not None


async def test_the_database_holds_no_secret(house: House, tmp_path: Path) -> None:
    await house.people.first(*ADA, GOOD)
    secrets = [
        GOOD,
        await house.log_in(),
        (await house.doors.make_key("reporting", "viewer", by="Ada")).secret,
        (await house.people.invite("Bo", "bo@example.com", Role.VIEWER)).path.rpartition("/")[2],
    ]
    await house.fail(1, "guess@example.org")
    kept = await asyncio.to_thread(all_bytes, tmp_path)
    assert b"ada@example.com" in kept
    for secret in (*secrets, "guess@example.org"):
        assert secret.encode() not in kept


async def test_wrong_password_and_unknown_person_are_told_alike_and_cost_the_same_work(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people.first(*ADA, GOOD)
    worked: list[str] = []
    real = passwords._verify

    def verify(stored: str, password: str) -> bool:
        worked.append(stored[:10])
        return real(stored, password)

    monkeypatch.setattr(passwords, "_verify", verify)
    told = set()
    for email in (ADA[1], "nobody@example.com"):
        with pytest.raises(NotLetIn) as failure:
            await house.log_in(email, "not the right one")
        told.add((failure.value.sentence, failure.value.fix))
    assert len(told) == 1
    assert worked == ["$argon2id$", "$argon2id$"]


async def test_guessing_has_to_wait_longer_each_time(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    await house.fail(way_in.TRIES["email_key"])
    waits = []
    for _ in range(7):
        with pytest.raises(TooManyTries) as failure:
            await house.log_in()  # even the right password
        waits.append(failure.value.seconds)
        house.clock.at += failure.value.seconds
        await house.fail(1)
    assert waits == [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0]
    house.clock.at += way_in.LONGEST_WAIT
    await house.log_in()
    await house.fail(way_in.TRIES["email_key"])  # a success starts the count anew


async def test_one_address_cannot_try_one_password_on_many_people(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    for number in range(way_in.TRIES["address_key"]):
        await house.fail(1, f"p{number}@example.com", "198.51.100.7")
    with pytest.raises(TooManyTries):
        await house.log_in(address="198.51.100.7")
    await house.log_in(address="192.0.2.9")


async def test_guessing_the_code_has_to_wait_and_keeps_nobody_else_waiting(house: House) -> None:
    for _ in range(way_in.TRIES["email_key"]):
        assert not await house.doors.try_code("aaaaaaaaaa", "bbbbbbbbbb", "198.51.100.7")
    with pytest.raises(TooManyTries) as failure:
        await house.doors.try_code("bbbbbbbbbb", "bbbbbbbbbb", "198.51.100.7")
    assert failure.value.seconds == way_in.FIRST_WAIT
    assert await house.doors.try_code(" BBBBBBBBBB ", "bbbbbbbbbb", "192.0.2.1")
    house.clock.at += way_in.FIRST_WAIT
    assert await house.doors.try_code("bbbbbbbbbb", "bbbbbbbbbb", "198.51.100.7")
    told = [one.outcome for one in await house.doors.logins()]
    assert told == ["right code"] * 2 + ["wrong code"] * 5


async def test_many_guesses_at_once_count_as_many(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    tried = await asyncio.gather(
        *(house.log_in(password=f"guess number {n} of many") for n in range(12)), return_exceptions=True
    )
    refused = [one for one in tried if isinstance(one, TooManyTries)]
    assert len(refused) == 12 - way_in.TRIES["email_key"]


async def test_an_invitation_is_good_once_and_for_three_days(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    link = await house.people.invite("Bo", "bo@example.com", Role.OPERATOR)
    secret = link.path.rpartition("/")[2]
    with pytest.raises(NotLetIn):
        await house.log_in("bo@example.com", "")
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.of_link(secret, PASSWORD)
    bo = await house.people.use_link(secret, INVITATION, OTHER)
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.use_link(secret, INVITATION, GOOD)
    assert await house.doors.of_session(await house.log_in("bo@example.com", OTHER)) is not None
    late = (await house.people.invite("Cy", "cy@example.com", Role.VIEWER)).path.rpartition("/")[2]
    house.clock.at += 72 * 3600
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.use_link(late, INVITATION, OTHER)
    assert bo != 0


async def test_a_new_password_by_link_ends_every_session_and_older_links(house: House) -> None:
    ada = await house.people.first(*ADA, GOOD)
    session = await house.log_in()
    first, second = [(await house.people.new_link(ada)).path.rpartition("/")[2] for _ in range(2)]
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.use_link(first, PASSWORD, OTHER)
    await house.people.use_link(second, PASSWORD, OTHER)
    assert await house.doors.of_session(session) is None
    await house.log_in(password=OTHER)


async def test_changing_the_password_needs_the_present_one_and_keeps_this_browser(house: House) -> None:
    ada = await house.people.first(*ADA, GOOD)
    here, there = await house.log_in(), await house.log_in()
    mine = token_of(here)
    with pytest.raises(StoreFailure, match="present password"):
        await house.people.change_password(ada, OTHER, OTHER, session=mine)
    await house.people.change_password(ada, GOOD, OTHER, session=mine)
    assert await house.doors.of_session(here) is not None
    assert await house.doors.of_session(there) is None


async def test_the_last_owner_stays(house: House) -> None:
    ada = await house.people.first(*ADA, GOOD)
    invited = await house.people.invite("Bo", "bo@example.com", Role.OWNER)  # cannot log in yet
    for refused in (
        house.people.set_role(ada, Role.VIEWER),
        house.people.disable(ada),
        house.people.remove(ada),
    ):
        with pytest.raises(StoreFailure, match="last owner"):
            await refused
    await house.people.use_link(invited.path.rpartition("/")[2], INVITATION, OTHER)
    await house.people.set_role(ada, Role.VIEWER)
    assert [one.role for one in await house.people.everybody()] == ["viewer", "owner"]


async def test_whoever_is_let_in_no_more_is_out_at_once(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    bo = await house.people.add("Bo", "bo@example.com", Role.OPERATOR, OTHER)
    session = await house.log_in("bo@example.com", OTHER)
    await house.people.disable(bo)
    assert await house.doors.of_session(session) is None
    with pytest.raises(NotLetIn):
        await house.log_in("bo@example.com", OTHER)
    await house.people.enable(bo)
    await house.log_in("bo@example.com", OTHER)
    await house.people.remove(bo)
    with pytest.raises(NotLetIn):
        await house.log_in("bo@example.com", OTHER)
    with pytest.raises(StoreFailure, match="no such person"):
        await house.people.remove(bo)


async def test_a_number_that_is_given_again_inherits_nothing(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    bo = await house.people.add("Bo", "bo@example.com", Role.VIEWER, OTHER)
    session = await house.log_in("bo@example.com", OTHER)
    await house.people.remove(bo)
    assert await house.people.add("Cy", "cy@example.com", Role.OWNER, OTHER) == bo, "as SQLite does it"
    assert await house.doors.of_session(session) is None
    assert [(one.outcome, one.name) for one in await house.doors.logins()] == [("logged in", "")]


async def test_another_name_is_shown_from_now_on(house: House) -> None:
    ada = await house.people.first(*ADA, GOOD)
    session = await house.log_in()
    await house.people.rename(ada, "  Ada   King ")
    found = await house.doors.of_session(session)
    assert found is not None and found.name == "Ada King"
    with pytest.raises(StoreFailure, match="name is blank"):
        await house.people.rename(ada, " ")


async def test_a_lost_laptop_is_logged_out(house: House) -> None:
    ada = await house.people.first(*ADA, GOOD)
    sessions = [await house.log_in(), await house.log_in()]
    await house.people.log_out(ada)
    assert [await house.doors.of_session(one) for one in sessions] == [None, None]
    with pytest.raises(StoreFailure, match="no such person"):
        await house.people.log_out(ada + 1)


async def test_a_link_of_the_demo_lets_in_once_and_is_no_other_kind(house: House) -> None:
    ada = await house.people.first(*ADA, GOOD)
    secret = (await house.people.entry_link(ada)).path.rpartition("/")[2]
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.use_link(secret, PASSWORD, OTHER)
    assert await house.people.enter_by(secret) == ada
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.enter_by(secret)
    reset = (await house.people.new_link(ada)).path.rpartition("/")[2]
    with pytest.raises(StoreFailure, match="not good any more"):
        await house.people.enter_by(reset)


async def test_hashes_of_addresses_stay_a_day(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    await house.fail(1, "stranger@example.org")
    house.clock.at += way_in.REMEMBERED + 1
    await house.log_in()
    async with house.database.read() as connection:
        rows = (await connection.execute(select(login).order_by(login.c.id))).all()
    old, new = rows
    assert (old.outcome, old.email_key, old.address_key) == ("unknown", "", "")
    assert new.email_key and new.address_key


async def test_an_address_is_taken_once(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    with pytest.raises(StoreFailure, match="already"):
        await house.people.invite("Ada again", "ADA@EXAMPLE.COM", Role.VIEWER)


def test_passwords_are_kept_as_strongly_as_the_library_advises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    made = passwords._hasher().hash(GOOD)
    assert made.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, second recommended option


async def test_a_key_opens_until_it_is_taken_away(house: House) -> None:
    made = await house.doors.make_key(" reporting ", "operator", by="Ada")
    found = await house.doors.of_key(made.secret)
    assert found is not None and (found.name, found.role) == ("key reporting", Role.OPERATOR)
    assert await house.doors.of_key(made.secret + "x") is None
    (kept,) = await house.doors.keys()
    assert (kept.shown, kept.used_at) == (made.secret[:8], house.clock.at)
    await house.doors.revoke_key(kept.id)
    assert await house.doors.of_key(made.secret) is None
    with pytest.raises(StoreFailure, match="no key"):
        await house.doors.revoke_key(kept.id)
    with pytest.raises(StoreFailure, match="needs a name"):
        await house.doors.make_key("  ", "viewer", by="Ada")


async def test_the_audit_says_who_came_and_nothing_of_strangers(house: House) -> None:
    await house.people.first(*ADA, GOOD)
    await house.log_in()
    await house.fail(1)
    await house.fail(1, "stranger@example.org")
    told = [(one.outcome, one.email) for one in await house.doors.logins()]
    assert told == [("unknown", ""), ("wrong", ADA[1]), ("logged in", ADA[1])]
