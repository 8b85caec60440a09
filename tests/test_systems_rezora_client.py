"""RezoraSystem sends v1 as documented, takes nothing for granted, and cannot wipe a collection."""

from __future__ import annotations

import ast
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import landbridge.systems.rezora as rezora_package
from landbridge.sync.model import ACTIVITIES
from landbridge.systems.base import (
    Forbidden,
    Gone,
    Label,
    Malformed,
    Rejected,
    SystemFailure,
    Unavailable,
    WrongCredentials,
)
from landbridge.systems.http import HttpConfig
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.client import RezoraSystem
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.records import WRITABLE
from systems_fakes import InstantClock, Reply, TinyServer, answer, hang_up, page, tiny_server

SELF = {"contact_id": "55500", "contact_name": "Robin Sample", "contact_self": "1"}
ADA = {
    "contact_id": "55501",
    "contact_name": "Ada Byron",
    "contact_email": "ada@example.org",
    "contact_date": "2026-01-05 09:30:00",
    "contact_self": "0",
    "contact_unsubscribe": "0",
}
OPEN_HOUSE = Label("901", "Open house May")
SPHERE = Label("900", "Primary Sphere", writable=False)
DONE = answer([{"status": "200"}])


def system_of(url: str, **more: Any) -> RezoraSystem:
    clock = InstantClock()
    return RezoraSystem(
        RezoraConfig(api_url=f"{url}/v1", username="agent", password="made-up-key", **more),
        http=HttpConfig(attempts=1),
        quota=Quota(0, daily=0, clock=clock),
        clock=clock,
        rng=random.Random(1),  # repeatable pauses
    )


@pytest.fixture
async def server() -> AsyncIterator[TinyServer]:
    async with tiny_server(answer([])) as running:
        yield running


@pytest.fixture
async def system(server: TinyServer) -> AsyncIterator[RezoraSystem]:
    made = system_of(server.url)
    yield made
    await made.close()


async def test_everything_is_one_page(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([SELF, ADA]))
    found = await system.contacts()
    assert (found.cursor, found.total) == (None, 2)
    own, ada = found.records
    assert own.read_only
    assert own.opted_out is None
    assert not ada.read_only
    assert ada.opted_out is False
    assert ada.id == "55501"
    assert ada.fields == {
        "contact_name": "Ada Byron",
        "contact_email": "ada@example.org",
        "contact_date": "2026-01-05 09:30:00",
        "contact_self": "0",
    }
    assert ada.labels is None
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("GET", "/v1/contacts.json")
    assert seen.headers["authorization"] == "Basic YWdlbnQ6bWFkZS11cC1rZXk="


@pytest.mark.parametrize(
    "reply",
    [
        answer([]),
        answer([ADA]),
        answer([SELF | {"contact_self": "0"}]),
        answer([SELF | {"contact_id": ""}, ADA]),
        answer([SELF, {"contact_name": "Ada Byron"}]),
        answer([SELF, "Ada"]),
        answer([SELF, None]),
        answer({"contacts": [SELF]}),
        answer(b'[{"contact_id":"55500","contact_self":"1"},{"contact_id":"55501"'),
        answer(b'[{"contact_id":"55500","contact_self":"1"},]'),
        answer(b""),
        page("Welcome"),
        answer(b'"contact_id"|"contact_self"\n"55500"|"1"', content_type="text/csv; charset=UTF-8"),
        answer([{"status": "oops"}]),
    ],
)
async def test_anything_but_the_whole_list_is_an_error_and_never_all_deleted(
    system: RezoraSystem, server: TinyServer, reply: Reply
) -> None:
    server.says(reply)
    with pytest.raises(Malformed):
        await system.contacts()


