"""Lists and memberships of the sandbox's Rezora."""

from __future__ import annotations

import pytest

from sandbox_rezora_client import ADA, PRIMARY_SPHERE, Client

DONE = [{"status": "200"}]


def test_a_new_account_has_the_primary_sphere_only() -> None:
    assert Client().rows("lists") == [
        {
            "list_id": PRIMARY_SPHERE,
            "list_name": "Primary Sphere",
            "list_date": "2026-01-05 09:30:00",
            "list_type": "1",
        }
    ]


def test_a_list_is_made_read_renamed_and_deleted() -> None:
    client = Client()
    assert client.ask("POST", "lists", {"list_name": "Open house"}) == (200, [{"list_id": "901"}])
    assert client.ask("PUT", "lists/901", {"list_name": "Open house May"}) == (200, DONE)
    [row] = client.rows("lists/901")
    assert (row["list_name"], row["list_type"]) == ("Open house May", "0")
    assert client.ask("DELETE", "lists/901") == (200, DONE)
    assert client.ask("GET", "lists/901")[0] == 404


def test_a_list_name_is_required_and_unique() -> None:
    client = Client()
    list_id, other = client.new_list("Open house"), client.new_list("Newsletter")
    assert client.ask("POST", "lists", {"list_name": "open HOUSE"})[0] == 409
    assert client.ask("PUT", f"lists/{other}", {"list_name": "Open house"})[0] == 409
    assert client.ask("PUT", f"lists/{list_id}", {"list_name": "Open House"})[0] == 200
    assert client.ask("POST", "lists", {"list_name": " "})[0] == 400
    assert client.ask("POST", "lists", {})[0] == 400
    assert len(client.rows("lists")) == 3


def test_the_primary_sphere_refuses_change_and_deletion() -> None:
    client = Client()
    assert client.ask("PUT", f"lists/{PRIMARY_SPHERE}", {"list_name": "Everyone"})[0] == 403
    assert client.ask("DELETE", f"lists/{PRIMARY_SPHERE}")[0] == 403
    assert len(client.rows("lists")) == 1


def test_the_list_collection_delete_leaves_the_primary_sphere_and_all_contacts() -> None:
    client = Client()
    contact_id = client.new_contact()
    client.join(client.new_list("Open house"), contact_id)
    client.join(PRIMARY_SPHERE, contact_id)
    assert client.ask("DELETE", "lists") == (200, DONE)
    assert [row["list_id"] for row in client.rows("lists")] == [PRIMARY_SPHERE]
    assert len(client.rows("contacts")) == 2
    assert client.world.would_mail() == {contact_id}


def test_a_membership_is_a_record_of_its_own() -> None:
    client = Client()
    list_id, contact_id = client.new_list("Open house"), client.new_contact()
    answer = client.ask("POST", f"lists/{list_id}/contacts", {"contact_id": contact_id})
    assert answer == (200, [{"contacttolist_id": "70001"}])
    expected = {
        "contacttolist_id": "70001",
        "contact_id": contact_id,
        "list_id": list_id,
        "contacttolist_date": "2026-01-05 09:30:00",
    }
    assert client.rows(f"lists/{list_id}/contacts") == [expected]
    assert client.rows(f"lists/{list_id}/contacts/{contact_id}") == [expected]
    assert client.ask("DELETE", f"lists/{list_id}/contacts/{contact_id}") == (200, DONE)
    assert client.rows(f"lists/{list_id}/contacts") == []
    assert len(client.rows(f"contacts/{contact_id}")) == 1


def test_a_contact_is_only_once_in_a_list() -> None:
    client = Client()
    list_id, contact_id = client.new_list("Open house"), client.new_contact()
    client.join(list_id, contact_id)
    assert client.ask("POST", f"lists/{list_id}/contacts", {"contact_id": contact_id})[0] == 409
    assert len(client.rows(f"lists/{list_id}/contacts")) == 1


def test_the_membership_is_found_by_contact_id_and_not_by_its_own() -> None:
    client = Client()
    list_id, contact_id = client.new_list("Open house"), client.new_contact()
    membership = client.join(list_id, contact_id)
    assert client.ask("DELETE", f"lists/{list_id}/contacts/{membership}")[0] == 404
    assert client.ask("PUT", f"lists/{list_id}/contacts/{contact_id}", {"contact_id": "1"})[0] == 405


def test_unknown_ids_in_memberships_are_refused() -> None:
    client = Client()
    assert client.ask("GET", "lists/999/contacts")[0] == 404
    assert client.ask("POST", "lists/999/contacts", {"contact_id": "55500"})[0] == 404
    assert client.ask("POST", "lists/900/contacts", {"contact_id": "1"})[0] == 400
    assert client.ask("POST", "lists/900/contacts", {"list_id": "900"})[0] == 400


def test_the_membership_collection_delete_empties_the_list() -> None:
    client = Client()
    list_id = client.new_list("Open house")
    client.join(list_id, client.new_contact())
    client.join(list_id, client.new_contact())
    assert client.ask("DELETE", f"lists/{list_id}/contacts") == (200, DONE)
    assert client.rows(f"lists/{list_id}/contacts") == []
    assert len(client.rows("contacts")) == 3


def test_master_contacts_cannot_be_moved() -> None:
    client = Client()
    contact_id = str(client.world.edit({"action": "create", "contact_kind": "master", "fields": ADA})["id"])
    client.world.edit({"action": "add_to_list", "id": contact_id, "list": "Primary Sphere"})
    other = client.new_list("Open house")
    assert client.ask("POST", f"lists/{other}/contacts", {"contact_id": contact_id})[0] == 403
    assert client.ask("DELETE", f"lists/{PRIMARY_SPHERE}/contacts/{contact_id}")[0] == 403


@pytest.mark.parametrize(
    "path", ["contacts/55500/lists", "agents", "listings", "lists/900/contacts/55500/x", "", "v1"]
)
def test_what_the_documents_do_not_have_is_not_there(path: str) -> None:
    client = Client()
    status, [error] = client.ask("GET", path)
    assert (status, error["status"]) == (404, "404")
    assert client.ask("GET", path, company=True)[0] == 404
