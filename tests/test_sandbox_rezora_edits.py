"""Edits by people in the sandbox's Rezora, its seeding, and its snapshots."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.sandbox.people import Person, people
from landbridge.sandbox.rezora import RezoraConfig, RezoraWorld
from landbridge.sandbox.wire import Ids, SandboxClock
from sandbox_rezora_client import ADA, PRIMARY_SPHERE, SELF, Client


def test_a_person_creates_changes_and_deletes_a_contact() -> None:
    client = Client()
    made = client.world.edit({"action": "create", "kind": "contact", "fields": {"contact_name": "Grace"}})
    path = f"contacts/{made['id']}"
    assert client.rows(path) == [made["fields"]]
    client.world.edit({"action": "update", "id": made["id"], "fields": {"contact_email": "g@example.org"}})
    assert client.rows(path)[0]["contact_email"] == "g@example.org"
    client.world.edit({"action": "unsubscribe", "id": made["id"]})
    assert client.rows(path)[0]["contact_unsubscribe"] == "1"
    assert client.world.edit({"action": "delete", "id": made["id"]})["id"] == made["id"]
    assert client.ask("GET", path)[0] == 404


def test_a_person_makes_fills_renames_and_deletes_a_list() -> None:
    client = Client()
    contact_id = client.new_contact()
    list_id = client.world.edit({"action": "create_list", "name": "Open house"})["id"]
    client.world.edit({"action": "add_to_list", "id": contact_id, "list": "Open house"})
    client.world.edit({"action": "add_to_list", "id": contact_id, "fields": {"list_id": list_id}})
    assert client.world.would_mail() == {contact_id}
    client.world.edit({"action": "rename_list", "id": list_id, "name": "Open house May"})
    assert client.rows(f"lists/{list_id}")[0]["list_name"] == "Open house May"
    client.world.edit({"action": "remove_from_list", "id": contact_id, "list": list_id})
    client.world.edit({"action": "remove_from_list", "id": contact_id, "fields": {"list_id": list_id}})
    assert client.world.would_mail() == set()
    client.world.edit({"action": "delete_list", "id": list_id})
    assert [row["list_id"] for row in client.rows("lists")] == [PRIMARY_SPHERE]


def test_lists_can_be_edited_by_kind_as_contacts_are() -> None:
    client = Client()
    made = client.world.edit({"action": "create", "kind": "list", "fields": {"list_name": "A"}})
    client.world.edit({"action": "update", "kind": "list", "id": made["id"], "fields": {"list_name": "B"}})
    assert client.rows(f"lists/{made['id']}")[0]["list_name"] == "B"
    client.world.edit({"action": "delete", "kind": "list", "id": made["id"]})
    assert len(client.rows("lists")) == 1


def test_a_contact_can_become_one_of_another_integration() -> None:
    client = Client()
    contact_id = client.new_contact()
    client.world.edit({"action": "update", "id": contact_id, "contact_kind": "synced"})
    assert client.ask("PUT", f"contacts/{contact_id}", {"contact_title": "Dr"})[0] == 403


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ({}, "action"),
        ({"action": "explode"}, "explode"),
        ({"action": "create", "kind": "task"}, "task"),
        ({"action": "update", "id": "1"}, "no contact"),
        ({"action": "delete", "id": SELF}, "self contact"),
        ({"action": "update", "id": SELF, "contact_kind": "normal"}, "self contact"),
        ({"action": "update", "id": SELF, "fields": {"contact_self": "0"}}, "contact_self"),
        ({"action": "create", "fields": ["x"]}, "object"),
        ({"action": "create", "contact_kind": "self"}, "contact_kind"),
        ({"action": "add_to_list", "id": SELF, "list": "Nowhere"}, "no list"),
        ({"action": "create_list"}, "name"),
        ({"action": "create_list", "name": "primary sphere"}, "exists"),
        ({"action": "rename_list", "id": PRIMARY_SPHERE, "name": "x"}, "Primary Sphere"),
        ({"action": "delete_list", "id": PRIMARY_SPHERE}, "Primary Sphere"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_and_changes_nothing(
    command: dict[str, object], named: str
) -> None:
    client = Client()
    before = client.world.dump()
    with pytest.raises(ValueError, match=named):
        client.world.edit(command)
    assert client.world.dump() == before


def test_seeding_takes_only_people_who_are_in_rezora() -> None:
    client = Client()
    ada = Person(
        first_name="Ada",
        last_name="Byron",
        email="ada@example.org",
        phone="+13035550100",
        street="9 Elm Rd",
        city="Boulder",
        state="CO",
        postal_code="80301",
        country="US",
        added_at=1767605400.0,
        extra_phones=("+442079460123",),
        in_rezora=True,
        rezora_unsubscribed=True,
        rezora_lists=("Newsletter", "Primary Sphere"),
    )
    firm = Person(company="Acme Homes", in_rezora=True, rezora_lists=("Newsletter",))
    client.world.seed([ada, Person(first_name="Elsewhere"), firm])
    first, second = client.rows("contacts")[1:]
    assert (first["contact_name"], first["contact_phone_mobile"]) == ("Ada Byron", "303-555-0100")
    assert (first["contact_phone_home"], first["contact_home_zip"]) == ("+442079460123", "80301")
    assert (first["contact_date"], first["contact_unsubscribe"]) == ("2026-01-05 09:30:00", "1")
    assert (second["contact_name"], second["contact_email"]) == ("Acme Homes", "")
    assert [row["list_name"] for row in client.rows("lists")] == ["Primary Sphere", "Newsletter"]
    assert client.world.would_mail() == {second["contact_id"]}


def test_the_same_seed_gives_the_same_account() -> None:
    worlds = [Client().world for _ in range(2)]
    for world in worlds:
        world.seed(people(7, 400))
    assert worlds[0].dump() == worlds[1].dump()
    assert len(worlds[0].dump()["contacts"]) > 5


def _lived_in() -> Client:
    client = Client(RezoraConfig(activities=True))
    contact_id = client.new_contact(contact_unsubscribe="1")
    client.join(client.new_list("Open house"), contact_id)
    client.ask("PUT", f"contacts/{contact_id}", {"contact_unsubscribe": "0"})
    client.ask("POST", f"contacts/{contact_id}/notes", {"note_body": "Hi"})
    client.ask("POST", "groups", {"group_name": "North"}, company=True)
    client.ask("POST", "groups/31/agents", {"user_id": "77"}, company=True)
    client.world.edit({"action": "create", "contact_kind": "master", "fields": ADA})
    return client


def test_a_snapshot_survives_json_and_restores_everything() -> None:
    client = _lived_in()
    snapshot = msgspec.json.decode(msgspec.json.encode(client.world.dump()))
    other = RezoraWorld(SandboxClock(0.0), Ids(2), client.config)
    other.load(snapshot)
    assert other.dump() == snapshot
    assert other.would_mail() == client.world.would_mail() != set()
    assert other.resubscribed == ["55501"]


def test_a_snapshot_does_not_follow_later_changes() -> None:
    client = _lived_in()
    snapshot = client.world.dump()
    kept = msgspec.json.encode(snapshot)
    client.ask("PUT", "contacts/55501", {"contact_title": "Dr"})
    client.ask("DELETE", "contacts")
    assert msgspec.json.encode(snapshot) == kept
    client.world.load(snapshot)
    client.ask("PUT", "contacts/55501", {"contact_title": "Dr"})
    assert msgspec.json.encode(snapshot) == kept


def test_ids_are_never_given_twice_also_after_a_restart_or_reset() -> None:
    client = Client()
    last = client.new_contact()
    client.ask("DELETE", f"contacts/{last}")
    snapshot = client.world.dump()
    client.world = RezoraWorld(client.clock, Ids(1), client.config)
    client.world.load(snapshot)
    after_restart = client.new_contact()
    assert int(after_restart) > int(last)
    client.world.reset()
    assert int(client.rows("contacts")[0]["contact_id"]) > int(after_restart)


def test_reset_gives_a_new_account() -> None:
    client = _lived_in()
    client.world.reset()
    assert [row["contact_self"] for row in client.rows("contacts")] == ["1"]
    assert [row["list_type"] for row in client.rows("lists")] == ["1"]
    assert client.rows("groups", company=True) == []
    assert client.world.resubscribed == []
