"""An erased person is gone from every table, whatever a row is about; an opt-out is all that stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.dialects import postgresql

from activity_stories import RULES, add, rezora, world_of, writes
from landbridge.app import App
from landbridge.engine.calling import ACTION
from landbridge.store import mentions
from landbridge.store.bridges import Bridge
from landbridge.store.erasures import Person, parts
from landbridge.store.journal import Entry
from landbridge.store.journal import write as write_entries
from landbridge.store.outgoing_tables import outgoing, subscription
from landbridge.store.recipe_tables import firing, recipe_sight
from landbridge.store.rows import pack
from landbridge.store.setup_tables import setup
from landbridge.store.tables import (
    account,
    alert,
    apart,
    choice,
    delivery,
    due,
    hold,
    intent,
    journal,
    metadata,
    observed,
    pause,
    rule_member,
    run,
)
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.rules import Direction, Policy, Rule, default_policy
from simulation import Simulation
from stories import ada

FIRST, LAST = "Zébulonia", 'Quix-Ömega "Zeb"'
NAME = f"{FIRST} {LAST}"
EMAIL = "Zebulonia.Q+heron@quixomega.example"
PHONE, FORMER = "+13035550177", "zeb.former@quixomega.example"
OWN_FIELD, NOTE, TASK, TOUR = "Saltbox 9917 Ledger", "heliotrope gate", "periwinkle deed", "Quagmire Lane 44"
WORDS = (FIRST, "Quix-Ömega", EMAIL, PHONE, "5550177", FORMER, OWN_FIELD, NOTE, TASK, TOUR)
HOSTILE = f"{NAME} <{EMAIL}>, once {FORMER}, at {PHONE}"


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = world_of()
    yield made
    made.close()


def sync(world: Simulation) -> None:
    """A good sync; not judged by the simulation's checker, which knows no custom field."""
    world.clock.advance(60.0)
    done = world.run(app_of(world).sync(bridge_of(world), cause="test", accept=True))
    assert done.state == "done", done.sentence


def app_of(world: Simulation) -> App:
    assert world.app is not None
    return world.app


def traces(world: Simulation, words: tuple[str, ...] = WORDS) -> dict[str, list[str]]:
    """Every table and column in which one of the words is, whatever its case, with those words."""
    found: dict[str, list[str]] = {}
    with sqlite3.connect(world.path) as raw:
        there = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    raw.close()
    assert there - {"alembic_version", "sqlite_sequence"} == set(metadata.tables), "a table nobody looks into"

    async def look() -> None:
        async with app_of(world).database.read() as connection:
            for table in metadata.sorted_tables:
                for row in await connection.execute(select(table)):
                    for column, cell in zip(table.columns, row, strict=True):
                        text = _text(cell).casefold()
                        if named := [word for word in words if word.casefold() in text]:
                            found.setdefault(f"{table.name}.{column.name}", []).extend(named)

    world.run(look())
    return found


def _text(cell: object) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell)


def plant(world: Simulation) -> tuple[str, str]:
    """The person on both sides, with all that can be read of them; the ids."""
    table = world.highlevel.dump()["tables"]["custom_fields"]
    own = next(field["id"] for field in table if field["dataType"] == "TEXT")
    rules = (
        *default_policy().rules,
        Rule("ledger", (f"customFields.{own}",), ("contact_title",), "text", Direction.BOTH),
    )
    text = write_policy(Policy(rules, activities=RULES))
    world.bridge = world.run(app_of(world).mappings.save(bridge_of(world), text, by="Ada"))
    left = ada(
        world,
        firstName=FIRST,
        lastName=LAST,
        email=FORMER,
        phone=PHONE,
        customFields=[{"id": own, "field_value": OWN_FIELD}],
    )
    add(world, "note", left, body=f"<p>Likes the {NOTE}</p>")
    add(world, "task", left, title=f"Ring about the {TASK}")
    add(world, "appointment", left, title=f"Tour of {TOUR}")
    for _ in range(2):
        world.clock.advance(60.0)
        sync(world)
    world.edit("highlevel", action="update", id=left, fields={"email": EMAIL})
    world.clock.advance(60.0)
    sync(world)
    ((right, shown),) = world.contacts("rezora").items()
    assert (shown["contact_title"], shown["contact_email"].lower()) == (OWN_FIELD, EMAIL.lower())
    assert len(rezora(world, "task", right)) == len(rezora(world, "note", right)) == 1
    return left, right