@pytest.mark.parametrize(("flag", "opted_out"), [("1", True), ("0", False), ("", None), ("yes", None)])
async def test_the_opt_out_is_read_exactly(
    system: RezoraSystem, server: TinyServer, flag: str, opted_out: bool | None
) -> None:
    server.says(answer([ADA | {"contact_unsubscribe": flag}]))
    assert (await system.contact("55501")).opted_out is opted_out


@pytest.mark.parametrize("body", [[], [ADA, ADA], [ADA | {"contact_id": "7"}], [{"contact_name": "Ada"}]])
async def test_an_answer_about_another_contact_proves_nothing(
    system: RezoraSystem, server: TinyServer, body: object
) -> None:
    server.says(answer(body))
    with pytest.raises(Malformed):
        await system.contact("55501")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer([{"status": "404"}], 404), Gone),
        (answer([{"status": "404"}]), Gone),
        (page("Not found", 404), Malformed),
        (answer([{"status": "401", "error": "no"}], 401), WrongCredentials),
        (answer([{"status": "401"}]), WrongCredentials),
        (page("Authorization required", 401), WrongCredentials),
        (answer([{"status": "403"}], 403), Forbidden),
        (answer([{"status": "500"}]), Unavailable),
        (answer([{"status": "503"}], 503), Unavailable),
        (answer([{"status": "400"}]), Rejected),
    ],
)
async def test_both_statuses_count(
    system: RezoraSystem, server: TinyServer, reply: Reply, kind: type[SystemFailure]
) -> None:
    server.says(reply)
    with pytest.raises(kind) as caught:
        await system.contact("55501")
    assert type(caught.value) is kind
    assert "Rezora" in caught.value.sentence


async def test_a_wrong_password_says_whom_to_ask(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([{"status": "401"}], 401))
    with pytest.raises(WrongCredentials) as caught:
        await system.probe()
    assert "account manager" in caught.value.fix
    assert "made-up-key" not in f"{caught.value!r}{caught.value.fix}{system._config!r}"


async def test_a_create_sends_documented_json_and_gives_the_id(
    system: RezoraSystem, server: TinyServer
) -> None:
    server.says(answer([{"contact_id": "55502"}]))
    fields = {"contact_name": "Ada Byron", "contact_email": "ada@example.org", "contact_unsubscribe": "1"}
    assert await system.create(fields) == "55502"
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.json) == ("POST", "/v1/contacts.json", {"data": fields})
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "reply",
    [
        answer([]),
        answer([{"contact_id": ""}]),
        answer([{"contact_id": "0"}]),
        answer([{"id": "5"}]),
        answer([{"status": "500"}]),
        answer([{"status": "409"}], 409),
        hang_up,
    ],
)
async def test_a_create_without_a_good_answer_is_unknown(
    system: RezoraSystem, server: TinyServer, reply: Reply
) -> None:
    server.says(reply)
    with pytest.raises(SystemFailure) as caught:
        await system.create({"contact_name": "Ada Byron"})
    assert caught.value.sent == "maybe"
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contact_unsubscribe", "0"),
        ("contact_unsubscribe", ""),
        ("contact_self", "1"),
        ("contact_id", "5"),
        ("contact_date", "2026-01-05 09:30:00"),
        ("email", "ada@example.org"),
    ],
)
async def test_a_field_that_is_not_ours_to_write_is_refused_before_sending(
    system: RezoraSystem, server: TinyServer, name: str, value: str
) -> None:
    for call in (system.create({name: value}), system.update("55501", {name: value})):
        with pytest.raises(Rejected) as caught:
            await call
        assert caught.value.sent == "no"
    assert server.seen == []


async def test_an_update_sends_changed_fields_only(system: RezoraSystem, server: TinyServer) -> None:
    server.says(DONE)
    await system.update("55501", {"contact_home_city": "Boulder"})
    await system.update("55501", {})
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("PUT", "/v1/contacts/55501.json")
    assert seen.json == {"data": {"contact_home_city": "Boulder"}}


