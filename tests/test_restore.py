"""A backup made while Landbridge runs, and put back: nothing reverted, nothing twice, nobody back (L11)."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from landbridge.restoring import Restored, restore
from landbridge.store import backup
from landbridge.store.database import StoreFailure
from landbridge.store.restored import NEXT, RESTORE
from landbridge.store.runs import Run
from landbridge.sync.model import Kind
from simulation import Simulation
from stories import ada, holds, linked, synced
from web_client import browse
from web_scenes import NOW, FakeProduct, status

Rows = list[tuple[Any, ...]]


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = Simulation()
    yield made
    made.close()


def backed_up(world: Simulation, name: str = "copy.sqlite3") -> Path:
    """A backup, while the application has its database open."""
    world.run(world.open())
    target = world.home / name
    backup.copy_in_use(world.path, target)
    return target


def stopped(world: Simulation) -> None:
    """The application ends in order, as a service that is stopped."""
    if world.app is not None:
        world.run(world._stack.aclose())
        world.app = world._database = None
        world.checker.database_goes()


def put_back(world: Simulation, copy: Path) -> Restored:
    """What an operator does: stop, restore, start."""
    stopped(world)
    return world.run(restore(world.settings(), copy, world.clock))


def rows(path: Path, query: str) -> Rows:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute(query).fetchall()


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(statement)
        raw.commit()


def everything(world: Simulation) -> tuple[object, ...]:
    return world.contacts("highlevel"), world.contacts("rezora"), world.members()


def without_files_beside(world: Simulation) -> None:
    """As on a new machine, to which only the backup and the key were brought."""
    stopped(world)
    for path in world.home.iterdir():
        if path.name not in ("key", "copy.sqlite3"):
            path.unlink()


def damaged_database(world: Simulation) -> None:
    stopped(world)
    world.path.write_bytes(b"gone" * 5000)


SITUATIONS: dict[str, Callable[[Simulation], None]] = {
    "beside what is there": lambda _: None,
    "on a new machine": without_files_beside,
    "over a damaged database": damaged_database,
}


def lived_on(world: Simulation, people: dict[str, tuple[str, str]]) -> None:
    """What happens on both sides after the backup; all of it is carried."""
    edit = world.edit
    edit("highlevel", action="update", id=people["edited"][0], fields={"city": "Lyons"})
    edit("rezora", action="update", id=people["edited"][1], fields={"contact_home_zip": "80540"})
    edit("highlevel", action="update", id=people["cleared"][0], fields={"city": ""})
    edit("highlevel", action="add_tags", id=people["edited"][0], tags=["buyer"])
    edit("highlevel", action="delete", id=people["left"][0])
    edit("rezora", action="delete", id=people["right"][1])
    edit("highlevel", action="set_dnd", id=people["out"][0], channels={"Email": "active"})
    ada(world, firstName="New", lastName="Inhighlevel", email="new.h@example.org")
    edit(
        "rezora",
        action="create",
        fields={"contact_name": "New Inrezora", "contact_email": "new.r@example.org"},
    )
    gone = ada(world, firstName="Came", lastName="Andwent", email="came@example.org")
    synced(world)
    synced(world)
    edit("highlevel", action="delete", id=gone)
    synced(world)


def settled_people(world: Simulation) -> dict[str, tuple[str, str]]:
    """Some linked contacts, by what will become of them."""
    names = ("edited", "cleared", "left", "right", "out", "quiet")
    made = {
        name: ada(world, firstName=name.title(), lastName="Stone", email=f"{name}@example.org")
        for name in names
    }
    synced(world)
    synced(world)
    partner = dict(world.pairs())
    return {name: (left, partner[left]) for name, left in made.items()}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_backup_that_is_put_back_reverts_doubles_and_resurrects_nothing(
    world: Simulation, situation: str
) -> None:
    people = settled_people(world)
    copy = backed_up(world)
    lived_on(world, people)
    before, writes = everything(world), world.mutating()
    SITUATIONS[situation](world)
    put_back(world, copy)
    known = situation == "beside what is there"  # what was deleted since is told by the replaced database
    assert world.run(plan(world)) == ({"link"} if known else {"hold", "link"})
    assert synced(world) == "done"
    assert synced(world) == "done"
    assert (everything(world), world.mutating()) == (before, writes)
    pairs = dict(world.pairs())
    assert len(pairs) == 6  # four old ones that are there still, and two of after the backup
    assert len(world.contacts("highlevel")) == 7 and len(world.contacts("rezora")) == 8
    assert holds(world) == (set() if known else {"restored_alone"})
    world.edit("highlevel", action="update", id=people["quiet"][0], fields={"city": "Nederland"})
    synced(world)
    assert world.contacts("rezora")[people["quiet"][1]]["contact_home_city"] == "Nederland"  # life goes on


async def plan(world: Simulation) -> set[str]:
    app = await world.open()
    assert world.bridge is not None
    return {line.action for line in (await app.plan(world.bridge)).lines} - {"leave out", "unlink"}


def test_what_was_edited_between_the_last_sync_and_the_restore_waits_with_both_values(
    world: Simulation,
) -> None:
    left, right = linked(world)
    copy = backed_up(world)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    new = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org", phone="+13035550188")
    synced(world)
    world.edit("rezora", action="update", id=right, fields={"contact_home_city": "Estes Park"})
    world.edit("highlevel", action="update", id=new, fields={"city": ""})  # made, linked and cleared since
    before = world.mutating()
    put_back(world, copy)
    synced(world)
    synced(world)
    assert world.mutating() == before
    assert world.contacts("rezora")[right]["contact_home_city"] == "Estes Park"
    assert world.contacts("highlevel")[left]["city"] == "Lyons"
    assert not world.contacts("highlevel")[new]["city"]
    shown = set(rows(world.path, "SELECT highlevel_id, cause FROM hold"))
    assert shown == {(left, "restored"), (new, "restored")}


def test_no_look_and_no_number_of_dry_runs_makes_a_restored_copy_believed(world: Simulation) -> None:
    left, right = linked(world)
    copy = backed_up(world)
    made = ada(world, firstName="Grace", lastName="Hopper", email="grace@example.org")
    synced(world)
    (there,) = set(world.contacts("rezora")) - {right}
    world.edit("rezora", action="delete", id=there)
    before = world.mutating()
    without_files_beside(world)
    put_back(world, copy)
    for _ in range(3):
        world.run(plan(world))
        assert world.partly("poll") is None
        assert world.partly("live") is None
    world.fault(kind="status", status=401, side="rezora", path_regex="/contacts", times=20)
    assert synced(world) == "failed"
    world.sandbox.faults.clear()
    assert world.partly("poll") is None  # a sync in doubt that came to no end
    synced(world)
    assert world.mutating() == before
    assert made in world.contacts("highlevel") and left in world.contacts("highlevel")
    assert holds(world) == {"restored_alone"}
    assert world.partly("poll") is not None


def test_an_answer_that_was_given_before_the_backup_is_asked_for_again(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="update", id=left, fields={"phone": "+13035550177"})
    world.edit("rezora", action="update", id=right, fields={"contact_phone_mobile": "+13035550188"})
    synced(world)
    world.run(resolved(world, "use-highlevel"))
    copy = backed_up(world)
    put_back(world, copy)
    before = world.mutating()
    synced(world)
    assert world.mutating() == before
    assert rows(world.path, "SELECT rule FROM hold")


async def resolved(world: Simulation, use: str) -> None:
    app = await world.open()
    assert world.bridge is not None
    (asked,) = await app.holds(world.bridge)
    await app.resolve(world.bridge, asked.hold.id, use, by="somebody")


def test_nobody_who_was_shut_out_comes_back_and_history_is_not_rewritten(world: Simulation) -> None:
    left, _ = linked(world)
    stays = (
        "INSERT INTO person (id, email, name, role, created_at) VALUES (1, 'a@example.org', 'A', 'owner', 1)"
    )
    change(world.path, stays)
    change(
        world.path,
        "INSERT INTO person (id, email, name, role, created_at) VALUES (2, 'b@x.org', 'B', 'owner', 1)",
    )
    key = "INSERT INTO api_key (id, token, shown, name, role, made_by, created_at)"
    key += " VALUES (1, 't', 's', 'n', 'owner', 'A', 1)"
    change(world.path, key)
    change(
        world.path, "INSERT INTO web_session (token, person_id, created_at, seen_at) VALUES ('s', 2, 1, 1)"
    )
    copy = backed_up(world)
    change(world.path, "DELETE FROM person WHERE id = 2")
    change(world.path, "UPDATE api_key SET revoked_at = 2")
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    credential = rows(world.path, "SELECT account_id, sealed, version FROM secret ORDER BY 1")
    history = rows(world.path, "SELECT id, action, at FROM journal")
    shut = rows(world.path, "SELECT address, channel, level FROM suppression ORDER BY 1, 2")
    assert shut and len(history) > len(rows(copy, "SELECT id FROM journal"))
    done = put_back(world, copy)
    assert done.carried and done.lost == ()
    assert rows(world.path, "SELECT id FROM person") == [(1,)]
    assert rows(world.path, "SELECT revoked_at FROM api_key") == [(2.0,)]
    assert rows(world.path, "SELECT * FROM web_session") == []
    assert rows(world.path, "SELECT account_id, sealed, version FROM secret ORDER BY 1") == credential
    assert rows(world.path, "SELECT id, action, at FROM journal") == history
    assert rows(world.path, "SELECT address, channel, level FROM suppression ORDER BY 1, 2") == shut
    ids = [row[0] for row in rows(world.path, "SELECT id FROM run ORDER BY id")]
    assert len(ids) == len(set(ids)) and rows(
        world.path, "SELECT max(id) FROM run WHERE purpose = 'restore'"
    ) == [(ids[-1],)]


def test_a_recipe_does_not_do_again_what_it_may_have_done(world: Simulation) -> None:
    linked(world)
    firing = (
        "INSERT INTO firing (bridge_id, recipe, event, state, due_at, at) VALUES (1, 'r', '{}', '{}', {}, 1)"
    )
    now = world.clock.now()
    for event, state, due in (
        ("a", "waiting", now - 5),
        ("b", "begun", now),
        ("c", "waiting", now + 9e5),
        ("d", "done", 1),
    ):
        change(world.path, firing.format(event, state, due))
    change(
        world.path,
        "INSERT INTO recipe_cursor (bridge_id, delivery, journal, hold, run, at, not_before)"
        " VALUES (1, 0, 0, 0, 0, 1, 0)",
    )
    copy = backed_up(world)
    without_files_beside(world)
    put_back(world, copy)
    found = rows(world.path, "SELECT event, state FROM firing ORDER BY event")
    assert found == [("a", "skipped"), ("b", "skipped"), ("c", "waiting"), ("d", "done")]
    assert rows(world.path, "SELECT * FROM recipe_cursor") == []


def test_a_restore_is_refused_while_landbridge_runs_and_changes_nothing(world: Simulation) -> None:
    linked(world)
    copy = backed_up(world)
    with pytest.raises(StoreFailure, match="Landbridge is running in this home") as failure:
        world.run(restore(world.settings(), copy, world.clock))
    assert "landbridge serve" in failure.value.fix
    stopped(world)
    before = world.path.read_bytes()
    with closing(sqlite3.connect(world.path)) as other:  # a program that knows no lock of ours
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("SELECT * FROM run").fetchone()
        with pytest.raises(StoreFailure, match="Another program has the database"):
            world.run(restore(world.settings(), copy, world.clock))
    assert rows(world.path, "SELECT count(*) FROM run WHERE purpose = 'restore'") == [(0,)]
    assert len(before) == world.path.stat().st_size
    assert [path for path in world.home.iterdir() if "restore" in path.name] == []


def damaged(world: Simulation, copy: Path) -> None:
    text = bytearray(copy.read_bytes())
    text[8192 : 8192 * 4] = bytes(8192 * 3)
    copy.write_bytes(text)


def stranger(world: Simulation, copy: Path) -> None:
    other = Simulation(2)
    linked(other)
    backed_up(other).replace(copy)
    (world.home / "key").write_bytes((world.home / "key").read_bytes() + (other.home / "key").read_bytes())
    other.close()


WRONG: dict[str, tuple[Callable[[Simulation, Path], object], str]] = {
    "damaged": (damaged, "damaged|cannot be read as a backup"),
    "text": (lambda _, copy: copy.write_text("dear diary"), "cannot be read as a backup"),
    "missing": (lambda _, copy: copy.unlink(), "cannot be read"),
    "newer": (
        lambda _, copy: change(copy, "UPDATE alembic_version SET version_num = '9999'"),
        "newer version",
    ),
    "sealed with another key": (lambda w, _: (w.home / "key").write_text("A" * 43 + "="), "another key"),
    "without a key": (lambda w, _: (w.home / "key").unlink(), "There is no key"),
    "of another installation": (stranger, "another installation"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_backup_of_this_installation_is_refused_with_nothing_changed(
    world: Simulation, wrong: str
) -> None:
    linked(world)
    copy = backed_up(world)
    stopped(world)
    spoil, sentence = WRONG[wrong]
    spoil(world, copy)
    before = rows(world.path, "SELECT * FROM run"), rows(world.path, "SELECT * FROM link")
    with pytest.raises(StoreFailure, match=sentence) as failure:
        world.run(restore(world.settings(), copy, world.clock))
    assert failure.value.fix
    assert (rows(world.path, "SELECT * FROM run"), rows(world.path, "SELECT * FROM link")) == before
    assert [path.name for path in world.home.iterdir() if "restore" in path.name] == []


def test_a_backup_is_one_private_file_that_overwrites_nothing_and_holds_no_key(world: Simulation) -> None:
    linked(world)
    copy = backed_up(world)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert (world.home / "key").read_bytes().strip() not in copy.read_bytes()
    assert [path.name for path in world.home.glob("copy*")] == [copy.name]
    before = copy.read_bytes()
    with pytest.raises(StoreFailure, match="is there already"):
        backup.copy_in_use(world.path, copy)
    assert copy.read_bytes() == before
    with pytest.raises(StoreFailure, match="could not be written"):
        backup.copy_in_use(world.path, world.home / "nowhere" / "copy.sqlite3")


def test_a_backup_that_is_not_sound_gets_no_name(world: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    linked(world)

    def unsound(path: Path) -> backup.Facts:
        raise StoreFailure(f"{path} is damaged.", "Use another backup.")

    monkeypatch.setattr(backup, "look_over", unsound)
    with pytest.raises(StoreFailure, match="damaged"):
        backup.copy_in_use(world.path, world.home / "copy.sqlite3")
    assert list(world.home.glob("copy*")) == []


def test_a_copy_made_while_others_write_is_of_one_moment(world: Simulation) -> None:
    linked(world)
    with closing(sqlite3.connect(world.path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE link SET kind = 'half'")
        copy = backed_up(world)  # neither waits nor sees what is not committed
        writer.execute("ROLLBACK")
    assert {kind for (kind,) in rows(copy, "SELECT kind FROM link")} == {Kind.CONTACT.value}


def test_a_newer_version_that_is_given_up_leaves_who_was_shut_out_shut_out(world: Simulation) -> None:
    linked(world)
    change(
        world.path, "INSERT INTO person (id, email, name, role, created_at) VALUES (1, 'a', 'A', 'owner', 1)"
    )
    copy = backed_up(world)
    stopped(world)
    change(world.path, "ALTER TABLE person ADD COLUMN of_a_newer_version TEXT")
    change(world.path, "DROP TABLE pause")
    change(world.path, "UPDATE alembic_version SET version_num = '9999'")
    change(world.path, "UPDATE person SET disabled_at = 7")
    done = put_back(world, copy)
    assert done.carried and done.lost == ("pause",)
    assert rows(world.path, "SELECT name, disabled_at FROM person") == [("A", 7.0)]
    assert synced(world) == "done"


def test_what_was_there_before_is_kept_and_can_be_put_back_in_turn(world: Simulation) -> None:
    left, right = linked(world)
    copy = backed_up(world)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    newer = rows(world.path, "SELECT count(*) FROM journal")
    done = put_back(world, copy)
    assert done.kept is not None and done.facts.bridges == ("test",)
    assert rows(done.kept, "SELECT count(*) FROM journal") == newer
    again = put_back(world, done.kept)
    assert again.kept is not None and again.kept != done.kept
    synced(world)
    assert world.contacts("rezora")[right]["contact_home_city"] == "Lyons"


async def test_the_page_says_that_the_next_sync_is_careful_until_it_was_done() -> None:
    mark = Run(9, 1, RESTORE, "restore", "done", "", 0, 0, NOW, NOW, "The database was restored.", NEXT)
    dry, failed, good = (
        replace(mark, id=10 + number, purpose=purpose, state=state, sentence="", fix="")
        for number, (purpose, state) in enumerate((("plan", "done"), ("sync", "failed"), ("sync", "done")))
    )
    shown = {
        "Restored": status(recent=[dry, mark]),
        "Failed": status(recent=[failed, mark]),
        "Up to date": status(recent=[good, mark]),
    }
    for badge, picture in shown.items():
        text = (await browse(FakeProduct({1: picture})).get("/bridges/1")).page.text
        assert badge in text
        assert ("what differs waits for you" in text) == (badge == "Restored")
