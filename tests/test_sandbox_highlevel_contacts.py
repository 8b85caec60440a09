"""Contacts are written and read by the field rules of highlevel.md 2.1.1, 5.3 and 5.5."""

from __future__ import annotations

from typing import Any

import pytest

from landbridge.sandbox.people import Person
from sandbox_highlevel_client import Client, client


def refused(c: Client, contact_id: str, **fields: object) -> list[str]:
    reply = c.send("PUT", f"/contacts/{contact_id}", fields)
    assert reply.status == 422
    assert reply.json["error"] == "Unprocessable Entity"
    messages: list[str] = reply.json["message"]
    return messages


def put(c: Client, contact_id: str, **fields: object) -> dict[str, Any]:
    reply = c.send("PUT", f"/contacts/{contact_id}", fields)
    assert reply.status == 200, reply.json
    contact: dict[str, Any] = reply.json["contact"]
    return contact


def test_a_created_contact_reads_back_with_its_lower_case_twins() -> None:
    c = client()
    made = c.create(
        name="Ann Marie Example", email="Ann@Example.com", phone="(512) 555-0123", gender="female"
    )
    read = c.contact(made["id"])
    assert (read["firstName"], read["lastName"], read["name"]) == (
        "Ann",
        "Marie Example",
        "Ann Marie Example",
    )
    assert read["fullNameLowerCase"] == "ann marie example"
    assert (read["email"], read["emailLowerCase"]) == ("Ann@Example.com", "ann@example.com")
    assert read["phone"] == "+15125550123"
    assert read["dateAdded"] == read["dateUpdated"] == "2026-09-21T14:13:20.000Z"
    assert read["createdBy"]["source"] == "INTEGRATION"
    assert "lastUpdatedBy" in made
    assert "lastUpdatedBy" not in read
    assert (made["deleted"], made["offers"]) == (False, [])
    assert "gender" not in read


def test_an_update_is_partial_and_moves_only_the_update_time() -> None:
    c = client()
    made = c.create(firstName="Ann", lastName="Example", city="Austin", tags=["buyer"])
    c.clock.advance(5)
    after = put(c, made["id"], city="Dallas")
    assert (after["firstName"], after["city"], after["tags"]) == ("Ann", "Dallas", ["buyer"])
    assert after["dateAdded"] == made["dateAdded"]
    assert after["dateUpdated"] == "2026-09-21T14:13:25.000Z"


def test_both_spellings_of_success_come_in_version_2_and_one_in_version_3() -> None:
    c = client()
    path = f"/contacts/{c.create(firstName='Ann')['id']}"
    old, new = c.send("PUT", path, {"city": "Austin"}), c.send("PUT", path, {"city": "Waco"}, version="v3")
    assert old.json["succeded"] is old.json["succeeded"] is True
    assert "succeded" not in new.json
    assert new.json["succeeded"] is True


def test_properties_of_other_routes_are_refused_by_name() -> None:
    c = client()
    contact_id = c.create(firstName="Ann")["id"]
    assert refused(c, contact_id, locationId=c.location) == ["property locationId should not exist"]
    assert refused(c, contact_id, gender="female", companyName="Example Ltd", color=1) == [
        "property gender should not exist",
        "property companyName should not exist",
        "property color should not exist",
    ]


def test_null_clears_texts_but_not_postal_code_and_country() -> None:
    c = client()
    contact_id = c.create(firstName="Ann", city="Austin", postalCode="78701", country="us")["id"]
    after = put(c, contact_id, city=None, firstName="")
    assert "city" not in after
    assert "firstName" not in after
    assert after["country"] == "US"
    assert refused(c, contact_id, postalCode=None, country=None) == [
        "postalCode must be a string",
        "country must be a string",
    ]


def test_null_and_empty_can_be_told_to_keep_the_value() -> None:
    c = client(null_clears=False, empty_clears=False)
    contact_id = c.create(firstName="Ann", city="Austin")["id"]
    after = put(c, contact_id, city=None, firstName="")
    assert (after["firstName"], after["city"]) == ("Ann", "Austin")


def test_tags_in_an_update_replace_all_and_define_new_ones() -> None:
    c = client()
    contact_id = c.create(firstName="Ann", tags=["buyer", "vip"])["id"]
    assert put(c, contact_id, tags=["seller", " seller ", ""])["tags"] == ["seller"]
    names = {tag["name"] for tag in c.send("GET", f"/locations/{c.location}/tags").json["tags"]}
    assert names == {"buyer", "vip", "seller"}


