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
    button, pauses = await press(SlowProduct({1: status()}, appears_at=1_000))
    assert button == "Sync now"
    assert sum(pauses) <= 2.01


async def test_a_run_that_failed_at_once_is_shown() -> None:
    @dataclass
    class Failing(SlowProduct):
        async def status(self, bridge: Bridge) -> Status:
            return SCENES["failed"] if self.started else self.statuses[bridge.id]

    assert await press(Failing({1: status()})) == ("Try again", [])