async def plant_more(app: App, left: str, right: str) -> None:
    """Rows that a run, a recipe, a person or another program left behind, with values in every text."""
    (bridge,) = await app.all_bridges()
    now = app.clock.now()
    here = {"bridge_id": bridge.id}
    held = {**here, "run_id": 1, "opened_at": now, "detail": HOSTILE}
    shows = {"highlevel_shows": EMAIL, "rezora_shows": FORMER}
    seen = {**here, "side": "highlevel", "id": left}
    fired = {**here, "recipe": "greet", "due_at": now, "at": now, "state": "waiting"}
    webhook = {**here, "key": "k", "host": "example.org", "triggers": "x", "sealed": b"", "enabled": True}
    began = {"highlevel_account": 1, "rezora_account": 2, "created_at": now, "updated_at": now}
    sent = {"subscription_id": 1, "trigger": "x", "state": "failed", "created_at": now, "due_at": now}
    async with app.database.write() as connection:
        planted: tuple[tuple[Table, list[dict[str, Any]]], ...] = (
            (hold, [{**held, **shows, "cause": "both_changed", "highlevel_id": left, "rule": "city"},
                    {**held, "cause": "candidate", "highlevel_id": "somebody else"}]),
            (choice, [{**here, **shows, "highlevel_id": left, "rezora_id": right, "rule": "city",
                       "use": "edit", "value": PHONE, "made_by": "Ada", "made_at": now}]),
            (alert, [{**here, "cause": "failed", "sentence": HOSTILE, "fix": HOSTILE, "opened_at": now}]),
            (run, [{**here, "purpose": "sync", "cause": "page", "state": "failed", "stage": "", "counts": {},
                    "started_at": 1.0, "ended_at": 2.0, "sentence": HOSTILE, "fix": f"Ask {EMAIL}."}]),
            (firing, [{**fired, "event": "one", "contact_id": left, "detail": HOSTILE,
                       "context": pack({"mark": EMAIL})},
                      {**fired, "event": "two", "contact_id": "somebody else", "detail": HOSTILE,
                       "context": pack({})}]),
            (recipe_sight, [{**seen, "print": "p", "fields": pack({"email": EMAIL}), "labels": pack([NAME]),
                             "journal": 1}]),
            (pause, [{**seen, "note": f"{FIRST} asked for it", "at": now},
                     {**here, "side": "rezora", "id": "7", "note": f"The sister of {NAME}", "at": now}]),
            (delivery, [{**here, "webhook_id": "w1", "type": "ContactUpdate", "kind": "contact",
                         "record_id": left, "at": now, "received_at": now}]),
            (due, [{**seen, "kind": "contact", "urgency": 2, "at": now, "since": now, "cause": "page"}]),
            (apart, [{**here, "one": left, "two": "somebody else", "at": now}]),
            (intent, [{**here, "run_id": 1, "side": "rezora", "source_id": left, "print": "p",
                       "state": "done", "at": now}]),
            (rule_member, [{**here, "rule": "tours", "rezora_id": right, "since": now}]),
            (subscription, [{**webhook, "created_at": now}]),
            (outgoing, [{**sent, "message": "m1", "body": pack({"name": NAME}), "told": HOSTILE},
                        {**sent, "message": "m2", "body": pack({"highlevel_id": left})}]),
            (setup, [{**began, "bridge_id": bridge.id,
                      "typed": {"verify": {"chosen": [left, "somebody else"]}, "scope": {"tags": EMAIL}}}]),
        )  # fmt: skip
        for table, rows in planted:
            for row in rows:
                await connection.execute(insert(table).values(row))
        await connection.execute(account.update().values(trouble=HOSTILE, trouble_fix=EMAIL))
        calls = [
            Entry(ACTION, Side.HIGHLEVEL, left, after={"body": HOSTILE}, note="a call about them"),
            Entry(ACTION, Side.HIGHLEVEL, "", after={"email": EMAIL, "name": NAME}, note="a free call"),
            Entry("failed", Side.REZORA, "7", after={"city": "Boulder"}, note=f"It is like {NAME}"),
        ]
        await write_entries(connection, bridge.id, 0, calls, now)


async def erase(app: App, who: str) -> Any:
    (bridge,) = await app.all_bridges()
    return await app.bridge_settings.eraser.erase(bridge, who, by="Ada")


async def tried(app: App) -> bool:
    """Test the mapping, so that the process has names in its memory."""
    (bridge,) = await app.all_bridges()
    app.trials.start(bridge, None, "Ada")
    await app.trials._tasks[bridge.id]
    found = app.trials.state(bridge)
    return found is not None and found.result is not None


PLANTED = {
    "observed.fields", "observed.name", "observed.email", "observed.phone", "observed.search",
    "activity.fields", "link.base_highlevel", "link.base_rezora", "journal.before", "journal.after",
    "journal.note", "hold.detail", "hold.highlevel_shows", "hold.rezora_shows", "choice.value",
    "choice.highlevel_shows", "choice.rezora_shows", "alert.sentence", "alert.fix", "run.sentence", "run.fix",
    "firing.detail", "firing.context", "recipe_sight.fields", "recipe_sight.labels", "pause.note",
    "outgoing.body", "outgoing.told", "setup.typed", "account.trouble", "account.trouble_fix",
}  # fmt: skip


