"""Who may reach what in the sandbox's Rezora: HTTP Basic and the two levels."""

from __future__ import annotations

import msgspec
import pytest

from landbridge.sandbox.rezora import RezoraConfig
from sandbox_rezora_client import Client, basic

DONE = [{"status": "200"}]


@pytest.mark.parametrize(
    "credentials",
    ["", "Basic", "Basic !!!", "Bearer abc", basic("sandbox-agent", "wrong"), basic("", ""), "Basic é"],
)
def test_wrong_or_missing_credentials_get_401_with_an_error_body(credentials: str) -> None:
    answer = Client().send("GET", "contacts.json", credentials=credentials)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    [error] = msgspec.json.decode(answer.body)
    assert error["status"] == "401"
    assert error["message"]


def test_the_scheme_is_read_without_regard_to_case() -> None:
    client = Client()
    assert (
        client.send("GET", "contacts.json", credentials=client.agent.replace("Basic", "basic")).status == 200
    )


def test_configured_credentials_replace_the_default_ones() -> None:
    client = Client(RezoraConfig(username="zoë", password="pässword:with colon"))
    assert client.send("GET", "contacts.json").status == 200
    default = basic(RezoraConfig().username, RezoraConfig().password)
    assert client.send("GET", "contacts.json", credentials=default).status == 401


@pytest.mark.parametrize("path", ["contacts", "contacts/55500", "lists", "lists/900", "lists/900/contacts"])
def test_company_credentials_do_not_reach_contacts_and_lists(path: str) -> None:
    client = Client()
    status, [error] = client.ask("GET", path, company=True)
    assert (status, error["status"]) == (403, "403")
    assert client.ask("GET", path)[0] == 200


@pytest.mark.parametrize("path", ["agents/77", "groups"])
def test_agent_credentials_do_not_reach_agents_and_groups(path: str) -> None:
    client = Client()
    assert client.ask("GET", path)[0] == 403
    assert client.ask("GET", path, company=True)[0] == 200


def test_a_refused_request_changes_nothing() -> None:
    client = Client()
    client.new_contact()
    assert client.ask("DELETE", "contacts", company=True)[0] == 403
    assert client.send("DELETE", "contacts.json", credentials="").status == 401
    assert len(client.rows("contacts")) == 2


def test_an_agent_shows_its_account_settings() -> None:
    client = Client()
    [agent] = client.rows("agents/77", company=True)
    assert (agent["user_id"], agent["user_fname"], agent["user_lname"]) == ("77", "Robin", "Sample")
    assert (agent["user_status_id"], agent["user_date"]) == ("1", "2026-01-05 09:30:00")
    assert len(agent) == 34
    assert client.ask("GET", "agents/79", company=True)[0] == 404
    assert client.ask("PUT", "agents/77", {"user_fname": "X"}, company=True)[0] == 405


def test_groups_are_made_renamed_and_deleted() -> None:
    client = Client()
    assert client.ask("POST", "groups", {"group_name": "North office"}, company=True) == (
        200,
        [{"group_id": "31"}],
    )
    assert client.ask("POST", "groups", {"group_name": "north OFFICE"}, company=True)[0] == 409
    assert client.ask("POST", "groups", {"group_name": ""}, company=True)[0] == 400
    assert client.ask("PUT", "groups/31", {"group_name": "South office"}, company=True) == (200, DONE)
    assert client.rows("groups/31", company=True) == [
        {"group_id": "31", "group_name": "South office", "group_timestamp": "2026-01-05 09:30:00"}
    ]
    assert client.ask("DELETE", "groups/31", company=True) == (200, DONE)
    assert client.ask("GET", "groups/31", company=True)[0] == 404


def test_the_group_collection_delete_removes_all_groups() -> None:
    client = Client()
    for name in ("North", "South"):
        client.ask("POST", "groups", {"group_name": name}, company=True)
    assert client.ask("DELETE", "groups", company=True) == (200, DONE)
    assert client.rows("groups", company=True) == []


def test_agents_join_and_leave_groups() -> None:
    client = Client()
    client.ask("POST", "groups", {"group_name": "North"}, company=True)
    path = "groups/31/agents"
    assert client.ask("POST", path, {"user_id": "77"}, company=True) == (200, [{"usertogroup_id": "401"}])
    assert client.ask("POST", path, {"user_id": "77"}, company=True)[0] == 409
    assert client.ask("POST", path, {"user_id": "99"}, company=True)[0] == 400
    assert client.rows(path + "/77", company=True) == client.rows(path, company=True)
    assert client.ask("DELETE", path + "/77", company=True) == (200, DONE)
    assert client.ask("GET", path + "/77", company=True)[0] == 404
    client.ask("POST", path, {"user_id": "77"}, company=True)
    assert client.ask("DELETE", path, company=True) == (200, DONE)
    assert client.rows(path, company=True) == []