@pytest.mark.parametrize(
    "text", ["1990/09/05", "09/05/1990", "1990-9-5", "9-5-1990", "1990.09.05", "09_05_1990"]
)
def test_every_documented_form_of_a_birthday_is_read(text: str) -> None:
    c = client()
    assert c.contact(c.create(firstName="Ann", dateOfBirth=text)["id"])["dateOfBirth"] == "1990-09-05"


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("dateOfBirth", "1990-13-05", 422),
        ("dateOfBirth", "yesterday", 422),
        ("email", "ann.example.com", 422),
        ("country", "Texas", 422),
        ("tags", "buyer", 422),
        ("dnd", "yes", 422),
        ("phone", "call me", 400),
    ],
)
def test_values_of_the_wrong_form_are_refused(field: str, value: object, status: int) -> None:
    c = client()
    assert (
        c.send("POST", "/contacts/", {"locationId": c.location, "firstName": "A", field: value}).status
        == status
    )


def test_a_create_with_nothing_but_the_location_is_400_claiming_422() -> None:
    c = client()
    reply = c.send("POST", "/contacts/", {"locationId": c.location})
    assert (reply.status, reply.json["statusCode"]) == (400, 422)


def test_channels_keep_what_is_not_named_and_permanent_stays() -> None:
    c = client()
    contact_id = c.create(firstName="Ann", dndSettings={"Email": {"status": "permanent"}})["id"]
    sent = {"Email": {"status": "inactive"}, "SMS": {"status": "active", "message": "m", "code": "103"}}
    after = put(c, contact_id, dndSettings=sent)
    assert after["dndSettings"]["Email"] == {"status": "permanent"}
    assert after["dndSettings"]["SMS"]["status"] == "active"
    assert refused(c, contact_id, dndSettings={"email": {"status": "active"}}) == [
        "dndSettings.property email should not exist"
    ]
    assert refused(c, contact_id, dndSettings={"Email": {"status": "on"}})[0].startswith(
        "dndSettings.Email.status"
    )
    c.world.config.permanent_liftable = True
    assert put(c, contact_id, dndSettings=sent)["dndSettings"]["Email"]["status"] == "inactive"


def test_version_3_reads_and_writes_channels_in_camel_case() -> None:
    c = client()
    contact_id = c.create(firstName="Ann", dndSettings={"SMS": {"status": "active"}})["id"]
    c.version = "v3"
    after = put(c, contact_id, dndSettings={"whatsApp": {"status": "active"}})
    assert after["dndSettings"].keys() == {"sms", "whatsApp"}
    assert refused(c, contact_id, dndSettings={"SMS": {"status": "active"}})
    assert c.search().json["contacts"][0]["dndSettings"].keys() == {"sms", "whatsApp"}


def test_inbound_dnd_is_in_search_only_and_fires_nothing() -> None:
    c = client()
    contact_id = c.create(firstName="Ann")["id"]
    after = put(c, contact_id, inboundDndSettings={"all": {"status": "active", "message": "m"}})
    assert "inboundDndSettings" not in after
    assert c.search().json["contacts"][0]["inboundDndSettings"]["all"]["status"] == "active"
    assert c.event_types() == ["ContactCreate"]


def test_additional_addresses_are_objects_and_never_repeat_the_main_one() -> None:
    c = client()
    made = c.create(
        firstName="Ann",
        email="ann@example.com",
        additionalEmails=["ann@example.com", {"email": "ann@example.net"}],
        additionalPhones=["512-555-0101"],
    )
    assert made["additionalEmails"] == [{"email": "ann@example.net"}]
    assert made["additionalPhones"] == [{"phone": "+15125550101"}]
    assert put(c, made["id"], email="ann@example.net")["additionalEmails"] == []
    c.world.config.additional_writable = False
    assert refused(c, made["id"], additionalEmails=[]) == ["property additionalEmails should not exist"]


def test_an_unknown_contact_is_400_or_by_choice_404() -> None:
    c = client()
    reply = c.send("GET", "/contacts/nobody00000000000000")
    assert (reply.status, reply.json["message"]) == (400, "Contact with id nobody00000000000000 not found")
    c.world.config.unknown_id_status = 404
    assert c.send("DELETE", "/contacts/nobody00000000000000").status == 404


