"""A world whose bridge is not switched on yet, for tests of what the wizard does before that."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from inprocess import Crash
from landbridge.engine.examples import Example, Examples
from landbridge.engine.samples import Sample
from landbridge.store.bridges import Bridge
from simulation import Simulation


class SetUpWorld(Simulation):
    """As the wizard leaves it after its test sync; ``chosen`` are the contacts to try."""

    chosen: Sequence[Example] = ()

    def asleep(self) -> Bridge:
        """Not switched on; gives the bridge."""
        self.run(self._drop())
        with sqlite3.connect(self.path) as store:
            store.execute("UPDATE bridge SET live_at = NULL")
        store.close()
        self.bridge = self.run(self._found())
        return self.bridge

    def test_sync(self) -> None:
        """A dry run, which suggests five contacts."""
        self.chosen = self.run(self._dry()).suggested()

    def sample(self, *, crash_at: int = 0) -> Sample | None:
        """The chosen contacts, for real; None where the process died."""
        self.crasher.arm(crash_at)
        self.checker.run_begins()
        try:
            return self.run(self._sampled())
        except (Crash, BaseExceptionGroup):
            assert self.crasher.dead
            self.reopen()
            self.clock.advance(61.0)  # the lease of a process that is gone runs out
            return None
        finally:
            self.places = self.crasher.count
            self.crasher.arm(0)
            self.checker.run_ended(whole=False)

    def switch_on(self) -> None:
        """The last step, but for the first sync, which ``settle`` does."""
        self.run(self._on())

    async def _found(self) -> Bridge:
        return await (await self.open()).bridges.bridge()

    async def _dry(self) -> Examples:
        app = await self.open()
        assert self.bridge is not None
        return (await app.plan(self.bridge)).examples

    async def _sampled(self) -> Sample:
        app = await self.open()
        assert self.bridge is not None
        return await app.setups.samples.run(self.bridge, self.chosen)

    async def _on(self) -> None:
        app = await self.open()
        assert self.bridge is not None
        await app.bridges.switch_on(self.bridge.id, self.clock.now())
        self.bridge = await app.bridges.bridge()