async def test_an_account_that_blanks_the_rest_is_sent_everything(server: TinyServer) -> None:
    system = system_of(server.url, put_partial=False)
    shown = ADA | {"contact_unsubscribe": "1", "contact_home_zip": "80301"}
    server.says(answer([shown]), DONE)
    await system.update("55501", {"contact_home_city": "Boulder"})
    await system.close()
    assert server.seen[1].json == {
        "data": {
            "contact_name": "Ada Byron",
            "contact_email": "ada@example.org",
            "contact_home_zip": "80301",
            "contact_home_city": "Boulder",
            "contact_unsubscribe": "1",
        }
    }


async def test_an_opt_out_sets_the_flag_and_nothing_else(system: RezoraSystem, server: TinyServer) -> None:
    server.says(DONE)
    await system.opt_out("55501")
    assert server.seen[0].json == {"data": {"contact_unsubscribe": "1"}}


async def test_an_update_that_tells_no_status_is_an_error(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([]))
    with pytest.raises(Malformed):
        await system.update("55501", {"contact_home_city": "Boulder"})


async def test_the_self_contact_is_never_written(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([SELF, ADA]))
    await system.contacts()
    with pytest.raises(Rejected) as caught:
        await system.update("55500", {"contact_title": "Broker"})
    assert caught.value.sent == "no"
    assert len(server.seen) == 1


async def test_a_contact_is_deleted_by_its_id(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([SELF, ADA]))
    await system.contacts()
    server.says(DONE, answer([{"status": "404"}], 404))
    await system.delete("55501")
    await system.delete("55501")
    assert [(seen.method, seen.path, seen.body) for seen in server.seen] == [
        ("DELETE", "/v1/contacts/55501.json", b"")
    ] * 2
    server.says(answer([{"status": "403"}], 403))
    with pytest.raises(Rejected, match="managed elsewhere"):
        await system.delete("55501")


async def test_the_self_contact_is_never_deleted(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([SELF]))
    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            await system.delete("55500")
        assert caught.value.sent == "no"
    assert [seen.method for seen in server.seen] == ["GET"]  # read once, as no listing had told


async def test_before_a_listing_a_contact_is_looked_at_before_it_is_deleted(
    system: RezoraSystem, server: TinyServer
) -> None:
    server.says(answer([ADA]), DONE)
    await system.delete("55501")
    assert [seen.method for seen in server.seen] == ["GET", "DELETE"]
    server.says(answer([{"status": "404"}], 404))
    await system.delete("55501")
    assert [seen.method for seen in server.seen] == ["GET"]
    server.says(answer([]))
    with pytest.raises(Malformed):
        await system.delete("55501")


async def test_there_is_no_marker_and_no_channel_but_email(system: RezoraSystem, server: TinyServer) -> None:
    assert await system.make_marker() == ""
    assert server.seen == []
    server.says(answer([{"contact_id": "55502"}]))
    await system.create({"contact_name": "Ada Byron"}, marker="c1", barred=frozenset({"sms"}))
    assert server.seen[0].json == {"data": {"contact_name": "Ada Byron"}}
    server.says(answer([ADA]))
    shown = await system.contact("55501")
    assert (shown.marker, shown.barred) == ("", None)


async def test_a_contact_owned_elsewhere_is_a_matter_of_that_record(
    system: RezoraSystem, server: TinyServer
) -> None:
    server.says(answer([{"status": "403", "error": "This is a master contact"}], 403))
    with pytest.raises(Rejected, match="managed elsewhere"):
        await system.update("55501", {"contact_title": "Broker"})


async def test_lists_are_read_and_made(system: RezoraSystem, server: TinyServer) -> None:
    server.says(
        answer(
            [
                {"list_id": "900", "list_name": "Primary Sphere", "list_type": "1"},
                {"list_id": "901", "list_name": "Open house May", "list_type": "0"},
            ]
        )
    )
    assert await system.labels() == [SPHERE, OPEN_HOUSE]
    server.says(answer([{"list_id": "902"}]))
    assert await system.create_label("Buyers") == Label("902", "Buyers")
    assert server.seen[0].json == {"data": {"list_name": "Buyers"}}
    server.says(answer([{"list_id": "901"}]))
    with pytest.raises(Malformed):
        await system.labels()


