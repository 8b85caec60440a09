"""Metrics: what is counted, who may read it, and that page and dashboard name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, text, update

from landbridge.access.roles import Person, Role
from landbridge.app import open_app
from landbridge.engine import catalog
from landbridge.engine.watching import WatchedFleet
from landbridge.instruments import Instruments, kind_of, writes
from landbridge.metrics import METRICS, Metrics, quantiles
from landbridge.metrics_page import metrics_page
from landbridge.settings import load_settings
from landbridge.store import gauges as figures
from landbridge.store.database import StoreFailure
from landbridge.store.driver import LeaseLost
from landbridge.store.ledger_tables import carried
from landbridge.store.runs import Run
from landbridge.store.tables import account, alert, bridge, delivery, driver, due, hold, run
from landbridge.sync.model import Side
from landbridge.systems.base import Unreachable
from landbridge_rig import landbridge
from systems_fakes import InstantClock
from web_client import browse
from web_scenes import OWNER, FakeProduct, OpenDoors, status

ROOT = Path(__file__).parent.parent
NAMES = {one.name: one for one in METRICS}
Figures = dict[str, dict[tuple[tuple[str, str], ...], float]]


def read(shown: bytes) -> Figures:
    """Every sample by its name and labels."""
    found: Figures = {}
    for family in text_string_to_metric_families(shown.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def counted(shown: Figures, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """What happened at all; the rest begins at 0, so that its first time is seen."""
    return {labels: number for labels, number in shown[name].items() if number}


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def test_the_page_of_metrics_is_what_the_table_says() -> None:
    assert (ROOT / "docs/metrics.md").read_text(encoding="utf-8") == metrics_page(), "run `make docs`"
    assert {name for name in NAMES if f"| `{name}` |" not in metrics_page()} == set()


def targets() -> list[tuple[str, str]]:
    """Title of the panel and query, of everything on the dashboard."""
    board = json.loads((ROOT / "ops/grafana/landbridge.json").read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    return [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]


def base_of(name: str) -> str:
    """The metric that a series belongs to."""
    cut = re.sub(r"_(bucket|sum|count)$", "", name)
    return cut if cut in NAMES and NAMES[cut].kind == "histogram" else name


def test_every_query_of_the_dashboard_names_a_metric_and_labels_that_there_are() -> None:
    wrong, used = [], set()
    for title, query in targets():
        names = {base_of(name) for name in re.findall(r"landbridge_\w+", query)}
        used |= names
        asked = {part for inside in re.findall(r"by \(([^)]*)\)", query) for part in inside.split(", ")}
        asked |= set(re.findall(r"[{,](\w+)(?:=|!)", query))
        there = {"le", "job", "instance"}.union(*(NAMES[name].labels for name in names & NAMES.keys()))
        if not names or names - NAMES.keys() or asked - there:
            wrong.append((title, query))
    assert wrong == []
    assert used == NAMES.keys()  # what is on no panel is seen by nobody


def test_names_follow_the_conventions_of_prometheus() -> None:
    for one in METRICS:
        assert one.name.endswith("_total") == (one.kind == "counter")
        assert bool(one.buckets) == (one.kind == "histogram")
        assert one.about.endswith(".")
    assert len(NAMES) == len(METRICS)


def test_what_writes_by_the_table_of_operations_counts_as_a_write() -> None:
    calls = [one for one in catalog.operations().values() if one.method]
    assert len(calls) > 100
    assert [one.name for one in calls if one.writes != writes(one.method, one.path)] == []


@pytest.mark.parametrize(
    ("route", "kind"),
    [
        ("/contacts/{contact}", "contact"),
        ("/contacts/", "contact"),
        ("/contacts.json", "contact"),
        ("/contacts/{contact}/tags", "tag"),
        ("/contacts/{contact}/tasks/{task}", "task"),
        ("/contacts/{contact}/notes.json", "note"),
        ("/calendars/events/appointments/{event}", "appointment"),
        ("/lists/{list}/contacts.json", "list"),
        ("/locations/{location}/customFields", "other"),
    ],
)
def test_the_kind_of_a_write_is_told_from_its_route(route: str, kind: str) -> None:
    assert kind_of(route) == kind


def test_calls_are_counted_by_system_and_class_of_status() -> None:
    instruments = Instruments(InstantClock())
    for number in (200, 201, 429, 404, 500):
        with instruments.call(Side.HIGHLEVEL, "POST", "/contacts/") as seen:
            seen(number, {})
    with pytest.raises(Unreachable), instruments.call(Side.REZORA, "GET", "/contacts.json"):
        raise Unreachable("no answer")
    with instruments.call(Side.REZORA, "GET", "/contacts.json") as seen:
        seen(200, {})
    shown = read(instruments.metrics.text())
    assert counted(shown, "landbridge_api_calls_total") == {
        labelled(system="highlevel", status="2xx"): 2,
        labelled(system="highlevel", status="429"): 1,
        labelled(system="highlevel", status="4xx"): 1,
        labelled(system="highlevel", status="5xx"): 1,
        labelled(system="rezora", status="none"): 1,
        labelled(system="rezora", status="2xx"): 1,
    }
    assert shown["landbridge_writes_total"] == {labelled(system="highlevel", kind="contact"): 2}


def test_the_clock_of_a_system_is_compared_with_ours() -> None:
    clock = InstantClock(1_795_435_200.0)  # 2026-11-23 12:00:00 UTC
    instruments = Instruments(clock)
    with instruments.call(Side.HIGHLEVEL, "GET", "/x") as seen:
        seen(200, {"date": "Mon, 23 Nov 2026 12:01:30 GMT"})
    with instruments.call(Side.REZORA, "GET", "/x") as seen:
        seen(200, {"date": "yesterday"})
    assert instruments.skews() == {Side.HIGHLEVEL: 90.0}


async def test_runs_are_counted_by_how_they_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    instruments, fleet_bridge = Instruments(InstantClock()), status().bridge
    ends: list[Run | BaseException] = [
        Run(1, 1, "sync", "page", state, "", 0, 0, 0.0) for state in ("done", "done", "failed", "braked")
    ]
    ends += [StoreFailure("Busy.", "Wait."), LeaseLost("Lost.", "Wait."), KeyboardInterrupt()]

    async def ending(*_: Any, **__: Any) -> Run:
        end = ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        return end

    monkeypatch.setattr("landbridge.engine.fleet.Fleet.sync", ending)
    monkeypatch.setattr("landbridge.engine.fleet.Fleet.__init__", lambda self: None)
    fleet = WatchedFleet(watcher=instruments)
    for _ in range(4):
        await fleet.sync(fleet_bridge, cause="page")
    for kind in (StoreFailure, LeaseLost, KeyboardInterrupt):
        with pytest.raises(kind):
            await fleet.sync(fleet_bridge, cause="page")
    shown = read(instruments.metrics.text())
    outcomes = {
        dict(key)["outcome"]: number for key, number in counted(shown, "landbridge_runs_total").items()
    }
    assert outcomes == {"done": 2, "failed": 1, "braked": 1, "not_begun": 1, "cut_off": 2}
    assert shown["landbridge_run_seconds_count"] == {labelled(purpose="sync"): 4}


async def test_a_sync_shows_in_the_metrics_of_its_process(tmp_path: Path) -> None:
    async with landbridge(tmp_path, 12, empty_rezora=True) as rig:
        await rig.app.sync(rig.bridge, cause="command")
        raw = await rig.app.operating.gathering.text()
        shown = read(raw)
        assert counted(shown, "landbridge_runs_total") == {labelled(purpose="sync", outcome="done"): 1}
        assert shown["landbridge_runs_total"][labelled(purpose="sync", outcome="failed")] == 0
        made = shown["landbridge_writes_total"][labelled(system="rezora", kind="contact")]
        assert made == len(rig.rezora_contacts())
        assert shown["landbridge_api_calls_total"][labelled(system="highlevel", status="2xx")] > 3
        assert shown["landbridge_bridges"][labelled(state="all")] == 1
        assert shown["landbridge_bridges"][labelled(state="busy")] == 0
        assert shown["landbridge_sync_age_seconds"][labelled(quantile="1")] < 60
        assert shown["landbridge_database_up"] == {(): 1.0}
        assert abs(shown["landbridge_clock_skew_seconds"][labelled(system="rezora")]) < 5
        assert shown["landbridge_disk_free_bytes"][()] > 0
        for person in rig.highlevel_contacts():  # canaries: nobody is in it
            for told in (person.get("email"), person.get("phone"), person.get("lastName"), person["id"]):
                assert not told or str(told).encode() not in raw


async def fill(connection: Any, now: float) -> None:
    """Five bridges: well, braked, cut off, busy, never synced; the last one cannot use an account."""
    for number in range(1, 6):
        for side, shift in (("highlevel", 0), ("rezora", 10)):
            await connection.execute(
                insert(account).values(
                    id=number + shift, side=side, external_id=str(number), title="", capability={},
                    trouble="Refused." if (number, side) == (5, "rezora") else "", trouble_fix="",
                    created_at=0.0,
                )
            )  # fmt: skip
        await connection.execute(
            insert(bridge).values(
                id=number, name=str(number), highlevel_account=number, rezora_account=number + 10,
                policy="", created_at=0.0,
            )
        )  # fmt: skip
    states = {1: ["done"], 2: ["done", "braked"], 3: ["done", "running"], 4: ["running"]}
    for number, kinds in states.items():
        for at, state in enumerate(kinds):
            ended = None if state == "running" else now - 100.0 * number
            await connection.execute(
                insert(run).values(
                    bridge_id=number, purpose="sync", cause="page", state=state, stage="",
                    started_at=now - 500.0 + at, ended_at=ended,
                )
            )  # fmt: skip
    for number, expires in ((3, now - 5.0), (4, now + 30.0), (1, 0.0)):
        owner = f"elsewhere:1:{number}"
        await connection.execute(
            insert(driver).values(bridge_id=number, owner=owner, fence=1, expires_at=expires)
        )
    for number, since in ((1, 40.0), (1, 10.0), (2, 7.0)):
        await connection.execute(
            insert(due).values(
                bridge_id=number, side="rezora", kind="contact", id=str(since), urgency=1, at=now,
                since=now - since,
            )
        )  # fmt: skip
    for number, cause in enumerate(("refused", "refused", "both_changed")):
        await connection.execute(
            insert(hold).values(bridge_id=1, run_id=1, cause=cause, highlevel_id=str(number), opened_at=now)
        )
    for cause, closed in (("brake", None), ("recipe:a", None), ("recipe:b", None), ("quota", now)):
        await connection.execute(
            insert(alert).values(
                bridge_id=1, cause=cause, sentence="", fix="", opened_at=now, closed_at=closed
            )
        )
    hour = int(now) // 3600
    for number, within, many in ((1, 5, 99), (1, 900, 1), (2, 30, 10), (2, 7200, 1)):
        row = {"bridge_id": number, "hour": hour, "within": within, "number": many}
        await connection.execute(insert(carried).values(row))
    old = {"bridge_id": 1, "hour": hour - 24, "within": 86_400, "number": 500}
    await connection.execute(insert(carried).values(old))
    await connection.execute(
        insert(delivery).values(webhook_id="w", type="ContactUpdate", at=now - 33, received_at=now - 30)
    )


async def test_the_figures_of_many_bridges_are_sums_and_shares(tmp_path: Path) -> None:
    clock = InstantClock()
    async with open_app(load_settings({}, {"home": tmp_path}), clock) as app:
        async with app.database.write() as connection:
            await fill(connection, clock.now())
        async with app.database.read() as connection:
            found = await figures.gauges(connection, clock.now())
        assert found.bridges == {
            "all": 5, "busy": 1, "braked": 1, "cut_off": 1, "never_synced": 2, "troubled": 1
        }  # fmt: skip
        assert sorted(found.sync_ages) == [100.0, 200.0, 300.0]
        assert (found.due, sorted(found.due_ages)) == (3, [7.0, 40.0])
        assert sorted(found.carried) == [5.0, 7200.0]
        assert found.holds == {"refused": 2, "both_changed": 1}
        assert found.alerts == {"brake": 1, "recipe": 2}
        assert found.troubled == {"rezora": 1}
        assert found.drivers == {"live": 1, "lost": 1}
        assert found.webhook_age == 30.0
        shown = read(await app.operating.gathering.text())
        assert shown["landbridge_sync_age_seconds"][labelled(quantile="0.5")] == 200.0
        async with app.database.write() as connection:
            await connection.execute(update(due).values(since=clock.now() - 999))
            await connection.execute(text("DELETE FROM hold WHERE cause = 'both_changed'"))
        again = read(await app.operating.gathering.text())
        assert again["landbridge_due_age_seconds"] == shown["landbridge_due_age_seconds"]
        await clock.sleep(10.0)
        later = read(await app.operating.gathering.text())
        assert later["landbridge_due_age_seconds"][labelled(quantile="1")] == 1009.0
        assert later["landbridge_holds_open"] == {labelled(cause="refused"): 2}


async def test_a_database_that_fails_costs_its_own_figures_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_app(load_settings({}, {"home": tmp_path}), InstantClock()) as app:
        monkeypatch.setattr(app.database, "read", lambda: (_ for _ in ()).throw(OSError("gone")))
        shown = read(await app.operating.gathering.text())
        assert shown["landbridge_database_up"] == {(): 0.0}
        assert shown["landbridge_inbox_waiting"] == {(): 0.0}
        assert "landbridge_sync_age_seconds" not in shown


def test_a_gauge_forgets_labels_that_are_gone() -> None:
    metrics = Metrics()
    metrics.set("landbridge_holds_open", {("a",): 1.0, ("b",): 2.0})
    metrics.set("landbridge_holds_open", {("b",): 3.0})
    assert read(metrics.text())["landbridge_holds_open"] == {labelled(cause="b"): 3.0}


def test_quantiles_are_of_the_bridges_that_there_are() -> None:
    assert quantiles([]) == {}
    assert quantiles([7.0]) == {("0.5",): 7.0, ("0.9",): 7.0, ("0.99",): 7.0, ("1",): 7.0}
    found = quantiles([float(number) for number in range(100, 0, -1)])
    assert found == {("0.5",): 51.0, ("0.9",): 91.0, ("0.99",): 100.0, ("1",): 100.0}


KEY = {"authorization": "Bearer lb_x"}
VIEWER = OpenDoors(Person(0, "key reporting", Role.VIEWER))


@pytest.mark.parametrize(
    ("setting", "doors", "headers", "expected"),
    [
        ("key", OpenDoors(None), {}, 401),
        ("key", OpenDoors(None), KEY, 401),
        ("key", OpenDoors(OWNER), {}, 401),  # a browser that is logged in
        ("key", VIEWER, KEY, 200),
        ("key", VIEWER, KEY | {"host": "landbridge:8780"}, 200),  # by the name a scraper knows
        ("loopback", OpenDoors(None), {}, 200),
        ("loopback", OpenDoors(None), {"host": "evil.example.com"}, 421),
        ("loopback", OpenDoors(None), {"x-forwarded-for": "203.0.113.7"}, 401),
        ("loopback", OpenDoors(None), {"forwarded": "for=203.0.113.7"}, 401),
        ("loopback", VIEWER, KEY | {"x-forwarded-for": "203.0.113.7"}, 200),
        ("off", VIEWER, KEY, 404),
    ],
)
async def test_who_may_read_the_metrics(
    setting: str, doors: OpenDoors, headers: dict[str, str], expected: int
) -> None:
    settings = load_settings({}, {"metrics": setting})
    answer = await browse(FakeProduct.of(status(), settings=settings, doors=doors)).get("/metrics", **headers)
    assert answer.status == expected
    assert ("landbridge_build_info" in answer.text) == (expected == 200)
    if expected == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
