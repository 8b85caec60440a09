"""Alerts opened once, told once while they last, closed by themselves, and retried until they are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import insert

from landbridge.engine.alerts import Calls
from landbridge.engine.schedule import Timetable
from landbridge.engine.telling import CHECK_SECONDS, Alerts, Tried, keep_watch
from landbridge.store.alerts import Alert, raise_alert
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.runs import Runs
from landbridge.store.tables import due, hold
from landbridge.sync.model import Side
from landbridge.systems.channel import ChannelFailure, Message

NOON = 1_795_608_000.0  # 2026-11-25 12:00:00 UTC
HOUR, DAY = 3600.0, 86_400.0


class TwoClocks:
    """The time of day, which may jump, and the one for spans, which never does."""

    def __init__(self) -> None:
        self.day = NOON
        self.span = 1000.0

    def now(self) -> float:
        return self.day

    def monotonic(self) -> float:
        return self.span

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here sleeps, not even {seconds} s")


@dataclass
class FakeChannel:
    """Keeps what it takes, and takes nothing while it is down."""

    name: str = "e-mail"
    down: bool = False
    taken: list[Message] = field(default_factory=list)
    tries: int = 0

    async def send(self, message: Message) -> None:
        self.tries += 1
        if self.down:
            raise ChannelFailure("The mail server did not take the message.", "Check smtp_host.")
        self.taken.append(message)


@dataclass
class Scene:
    """One bridge that synced just now, its alerts, and two channels."""

    database: Database
    clock: TwoClocks
    bridge: Bridge
    calls: list[Calls] = field(default_factory=list)
    mail: FakeChannel = field(default_factory=FakeChannel)
    chat: FakeChannel = field(default_factory=lambda: FakeChannel("chat webhook"))
    alerts: Alerts = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """A process of its own: what only lived in memory is gone."""
        timetable = Timetable(self.database, self.clock, {"sync": HOUR, "poll": 900.0})
        self.alerts = Alerts(
            self.database,
            self.clock,
            timetable,
            [self.mail, self.chat],
            calls_of=lambda _: self.calls,
            hold_hours=24,
            address="https://bridge.example.org",
        )

    async def sync(self, state: str = "done", sentence: str = "", fix: str = "") -> None:
        runs = Runs(self.database)
        run = await runs.start(self.bridge.id, "sync", "schedule", "", self.clock.day)
        await runs.finish(run.id, state, self.clock.day, sentence, fix)

    async def brake(self) -> None:
        await self.sync("braked", "This run would replace values of 412 contacts.", "Look at the plan.")

    async def pass_time(self, seconds: float, step: float = CHECK_SECONDS) -> None:
        for _ in range(int(seconds // step)):
            await self.alerts.check()
            self.clock.day += step
            self.clock.span += step

    async def listed(self) -> list[Alert]:
        return await self.alerts.recent(self.bridge)

    @property
    def subjects(self) -> list[str]:
        return [message.subject for message in self.mail.taken]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'store.sqlite3'}")
    await database.migrate()
    bridges = Bridges(database)
    left = await bridges.save_account(Side.HIGHLEVEL, "loc", "Shore Homes", {}, NOON)
    right = await bridges.save_account(Side.REZORA, "agent", "Agent", {}, NOON)
    made = Scene(database, TwoClocks(), await bridges.create("Harbor Street", left, right, "", NOON))
    await made.sync()
    yield made
    await database.close()


async def test_a_bridge_that_is_well_tells_nothing(scene: Scene) -> None:
    await scene.pass_time(HOUR)
    assert (await scene.listed(), scene.subjects) == ([], [])


async def test_an_alert_is_told_once_while_it_lasts_and_once_when_it_is_over(scene: Scene) -> None:
    await scene.brake()
    await scene.pass_time(2 * HOUR)
    assert scene.subjects == ["Landbridge, Harbor Street: a sync stopped to ask"]
    assert scene.mail.taken == scene.chat.taken
    text = scene.mail.taken[0].text
    assert "412 contacts" in text
    assert "What to do: Look at the plan." in text
    assert "https://bridge.example.org/bridges/1" in text
    await scene.sync()
    await scene.pass_time(2 * HOUR)
    assert scene.subjects[1:] == ["Landbridge, Harbor Street: all well again (a sync stopped to ask)"]
    (alert,) = await scene.listed()
    assert alert.closed_at == NOON + 2 * HOUR
    await scene.brake()
    await scene.pass_time(HOUR)
    assert len(scene.subjects) == 3
    assert [one.closed_at is None for one in await scene.listed()] == [True, False]


async def test_what_lasts_longer_than_a_day_is_told_again_each_day(scene: Scene) -> None:
    await scene.brake()
    await scene.pass_time(2.5 * DAY, HOUR)
    assert len(scene.subjects) == 3
    assert [message.text.startswith("Still so: ") for message in scene.mail.taken] == [False, True, True]


async def test_a_channel_that_fails_is_tried_again_ever_more_seldom_and_the_other_hears_once(
    scene: Scene,
) -> None:
    scene.mail.down = True
    await scene.brake()
    await scene.pass_time(HOUR)
    assert 4 <= scene.mail.tries <= 7
    assert len(scene.chat.taken) == 1
    (alert,) = await scene.listed()
    assert (alert.sent_at, alert.attempts) == (None, scene.mail.tries)
    scene.mail.down = False
    await scene.pass_time(HOUR)
    assert (len(scene.mail.taken), len(scene.chat.taken)) == (1, 1)


async def test_what_was_not_told_when_the_process_ended_is_told_by_the_next(scene: Scene) -> None:
    scene.mail.down = scene.chat.down = True
    await scene.brake()
    await scene.pass_time(HOUR)
    scene.mail.down = scene.chat.down = False
    scene.open()
    await scene.alerts.check()
    assert len(scene.subjects) == 1
    scene.open()
    await scene.pass_time(HOUR)
    assert len(scene.subjects) == 1


async def test_what_is_over_before_anybody_was_told_is_not_told(scene: Scene) -> None:
    scene.mail.down = scene.chat.down = True
    await scene.brake()
    await scene.pass_time(120)
    await scene.sync()
    await scene.alerts.check()
    scene.mail.down = scene.chat.down = False
    await scene.pass_time(HOUR)
    assert scene.subjects == []
    assert [alert.closed_at is None for alert in await scene.listed()] == [False]


async def test_holds_that_wait_for_long_are_told_without_anybodys_name(scene: Scene) -> None:
    for number, age in enumerate((30 * HOUR, 25 * HOUR, HOUR)):
        row = {"cause": "both_changed", "highlevel_id": f"h{number}", "highlevel_shows": "Ada Brook"}
        async with scene.database.write() as connection:
            await connection.execute(insert(hold).values(bridge_id=1, run_id=1, opened_at=NOON - age, **row))
    await scene.alerts.check()
    (message,) = scene.mail.taken
    assert "2 contacts have waited for your answer for more than 24 hours." in message.text
    assert "Ada" not in message.text
    scene.clock.day += DAY - 1
    await scene.alerts.check()
    assert "3 contacts" in (await scene.listed())[0].sentence
    assert len(scene.subjects) == 1


async def test_syncs_that_do_not_come_are_told_after_three_of_them(scene: Scene) -> None:
    await scene.pass_time(2 * HOUR)
    assert scene.subjects == []
    await scene.sync("failed", "Rezora cannot be reached.", "Check the address.")
    await scene.pass_time(2 * HOUR)
    assert scene.subjects == ["Landbridge, Harbor Street: the sync does not get through"]
    assert "Rezora cannot be reached." in scene.mail.taken[0].text
    await scene.sync()
    await scene.alerts.check()
    assert len(scene.subjects) == 2


async def test_a_schedule_that_is_off_misses_nothing(scene: Scene) -> None:
    await Timetable(scene.database, scene.clock, {"sync": HOUR}).off(scene.bridge, "sync")
    await scene.pass_time(DAY, HOUR)
    assert scene.subjects == []


async def test_records_that_nobody_looks_at_are_told(scene: Scene) -> None:
    row = {"bridge_id": 1, "side": "highlevel", "kind": "contact", "id": "h1", "urgency": 1}
    async with scene.database.write() as connection:
        await connection.execute(insert(due).values(**row, at=NOON - 2000, since=NOON - 2000))
    await scene.pass_time(1800)
    assert "1 record has waited more than 30 minutes for a look." in scene.mail.taken[0].text


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_a_clock_that_jumps_does_not_cry_wolf(scene: Scene, jump: float) -> None:
    scene.clock.day += jump
    await scene.pass_time(600)
    scene.clock.day -= jump
    await scene.sync()
    await scene.pass_time(HOUR)
    assert scene.subjects == []


async def test_nearly_spent_calls_are_told(scene: Scene) -> None:
    scene.calls = [Calls("HighLevel", 190_000, 200_000)]
    await scene.alerts.check()
    assert "190,000 of the day's 200,000 calls to HighLevel are used." in scene.mail.taken[0].text
    scene.calls = [Calls("HighLevel", 3, 200_000)]
    await scene.alerts.check()
    assert len(scene.subjects) == 2


async def test_a_look_that_fails_does_not_end_the_watch(scene: Scene) -> None:
    looks = []

    class Stop(Exception):  # noqa: N818  # the end of the test, not an error
        pass

    class Failing(Alerts):
        async def check(self) -> None:
            looks.append(scene.clock.now())
            raise ValueError("a mistake of ours")

    class Stepping(TwoClocks):
        async def sleep(self, seconds: float) -> None:
            assert seconds == CHECK_SECONDS
            if len(looks) == 3:
                raise Stop

    scene.alerts.__class__ = Failing
    with pytest.raises(Stop):
        await keep_watch(scene.alerts, Stepping())
    assert len(looks) == 3


async def test_a_test_goes_through_each_channel_and_says_what_became_of_it(scene: Scene) -> None:
    scene.mail.down = True
    tried = await scene.alerts.try_channels()
    assert tried == [
        Tried("e-mail", "The mail server did not take the message.", "Check smtp_host."),
        Tried("chat webhook"),
    ]
    assert await scene.listed() == []


async def test_what_a_recipe_tells_is_told_once_by_each_channel_and_is_over_then(scene: Scene) -> None:
    scene.chat.down = True
    async with scene.database.write() as connection:
        words = ("recipe:7.0", "Somebody unsubscribed.", "Look at the firings.")
        await raise_alert(connection, scene.bridge.id, *words, scene.clock.day)
    await scene.pass_time(120.0)
    assert [alert.closed_at for alert in await scene.listed()] == [None]
    scene.chat.down = False
    await scene.pass_time(1800.0)
    assert scene.subjects == ["Landbridge, Harbor Street: a recipe has news for you"]
    assert len(scene.chat.taken) == 1
    (alert,) = [one for one in await scene.listed() if one.cause == "recipe:7.0"]
    assert alert.closed_at is not None
