"""Contact search speaks the grammar of highlevel.md 2.1.3."""

from __future__ import annotations

from typing import Any

import pytest

from landbridge.sandbox.people import people
from sandbox_highlevel_client import Client, client


@pytest.fixture
def c() -> Client:
    made = client()
    field = made.send(
        "POST",
        f"/locations/{made.location}/customFields",
        {"name": "House number", "dataType": "NUMERICAL"},
    ).json["customField"]["id"]
    made.create(
        firstName="Ann",
        lastName="Example",
        email="ann@example.com",
        city="Austin",
        tags=["buyer", "vip"],
        customFields=[{"id": field, "field_value": 7}],
    )
    made.clock.advance(10)
    made.create(
        firstName="Bo",
        lastName="Sample",
        phone="+15125550102",
        city="Dallas",
        tags=["seller"],
        source="Web",
        dnd=True,
        dndSettings={"Email": {"status": "active"}},
    )
    made.clock.advance(10)
    made.create(firstName="Cy", lastName="Example", companyName="Example Ltd", assignedTo="user1")
    return made


def where(field: str, operator: str, value: object = None) -> dict[str, object]:
    test: dict[str, object] = {"field": field, "operator": operator}
    return test if value is None else {**test, "value": value}


@pytest.mark.parametrize(
    ("test", "names"),
    [
        (where("firstNameLowerCase", "eq", "ann"), "Ann"),
        (where("firstNameLowerCase", "eq", "Ann"), ""),
        (where("lastNameLowerCase", "not_eq", "example"), "Bo"),
        (where("contactName", "contains", "n EX"), "Ann"),
        (where("email", "eq", "ANN@example.com"), "Ann"),
        (where("email", "exists"), "Ann"),
        (where("email", "not_exists"), "Bo Cy"),
        (where("phone", "eq", "+15125550102"), "Bo"),
        (where("city", "contains", "aus"), "Ann"),
        (where("city", "not_contains", "aus"), "Bo Cy"),
        (where("companyName", "eq", "Example Ltd"), "Cy"),
        (where("assignedTo", "eq", "user1"), "Cy"),
        (where("source", "exists"), "Bo"),
        (where("dnd", "eq", True), "Bo"),
        (where("dnd", "eq", False), "Ann Cy"),
        (where("isValidWhatsapp", "eq", True), ""),
        (where("tags", "eq", "buyer"), "Ann"),
        (where("tags", "eq", ["buyer", "vip"]), "Ann"),
        (where("tags", "contains", ["vip", "seller"]), "Ann Bo"),
        (where("tags", "not_exists"), "Cy"),
        (where("dndSettings.Email.status", "eq", "active"), "Bo"),
        (where("dndSettings.SMS.status", "eq", "inactive"), "Ann Bo Cy"),
        (where("inboundDndSettings.all.status", "not_eq", "active"), "Ann Bo Cy"),
        (where("dateAdded", "range", {"gte": "2026-09-21T14:13:30.000Z"}), "Bo Cy"),
        (where("dateAdded", "range", {"gt": "2026-09-21T14:13:30.000Z"}), "Cy"),
        (where("dateUpdated", "range", {"gte": 1_790_000_000_000, "lt": 1_790_000_020_000}), "Ann Bo"),
        (where("dateUpdated", "exists"), "Ann Bo Cy"),
        (where("lastEmailOpenedDate", "exists"), ""),
    ],
)
def test_one_filter_finds(c: Client, test: dict[str, object], names: str) -> None:
    assert c.found(test) == set(names.split())


def test_filters_are_joined_by_and_and_groups_by_their_word(c: Client) -> None:
    ann, bo = where("firstNameLowerCase", "eq", "ann"), where("firstNameLowerCase", "eq", "bo")
    example = where("lastNameLowerCase", "eq", "example")
    assert c.found(ann, example) == {"Ann"}
    assert c.found({"group": "OR", "filters": [ann, bo]}) == {"Ann", "Bo"}
    assert c.found({"group": "OR", "filters": [ann, bo]}, example) == {"Ann"}
    assert c.found({"group": "AND", "filters": [ann, bo]}) == set()


def test_custom_fields_are_filtered_by_id(c: Client) -> None:
    contact = next(one for one in c.search().json["contacts"] if one["customFields"])
    field = f"customFields.{contact['customFields'][0]['id']}"
    assert c.found(where(field, "eq", 7)) == {"Ann"}
    assert c.found(where(field, "range", {"gt": 6, "lte": 7})) == {"Ann"}
    assert c.found(where(field, "range", {"gt": 7})) == set()
    assert c.found(where(field, "not_exists")) == {"Bo", "Cy"}


def test_the_text_query_looks_in_name_address_and_company(c: Client) -> None:
    assert c.found(query="example ltd") == {"Cy"}
    assert c.found(query="5550102") == {"Bo"}
    assert c.search(query="x" * 76).status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"filters": [{"field": "shoeSize", "operator": "eq", "value": 1}]},
        {"filters": [{"field": "email", "operator": "like", "value": "a"}]},
        {"filters": [{"field": "email", "operator": "eq", "value": "a" * 76}]},
        {"filters": [{"field": "dateAdded", "operator": "eq", "value": "2026-01-01"}]},
        {"filters": [{"field": "dateAdded", "operator": "range", "value": {"since": "2026-01-01"}}]},
        {"filters": [{"field": "dateAdded", "operator": "range", "value": {"gte": "soon"}}]},
        {"filters": [{"group": "XOR", "filters": []}]},
        {"sort": [{"field": "city", "direction": "asc"}]},
        {"sort": [{"field": "email", "direction": "up"}]},
        {"page": 2, "searchAfter": [1, "x"]},
        {"searchAfter": ["x", "y", "z"]},
        {"searchAfter": ["text", "id"]},
        {"page": 0},
        {"page": 21},
    ],
)
def test_what_the_grammar_has_not_is_400(c: Client, body: dict[str, Any]) -> None:
    assert c.search(**body).status == 400


