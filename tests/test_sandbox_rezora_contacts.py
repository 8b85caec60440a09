"""Contacts of the sandbox's Rezora: fields, create, change, delete, and kinds."""

from __future__ import annotations

import pytest

from landbridge.sandbox.rezora import RezoraConfig
from sandbox_rezora_client import ADA, SELF, Client

DONE = [{"status": "200"}]


def test_a_new_account_holds_the_self_contact_only() -> None:
    [own] = Client().rows("contacts")
    assert (own["contact_id"], own["contact_self"], own["contact_name"]) == (SELF, "1", "Robin Sample")


def test_a_contact_shows_the_documented_fields_in_order_and_all_as_strings() -> None:
    client = Client()
    contact_id = client.new_contact(contact_home_city="Boulder", contact_type="Hot")
    [row] = client.rows(f"contacts/{contact_id}")
    assert list(row) == [
        *("contact_id", "contact_name", "contact_email", "contact_type", "contact_title", "contact_company"),
        *("contact_phone_home", "contact_phone_work", "contact_phone_mobile", "contact_phone_fax"),
        *("contact_business_street", "contact_business_street2", "contact_business_city"),
        *("contact_business_state", "contact_business_zip", "contact_home_street", "contact_home_street2"),
        *("contact_home_city", "contact_home_state", "contact_home_zip"),
        *("contact_date", "contact_self", "contact_unsubscribe"),
    ]
    assert row["contact_home_city"] == "Boulder"
    assert row["contact_date"] == "2026-01-05 09:30:00"
    assert (row["contact_self"], row["contact_unsubscribe"]) == ("0", "0")


def test_post_answers_the_new_id_and_nothing_else() -> None:
    assert Client().ask("POST", "contacts", ADA) == (200, [{"contact_id": "55501"}])


@pytest.mark.parametrize("missing", ["contact_name", "contact_email"])
def test_a_required_field_may_not_be_missing_or_blank(missing: str) -> None:
    client = Client()
    contact_id = client.new_contact()
    without = {name: value for name, value in ADA.items() if name != missing}
    for fields in (without, ADA | {missing: "  "}):
        status, [error] = client.ask("POST", "contacts", fields)
        assert status == 400
        assert missing in error["message"]
    assert client.ask("PUT", f"contacts/{contact_id}", {missing: ""})[0] == 400
    relaxed = Client(RezoraConfig(required=()))
    assert relaxed.ask("POST", "contacts", without)[0] == 200


def test_put_changes_what_it_names_and_keeps_the_rest() -> None:
    client = Client()
    contact_id = client.new_contact(contact_company="Acme")
    assert client.ask("PUT", f"contacts/{contact_id}", {"contact_title": "Dr"}) == (200, DONE)
    [row] = client.rows(f"contacts/{contact_id}")
    assert (row["contact_title"], row["contact_company"], row["contact_name"]) == ("Dr", "Acme", "Ada Byron")
    assert row in client.rows("contacts")


def test_a_full_put_clears_absent_fields_but_never_the_opt_out() -> None:
    client = Client(RezoraConfig(put_partial=False))
    contact_id = client.new_contact(contact_company="Acme", contact_unsubscribe="1")
    client.ask("PUT", f"contacts/{contact_id}", ADA | {"contact_title": "Dr"})
    [row] = client.rows(f"contacts/{contact_id}")
    assert (row["contact_title"], row["contact_company"], row["contact_unsubscribe"]) == ("Dr", "", "1")
    assert client.ask("PUT", f"contacts/{contact_id}", {"contact_title": "Dr"})[0] == 400


def test_server_made_fields_are_ignored_in_a_write() -> None:
    client = Client()
    contact_id = client.new_contact(contact_id="1", contact_self="1", contact_date="1999-01-01 00:00:00")
    [row] = client.rows(f"contacts/{contact_id}")
    assert (row["contact_id"], row["contact_self"]) == ("55501", "0")
    assert row["contact_date"] == "2026-01-05 09:30:00"


def test_an_unknown_field_is_ignored_unless_it_is_all_there_is_or_the_switch_is_set() -> None:
    client = Client()
    contact_id = client.new_contact(contact_phone="303-555-0100")
    assert "contact_phone" not in client.rows(f"contacts/{contact_id}")[0]
    status, [error] = client.ask("PUT", f"contacts/{contact_id}", {"contact_phone": "303-555-0100"})
    assert status == 400
    assert "contact_phone" in error["message"]
    assert client.ask("PUT", f"contacts/{contact_id}", {})[0] == 400
    strict = Client(RezoraConfig(refuse_unknown_fields=True))
    assert strict.ask("POST", "contacts", ADA | {"contact_phone": "1"})[0] == 400


@pytest.mark.parametrize(
    ("field", "value"),
    [("contact_type", "Warm"), ("contact_unsubscribe", "yes"), ("contact_name", "x" * 256)],
)
def test_a_value_outside_its_domain_is_refused(field: str, value: str) -> None:
    client = Client()
    status, [error] = client.ask("POST", "contacts", ADA | {field: value})
    assert status == 400
    assert field in error["message"]
    assert len(client.rows("contacts")) == 1


