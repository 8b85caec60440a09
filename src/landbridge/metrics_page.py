"""The page docs/metrics.md, written from the table of metrics."""

from __future__ import annotations

import sys

from landbridge.metrics import METRICS, MOMENT, PROCESS, STORE, Metric

_HEAD = """# Metrics

<!-- Written by `make docs` from src/landbridge/metrics.py; edit it there. -->

`GET /metrics` answers in the text format of Prometheus; [operating](operating.md#metrics) says who may read
it and how to scrape it. No series carries a name, an address or an id, and none is of a single bridge: with
10,000 bridges there are as many series as with one. Figures over bridges are quantiles: 0.5 is the bridge in
the middle, 1 the worst.

"""
_PARTS = {
    PROCESS: (
        "Counted in one process",
        "They begin at 0 when a process starts. Commands such as `landbridge sync` count in their own"
        " process, which nobody scrapes.",
    ),
    MOMENT: ("Now, in one process", "What the process holds in memory."),
    STORE: (
        "In the database",
        "The same in every process of one database; read at most every ten seconds. Do not add them up over"
        " processes.",
    ),
}


def metrics_page() -> str:
    """The whole of docs/metrics.md."""
    parts = []
    for of, (title, meaning) in _PARTS.items():
        rows = [_row(one) for one in METRICS if one.of == of]
        head = [
            f"## {title}",
            "",
            meaning,
            "",
            "| metric | type | what it says | labels |",
            "|---|---|---|---|",
        ]
        parts.append("\n".join([*head, *rows]))
    last = (
        "Beside these the process tells of itself what all programs do: `process_cpu_seconds_total`,"
        " `process_resident_memory_bytes`,\n`process_open_fds`, `process_max_fds`,"
        " `process_virtual_memory_bytes` and `process_start_time_seconds` (on Linux).\n"
    )
    return _HEAD + "\n\n".join(parts) + "\n\n" + last


def _row(one: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels)
    told = f"{labels} ({one.values})" if one.values else labels
    return f"| `{one.name}` | {one.kind} | {one.about} | {told or 'none'} |"


if __name__ == "__main__":
    sys.stdout.write(metrics_page())