async def test_members_are_read_by_contact_id(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([{"contacttolist_id": "7", "contact_id": "55501", "list_id": "901"}]))
    assert await system.members(OPEN_HOUSE) == {"55501"}
    assert server.seen[0].path == "/v1/lists/901/contacts.json"
    server.says(answer([]))
    assert await system.members(OPEN_HOUSE) == frozenset()
    server.says(answer([{"contacttolist_id": "7"}]))
    with pytest.raises(Malformed):
        await system.members(OPEN_HOUSE)


async def test_a_list_that_answers_404_is_empty_only_if_it_is_still_there(
    system: RezoraSystem, server: TinyServer
) -> None:
    gone = answer([{"status": "404"}], 404)
    server.says(gone, answer([{"list_id": "901", "list_name": "Open house May", "list_type": "0"}]))
    assert await system.members(OPEN_HOUSE) == frozenset()
    server.says(gone, answer([{"list_id": "902", "list_name": "Buyers", "list_type": "0"}]))
    with pytest.raises(Gone):
        await system.members(OPEN_HOUSE)


async def test_a_contact_is_put_on_a_list_and_taken_off(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([{"contacttolist_id": "70001"}]))
    await system.add_label("55501", OPEN_HOUSE)
    assert (server.seen[0].method, server.seen[0].path) == ("POST", "/v1/lists/901/contacts.json")
    assert server.seen[0].json == {"data": {"contact_id": "55501"}}
    server.says(DONE)
    await system.remove_label("55501", OPEN_HOUSE)
    assert (server.seen[0].method, server.seen[0].path) == ("DELETE", "/v1/lists/901/contacts/55501.json")
    assert server.seen[0].body == b""
    server.says(answer([{"status": "404"}], 404))
    await system.remove_label("55501", OPEN_HOUSE)


@pytest.mark.parametrize("unknown", [hang_up, answer([{"status": "409"}], 409), answer([{"status": "500"}])])
async def test_a_membership_in_doubt_is_looked_up(
    system: RezoraSystem, server: TinyServer, unknown: Reply
) -> None:
    server.says(unknown, answer([{"contacttolist_id": "7", "contact_id": "55501"}]))
    await system.add_label("55501", OPEN_HOUSE)
    assert [seen.method for seen in server.seen] == ["POST", "GET"]
    assert server.seen[1].path == "/v1/lists/901/contacts/55501.json"
    server.says(unknown, answer([{"status": "404"}], 404))
    with pytest.raises((Unavailable, Rejected)):
        await system.add_label("55501", OPEN_HOUSE)


async def test_the_primary_sphere_is_left_alone(system: RezoraSystem, server: TinyServer) -> None:
    for call in (system.add_label("55501", SPHERE), system.remove_label("55501", SPHERE)):
        with pytest.raises(Rejected):
            await call
    assert server.seen == []


BAD_IDS: list[Any] = ["", "0", None, " ", "1/", "../", "1?", "-1", "1.0", "٣", "1\n", 5, ".json", "x" * 30]


