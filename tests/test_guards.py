"""One guard, one story: what each guard prevents, told so that its removal makes the story end badly.

``make mutants`` removes the guards one by one and shows that the tests named there fail.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from landbridge.sandbox.history import Wanted
from simulation import Simulation
from stories import ada, holds, journaled, linked, reasons, replaced, synced


@pytest.fixture
def world() -> Iterator[Simulation]:
    made = Simulation()
    yield made
    made.close()


def test_a_create_whose_answer_is_lost_is_looked_up_and_not_sent_again(world: Simulation) -> None:
    ada(world)
    world.fault(kind="lost_answer", side="rezora", method="POST", path="/v1/contacts.json")
    synced(world)
    synced(world)
    assert len(world.contacts("rezora")) == 1


def test_a_create_is_known_again_by_its_marker_whatever_became_of_its_address(world: Simulation) -> None:
    fields = {"contact_name": "Grace Hopper", "contact_email": "grace@example.org"}
    world.edit("rezora", action="create", fields=fields)
    world.fault(kind="lost_answer", side="highlevel", method="POST", path_regex="^/contacts/$")
    world.fault(kind="refuse", side="highlevel", path="/contacts/search", skip=1, times=9)
    synced(world)
    world.sandbox.faults.clear()
    (made,) = world.contacts("highlevel")
    changed = {"email": "admiral@example.org", "firstName": "Amazing", "lastName": "Person"}
    world.edit("highlevel", action="update", id=made, fields=changed)
    synced(world)
    synced(world)
    assert list(world.contacts("highlevel")) == [made]
    assert len(world.contacts("rezora")) == 1


def test_what_was_deleted_does_not_come_back(world: Simulation) -> None:
    _, right = linked(world)
    world.edit("rezora", action="delete", id=right)
    synced(world)
    synced(world)
    assert world.contacts("rezora") == {}
    assert "deleted_in_rezora" in reasons(world)


def test_what_was_agreed_is_remembered_so_that_a_later_edit_is_not_taken_back(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    world.edit("rezora", action="update", id=right, fields={"contact_home_city": "Boulder"})
    synced(world)
    assert world.contacts("highlevel")[left]["city"] == "Boulder"


def test_an_opt_out_is_carried_even_when_the_brake_stops_everything_else(world: Simulation) -> None:
    for number in range(30):
        fields = {"firstName": "Ada", "lastName": f"Byron{number}", "email": f"p{number}@example.org"}
        world.edit("highlevel", action="create", fields=fields | {"city": "Boulder"})
    synced(world)
    synced(world)
    for record in world.contacts("highlevel"):
        world.edit("highlevel", action="update", id=record, fields={"city": "Everywhere"})
    first = next(iter(world.contacts("highlevel")))
    address = world.contacts("highlevel")[first]["email"]
    world.edit("highlevel", action="set_dnd", id=first, channels={"Email": "active"})
    assert synced(world, accept=False) == "braked"
    (there,) = [c for c in world.contacts("rezora").values() if c["contact_email"] == address]
    assert there["contact_unsubscribe"] == "1"
    assert {c["contact_home_city"] for c in world.contacts("rezora").values()} == {"Boulder"}


def test_a_list_joined_in_rezora_becomes_a_tag_and_the_other_tags_stay(world: Simulation) -> None:
    left, right = linked(world, tags=["vip"])
    world.edit("rezora", action="add_to_list", id=right, list="Buyers")
    synced(world)
    assert sorted(world.contacts("highlevel")[left]["tags"]) == ["buyer", "vip"]


def test_two_new_addresses_of_one_person_wait_for_a_person(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="update", id=left, fields={"email": "one@example.org"})
    world.edit("rezora", action="update", id=right, fields={"contact_email": "two@example.org"})
    synced(world)
    assert world.contacts("rezora")[right]["contact_email"] == "two@example.org"
    assert world.contacts("highlevel")[left]["email"] == "one@example.org"
    assert "both_changed" in holds(world)


def test_an_empty_listing_is_no_proof_that_anybody_was_deleted(world: Simulation) -> None:
    left, right = linked(world)
    empty = {"contacts": [], "total": 0}
    world.fault(kind="status", status=200, body=empty, side="highlevel", path="/contacts/search", times=1)
    synced(world)
    assert world.pairs() == [(left, right)]
    assert "unlink" not in journaled(world)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    assert world.contacts("rezora")[right]["contact_home_city"] == "Lyons"


def test_an_edit_made_after_we_read_is_seen_before_we_write(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    world.clock.advance(60.0)
    probe = world.crasher.checkpoint

    def meddle(name: str) -> None:
        if name.startswith("after GET") and name.endswith("/contacts.json"):
            fields = {"contact_home_city": "Nederland"}
            world.edit("rezora", action="update", id=right, fields=fields)
        probe(name)

    world.crasher.checkpoint = meddle  # type: ignore[method-assign]  # an agent types between two calls
    world.sync()
    assert {"contact_home_city": "Nederland"} in replaced(world)


def test_a_field_that_an_answer_leaves_out_is_not_a_blank(world: Simulation) -> None:
    left, right = linked(world)
    for path in ("/contacts/search", f"/contacts/{left}"):
        world.fault(kind="drop_field", side="highlevel", path=path, field="city", times=9)
    world.edit("highlevel", action="update", id=left, fields={"postalCode": "80301"})
    synced(world)
    assert world.contacts("rezora")[right]["contact_home_city"] == "Boulder"
    assert world.contacts("rezora")[right]["contact_home_zip"] == "80301"


def test_an_opt_out_outlives_the_contact_that_made_it(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    world.edit("highlevel", action="delete", id=left)
    world.edit("rezora", action="delete", id=right)
    synced(world)
    ada(world)
    synced(world)
    synced(world)
    assert world.contacts("rezora") == {}
    (again,) = world.contacts("highlevel").values()
    assert again["dndSettings"]["Email"]["status"] == "active"


def test_a_value_that_the_other_side_cuts_is_not_written_for_ever() -> None:
    world = Simulation(limits={"contact_home_city": 4}, too_long="truncate")
    try:
        left, _ = linked(world)
        world.edit("highlevel", action="update", id=left, fields={"city": "Nederland"})
        synced(world)
        before = world.mutating()
        synced(world)
        assert world.mutating() == before
        assert "differs" in holds(world)
    finally:
        world.close()


def test_a_name_that_somebody_is_still_typing_is_not_carried(world: Simulation) -> None:
    _, right = linked(world)
    world.edit("rezora", action="update", id=right, fields={"contact_home_city": "Bou"})
    world.fault(kind="slow", side="rezora", path="/v1/contacts.json", times=1, delay_seconds=0)
    asked = 0

    async def typing(seconds: float) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            fields = {"contact_home_city": "Boulder City"}
            world.edit("rezora", action="update", id=right, fields=fields)
        world.clock.advance(seconds)

    world.clock.sleep = typing  # type: ignore[method-assign]  # somebody types while we wait
    world.sync()
    sent = [json.loads(e.request_body or b"{}") for e in world.sandbox.history.read(Wanted(method="PUT"))]
    assert "Bou" not in [body.get("city") for body in sent]


def test_an_older_copy_of_the_database_takes_nothing_back(world: Simulation) -> None:
    left, right = linked(world)
    world.backup()
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    synced(world)
    world.edit("rezora", action="update", id=right, fields={"contact_home_city": "Boulder"})
    world.restore()
    synced(world)
    synced(world)
    assert world.contacts("rezora")[right]["contact_home_city"] == "Boulder"
    assert world.contacts("highlevel")[left]["city"] == "Lyons"
    assert "restored" in holds(world)


def test_what_a_write_replaces_is_known_even_if_the_process_dies_with_it(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="update", id=left, fields={"city": "Lyons"})
    world.edit("rezora", action="update", id=right, fields={"contact_home_city": "Denver"})
    world.clock.advance(60.0)
    world.crasher.arm(0)
    names: list[str] = []
    probe = world.crasher.checkpoint

    def die(name: str) -> None:
        names.append(name)
        if name.startswith("after PUT"):
            world.crasher.at = world.crasher.count + 1
        probe(name)

    world.crasher.checkpoint = die  # type: ignore[method-assign]  # dies with the answer of the first PUT
    world.sync()
    assert world.contacts("rezora")[right]["contact_home_city"] == "Lyons"
    assert {"contact_home_city": "Denver"} in replaced(world)


def test_a_run_that_goes_on_after_a_stop_knows_of_opt_outs_since(world: Simulation) -> None:
    left = ada(world)
    world.clock.advance(60.0)
    for at in range(30, 60):
        world.sync(crash_at=at)
        assert world.contacts("rezora") == {}, "the place to die at has moved"
        if any(name.startswith("before a read") for name in world.crasher.names):
            break
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    synced(world)
    assert world.contacts("rezora") == {}


def test_families_share_an_address_and_stay_apart(world: Simulation) -> None:
    world.sandbox.configure({"highlevel": {"allow_duplicates": True}})
    for first in ("John", "Mary"):
        ada(world, firstName=first, lastName="Smith", email="smiths@example.org")
    fields = {"contact_name": "Mary Smith", "contact_email": "smiths@example.org"}
    world.edit("rezora", action="create", fields=fields)
    synced(world)
    synced(world)
    names = sorted(c["contact_name"] for c in world.contacts("rezora").values())
    assert names == ["John Smith", "Mary Smith"]


def test_a_second_record_of_somebody_does_not_spread(world: Simulation) -> None:
    linked(world)
    fields = {"contact_name": "Ada Byron", "contact_email": "ada@example.org"}
    world.edit("rezora", action="create", fields=fields)
    world.sandbox.configure({"highlevel": {"allow_duplicates": True}})
    synced(world)
    synced(world)
    assert len(world.contacts("highlevel")) == 1
    assert "twin" in holds(world)


# Stories that the state machine found, each a mistake once.


def test_a_token_that_a_dead_process_got_and_never_used_is_renewed_when_it_ends(world: Simulation) -> None:
    ada(world)
    synced(world)
    world.clock.advance(90_000.0)
    world.crasher.arm(0)
    probe = world.crasher.checkpoint

    def die(name: str) -> None:
        if name == "after a commit" and any("oauth/token" in seen for seen in world.crasher.names):
            world.crasher.at = world.crasher.count + 1
        probe(name)

    world.crasher.checkpoint = die  # type: ignore[method-assign]  # dies once the new pair is durable
    assert world.sync() is None
    world.crasher.checkpoint = probe  # type: ignore[method-assign]  # the next process lives
    world.sandbox.edit("highlevel", {"kind": "app", "action": "expire_access"})
    assert synced(world) == "done"


def test_a_lease_taken_by_a_clock_that_was_wrong_blocks_nobody(world: Simulation) -> None:
    ada(world)
    world.clock.skew = 86_400.0
    assert world.sync(crash_at=20) is None
    world.clock.skew = 0.0
    assert synced(world) == "done"


def test_a_clear_is_carried_although_one_of_two_reads_leaves_blank_fields_out(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="update", id=left, fields={"city": ""})
    synced(world)
    assert world.contacts("rezora")[right]["contact_home_city"] == ""


def test_who_opted_in_again_on_one_side_is_shown_and_not_fought_over(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    assert world.contacts("rezora")[right]["contact_unsubscribe"] == "1"
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "inactive"})
    before = world.mutating()
    synced(world)
    assert world.mutating() == before
    assert holds(world) == {"opt_out_lifted"}


def test_a_merge_in_highlevel_moves_the_link_and_deletes_nobody(world: Simulation) -> None:
    left, right = linked(world)
    world.sandbox.configure({"highlevel": {"allow_duplicates": True}})
    twin = ada(world, email="other@example.org", phone="+13035550188")
    world.edit("highlevel", action="merge", id=twin, others=[left])
    synced(world)
    synced(world)
    assert list(world.contacts("rezora")) == [right]
    assert world.pairs() == [(twin, right)]


def test_a_tag_that_is_held_takes_an_answer(world: Simulation) -> None:
    left, right = linked(world, tags=["buyer"])
    world.backup()
    world.edit("rezora", action="remove_from_list", id=right, list="Buyers")
    world.edit("highlevel", action="update", id=left, fields={"postalCode": "80301"})
    synced(world)
    world.edit("highlevel", action="add_tags", id=left, tags=["buyer"])
    world.restore()
    synced(world)
    assert "restored" in holds(world)
    synced(world)
    assert "restored" in holds(world)  # the older base is not believed by the next run either

    async def answer() -> None:
        app = await world.open()
        assert world.bridge is not None
        for question in await app.holds(world.bridge):
            if question.hold.rule == "buyer":
                await app.resolve(world.bridge, question.hold.id, "use-highlevel", by="somebody")

    world.run(answer())
    synced(world)
    assert world.members()[right] == {"Buyers"}


def test_a_new_opt_out_counts_although_an_older_one_was_taken_back(world: Simulation) -> None:
    left, right = linked(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "active"})
    synced(world)
    world.edit("highlevel", action="set_dnd", id=left, channels={"Email": "inactive"})
    world.edit("rezora", action="resubscribe", id=right)
    synced(world)
    world.edit("rezora", action="unsubscribe", id=right)
    synced(world)
    assert world.contacts("highlevel")[left]["dndSettings"]["Email"]["status"] == "active"


def test_a_record_that_refuses_its_opt_out_does_not_hold_back_the_others(world: Simulation) -> None:
    records = [ada(world, firstName=f"Ada{n}", email=f"a{n}@example.org") for n in range(3)]
    synced(world)
    synced(world)
    first = min(world.contacts("rezora"))
    world.fault(kind="fail_before", side="rezora", method="PUT", path=f"/v1/contacts/{first}", times=99)
    for record in records:
        world.edit("highlevel", action="set_dnd", id=record, channels={"Email": "active"})
    assert synced(world) == "done"
    out = {key for key, c in world.contacts("rezora").items() if c["contact_unsubscribe"] == "1"}
    assert out == set(world.contacts("rezora")) - {first}
    assert "unknown_outcome" in holds(world)


def test_a_create_renamed_before_we_found_it_again_is_asked_about(world: Simulation) -> None:
    ada(world)
    world.fault(kind="lost_answer", side="rezora", method="POST", path="/v1/contacts.json")
    world.fault(kind="refuse", side="rezora", method="GET", path="/v1/contacts.json", skip=1, times=9)
    synced(world)
    world.sandbox.faults.clear()
    (made,) = world.contacts("rezora")
    world.edit("rezora", action="update", id=made, fields={"contact_name": "Grace Hopper"})
    synced(world)
    assert list(world.contacts("rezora")) == [made]
    assert "several_candidates" in holds(world)


def test_a_list_that_was_renamed_takes_nobodys_tag(world: Simulation) -> None:
    left, _ = linked(world, tags=["buyer"])
    world.edit("rezora", action="rename_list", kind="list", id="Buyers", name="People who buy")
    synced(world)
    synced(world)
    assert "buyer" in world.contacts("highlevel")[left]["tags"]
    assert "list_missing" in holds(world)
