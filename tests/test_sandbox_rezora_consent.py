"""Opt-outs in the sandbox's Rezora, and what its oracle says about them."""

from __future__ import annotations

from landbridge.sandbox.rezora import RezoraConfig
from sandbox_rezora_client import PRIMARY_SPHERE, SELF, Client


def test_an_opt_out_can_be_written_and_read_back() -> None:
    client = Client()
    contact_id = client.new_contact()
    client.ask("PUT", f"contacts/{contact_id}", {"contact_unsubscribe": "1"})
    assert client.rows(f"contacts/{contact_id}")[0]["contact_unsubscribe"] == "1"
    assert client.world.resubscribed == []


def test_an_opt_out_is_silently_ignored_where_the_field_is_not_writable() -> None:
    client = Client(RezoraConfig(unsubscribe_writable=False))
    contact_id = client.new_contact(contact_unsubscribe="1")
    answer = client.ask("PUT", f"contacts/{contact_id}", {"contact_unsubscribe": "1"})
    assert answer == (200, [{"status": "200"}])
    assert client.rows(f"contacts/{contact_id}")[0]["contact_unsubscribe"] == "0"


def test_switching_a_contact_back_on_is_accepted_and_noted() -> None:
    client = Client()
    contact_id = client.new_contact(contact_unsubscribe="1")
    client.ask("PUT", f"contacts/{contact_id}", {"contact_unsubscribe": "0"})
    client.ask("PUT", f"contacts/{contact_id}", {"contact_unsubscribe": "0"})
    assert client.rows(f"contacts/{contact_id}")[0]["contact_unsubscribe"] == "0"
    assert client.world.resubscribed == [contact_id]


def test_a_persons_own_return_is_not_noted_as_ours() -> None:
    client = Client()
    contact_id = client.new_contact(contact_unsubscribe="1")
    client.world.edit({"action": "resubscribe", "id": contact_id})
    assert client.rows(f"contacts/{contact_id}")[0]["contact_unsubscribe"] == "0"
    assert client.world.resubscribed == []


def test_only_subscribed_contacts_on_a_list_would_get_mail() -> None:
    client = Client()
    list_id, second = client.new_list("Open house"), client.new_list("Newsletter")
    on_two, out, alone, left = (client.new_contact() for _ in range(4))
    for contact_id in (on_two, out, left):
        client.join(list_id, contact_id)
    client.join(second, on_two)
    client.ask("PUT", f"contacts/{out}", {"contact_unsubscribe": "1"})
    client.ask("DELETE", f"lists/{list_id}/contacts/{left}")
    assert client.world.would_mail() == {on_two}
    assert alone not in client.world.would_mail()
    client.ask("DELETE", f"lists/{list_id}")
    assert client.world.would_mail() == {on_two}
    client.ask("DELETE", f"contacts/{on_two}")
    assert client.world.would_mail() == set()


def test_an_account_where_everyone_is_on_the_primary_sphere_mails_new_contacts_at_once() -> None:
    client = Client(RezoraConfig(everyone_in_primary_sphere=True))
    contact_id = client.new_contact()
    assert client.world.would_mail() == {SELF, contact_id}
    assert client.ask("DELETE", f"lists/{PRIMARY_SPHERE}/contacts/{contact_id}")[0] == 403
    assert client.ask("DELETE", f"lists/{PRIMARY_SPHERE}/contacts")[0] == 403