def test_no_value_of_an_erased_person_is_left_in_any_table_or_file(world: Simulation) -> None:
    left, right = plant(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    sync(world)
    assert world.run(tried(app_of(world)))
    world.run(plant_more(app_of(world), left, right))
    before = traces(world)
    assert before.keys() == PLANTED
    for word in WORDS:
        assert any(word in words for words in before.values()), word
    (key,) = world.run(keys_of(app_of(world), left))
    sent = writes(world)

    done = world.run(erase(app_of(world), left))

    assert traces(world) == {}
    assert writes(world) == sent, "nothing was called"
    assert done.remembered
    assert app_of(world).trials.state(bridge_of(world)) is None
    # Ids say when and what was done, and whom a person paused; no value goes with them.
    assert {place.split(".")[0] for place in traces(world, (left, right))} == {"journal", "outgoing", "pause"}
    assert {place.split(".")[0] for place in traces(world, (key,))} == {"suppression"}
    assert world.run(blanked(app_of(world))) == {
        "alert": mentions.GONE_NOTE, "run": mentions.GONE_NOTE, "somebody else's hold": mentions.GONE_NOTE,
        "somebody else's journal": {"city": "Boulder"}, "setup": ["somebody else"], "messages": ["m2"],
    }  # fmt: skip
    everything = b"".join(path.read_bytes() for path in files(world))
    assert len(everything) > 100_000
    for word in (FIRST, EMAIL, EMAIL.lower(), PHONE, FORMER, OWN_FIELD, NOTE, TASK, TOUR):
        assert word.encode() not in everything, word


def bridge_of(world: Simulation) -> Bridge:
    assert world.bridge is not None
    return world.bridge


def files(world: Simulation) -> list[Any]:
    """What is on the disk once the process has ended, its log written into the database."""
    world.reopen()
    return [path for path in world.home.rglob("*") if path.is_file()]


async def keys_of(app: App, record_id: str) -> set[str]:
    """The keyed hash of the person's e-mail address."""
    async with app.database.read() as connection:
        query = select(observed.c.email_key).where(observed.c.id == record_id)
        return {row.email_key for row in await connection.execute(query)}


async def blanked(app: App) -> dict[str, Any]:
    """What other rows say afterwards."""
    async with app.database.read() as connection:
        entries = await connection.execute(select(journal.c.after).where(journal.c.record_id == "7"))
        holds = await connection.execute(select(hold.c.detail).where(hold.c.highlevel_id == "somebody else"))
        typed = (await connection.execute(select(setup.c.typed))).scalar_one()
        sentence = (
            await connection.execute(select(run.c.sentence).where(run.c.started_at == 1.0))
        ).scalar_one()
        return {
            "alert": (await connection.execute(select(alert.c.sentence))).scalar_one(),
            "run": sentence,
            "somebody else's hold": holds.scalar_one(),
            "somebody else's journal": json.loads(entries.scalar_one()),
            "setup": typed["verify"]["chosen"],
            "messages": list((await connection.execute(select(outgoing.c.message))).scalars()),
        }


def test_an_erased_person_who_opted_out_is_not_created_again(world: Simulation) -> None:
    left, right = plant(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    sync(world)
    assert world.contacts("rezora")[right]["contact_unsubscribe"] == "1"
    world.run(erase(app_of(world), left))

    # Both records are there still: they are matched anew, and nobody is created.
    for _ in range(2):
        sync(world)
    assert (len(world.contacts("highlevel")), len(world.contacts("rezora"))) == (1, 1)

    # They are deleted in both systems, and later somebody types the address in again, without the opt-out.
    world.run(erase(app_of(world), left))
    world.edit("highlevel", action="delete", id=left)
    world.edit("rezora", action="delete", id=right)
    sync(world)
    again = ada(world, firstName=FIRST, lastName="Smith", email=EMAIL)
    ada(world, firstName="Bea", lastName="Smith", email="bea@example.org")
    for _ in range(2):
        world.clock.advance(600.0)
        sync(world)
    created = [row["contact_email"] for row in world.contacts("rezora").values()]
    assert created == ["bea@example.org"], "the other newcomer is created, so creating works"
    assert world.contacts("highlevel")[again]["dndSettings"]["Email"]["status"] == "active"
    assert world.run(reason_of(app_of(world), again)) == "opted_out"


async def reason_of(app: App, record_id: str) -> str:
    async with app.database.read() as connection:
        query = select(observed.c.reason).where(observed.c.side == "highlevel", observed.c.id == record_id)
        return str((await connection.execute(query)).scalar_one())


def test_a_word_is_found_as_json_and_as_people_write_it() -> None:
    words = mentions.spelled(['Zoë "Z" Ölund', "Ann@Example.org", "Bob", "  "])
    for text in ('he is ZOë "z" Ölund', '{"name": "zoë \\"Z\\" Ölund"}', "to ANN@example.ORG."):
        folded = "".join(c.lower() if c.isascii() else c for c in text)  # as SQLite does
        assert any(word in folded for word in words), text
    assert not any(word in "a bobbin" for word in words)  # too short to mean somebody


def test_postgresql_reads_packed_values_as_text() -> None:
    someone = Person("Ann", {Side.HIGHLEVEL: "h1"}, {}, [1], ["k"], ["ann@example.org"])
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy does not say what it is
    removals = [str(part.removal.compile(dialect=dialect)) for part in parts("postgresql", 1, someone)]
    assert sum("convert_from(journal.after" in one for one in removals) == 1
    assert not any("CAST" in one and "convert_from" not in one for one in removals)
