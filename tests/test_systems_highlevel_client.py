"""HighLevelSystem sends what the documents say, no read too many, and no write it may not make."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from landbridge.systems.base import (
    CustomField,
    Duplicate,
    Gone,
    Grant,
    Label,
    Malformed,
    ReadOnlyGrant,
    Rejected,
    SystemFailure,
    Unavailable,
    WrongCredentials,
)
from landbridge.systems.highlevel.client import HighLevelSystem, open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.http import HttpConfig
from landbridge.systems.memory import MemoryGrants
from landbridge.systems.quota import Quota
from systems_fakes import InstantClock, Reply, TinyServer, answer, hang_up, tiny_server

GRANT = Grant(
    kind="oauth",
    access_token="secret-token",
    scopes=("contacts.readonly", "contacts.write", "locations/customFields.write"),
    location_id="loc1",
)


def system_of(url: str, grant: Grant = GRANT, marker_field: str = "", **config: Any) -> HighLevelSystem:
    clock = InstantClock()
    return open_highlevel(
        HighLevelConfig(api_url=url, **config),
        MemoryGrants(grant),
        http=HttpConfig(attempts=1),
        quota=Quota(0, daily=0, clock=clock),
        clock=clock,
        rng=random.Random(1),  # repeatable pauses
        marker_field=marker_field,
    )


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(answer({})) as running:
        yield running


@pytest.fixture
async def system(server: TinyServer) -> AsyncIterator[HighLevelSystem]:
    made = system_of(server.url, page_size=2)
    yield made
    await made.close()


def contacts(*ids: str) -> list[dict[str, Any]]:
    return [{"id": key, "tags": ["buyer"], "searchAfter": [int(key), key]} for key in ids]


async def all_ids(system: HighLevelSystem) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await system.contacts(cursor)
        found += [item.id for item in page.records]
        cursor = page.cursor
        if cursor is None:
            return found


async def test_every_call_carries_token_and_version(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"contacts": [], "total": 0}))
    await system.contacts()
    headers = server.seen[0].headers
    assert headers["authorization"] == "Bearer secret-token"
    assert headers["version"] == "2021-07-28"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(("count", "reads"), [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
async def test_a_listing_makes_no_read_too_many(
    system: HighLevelSystem, server: TinyServer, count: int, reads: int
) -> None:
    ids = [str(number) for number in range(1, count + 1)]
    pages = [ids[at : at + 2] for at in range(0, count, 2)] or [[]]
    server.says(*(answer({"contacts": contacts(*page), "total": count}) for page in pages))
    assert await all_ids(system) == ids
    assert len(server.seen) == reads
    assert server.seen[0].json == {
        "locationId": "loc1",
        "pageLimit": 2,
        "sort": [{"field": "dateAdded", "direction": "asc"}],
    }
    if reads > 1:
        body = msgspec.convert(server.seen[1].json, dict[str, Any])
        assert body["searchAfter"] == [2, "2"]
        assert "page" not in body


async def test_without_a_total_an_empty_page_ends_the_listing(
    system: HighLevelSystem, server: TinyServer
) -> None:
    pages = [contacts("1", "2"), contacts("3"), []]
    server.says(*(answer({"contacts": page}) for page in pages))
    assert await all_ids(system) == ["1", "2", "3"]
    assert len(server.seen) == 3


async def test_a_total_that_grows_is_followed(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(
        answer({"contacts": contacts("1", "2"), "total": 3}),
        answer({"contacts": contacts("3", "4"), "total": 5}),
        answer({"contacts": contacts("5"), "total": 5}),
    )
    assert await all_ids(system) == ["1", "2", "3", "4", "5"]


async def test_a_total_that_falls_is_not_believed(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(  # 1 and 2 were deleted after they were seen: 5 must still be read
        answer({"contacts": contacts("1", "2"), "total": 5}),
        answer({"contacts": contacts("3", "4"), "total": 3}),
        answer({"contacts": contacts("5"), "total": 3}),
        answer({"contacts": [], "total": 3}),
    )
    assert await all_ids(system) == ["1", "2", "3", "4", "5"]


async def test_a_page_that_repeats_itself_is_an_error(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"contacts": contacts("1", "2"), "total": 9}))
    with pytest.raises(Malformed, match="repeat themselves"):
        await all_ids(system)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"contacts": [{"id": "1"}], "total": 9},
        {"contacts": [{"id": "1", "searchAfter": []}], "total": 9},
        {"contacts": [{"email": "ada@example.org"}], "total": 1},
        {"contacts": None, "total": 0},
        {"total": 0},
        [],
    ],
)
async def test_a_page_of_another_shape_is_an_error(
    system: HighLevelSystem, server: TinyServer, body: object
) -> None:
    server.says(answer(body))
    with pytest.raises(Malformed):
        await system.contacts()


async def test_a_cursor_of_somebody_else_is_refused(system: HighLevelSystem, server: TinyServer) -> None:
    with pytest.raises(Malformed) as caught:
        await system.contacts("page 3")
    assert caught.value.sent == "no"
    assert server.seen == []


async def test_a_contact_is_read_by_id(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"contact": {"id": "c1", "firstName": "Ada", "address1": "9 Elm Rd"}}))
    assert (await system.contact("c1")).fields == {"firstName": "Ada", "address1": "9 Elm Rd"}
    assert (server.seen[0].method, server.seen[0].path) == ("GET", "/contacts/c1")
    server.says(answer({"contact": {"id": "c2"}}))
    with pytest.raises(Malformed, match="another contact"):
        await system.contact("c1")
    server.says(answer({"statusCode": 400, "message": "Contact with id c1 not found"}, 400))
    with pytest.raises(Gone):
        await system.contact("c1")


async def test_a_create_gives_the_id(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"contact": {"id": "c9", "email": "ada@example.org"}}, 201))
    assert await system.create({"firstName": "Ada", "email": "ada@example.org"}) == "c9"
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/contacts/")
    assert seen.json == {"locationId": "loc1", "firstName": "Ada", "email": "ada@example.org"}


@pytest.mark.parametrize("body", [{}, {"contact": {}}, {"contact": {"id": ""}}, {"contact": None}])
async def test_a_create_without_an_id_is_unknown(
    system: HighLevelSystem, server: TinyServer, body: object
) -> None:
    server.says(answer(body, 201))
    with pytest.raises(Malformed) as caught:
        await system.create({"firstName": "Ada"})
    assert caught.value.sent == "maybe"


async def test_an_update_sends_these_fields_only(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"succeded": True}))
    await system.update("c1", {"city": "Boulder"})
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.json) == ("PUT", "/contacts/c1", {"city": "Boulder"})
    await system.update("c1", {})
    assert len(server.seen) == 1
    server.says(answer({"succeeded": False}))
    with pytest.raises(Rejected):
        await system.update("c1", {"city": "Boulder"})


DUPLICATE = answer(
    {
        "statusCode": 400,
        "message": "This location does not allow duplicated contacts.",
        "meta": {"contactId": "c7", "contactName": "Ada Byron", "matchingField": "email"},
    },
    400,
)
NO_FIELD = answer({"statusCode": 400, "message": "Custom field with id cf9 not found"}, 400)


async def test_an_address_of_another_contact_names_it(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(DUPLICATE)
    for call, sent in (
        (system.create({"email": "ada@example.org"}), "maybe"),
        (system.update("c1", {"email": "ada@example.org"}), "yes"),
    ):
        with pytest.raises(Duplicate) as caught:
            await call
        assert (caught.value.contact_id, caught.value.sent) == ("c7", sent)
        assert "Ada" not in caught.value.sentence
    assert [seen.method for seen in server.seen] == ["POST", "PUT"]


async def test_a_custom_field_that_is_gone_does_not_make_the_contact_gone(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(NO_FIELD)
    for call in (system.create({"firstName": "Ada"}), system.update("c1", {"city": "Boulder"})):
        with pytest.raises(Rejected, match="no such custom field") as caught:
            await call
        assert "mapping" in caught.value.fix


@pytest.mark.parametrize(
    "reply",
    [
        answer({"succeded": True}),
        answer({"statusCode": 400, "message": "Contact with id c1 not found"}, 400),
        answer({"statusCode": 404, "message": "Contact with id c1 not found"}, 404),
    ],
)
async def test_a_deletion_is_done_once_the_contact_is_gone(
    system: HighLevelSystem, server: TinyServer, reply: Reply
) -> None:
    server.says(reply)
    await system.delete("c1")
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("DELETE", "/contacts/c1", b"")


@pytest.mark.parametrize(
    "reply",
    [
        answer({"succeded": False}),
        answer({"statusCode": 422, "message": ["no"]}, 422),
        answer({"statusCode": 404, "message": "Cannot DELETE /contacts/c1", "error": "Not Found"}, 404),
    ],
)
async def test_a_refused_deletion_is_an_error(
    system: HighLevelSystem, server: TinyServer, reply: Reply
) -> None:
    server.says(reply)
    with pytest.raises((Rejected, Malformed)):
        await system.delete("c1")


MARKER = {"id": "cf9", "name": "Landbridge: Rezora ID", "fieldKey": "contact.x", "dataType": "TEXT"}
NO_SCOPE = answer({"statusCode": 401, "message": "The token is not authorized for this scope."}, 401)
FORBIDDEN = answer({"statusCode": 403, "message": "Forbidden resource"}, 403)


def fields_shown(*found: dict[str, str]) -> Reply:
    return answer({"customFields": list(found)})


async def test_a_marker_field_is_made_and_then_carried(system: HighLevelSystem, server: TinyServer) -> None:
    other = MARKER | {"id": "cf8", "dataType": "NUMERICAL"}
    server.says(fields_shown(other), answer({"customField": MARKER}, 201))
    assert await system.make_marker() == "cf9"
    made = server.seen[1]
    assert (made.method, made.path) == ("POST", "/locations/loc1/customFields")
    assert made.json == {"name": "Landbridge: Rezora ID", "dataType": "TEXT", "model": "contact"}
    server.says(answer({"contact": {"id": "c9"}}, 201))
    await system.create({"firstName": "Ada"}, marker="55501")
    await system.create({"firstName": "Ada"})
    assert server.seen[0].json == {
        "locationId": "loc1",
        "firstName": "Ada",
        "customFields": [{"id": "cf9", "field_value": "55501"}],
    }
    assert server.seen[1].json == {"locationId": "loc1", "firstName": "Ada"}
    server.says(answer({"location": {"id": "loc1"}}))
    assert (await system.probe()).marker_field == "cf9"


async def test_a_marker_field_that_is_there_is_taken(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(fields_shown(MARKER | {"id": "cf8", "name": "Pets"}, MARKER))
    assert await system.make_marker() == "cf9"
    assert await system.custom_fields() == [CustomField("cf8", "contact.x", "Pets", "TEXT")]
    server.says(fields_shown(MARKER | {"id": "cf7"}, MARKER | {"name": "Renamed by a user"}))
    assert await system.make_marker() == "cf9"
    assert [seen.method for seen in server.seen] == ["GET"]


@pytest.mark.parametrize("refusal", [NO_SCOPE, FORBIDDEN, answer({"message": ["no more fields"]}, 422)])
async def test_without_permission_there_is_no_marker_and_no_failure(
    system: HighLevelSystem, server: TinyServer, refusal: Reply
) -> None:
    server.says(fields_shown(), refusal)
    assert await system.make_marker() == ""
    server.says(refusal)
    assert await system.make_marker() == ""
    server.says(answer({"contact": {"id": "c9"}}, 201))
    await system.create({"firstName": "Ada"}, marker="55501")
    assert server.seen[0].json == {"locationId": "loc1", "firstName": "Ada"}


@pytest.mark.parametrize(
    ("grant", "read_only"),
    [
        (replace(GRANT, scopes=("contacts.readonly", "contacts.write")), False),
        (replace(GRANT, scopes=("contacts.readonly", "locations/customFields.write")), False),
        (GRANT, True),
    ],
)
async def test_a_grant_that_may_not_makes_no_field(server: TinyServer, grant: Grant, read_only: bool) -> None:
    system = system_of(server.url, grant, read_only=read_only)
    server.says(fields_shown())
    assert await system.make_marker() == ""
    await system.close()
    assert [seen.method for seen in server.seen] == ["GET"]


async def test_a_marker_field_whose_answer_was_lost_is_found(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(fields_shown(), hang_up, fields_shown(MARKER))
    assert await system.make_marker() == "cf9"
    server.says(fields_shown(), hang_up, fields_shown())
    with pytest.raises(Unavailable):
        await system.make_marker()
    assert [seen.method for seen in server.seen] == ["GET", "POST", "GET"]


async def test_a_refused_token_is_no_missing_permission(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"statusCode": 401, "message": "Invalid token: access token is invalid"}, 401))
    with pytest.raises(WrongCredentials):
        await system.make_marker()


async def test_a_known_marker_field_is_read_from_the_start(server: TinyServer) -> None:
    system = system_of(server.url, marker_field="cf9")
    shown = {"id": "c1", "city": "Boulder", "customFields": [{"id": "cf9", "value": "55501"}]}
    server.says(answer({"contact": shown}))
    alone = await system.contact("c1")
    server.says(answer({"contacts": [shown], "total": 1}))
    (listed,) = (await system.contacts()).records
    await system.close()
    for found in (alone, listed):
        assert (found.marker, found.fields) == ("55501", {"city": "Boulder"})


@pytest.mark.parametrize(("version", "name"), [("2021-07-28", "WhatsApp"), ("v3", "whatsApp")])
async def test_channels_are_barred_in_the_words_of_the_version(
    server: TinyServer, version: str, name: str
) -> None:
    system = system_of(server.url, version=version)
    server.says(answer({"contact": {"id": "c9"}}, 201))
    await system.create({"firstName": "Ada"}, barred=frozenset({"whatsapp"}))
    await system.close()
    body = msgspec.convert(server.seen[0].json, dict[str, Any])
    assert body["dndSettings"] == {name: {"status": "active"}}


async def test_custom_fields_are_written_by_their_type(system: HighLevelSystem, server: TinyServer) -> None:
    definitions = {
        "customFields": [
            {"id": "cf1", "name": "Pets", "fieldKey": "contact.pets", "dataType": "CHECKBOX", "position": 1}
        ]
    }
    server.says(answer(definitions), answer({"succeded": True}))
    await system.update("c1", {"customFields.cf1": "cat\ndog"})
    await system.update("c1", {"customFields.cf1": "cat"})
    assert [seen.path for seen in server.seen] == [
        "/locations/loc1/customFields?model=contact",
        "/contacts/c1",
        "/contacts/c1",
    ]
    assert server.seen[1].json == {"customFields": [{"id": "cf1", "field_value": ["cat", "dog"]}]}
    server.says(answer(definitions))
    assert await system.custom_fields() == [CustomField("cf1", "contact.pets", "Pets", "CHECKBOX")]


async def test_an_opt_out_bars_the_email_channel_only(system: HighLevelSystem, server: TinyServer) -> None:
    shown = {"contact": {"id": "c1", "dnd": False, "dndSettings": {"SMS": {"status": "active"}}}}
    server.says(answer(shown), answer({"succeded": True}))
    await system.opt_out("c1")
    assert server.seen[1].method == "PUT"
    assert server.seen[1].json == {
        "dndSettings": {"Email": {"status": "active"}, "SMS": {"status": "active"}}
    }


async def test_tags_are_added_and_taken_off_one_by_one(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"tags": ["buyer"]}, 201))
    await system.add_label("c1", Label("t1", "buyer"))
    await system.remove_label("c1", Label("t1", "buyer"))
    assert [(seen.method, seen.path, seen.json) for seen in server.seen] == [
        ("POST", "/contacts/c1/tags", {"tags": ["buyer"]}),
        ("DELETE", "/contacts/c1/tags", {"tags": ["buyer"]}),
    ]


async def test_tags_are_listed_and_defined(system: HighLevelSystem, server: TinyServer) -> None:
    server.says(answer({"tags": [{"id": "t1", "name": "buyer", "locationId": "loc1"}]}))
    assert await system.labels() == [Label("t1", "buyer")]
    server.says(answer({"tag": {"id": "t2", "name": "seller"}}, 201))
    assert await system.create_label("seller") == Label("t2", "seller")
    assert server.seen[0].json == {"name": "seller"}


async def test_members_are_those_whose_record_shows_the_tag(
    system: HighLevelSystem, server: TinyServer
) -> None:
    found = contacts("1", "2")
    found[1]["tags"] = ["Buyer"]
    server.says(answer({"contacts": found, "total": 2}))
    assert await system.members(Label("t1", "buyer")) == {"1"}
    body = msgspec.convert(server.seen[0].json, dict[str, Any])
    assert body["filters"] == [{"field": "tags", "operator": "eq", "value": "buyer"}]


async def test_the_location_tells_what_the_account_can_do(
    system: HighLevelSystem, server: TinyServer
) -> None:
    location = {
        "id": "loc1",
        "name": "Harbor Street Realty",
        "timezone": "America/Chicago",
        "country": "US",
        "settings": {"allowDuplicateContact": True},
    }
    server.says(answer({"location": location}))
    capability = await system.probe()
    assert server.seen[0].path == "/locations/loc1"
    assert (capability.account, capability.title) == ("loc1", "Harbor Street Realty")
    assert (capability.time_zone, capability.country) == ("America/Chicago", "US")
    assert capability.can_write
    first, *rest = capability.notes
    assert first == "This location allows several contacts with one e-mail address."
    assert [note.partition(":")[0] for note in rest] == [
        "This connection lacks calendars.readonly and calendars/events.readonly",
        "This connection lacks locations/tasks.readonly",
    ]
    assert capability.kinds == capability.writes == ("contact", "task", "note")


WRITES: list[Callable[[HighLevelSystem], Awaitable[object]]] = [
    lambda system: system.create({"firstName": "Ada"}),
    lambda system: system.update("c1", {"city": "Boulder"}),
    lambda system: system.update("c1", {}),
    lambda system: system.delete("c1"),
    lambda system: system.opt_out("c1"),
    lambda system: system.create_label("buyer"),
    lambda system: system.add_label("c1", Label("t1", "buyer")),
    lambda system: system.remove_label("c1", Label("t1", "buyer")),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("grant", "read_only"),
    [
        (replace(GRANT, scopes=("contacts.readonly",)), False),
        (replace(GRANT, scopes=()), False),
        (replace(GRANT, kind="pit", scopes=("contacts.readonly",)), False),
        (GRANT, True),
        (replace(GRANT, kind="pit", scopes=()), True),
    ],
)
async def test_a_read_only_grant_refuses_every_write_before_it_leaves(
    server: TinyServer,
    grant: Grant,
    read_only: bool,
    write: Callable[[HighLevelSystem], Awaitable[object]],
) -> None:
    system = system_of(server.url, grant, read_only=read_only)
    with pytest.raises(ReadOnlyGrant) as caught:
        await write(system)
    await system.close()
    assert caught.value.sent == "no"
    assert server.seen == []


async def test_a_private_token_of_unknown_scopes_is_believed_to_write(server: TinyServer) -> None:
    system = system_of(server.url, replace(GRANT, kind="pit", scopes=()))
    server.says(answer({"location": {"id": "loc1"}}))
    capability = await system.probe()
    await system.close()
    assert capability.can_write
    assert capability.title == "loc1"
    assert "Private Integration Token" in capability.notes[0]


@pytest.mark.parametrize("record_id", ["", ".."])
async def test_no_call_goes_to_a_whole_collection_by_mistake(
    system: HighLevelSystem, server: TinyServer, record_id: str
) -> None:
    for call in (
        system.contact(record_id),
        system.update(record_id, {"city": "Boulder"}),
        system.delete(record_id),
        system.remove_label(record_id, Label("t", "buyer")),
    ):
        with pytest.raises(SystemFailure):
            await call
    assert server.seen == []


async def test_changes_since_a_moment_are_asked_for_by_range_and_paged_by_moment_and_id(
    system: HighLevelSystem, server: TinyServer
) -> None:
    moment = 1_780_000_000_123  # all of one import carry it: only the id tells them apart
    people = [{"id": key, "searchAfter": [moment, key]} for key in ("a", "b", "c")]
    server.says(*(answer({"contacts": part, "total": 3}) for part in (people[:2], people[2:])))
    since = 1_779_999_999.9999
    first = await system.contacts(since=since)
    assert first.cursor is not None
    second = await system.contacts(first.cursor, since=since)
    assert [item.id for item in (*first.records, *second.records)] == ["a", "b", "c"]
    assert second.cursor is None
    asked = {
        "locationId": "loc1",
        "pageLimit": 2,
        "sort": [{"field": "dateUpdated", "direction": "asc"}],
        "filters": [
            {"field": "dateUpdated", "operator": "range", "value": {"gte": "2026-05-28T20:26:39.999Z"}}
        ],
    }
    assert server.seen[0].json == asked
    assert server.seen[1].json == asked | {"searchAfter": [moment, "b"]}


async def test_a_business_is_read_page_by_page_until_nobody_new_is_shown(
    system: HighLevelSystem, server: TinyServer
) -> None:
    pages = [[{"id": "a"}, {"id": "b"}], [{"id": "b"}, {"id": "c"}], []]  # somebody joined in between
    server.says(*(answer({"contacts": page}) for page in pages))
    assert await system.contacts_of_business("firm/1") == {"a", "b", "c"}
    assert [seen.path for seen in server.seen] == [
        f"/contacts/business/firm%2F1?locationId=loc1&limit=100&skip={skip}" for skip in (0, 2, 4)
    ]


async def test_a_page_of_a_business_that_repeats_itself_ends_the_reading(
    system: HighLevelSystem, server: TinyServer
) -> None:
    server.says(answer({"contacts": [{"id": "a"}]}))  # a server that knows no skip
    assert await system.contacts_of_business("firm1") == {"a"}
    assert len(server.seen) == 2
