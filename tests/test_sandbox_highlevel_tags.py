"""Tags are names; definitions outlive their use (highlevel.md 5.3)."""

from __future__ import annotations

import pytest

from sandbox_highlevel_client import Client, client


@pytest.fixture
def c() -> Client:
    return client()


def definitions(c: Client) -> dict[str, str]:
    reply = c.send("GET", f"/locations/{c.location}/tags")
    return {tag["name"]: tag["id"] for tag in reply.json["tags"]}


def test_adding_and_removing_answer_the_whole_list(c: Client) -> None:
    path = f"/contacts/{c.create(firstName='Ann', tags=['buyer'])['id']}/tags"
    added = c.send("POST", path, {"tags": ["vip", "buyer"]})
    removed = c.send("DELETE", path, {"tags": ["buyer", "unknown"]})
    assert (added.status, added.json["tags"], added.json["tagsAdded"]) == (201, ["buyer", "vip"], ["vip"])
    assert (removed.status, removed.json["tags"]) == (200, ["vip"])
    assert definitions(c).keys() == {"buyer", "vip"}
    assert c.event_types() == ["ContactCreate", "ContactTagUpdate", "ContactTagUpdate"]


def test_adding_what_is_there_changes_and_fires_nothing(c: Client) -> None:
    contact = c.create(firstName="Ann", tags=["buyer"])
    c.clock.advance(5)
    c.send("POST", f"/contacts/{contact['id']}/tags", {"tags": ["buyer"]})
    assert c.contact(contact["id"])["dateUpdated"] == contact["dateUpdated"]
    assert c.event_types() == ["ContactCreate"]


@pytest.mark.parametrize(("moved_by", "moves"), [(("tag",), True), ((), False)])
def test_a_tag_moves_the_update_time_by_choice(moved_by: tuple[str, ...], moves: bool) -> None:
    c = client(moved_by=moved_by)
    contact = c.create(firstName="Ann")
    c.clock.advance(5)
    c.send("POST", f"/contacts/{contact['id']}/tags", {"tags": ["vip"]})
    assert (c.contact(contact["id"])["dateUpdated"] > contact["dateUpdated"]) is moves


def test_tags_keep_their_case_or_are_lowered_by_choice(c: Client) -> None:
    assert c.create(firstName="Ann", tags=["Hot Lead "])["tags"] == ["Hot Lead"]
    c.world.config.tag_case = "lower"
    path = f"/contacts/{c.create(firstName='Bo', tags=['Hot Lead', 'VIP'])['id']}/tags"
    assert c.send("DELETE", path, {"tags": ["HOT LEAD"]}).json["tags"] == ["vip"]


def test_bulk_tags_tell_about_every_contact(c: Client) -> None:
    ids = [c.create(firstName=name, tags=["old"])["id"] for name in ("Ann", "Bo")]
    body = {"contacts": [*ids, "nobody"], "tags": ["new"], "locationId": c.location}
    added = c.send("POST", "/contacts/bulk/tags/update/add", body)
    assert (added.status, added.json["errorCount"]) == (201, 1)
    assert added.json["responses"][0]["oldTags"] == ["old"]
    assert added.json["responses"][0]["tagsAdded"] == ["new"]
    wipe = c.send(
        "POST", "/contacts/bulk/tags/update/remove", {**body, "contacts": ids, "removeAllTags": True}
    )
    assert wipe.json["responses"][1]["tagsRemoved"] == ["old", "new"]
    assert c.contact(ids[0])["tags"] == []
    assert c.send("POST", "/contacts/bulk/tags/update/swap", body).status == 422
    c.world.config.bulk_tags_max = 2
    assert c.send("POST", "/contacts/bulk/tags/update/add", body).status == 422


def test_definitions_are_made_renamed_and_deleted_with_their_contacts(c: Client) -> None:
    base = f"/locations/{c.location}/tags"
    tag_id = c.send("POST", base, {"name": "vip"}).json["tag"]["id"]
    contact_id = c.create(firstName="Ann", tags=["vip", "buyer"])["id"]
    assert c.send("POST", base, {"name": "vip"}).status == 400
    assert c.send("GET", f"{base}/{tag_id}").json["tag"]["name"] == "vip"
    assert c.send("PUT", f"{base}/{tag_id}", {"name": "buyer"}).status == 400
    c.send("PUT", f"{base}/{tag_id}", {"name": "gold"})
    assert c.contact(contact_id)["tags"] == ["gold", "buyer"]
    assert c.send("DELETE", f"{base}/{tag_id}").json["succeded"] is True
    assert c.contact(contact_id)["tags"] == ["buyer"]
    assert definitions(c).keys() == {"buyer"}
