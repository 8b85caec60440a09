"""The quota never sends a call too many, and wastes little: against simulated servers."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

import pytest

from landbridge.systems.base import RateLimited
from landbridge.systems.quota import Quota
from systems_fakes import InstantClock, SimulatedClock


class Server:
    """Counts on arrival, in sliding or fixed windows, and answers after a while."""

    def __init__(self, clock: SimulatedClock, kind: str, burst: int, interval: float = 10.0) -> None:
        self.clock, self.kind, self.burst, self.interval = clock, kind, burst, interval
        self.counted: deque[float] = deque()
        self.began = 0.0
        self.refused = 0
        self.served = 0

    def take(self) -> bool:
        now = self.clock.now()
        if self.kind == "sliding":
            while self.counted and self.counted[0] <= now - self.interval:
                self.counted.popleft()
        elif now - self.began >= self.interval:
            self.counted.clear()
            self.began = now
        if len(self.counted) >= self.burst:
            self.refused += 1
            return False
        self.counted.append(now)
        self.served += 1
        return True

    def headers(self) -> dict[str, str]:
        return {
            "x-ratelimit-max": str(self.burst),
            "x-ratelimit-remaining": str(self.burst - len(self.counted)),
            "x-ratelimit-interval-milliseconds": str(int(self.interval * 1000)),
        }

    async def call(self, quota: Quota, latency: Callable[[], float]) -> bool:
        with await quota.reserve() as slot:
            await self.clock.sleep(latency())
            taken, headers = self.take(), self.headers()
            await self.clock.sleep(latency())
            slot.answered(headers)
        return taken


def latencies(kind: str) -> Callable[[], float]:
    rng = random.Random(3)  # repeatable latencies
    return {
        "even": lambda: 0.05,
        "spread": lambda: rng.uniform(0.005, 0.25),
        "rarely slow": lambda: 4.0 if rng.random() < 0.01 else 0.02,
    }[kind]


async def worker(server: Server, quota: Quota, latency: Callable[[], float], until: float) -> None:
    while server.clock.now() < until:
        await server.call(quota, latency)


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize("latency", ["even", "spread", "rarely slow"])
async def test_no_call_is_ever_refused(window: str, latency: str) -> None:
    clock = SimulatedClock()
    server = Server(clock, window, 100)
    quota = Quota(100, 10.0, 0, clock=clock)
    pause = latencies(latency)
    await clock.run(*(worker(server, quota, pause, clock.now() + 60) for _ in range(16)))
    assert server.refused == 0
    assert server.served >= 550


@pytest.mark.parametrize("window", ["sliding", "fixed"])
async def test_nearly_all_of_the_allowed_rate_is_used(window: str) -> None:
    clock = SimulatedClock()
    server = Server(clock, window, 100)
    quota = Quota(100, 10.0, 0, clock=clock)
    await clock.run(*(worker(server, quota, latencies("spread"), clock.now() + 200) for _ in range(16)))
    assert server.refused == 0
    assert server.served >= 0.95 * 95 * 20  # five of the hundred are kept for opt-outs


async def test_a_trial_account_is_kept_to_its_smaller_limit_from_the_first_call_on() -> None:
    clock = SimulatedClock()
    server = Server(clock, "sliding", 25)
    quota = Quota(100, 10.0, 0, clock=clock)
    await clock.run(*(worker(server, quota, latencies("even"), clock.now() + 60) for _ in range(16)))
    assert server.refused == 0
    assert quota.usage().burst == 25
    assert server.served >= 0.95 * 24 * 6  # one of the 25 is kept for opt-outs


async def test_a_restart_within_the_interval_learns_what_was_used_before() -> None:
    clock = SimulatedClock()
    server = Server(clock, "sliding", 100)
    for _ in range(90):
        server.take()
    quota = Quota(100, 10.0, 0, clock=clock)
    await clock.run(*(server.call(quota, latencies("even")) for _ in range(60)))
    assert server.refused == 0


async def test_others_on_the_same_quota_are_seen_and_left_room() -> None:
    clock = SimulatedClock()
    server = Server(clock, "sliding", 100)
    quota = Quota(100, 10.0, 0, clock=clock)
    await clock.run(server.call(quota, lambda: 0.05))
    for _ in range(40):
        server.take()
    await clock.run(server.call(quota, lambda: 0.05))
    assert quota.usage().used == 42
    assert quota.usage().free == 58
    await clock.run(*(server.call(quota, latencies("even")) for _ in range(70)))
    assert server.refused == 0


async def test_our_own_calls_are_not_taken_for_those_of_others() -> None:
    clock = SimulatedClock()
    server = Server(clock, "sliding", 100)
    quota = Quota(100, 10.0, 0, clock=clock)
    await clock.run(*(server.call(quota, latencies("rarely slow")) for _ in range(90)))
    assert quota.usage().used <= 90


async def test_slots_are_given_first_come_first_served() -> None:
    clock = SimulatedClock()
    quota = Quota(2, 10.0, 0, clock=clock)
    order: list[int] = []

    async def take(number: int) -> None:
        with await quota.reserve() as slot:
            order.append(number)
            await clock.sleep(0.1)
            slot.answered({})

    await clock.run(*(take(number) for number in range(12)))
    assert order == list(range(12))


async def test_nobody_overtakes_those_who_wait() -> None:
    clock = SimulatedClock()
    quota = Quota(1, 10.0, 0, clock=clock)
    order: list[str] = []

    async def take(name: str, arrives: float) -> None:
        await clock.sleep(arrives)
        with await quota.reserve() as slot:
            order.append(name)
            slot.answered({})

    # The newcomer arrives at the very moment at which the slot is free, and is woken first.
    await clock.run(take("newcomer", 10.0), take("first", 0.0), take("waiting", 1.0))
    assert order == ["first", "waiting", "newcomer"]


async def test_calls_of_ours_that_ended_during_a_slow_answer_are_still_ours() -> None:
    clock = InstantClock()
    quota = Quota(100, 10.0, 0, clock=clock)
    for _ in range(50):
        (await quota.reserve()).answered({})
    clock.advance(5)
    slow = await quota.reserve()  # the server counts it now, as the 51st of the last 10 seconds
    clock.advance(6)
    slow.answered({"x-ratelimit-max": "100", "x-ratelimit-remaining": "49"})
    assert quota.usage().used == 1


async def test_a_call_that_was_not_sent_gives_its_slot_back_at_once() -> None:
    clock = InstantClock()
    quota = Quota(1, 10.0, 5, clock=clock)
    for _ in range(5):
        (await quota.reserve()).unsent()
    assert clock.slept == []
    assert quota.usage().used == 0
    assert quota.usage().daily_used == 0


async def test_a_lost_answer_holds_its_slot_for_the_interval() -> None:
    clock = InstantClock()
    quota = Quota(1, 10.0, 0, clock=clock)
    with await quota.reserve():
        clock.advance(3)
    began = clock.now()
    (await quota.reserve()).lost()
    assert clock.now() - began == pytest.approx(10)


async def test_a_cancelled_call_does_not_keep_its_slot_for_ever() -> None:
    clock = InstantClock()
    quota = Quota(1, 10.0, 0, clock=clock)

    async def hold() -> None:
        with await quota.reserve():
            await asyncio.Event().wait()

    task = asyncio.ensure_future(hold())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    began = clock.now()
    await quota.reserve()
    assert clock.now() - began == pytest.approx(10)


async def test_a_burst_of_nothing_switches_the_limit_off() -> None:
    clock = InstantClock()
    quota = Quota(0, 10.0, 0, clock=clock)
    for _ in range(500):
        (await quota.reserve()).answered({"x-ratelimit-max": "1", "x-ratelimit-remaining": "0"})
    assert clock.slept == []
    assert quota.usage().burst == 0


async def test_a_spent_day_is_said_at_once_and_ends_when_the_server_says() -> None:
    clock = InstantClock()
    quota = Quota(100, 10.0, 200_000, clock=clock)
    (await quota.reserve()).answered(
        {
            "x-ratelimit-limit-daily": "10000",
            "x-ratelimit-daily-remaining": "0",
            "x-ratelimit-daily-reset": "7200000",
        }
    )
    with pytest.raises(RateLimited) as caught:
        await quota.reserve()
    assert caught.value.daily
    assert caught.value.wait_seconds == pytest.approx(7200)
    assert caught.value.sent == "no"
    assert "2.0 hours" in caught.value.sentence
    clock.advance(7201)
    (await quota.reserve()).answered({})


async def test_the_day_is_counted_without_headers_too() -> None:
    clock = InstantClock()
    quota = Quota(0, 10.0, 3, clock=clock)
    for _ in range(3):
        (await quota.reserve()).answered({})
    with pytest.raises(RateLimited):
        await quota.reserve()
    usage = quota.usage()
    assert (usage.daily, usage.daily_used, usage.daily_left) == (3, 3, 0)
    assert usage.daily_reset_seconds == pytest.approx(86_400)


async def test_a_new_day_told_by_the_server_frees_the_count() -> None:
    clock = InstantClock()
    quota = Quota(100, 10.0, 200_000, clock=clock)
    day = {"x-ratelimit-limit-daily": "200000"}
    (await quota.reserve()).answered(
        day | {"x-ratelimit-daily-remaining": "2010", "x-ratelimit-daily-reset": "60000"}
    )
    assert quota.usage().daily_left == 2010
    (await quota.reserve()).answered(
        day | {"x-ratelimit-daily-remaining": "199999", "x-ratelimit-daily-reset": "86400000"}
    )
    assert quota.usage().daily_left == 199_999


async def test_a_short_pause_is_waited_and_a_long_one_is_for_the_engine() -> None:
    clock = InstantClock()
    quota = Quota(100, 10.0, 0, clock=clock)
    quota.pause(30)
    assert quota.usage().paused_seconds == pytest.approx(30)
    (await quota.reserve()).answered({})
    assert sum(clock.slept) == pytest.approx(30)
    quota.pause(3600)
    with pytest.raises(RateLimited) as caught:
        await quota.reserve()
    assert caught.value.wait_seconds == pytest.approx(3600)
    assert not caught.value.daily


async def test_nonsense_in_the_headers_changes_nothing() -> None:
    clock = InstantClock()
    quota = Quota(100, 10.0, 1000, clock=clock)
    nonsense = {
        "x-ratelimit-max": "-5",
        "x-ratelimit-remaining": "many",
        "x-ratelimit-interval-milliseconds": "1e9",
        "x-ratelimit-limit-daily": "0",
        "x-ratelimit-daily-remaining": "",
    }
    (await quota.reserve()).answered(nonsense)
    usage = quota.usage()
    assert (usage.burst, usage.interval_seconds, usage.daily, usage.used) == (100, 10.0, 1000, 1)


async def test_an_opt_out_does_not_wait_behind_bulk_calls() -> None:
    clock = SimulatedClock()
    server = Server(clock, "sliding", 100)
    quota = Quota(100, 10.0, 0, clock=clock)
    waits: list[float] = []

    async def opt_outs() -> None:
        for _ in range(12):
            await clock.sleep(2.1)  # at most five within ten seconds: what is kept for them
            asked = clock.now()
            with await quota.reserve(urgent=True) as slot:
                waits.append(clock.now() - asked)
                assert server.take()
                slot.answered(server.headers())

    bulk = (worker(server, quota, latencies("even"), clock.now() + 30) for _ in range(32))
    await clock.run(opt_outs(), *bulk)
    assert waits == [0.0] * 12
    assert server.refused == 0


async def test_many_opt_outs_come_before_all_bulk_calls_that_wait() -> None:
    clock = SimulatedClock()
    quota = Quota(20, 10.0, 0, clock=clock)
    order: list[str] = []

    async def take(name: str, arrives: float, *, urgent: bool) -> None:
        await clock.sleep(arrives)
        with await quota.reserve(urgent=urgent) as slot:
            order.append(name)
            await clock.sleep(0.1)
            slot.answered({})

    bulk = [take("bulk", 0.0, urgent=False) for _ in range(40)]
    await clock.run(*bulk, *(take("urgent", 1.0, urgent=True) for _ in range(10)))
    # 19 of the 20 slots go to bulk calls, the kept one and the first of the next interval to opt-outs.
    assert order[:30] == ["bulk"] * 19 + ["urgent"] * 10 + ["bulk"]
    assert len(order) == 50


async def test_an_opt_out_that_gives_up_lets_the_others_go_on() -> None:
    clock = SimulatedClock()
    quota = Quota(20, 10.0, 0, clock=clock)

    async def take(*, urgent: bool = False) -> None:
        (await quota.reserve(urgent=urgent)).answered({})

    async def give_up() -> None:
        for _ in range(2):
            await take(urgent=True)  # the kept slot, and then none is left
        waiting = asyncio.ensure_future(take(urgent=True))
        await clock.sleep(1)
        waiting.cancel()

    await clock.run(*(take() for _ in range(18)))
    await clock.run(give_up(), *(take() for _ in range(5)))
    assert quota.usage().used == 5


async def test_a_few_slots_are_not_shared_out() -> None:
    clock = InstantClock()
    quota = Quota(9, 10.0, 0, clock=clock)
    for _ in range(9):
        (await quota.reserve()).answered({})
    assert clock.slept == []


async def test_a_share_of_the_day_is_kept_for_opt_outs() -> None:
    clock = InstantClock()
    quota = Quota(0, 10.0, 200, clock=clock)
    for _ in range(198):
        (await quota.reserve()).answered({})
    with pytest.raises(RateLimited, match="but for 2 that are kept for opt-outs"):
        await quota.reserve()
    for _ in range(2):
        (await quota.reserve(urgent=True)).answered({})
    with pytest.raises(RateLimited) as caught:
        await quota.reserve(urgent=True)
    assert "kept" not in caught.value.sentence


async def test_the_ledger_tells_the_state_and_the_systems_own_words() -> None:
    clock = InstantClock()
    quota = Quota(100, 10.0, 200_000, clock=clock)
    told = {
        "x-ratelimit-max": "25",
        "x-ratelimit-remaining": "24",
        "x-ratelimit-interval-milliseconds": "10000",
        "x-ratelimit-limit-daily": "10000",
        "x-ratelimit-daily-remaining": "9000",
        "x-ratelimit-daily-reset": "3600000",
    }
    (await quota.reserve()).answered(told | {"authorization": "never shown", "content-type": "text/plain"})
    (await quota.reserve()).answered({})  # an answer without limits, such as a proxy's
    ledger = quota.ledger(calls=2)
    assert (ledger.calls, ledger.burst, ledger.burst_left, ledger.interval_seconds) == (2, 25, 23, 10.0)
    assert (ledger.daily, ledger.daily_used, ledger.daily_left) == (10_000, 1001, 8999)
    assert ledger.resets_at == pytest.approx(clock.now() + 3600)
    assert (ledger.waited_seconds, ledger.headers) == (0.0, told)
    assert Quota(0, daily=0, clock=clock).ledger().resets_at == 0.0


async def test_the_ledger_counts_how_long_the_line_stood_still() -> None:
    clock = InstantClock()
    quota = Quota(2, 10.0, 0, clock=clock)
    for _ in range(5):
        (await quota.reserve()).answered({})
    assert quota.ledger().waited_seconds == pytest.approx(20)
    assert quota.ledger(waited_before=quota.waited_seconds).waited_seconds == 0.0
