"""Duplicates and upsert follow highlevel.md 5.2."""

from __future__ import annotations

from sandbox_highlevel_client import Client, client


def upsert(c: Client, **fields: object) -> tuple[bool, str]:
    reply = c.send("POST", "/contacts/upsert", {"locationId": c.location, **fields})
    assert reply.status == 200, reply.json
    return reply.json["new"], reply.json["contact"]["id"]


def test_a_second_contact_with_the_email_is_refused_with_the_first_ones_id() -> None:
    c = client()
    first = c.create(firstName="Ann", lastName="Example", email="ann@example.com")
    reply = c.send(
        "POST", "/contacts/", {"locationId": c.location, "firstName": "B", "email": "ANN@example.com"}
    )
    assert reply.status == 400
    assert reply.json["message"] == "This location does not allow duplicated contacts."
    assert reply.json["meta"] == {
        "contactId": first["id"],
        "contactName": "Ann Example",
        "matchingField": "email",
    }


def test_the_order_of_identifiers_decides_which_contact_is_named() -> None:
    fields = {"email": "ann@example.com", "phone": "+15125550101"}
    named = {}
    for order in (("email", "phone"), ("phone", "email")):
        c = client(unique_identifiers=order)
        c.create(firstName="Mail", email=fields["email"])
        c.create(firstName="Phone", phone=fields["phone"])
        reply = c.send("POST", "/contacts/", {"locationId": c.location, **fields})
        named[order[0]] = (reply.json["meta"]["contactName"], reply.json["meta"]["matchingField"])
    assert named == {"email": ("Mail", "email"), "phone": ("Phone", "phone")}


def test_a_location_may_allow_duplicates() -> None:
    c = client(allow_duplicates=True)
    ids = {c.create(firstName="Ann", email="ann@example.com")["id"] for _ in range(2)}
    assert len(ids) == 2
    settings = c.send("GET", f"/locations/{c.location}").json["location"]["settings"]
    assert settings["allowDuplicateContact"] is True
    assert settings["contactUniqueIdentifiers"] == ["email", "phone"]


def test_an_update_may_not_take_anothers_address_but_may_repeat_a_shared_one() -> None:
    c = client(allow_duplicates=True)
    shared = [c.create(firstName=name, email="home@example.com")["id"] for name in ("Ann", "Bo")]
    other = c.create(firstName="Cy", email="cy@example.com")["id"]
    c.world.config.allow_duplicates = False
    assert (
        c.send("PUT", f"/contacts/{shared[1]}", {"email": "home@example.com", "city": "Waco"}).status == 200
    )
    assert c.send("PUT", f"/contacts/{other}", {"email": "home@example.com"}).status == 400


def test_upsert_updates_the_match_and_replaces_its_tags() -> None:
    c = client()
    made = c.create(firstName="Ann", email="ann@example.com", tags=["buyer"])
    assert upsert(c, email="Ann@example.com", lastName="Example", tags=["seller"]) == (False, made["id"])
    read = c.contact(made["id"])
    assert (read["firstName"], read["lastName"], read["tags"]) == ("Ann", "Example", ["seller"])
    assert upsert(c, email="bo@example.com")[0] is True


def test_upsert_of_two_peoples_addresses_changes_the_first_and_ignores_the_other_field() -> None:
    c = client()
    ann = c.create(firstName="Ann", email="ann@example.com")
    c.create(firstName="Bo", phone="+15125550102")
    assert upsert(c, email="ann@example.com", phone="+15125550102", city="Waco") == (False, ann["id"])
    read = c.contact(ann["id"])
    assert read["city"] == "Waco"
    assert "phone" not in read


def test_upsert_by_an_additional_email_promotes_it_and_drops_the_old_main_one() -> None:
    c = client()
    ann = c.create(firstName="Ann", email="ann@example.com", additionalEmails=["old@example.net"])
    assert upsert(c, email="old@example.net") == (False, ann["id"])
    read = c.contact(ann["id"])
    assert (read["email"], read["additionalEmails"]) == ("old@example.net", [])


def test_upsert_makes_a_new_contact_unchecked_only_where_duplicates_are_allowed() -> None:
    c = client()
    first = c.create(firstName="Ann", email="ann@example.com")["id"]
    again = {"email": "ann@example.com", "createNewIfDuplicateAllowed": True}
    assert upsert(c, **again) == (False, first)
    c.world.config.allow_duplicates = True
    assert upsert(c, **again)[0] is True


def test_upsert_takes_no_additional_addresses() -> None:
    c = client()
    body = {"locationId": c.location, "firstName": "Ann", "additionalEmails": ["a@example.com"]}
    assert c.send("POST", "/contacts/upsert", body).status == 422


def test_find_duplicate_tells_contact_and_field_or_null() -> None:
    c = client()
    ann = c.create(firstName="Ann", email="ann+home@example.com", phone="+15125550101")
    path = f"/contacts/search/duplicate?locationId={c.location}"
    by_mail = c.send("GET", path + "&email=ann%2Bhome%40example.com").json
    by_phone = c.send("GET", path + "&number=%2B15125550101").json
    assert (by_mail["contact"]["id"], by_mail["matchingField"]) == (ann["id"], "email")
    assert by_phone["matchingField"] == "phone"
    assert c.send("GET", path + "&email=bo@example.com").json["contact"] is None
    assert c.send("GET", path).status == 400
