"""People's changes, events, snapshots and reset of the sandbox world."""

from __future__ import annotations

import json

import pytest

from landbridge.sandbox.highlevel import HighLevelConfig, HighLevelWorld
from landbridge.sandbox.people import people
from landbridge.sandbox.wire import Ids
from sandbox_highlevel_client import Client, client


@pytest.fixture
def c() -> Client:
    return client()


def test_a_person_creates_changes_and_deletes_a_contact(c: Client) -> None:
    made = c.world.edit({"action": "create", "fields": {"firstName": "Ann", "companyName": "Example Ltd"}})
    assert c.contact(made["id"])["createdBy"]["source"] == "WEB_USER"
    c.clock.advance(5)
    changed = c.world.edit({"action": "update", "id": made["id"], "fields": {"companyName": "Sample Ltd"}})
    assert changed["dateUpdated"] == c.contact(made["id"])["dateUpdated"] == "2026-09-21T14:13:25.000Z"
    c.world.edit({"kind": "contact", "action": "delete", "id": made["id"]})
    assert c.search().json["total"] == 0
    assert c.event_types() == ["ContactCreate", "ContactUpdate", "ContactDelete"]


def test_a_person_restores_a_deleted_contact_under_its_old_id_without_its_notes(c: Client) -> None:
    ann = c.create(firstName="Ann", email="ann@example.com", tags=["buyer"])
    c.send("POST", f"/contacts/{ann['id']}/notes", {"body": "Hello"})
    before = c.contact(ann["id"])
    c.send("DELETE", f"/contacts/{ann['id']}")
    other = Client(HighLevelWorld(c.clock, Ids(99), HighLevelConfig(burst=0)), c.clock)
    other.world.load(json.loads(json.dumps(c.world.dump())))
    other.clock.advance(59 * 24 * 3600)
    other.world.edit({"action": "restore", "id": ann["id"]})
    assert other.contact(ann["id"]) == before
    assert other.found({"field": "email", "operator": "eq", "value": "ann@example.com"}) == {"Ann"}
    assert other.send("GET", f"/contacts/{ann['id']}/notes").json["notes"] == []
    assert other.event_types()[-2:] == ["ContactDelete", "ContactCreate"]


@pytest.mark.parametrize("why", ["living", "too late", "merged"])
def test_what_cannot_be_restored_is_said_in_one_sentence(c: Client, why: str) -> None:
    ann, bo = c.create(firstName="Ann")["id"], c.create(firstName="Bo")["id"]
    if why == "too late":
        c.world.edit({"action": "delete", "id": ann})
        c.clock.advance(61 * 24 * 3600)
    if why == "merged":
        c.world.edit({"action": "merge", "id": bo, "others": [ann]})
    with pytest.raises(ValueError, match="last 60 days"):
        c.world.edit({"action": "restore", "id": ann})


def test_a_field_made_by_api_is_shown_on_contacts_and_found_by_its_value(c: Client) -> None:
    body = {"name": "Our mark", "dataType": "TEXT", "model": "contact"}
    field = c.send("POST", f"/locations/{c.location}/customFields", body).json["customField"]
    ann = c.create(firstName="Ann", customFields=[{"id": field["id"], "field_value": "m-1"}])
    c.create(firstName="Bo")
    assert c.contact(ann["id"])["customFields"] == [{"id": field["id"], "value": "m-1"}]
    assert c.found({"field": f"customFields.{field['id']}", "operator": "eq", "value": "m-1"}) == {"Ann"}


def test_tags_and_dnd_fire_their_own_events(c: Client) -> None:
    contact_id = c.create(firstName="Ann", tags=["buyer"])["id"]
    c.world.edit({"action": "add_tags", "id": contact_id, "tags": ["vip"]})
    c.world.edit({"action": "remove_tags", "id": contact_id, "tags": ["buyer"]})
    c.world.edit({"action": "set_dnd", "id": contact_id, "channels": {"Email": "permanent"}})
    c.world.edit({"action": "set_dnd", "id": contact_id, "dnd": True, "channels": {"Email": "inactive"}})
    read = c.contact(contact_id)
    assert (read["tags"], read["dnd"]) == (["vip"], True)
    assert read["dndSettings"]["Email"] == {
        "status": "inactive",
        "message": "Updated by a user",
        "code": "103",
    }
    assert c.event_types()[1:] == ["ContactTagUpdate"] * 2 + ["ContactDndUpdate"] * 2


def test_a_merge_keeps_one_contact_with_everything_of_the_others(c: Client) -> None:
    ann = c.create(firstName="Ann", email="ann@example.com", tags=["a"])["id"]
    other = c.create(firstName="Annie", email="annie@example.com", phone="+15125550101", tags=["b"])["id"]
    c.world.edit({"kind": "note", "action": "create", "contactId": other, "fields": {"body": "Hello"}})
    c.world.edit({"action": "merge", "id": ann, "others": [other]})
    read = c.contact(ann)
    assert (read["firstName"], read["phone"], read["tags"]) == ("Ann", "+15125550101", ["a", "b"])
    assert read["additionalEmails"] == [{"email": "annie@example.com"}]
    assert len(c.send("GET", f"/contacts/{ann}/notes").json["notes"]) == 1
    assert c.send("GET", f"/contacts/{other}").status == 400
    assert c.event_types()[-2:] == ["ContactDelete", "ContactUpdate"]
    with pytest.raises(ValueError, match="into itself"):
        c.world.edit({"action": "merge", "id": ann, "others": [ann]})