@pytest.mark.parametrize("body", [{"pageLimit": 501}, {"pageLimit": 0}, {"pageLimit": None}, {"limit": 5}])
def test_a_page_limit_is_needed_and_ends_at_500(c: Client, body: dict[str, Any]) -> None:
    assert c.search(**body).status == 422


def test_the_default_order_is_newest_added_first(c: Client) -> None:
    assert [one["firstName"] for one in c.search().json["contacts"]] == ["Cy", "Bo", "Ann"]
    assert c.search().json["contacts"][2]["searchAfter"][0] == 1_790_000_000_000


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ([("firstNameLowerCase", "desc")], "Cy Bo Ann"),
        ([("lastNameLowerCase", "asc"), ("firstNameLowerCase", "desc")], "Cy Ann Bo"),
        ([("dnd", "desc"), ("dateAdded", "asc")], "Bo Ann Cy"),
        ([("source", "desc"), ("email", "desc")], "Bo Ann Cy"),
    ],
)
def test_sorts_order_by_their_fields_in_turn(c: Client, sort: list[tuple[str, str]], names: str) -> None:
    body = [{"field": field, "direction": direction} for field, direction in sort]
    assert [one["firstName"] for one in c.search(sort=body).json["contacts"]] == names.split()
    seen: list[str] = []
    after: dict[str, Any] = {}
    while page := c.search(sort=body, pageLimit=1, **after).json["contacts"]:
        seen.append(page[0]["firstName"])
        after = {"searchAfter": page[0]["searchAfter"]}
    assert seen == names.split()


def all_ids(c: Client, **body: Any) -> list[str]:
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        reply = c.search(pageLimit=100, **body, **after).json
        if not reply["contacts"]:
            return seen
        seen += [one["id"] for one in reply["contacts"]]
        after = {"searchAfter": reply["contacts"][-1]["searchAfter"]}


@pytest.mark.parametrize("field", ["dateAdded", "dateUpdated", "email", "dnd", "source", "lastNameLowerCase"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_the_cursor_walks_over_everybody_once_in_every_order(field: str, direction: str) -> None:
    c = client()
    c.world.seed(people(3, 350))
    seen = all_ids(c, sort=[{"field": field, "direction": direction}])
    assert len(seen) == len(set(seen)) == 350


def test_the_cursor_walks_a_filtered_search_and_total_stays() -> None:
    c = client()
    c.world.seed(people(3, 350))
    test = where("dateAdded", "range", {"gte": "2024-01-01T00:00:00.000Z"})
    total = c.search(filters=[test]).json["total"]
    assert 0 < total < 350
    assert len(set(all_ids(c, filters=[test]))) == total


def test_pages_reach_the_first_ten_thousand_only_and_a_page_past_the_end_is_empty() -> None:
    c = client(page_reach=250)
    c.world.seed(people(3, 300))
    pages = [c.search(pageLimit=100, page=number).json for number in (1, 2, 3)]
    assert [len(page["contacts"]) for page in pages] == [100, 100, 50]
    assert c.search(pageLimit=100, page=4).status == 400
    c.world.config.page_reach = 10_000
    beyond = c.search(pageLimit=100, page=4).json
    assert (beyond["contacts"], beyond["total"]) == ([], 300)


def test_a_page_of_500_is_allowed() -> None:
    c = client()
    c.world.seed(people(3, 501))
    assert len(c.search(pageLimit=500).json["contacts"]) == 500


def test_a_remembered_answer_follows_changes(c: Client) -> None:
    test = where("tags", "contains", "vip")
    assert c.found(test) == {"Ann"}
    bo = c.search(query="bo sample").json["contacts"][0]["id"]
    c.send("POST", f"/contacts/{bo}/tags", {"tags": ["vip"]})
    assert c.found(test) == {"Ann", "Bo"}
    c.send("DELETE", f"/contacts/{bo}/tags", {"tags": ["vip"]})
    assert c.found(test) == {"Ann"}
    c.send("DELETE", f"/contacts/{bo}")
    assert c.search().json["total"] == 2


def test_the_index_lags_on_the_sandbox_clock_while_reads_by_id_do_not(c: Client) -> None:
    c.world.config.search_lag_seconds = 3
    made = c.create(firstName="Dee", email="dee@example.com")["id"]
    c.send("PUT", f"/contacts/{made}", {"city": "Waco"})
    assert c.contact(made)["city"] == "Waco"
    assert "Dee" not in c.found()
    assert c.found(where("email", "eq", "dee@example.com")) == set()
    c.clock.advance(3)
    assert "Dee" in c.found(where("city", "eq", "waco"))
    c.send("DELETE", f"/contacts/{made}")
    assert "Dee" in c.found()
    c.clock.advance(3)
    assert "Dee" not in c.found()


def test_a_search_record_has_its_own_spelling(c: Client) -> None:
    bo = c.create(firstName="Bea", address1="1 Main St", additionalPhones=["+15125550109"])["id"]
    record = next(one for one in c.search().json["contacts"] if one["id"] == bo)
    assert record["address"] == "1 Main St"
    assert "address1" not in record
    assert record["contactName"] == record["firstNameLowerCase"] == "bea"
    assert record["additionalPhones"] == [{"phone": "+15125550109"}]
    assert record["email"] is None
    assert record["searchAfter"][1] == bo