def test_a_deleted_contact_is_nowhere() -> None:
    c = client()
    contact_id = c.create(firstName="Ann", email="ann@example.com")["id"]
    assert c.send("DELETE", f"/contacts/{contact_id}").json["succeded"] is True
    assert c.send("GET", f"/contacts/{contact_id}").status == 400
    assert c.search().json["total"] == 0
    assert c.event_types() == ["ContactCreate", "ContactDelete"]
    c.create(firstName="Ann", email="ann@example.com")


def test_the_deprecated_list_pages_and_lowers_names() -> None:
    c = client()
    for number in range(5):
        c.create(firstName=f"Ann{number}", lastName="Example")
        c.clock.advance(1)
    path, seen = f"/contacts/?locationId={c.location}&limit=2", []
    while path:
        page = c.send("GET", path).json
        seen += [contact["firstNameRaw"] for contact in page["contacts"]]
        path = page["meta"]["nextPageUrl"]
    assert seen == ["Ann4", "Ann3", "Ann2", "Ann1", "Ann0"]
    assert page["contacts"][0]["firstName"] == "ann0"
    assert c.send("GET", f"/contacts/?locationId={c.location}&query=ann3").json["count"] == 1
    assert c.send("GET", f"/contacts/?locationId={c.location}&limit=101").status == 422


def test_contacts_are_linked_to_a_business_and_listed_by_it() -> None:
    c = client()
    ids = [c.create(firstName=name)["id"] for name in ("Ann", "Bo", "Cy")]
    made = c.send("POST", "/businesses/", {"locationId": c.location, "name": "Example Ltd"})
    business = made.json["buiseness"]["id"]
    link = {"locationId": c.location, "ids": ids[:2], "businessId": business}
    assert c.send("POST", "/contacts/bulk/business", link).json["success"] is True
    path = f"/contacts/business/{business}?locationId={c.location}"
    assert {one["id"] for one in c.send("GET", path).json["contacts"]} == set(ids[:2])
    assert c.send("POST", "/contacts/bulk/business", link | {"businessId": None}).status == 200
    assert c.send("GET", path).json["contacts"] == []
    too_many = c.send("POST", "/contacts/bulk/business", link | {"ids": ids * 20})
    assert too_many.status == 422


def test_followers_campaigns_and_workflows_answer_in_their_shapes() -> None:
    c = client()
    base = f"/contacts/{c.create(firstName='Ann')['id']}"
    added = c.send("POST", base + "/followers", {"followers": ["u1", "u2"]})
    removed = c.send("DELETE", base + "/followers", {"followers": ["u1", "u9"]})
    assert (added.status, added.json["followersAdded"]) == (201, ["u1", "u2"])
    assert (removed.json["followers"], removed.json["followersRemoved"]) == (["u2"], ["u1"])
    assert c.send("POST", base + "/campaigns/c1", {}).status == 201
    assert c.send("DELETE", base + "/campaigns/removeAll").json["succeded"] is True
    assert c.send("DELETE", base + "/campaigns/remove-all", version="v3").json["succeeded"] is True
    assert c.send("DELETE", base + "/campaigns/removeAll", version="v3").status == 404
    assert c.send("POST", base + "/workflow/w1", {"eventStartTime": "2026-10-01T10:00:00Z"}).status == 200


def test_seeded_people_are_contacts_from_before() -> None:
    c = client(search_lag_seconds=60)
    ann = Person(
        first_name="Ann",
        last_name="Example",
        email="ann@example.com",
        extra_emails=("ann@example.net",),
        street="1 Main St",
        company="Example Ltd",
        tags=("buyer",),
        dnd_email=True,
        date_of_birth="1990-09-05",
        added_at=1_700_000_000.5,
    )
    c.world.seed([ann, Person(last_name="Nobody", added_at=1_700_000_001.0)])
    last, first = c.search().json["contacts"]
    assert (first["address"], first["companyName"], first["contactName"]) == (
        "1 Main St",
        "Example Ltd",
        "ann example",
    )
    assert first["dndSettings"]["Email"]["status"] == "active"
    assert first["additionalEmails"] == [{"email": "ann@example.net"}]
    assert first["dateAdded"] == "2023-11-14T22:13:20.500Z"
    assert (last["email"], last["firstName"]) == (None, None)
    assert c.event_types() == []
