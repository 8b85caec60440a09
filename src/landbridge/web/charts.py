"""Numbers to shapes: the geometry of the charts, which the templates draw as SVG without any inline style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landbridge.engine.pulse import Day
from landbridge.store.runs import Run

STACK_WIDTH = 1000.0
SLOTS = 10  # runs in the chart of runs
SLOT_WIDTH = 10.0
BAR_WIDTH = 6.0
DAY_WIDTH = 8.0
HEIGHT = 100.0
_THIN = 0.006  # the least share that is drawn, so that one contact in many thousands is still seen
_LOW = 0.04
WRITES = (  # colour class, label, the run's counters
    ("created", "created", ("created",)),
    ("updated", "updated", ("updated",)),
    ("other", "opt-outs and list changes", ("opted_out", "listed", "unlisted")),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a stacked bar, in units of which the whole bar has ``STACK_WIDTH``."""

    key: str
    label: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One colour of an upright bar; ``y`` counts from the top, the whole chart has ``HEIGHT``."""

    key: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class RunBar:
    """One run of the chart."""

    run: Run
    x: float
    segments: tuple[Segment, ...]
    words: str


@dataclass(frozen=True, slots=True)
class RunChart:
    """The last runs, oldest first; ``top`` is the count of the highest bar, ``summary`` is all in words."""

    bars: tuple[RunBar, ...]
    top: int
    summary: str


def stack(parts: Sequence[tuple[str, str, int]]) -> list[Piece]:
    """One horizontal bar from (key, label, count); all parts are returned, empty ones with no width."""
    total = sum(count for _, _, count in parts)
    shares = [max(count / total, _THIN) if count else 0.0 for _, _, count in parts]
    whole = sum(shares) or 1.0
    pieces, x = [], 0.0
    for (key, label, count), share in zip(parts, shares, strict=True):
        width = STACK_WIDTH * share / whole
        pieces.append(Piece(key, label, count, round(x, 2), round(width, 2)))
        x += width
    return pieces


def run_chart(recent: Sequence[Run]) -> RunChart:
    """What the last syncs wrote; ``recent`` is newest first, dry runs are not shown."""
    runs = [run for run in recent if run.purpose == "sync"][:SLOTS][::-1]
    tallies = [_tally(run) for run in runs]
    top = max((sum(tally) for tally in tallies), default=0)
    bars = tuple(
        RunBar(run, index * SLOT_WIDTH + (SLOT_WIDTH - BAR_WIDTH) / 2, _segments(tally, top), _words(tally))
        for index, (run, tally) in enumerate(zip(runs, tallies, strict=True))
    )
    summary = "; ".join(f"run {bar.run.id}: {bar.words}" for bar in bars) or "No sync yet"
    return RunChart(bars, top, summary + ".")


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day of a chart."""

    day: str
    x: float
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class DayChart:
    """Some days, oldest first; ``top`` is the count of the highest bar, ``summary`` is all in words."""

    bars: tuple[DayBar, ...]
    top: int
    summary: str


def written_chart(days: Sequence[Day]) -> DayChart:
    """Records created, updated and otherwise written, day by day."""
    labels = (("created", "created"), ("updated", "updated"), ("other", "opt-outs, list changes and deletes"))
    return _day_chart([(day.day, (day.created, day.updated, day.other)) for day in days], labels)


def failed_chart(days: Sequence[Day]) -> DayChart:
    """Records and runs that failed, day by day."""
    labels = (("failed", "records failed"), ("runs", "runs failed"))
    return _day_chart([(day.day, (day.failed, day.failed_runs)) for day in days], labels)


def _day_chart(days: Sequence[tuple[str, tuple[int, ...]]], labels: Sequence[tuple[str, str]]) -> DayChart:
    top = max((sum(tally) for _, tally in days), default=0)
    keys = [key for key, _ in labels]
    bars = tuple(
        DayBar(day, index * SLOT_WIDTH + (SLOT_WIDTH - DAY_WIDTH) / 2, _stacked(keys, tally, top))
        for index, (day, tally) in enumerate(days)
    )
    told = []
    for day, tally in days:
        parts = [f"{count:,} {words}" for (_, words), count in zip(labels, tally, strict=True) if count]
        if parts:
            told.append(f"{day}: {', '.join(parts)}")
    return DayChart(bars, top, ("; ".join(told) or "Nothing in these days") + ".")


def _tally(run: Run) -> list[int]:
    return [sum(run.counts.get(key, 0) for key in keys) for _, _, keys in WRITES]


def _segments(tally: Sequence[int], top: int) -> tuple[Segment, ...]:
    return _stacked([key for key, _, _ in WRITES], tally, top)


def _stacked(keys: Sequence[str], tally: Sequence[int], top: int) -> tuple[Segment, ...]:
    """Colours one above the other, from the floor up."""
    segments, floor = [], HEIGHT
    for key, count in zip(keys, tally, strict=True):
        if count:
            height = min(max(count / top, _LOW) * HEIGHT, floor)
            floor -= height
            segments.append(Segment(key, round(floor, 2), round(height, 2)))
    return tuple(segments)


def _words(tally: Sequence[int]) -> str:
    found = [f"{count:,} {label}" for (_, label, _), count in zip(WRITES, tally, strict=True) if count]
    return ", ".join(found) or "nothing to write"
