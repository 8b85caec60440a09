"""A started sync shows up at once, though it starts in the background."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from landbridge.engine.status import Status
from landbridge.store.bridges import Bridge
from landbridge.web.site import build_site
from web_client import Client
from web_scenes import NOW, SCENES, FakeProduct, run, stage, status

HTMX = {"hx-request": "true"}


@dataclass
class CountingClock:
    """Stands still and counts the pauses."""

    pauses: list[float] = field(default_factory=list)

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return sum(self.pauses)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@dataclass
class SlowProduct(FakeProduct):
    """Its runs appear only after so many looks."""

    looks: int = 0
    appears_at: int = 4

    def start_sync(self, bridge: Bridge, *, cause: str, accept: bool = False) -> None:
        self.started.append((bridge.id, cause, accept))
        self.statuses[bridge.id] = replace(self.statuses[bridge.id], asked_at=NOW)

    async def status(self, bridge: Bridge) -> Status:
        self.looks += 1
        shown = self.statuses[bridge.id]
        if self.looks < self.appears_at:
            return shown
        newest = run(99, state="running", stage=stage("prepare"))
        return replace(shown, busy=True, running=newest, recent=[newest, *shown.recent])


async def press(product: SlowProduct) -> tuple[str, list[float]]:
    clock = CountingClock()
    browser = Client(build_site(product, clock))
    page = (await browser.post("/bridges/1/sync", headers=HTMX)).page
    return page.words(page.one("button", id="sync")), clock.pauses


async def test_the_answer_waits_for_the_run_to_appear() -> None:
    product = SlowProduct({1: status()})
    assert await press(product) == ("Syncing…", [0.05, 0.05])
    assert product.started == [(1, "page", False)]


async def test_the_answer_does_not_wait_for_ever() -> None:
    """As long as nothing shows up it is starting, and the page asks again soon."""
    product = SlowProduct({1: status()}, appears_at=1_000)
    button, pauses = await press(product)
    assert button == "Starting…"
    assert sum(pauses) <= 2.01
    page = (await Client(build_site(product, CountingClock())).get("/bridges/1/status")).page
    assert page.one("div", id="live").attributes["hx-trigger"] == "every 2s"
    assert page.words(page.one("p", class_="badge")) == "Starting"
    assert "A sync is starting." in page.words(page.one("p", role="status"))
    await press(product)
    assert len(product.started) == 1  # a second press starts no second one


async def test_what_is_wanted_is_starting_until_its_run_is_there() -> None:
    wanted = status(asked_at=NOW, recent=[])
    assert wanted.starting
    assert status(asked_at=NOW, recent=[run(9, age=60)]).starting
    live = status(asked_at=NOW, busy=True, recent=[])
    assert live.starting  # live work ends first
    assert not status(asked_at=NOW, recent=[run(9)]).starting
    resumed = run(9, state="running", age=60)
    assert not status(asked_at=NOW, busy=True, running=resumed, recent=[resumed]).starting
    assert status(asked_at=NOW, running=resumed, recent=[resumed]).starting  # cut off, and not resumed yet
    assert not status(recent=[]).starting


async def test_a_run_that_failed_at_once_is_shown() -> None:
    @dataclass
    class Failing(SlowProduct):
        async def status(self, bridge: Bridge) -> Status:
            return SCENES["failed"] if self.started else self.statuses[bridge.id]

    assert await press(Failing({1: status()})) == ("Try again", [])