@pytest.mark.parametrize(
    ("kind", "fields", "change"),
    [
        (
            "task",
            {"title": "Call", "dueDate": "2026-10-01T10:00:00Z", "completed": False},
            {"title": "Write"},
        ),
        ("note", {"body": "Hello"}, {"body": "Bye"}),
        ("appointment", {"startTime": "2026-10-01T10:00:00Z"}, {"title": "Tour"}),
    ],
)
def test_a_person_works_on_activities(
    c: Client, kind: str, fields: dict[str, object], change: dict[str, str]
) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    made = c.world.edit({"kind": kind, "action": "create", "contactId": contact_id, "fields": fields})
    assert c.world.edit({"kind": kind, "action": "update", "id": made["id"], "fields": change}) == made
    record = c.world.state.tables[f"{kind}s"][made["id"]]
    assert change.items() <= record.items()
    assert c.world.edit({"kind": kind, "action": "delete", "id": made["id"]}) == made
    assert {event.get("contactId") for event in c.world.events[1:]} == {contact_id}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ({"action": "explode"}, "There is no edit 'contact' 'explode'"),
        ({"action": "update", "id": "nobody", "fields": {}}, "not found"),
        ({"action": "update", "fields": {}}, "needs 'id'"),
        ({"action": "create", "fields": {"shoeSize": 1}}, "property shoeSize should not exist"),
        ({"kind": "config", "action": "set", "fields": {"speed": 1}}, "There is no setting 'speed'"),
    ],
)
def test_a_wrong_edit_is_one_sentence(c: Client, command: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        c.world.edit(command)


def test_settings_change_while_the_world_runs(c: Client) -> None:
    c.world.edit({"kind": "config", "action": "set", "fields": {"burst": 1, "moved_by": ["note"]}})
    assert [c.search().status, c.search().status] == [200, 429]
    assert c.world.config.moved_by == ("note",)


def test_events_carry_type_ids_and_time_in_order(c: Client) -> None:
    contact_id = c.create(firstName="Ann")["id"]
    assert c.world.events == [
        {
            "number": 1,
            "type": "ContactCreate",
            "id": contact_id,
            "locationId": c.location,
            "timestamp": "2026-09-21T14:13:20.000Z",
        }
    ]


@pytest.mark.parametrize(("unchanged_moves", "fires"), [(True, 1), (False, 0)])
def test_an_update_that_changes_nothing_fires_by_choice(unchanged_moves: bool, fires: int) -> None:
    c = client(unchanged_moves=unchanged_moves)
    contact_id = c.create(firstName="Ann")["id"]
    c.send("PUT", f"/contacts/{contact_id}", {"firstName": "Ann"})
    assert c.event_types().count("ContactUpdate") == fires


def test_a_snapshot_restores_everything_through_json(c: Client) -> None:
    c.world.seed(people(5, 40))
    token = c.connect("contacts.readonly", "contacts.write")["refresh_token"]
    contact_id = c.create(firstName="Ann", email="ann@example.com")["id"]
    c.send("POST", f"/contacts/{contact_id}/notes", {"body": "Hello"})
    snapshot = json.loads(json.dumps(c.world.dump()))
    other = Client(HighLevelWorld(c.clock, Ids(99), HighLevelConfig(burst=0)), c.clock, token=c.token)
    other.world.load(snapshot)
    assert other.search().json["contacts"] == c.search().json["contacts"]
    assert len(other.send("GET", f"/contacts/{contact_id}/notes").json["notes"]) == 1
    assert other.refresh(token).status == 200
    body = {"locationId": c.location, "email": "ann@example.com"}
    assert other.send("POST", "/contacts/", body).json["meta"]["contactId"] == contact_id
    assert json.loads(json.dumps(other.world.dump()))["contacts"] == snapshot["contacts"]


def test_a_reset_leaves_a_fresh_location(c: Client) -> None:
    c.world.seed(people(5, 10))
    c.connect("contacts.readonly")
    c.world.reset()
    assert c.search().status == 401
    c.token = next(iter(c.world.config.pits))
    assert c.search().json["total"] == 0
    assert c.event_types() == []
    assert c.send("GET", f"/users/?locationId={c.location}").json["users"]


def test_the_same_seed_and_requests_give_the_same_world() -> None:
    dumps = []
    for _ in range(2):
        c = client()
        c.world.seed(people(5, 20))
        c.create(firstName="Ann", email="ann@example.com")
        dumps.append(c.world.dump())
    assert dumps[0] == dumps[1]