def test_limits_can_be_set_per_field_and_cut_instead_of_refuse() -> None:
    client = Client(RezoraConfig(limits={"contact_title": 3, "contact_name": 0}, too_long="truncate"))
    contact_id = client.new_contact(contact_title="Doctor", contact_name="x" * 300, contact_company="y" * 300)
    [row] = client.rows(f"contacts/{contact_id}")
    assert (row["contact_title"], len(row["contact_name"]), len(row["contact_company"])) == ("Doc", 300, 255)


def test_white_space_around_a_value_is_dropped_unless_switched_off() -> None:
    assert Client(RezoraConfig()).config.trims_values
    for trims, stored in ((True, "Dr"), (False, " Dr ")):
        client = Client(RezoraConfig(trims_values=trims))
        contact_id = client.new_contact(contact_title=" Dr ")
        assert client.rows(f"contacts/{contact_id}")[0]["contact_title"] == stored


def test_two_contacts_may_share_an_address_unless_it_must_be_unique() -> None:
    client = Client()
    assert client.new_contact() != client.new_contact()
    strict = Client(RezoraConfig(unique_email=True))
    first = strict.new_contact()
    other = strict.new_contact(contact_email="grace@example.org")
    assert strict.ask("POST", "contacts", ADA | {"contact_email": "ADA@example.org"})[0] == 409
    assert strict.ask("PUT", f"contacts/{other}", {"contact_email": "ada@example.org"})[0] == 409
    assert strict.ask("PUT", f"contacts/{first}", {"contact_email": "Ada@example.org"})[0] == 200
    assert strict.ask("DELETE", f"contacts/{first}") == (200, DONE)
    assert strict.ask("PUT", f"contacts/{other}", {"contact_email": "ada@example.org"})[0] == 200


def test_delete_removes_one_contact_for_good() -> None:
    client = Client()
    gone, kept = client.new_contact(), client.new_contact()
    assert client.ask("DELETE", f"contacts/{gone}") == (200, DONE)
    assert client.ask("GET", f"contacts/{gone}")[0] == 404
    assert client.ask("DELETE", f"contacts/{gone}")[0] == 404
    assert [row["contact_id"] for row in client.rows("contacts")] == [SELF, kept]
    assert client.new_contact() not in (gone, kept)


@pytest.mark.parametrize("path", ["contacts.json", "contacts/.json", "contacts//.json", "contacts"])
def test_a_delete_without_an_id_wipes_all_contacts_but_self(path: str) -> None:
    client = Client()
    list_id = client.new_list("Open house")
    client.join(list_id, client.new_contact())
    client.world.edit({"action": "create", "contact_kind": "master", "fields": ADA})
    assert client.send("DELETE", path).status == 200
    assert [row["contact_id"] for row in client.rows("contacts")] == [SELF]
    assert client.rows(f"lists/{list_id}/contacts") == []


def test_the_self_contact_refuses_change_and_deletion() -> None:
    client = Client(RezoraConfig(self_writable=False))
    assert client.ask("DELETE", f"contacts/{SELF}")[0] == 403
    assert client.ask("PUT", f"contacts/{SELF}", {"contact_title": "Dr"})[0] == 403
    open_one = Client(RezoraConfig(self_writable=True))
    assert open_one.ask("PUT", f"contacts/{SELF}", {"contact_title": "Dr"}) == (200, DONE)
    assert open_one.ask("DELETE", f"contacts/{SELF}")[0] == 403


@pytest.mark.parametrize("kind", ["synced", "master"])
def test_contacts_managed_elsewhere_look_normal_and_refuse_writes(kind: str) -> None:
    client = Client()
    contact_id = client.world.edit({"action": "create", "contact_kind": kind, "fields": ADA})["id"]
    assert client.rows(f"contacts/{contact_id}")[0]["contact_self"] == "0"
    status, [error] = client.ask("PUT", f"contacts/{contact_id}", {"contact_title": "Dr"})
    assert (status, kind in error["message"]) == (403, True)
    assert client.ask("DELETE", f"contacts/{contact_id}")[0] == 403
    client.world.config = RezoraConfig(synced_writable=True, master_writable=True)
    assert client.ask("PUT", f"contacts/{contact_id}", {"contact_title": "Dr"}) == (200, DONE)


def test_contact_date_is_the_creation_or_by_switch_the_last_change() -> None:
    for follows, expected in ((False, "2026-01-05 09:30:00"), (True, "2026-01-05 10:30:00")):
        client = Client(RezoraConfig(date_follows_changes=follows))
        contact_id = client.new_contact()
        client.clock.advance(3600)
        client.ask("PUT", f"contacts/{contact_id}", {"contact_title": "Dr"})
        assert client.rows(f"contacts/{contact_id}")[0]["contact_date"] == expected


def test_the_json_of_a_contact_is_kept_until_it_changes() -> None:
    client = Client()
    contact = client.world.account.contacts[client.new_contact()]
    before = contact.encoded()
    client.rows("contacts")
    assert contact.encoded() is before
    client.ask("PUT", "contacts/55501", {"contact_title": "Dr"})
    assert contact.encoded() != before
