"""A run tells how many calls it made to each side, and what is left of the day."""

from __future__ import annotations

from pathlib import Path

from landbridge.cli.output import calls_of, calls_sentence
from landbridge.store.runs import Run
from landbridge_rig import counted, landbridge


async def test_the_calls_of_a_run_are_those_that_the_systems_saw(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 40, highlevel_quota_daily=5000) as rig:
        used = 0
        for _ in range(2):
            before = {side: counted(rig.sandbox, side=side, actor="api") for side in ("highlevel", "rezora")}
            run = await rig.app.sync(rig.bridge, cause="test")
            for side, count in before.items():
                made = counted(rig.sandbox, side=side, actor="api") - count
                assert run.counts[f"calls_{side}"] == made > 0
            used += run.counts["calls_highlevel"]
            assert calls_of(run) == run.counts["calls_highlevel"] + run.counts["calls_rezora"]
        connecting = 5000 - run.counts["quota_day_left"] - used
        assert 0 < connecting < 10
        told = calls_sentence((await rig.app.status(rig.bridge)).recent[0])
        assert f"Run {run.id} made {run.counts['calls_highlevel']} calls to HighLevel" in told
        assert f"had {run.counts['quota_day_left']:,} calls left of the day" in told


async def test_a_dry_run_tells_its_own_calls_beside_those_that_a_sync_would_make(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 40, highlevel_quota_daily=0) as rig:
        run = (await rig.app.plan(rig.bridge)).run
        assert run.counts["calls"] > run.counts["calls_rezora"] > 0
        assert "quota_day_left" not in run.counts
        assert "left of the day" not in calls_sentence(run)


def test_a_run_that_waited_for_the_quota_says_for_how_long() -> None:
    counts = {"calls_highlevel": 1200, "calls_rezora": 7, "waited_highlevel": 90, "quota_day_left": 198_800}
    run = Run(4, 1, "sync", "test", "done", "", 0, 0, 0.0, counts=counts)
    assert calls_sentence(run) == (
        "Run 4 made 1,200 calls to HighLevel and 7 to Rezora, and waited 1 min 30 s for the quota."
        " HighLevel's quota had 198,800 calls left of the day."
    )