@pytest.mark.parametrize("bad", BAD_IDS)
async def test_no_delete_leaves_without_a_positive_decimal_id(
    system: RezoraSystem, server: TinyServer, bad: Any
) -> None:
    for parts in (
        ("contacts", bad),
        ("lists", bad),
        ("lists", "901", "contacts", bad),
        ("lists", bad, "contacts", "55501"),
        ("contacts",),
        ("lists", "901", "contacts"),
        (),
        ("groups", "1"),
        ("tasks", "1"),
        ("lists", "901", "tasks", "1"),
        *(("contacts", "55501", word) for word in ("tasks", "notes", "appointments")),
        *(("contacts", "55501", word, bad) for word in ("tasks", "notes", "appointments")),
        *(("contacts", bad, word, "7") for word in ("tasks", "notes", "appointments")),
    ):
        with pytest.raises(Rejected) as caught:
            await system._calls.delete(parts)
        assert caught.value.sent == "no"
    for call in (
        system.remove_label(bad, OPEN_HOUSE),
        system.remove_label("55501", Label(bad, "x")),
        system.contact(bad),
        system.update(bad, {"contact_title": "x"}),
        system.delete(bad),
        system.add_label(bad, OPEN_HOUSE),
        system.members(Label(bad, "x")),
        *(system.activities.delete(kind, "55501", bad) for kind in ACTIVITIES),
        *(system.activities.delete(kind, bad, "7") for kind in ACTIVITIES),
        *(system.activities.one(kind, "55501", bad) for kind in ACTIVITIES),
        *(system.activities.of_contact(kind, bad) for kind in ACTIVITIES),
    ):
        with pytest.raises(Rejected):
            await call
    assert server.seen == []


def test_there_is_one_place_that_says_delete() -> None:
    places = [
        (path.name, function.name)
        for path in Path(rezora_package.__path__[0]).glob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.AsyncFunctionDef | ast.FunctionDef)
        and any(isinstance(node, ast.Constant) and node.value == "DELETE" for node in ast.walk(function))
    ]
    assert places == [("calls.py", "delete")]


def test_the_nineteen_fields_of_the_early_sample_are_writable() -> None:
    assert len(WRITABLE) == len(set(WRITABLE)) == 19


TASKS = f"/v1/contacts/{SELF['contact_id']}/tasks.json"
NONE = answer([{"status": "404"}], 404)


async def test_the_connect_test_reads_and_nothing_else(system: RezoraSystem, server: TinyServer) -> None:
    server.says(answer([]), answer([SELF]), answer([]), answer([]), NONE)
    capability = await system.probe()
    assert (capability.account, capability.title, capability.can_write) == ("agent", "agent", True)
    assert capability.kinds == capability.writes == ("contact", "task", "note")
    assert "shows no appointments over its API" in capability.notes[1]
    assert [(seen.method, seen.path) for seen in server.seen[:3]] == [
        ("GET", "/v1/lists.json"),
        ("GET", "/v1/contacts.json"),
        ("GET", TASKS),
    ]
    assert [seen.method for seen in server.seen] == ["GET"] * 5
    assert await system.custom_fields() == ()


@pytest.mark.parametrize("missing", [NONE, answer([{"status": "404"}]), page("Not found", 404)])
async def test_an_account_without_activities_is_told_so_and_connects(
    system: RezoraSystem, server: TinyServer, missing: Reply
) -> None:
    server.says(answer([]), answer([SELF]), missing)
    capability = await system.probe()
    assert capability.kinds == capability.writes == ("contact",)
    assert "no tasks, notes or appointments over its API" in capability.notes[1]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(answer([{"status": "503"}], 503), Unavailable), (page("Welcome"), Malformed), (hang_up, Unavailable)],
)
async def test_a_connect_test_that_fails_otherwise_proves_nothing(
    system: RezoraSystem, server: TinyServer, reply: Reply, kind: type[SystemFailure]
) -> None:
    server.says(answer([]), answer([SELF]), reply)
    with pytest.raises(kind):
        await system.probe()


async def test_a_refusal_of_the_undocumented_part_is_no_reason_to_refuse_the_account(
    system: RezoraSystem, server: TinyServer
) -> None:
    server.says(answer([SELF]), answer([{"status": "403"}], 403))
    with pytest.raises(Forbidden):
        await system.activities.probe()
    server.says(answer([]), answer([{"status": "403"}], 403))
    assert (await system.probe()).kinds == ("contact",)
