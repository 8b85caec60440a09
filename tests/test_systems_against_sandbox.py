"""One conformance suite for every System: HighLevel and Rezora against the sandbox, and the one in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from landbridge.sandbox.highlevel.config import READ_ONLY_PIT
from landbridge.sandbox.highlevel.config import HighLevelConfig as SandboxHighLevel
from landbridge.sandbox.rezora.config import RezoraConfig as SandboxRezora
from landbridge.sandbox.server import Sandbox
from landbridge.sync.model import Record, Side
from landbridge.systems.base import (
    Forbidden,
    Gone,
    Label,
    Malformed,
    Paused,
    ReadOnlyGrant,
    Rejected,
    System,
    SystemFailure,
    Unavailable,
    WrongCredentials,
)
from landbridge.systems.highlevel.client import HighLevelSystem, open_highlevel
from landbridge.systems.highlevel.config import HighLevelConfig, authorise_url, scopes_for
from landbridge.systems.highlevel.tokens import exchange_code
from landbridge.systems.memory import MemoryGrants, MemorySystem
from landbridge.systems.quota import Quota
from systems_fakes import (
    JANUARY,
    LOCATION,
    PAGE,
    PEOPLE,
    PIT,
    VERSIONS,
    InstantClock,
    fault,
    highlevel_of,
    http,
    rezora_of,
    rng,
    running,
)

NAMES: dict[Side, dict[str, str]] = {
    Side.HIGHLEVEL: {"email": "email", "city": "city", "state": "state"},
    Side.REZORA: {
        "email": "contact_email",
        "city": "contact_home_city",
        "state": "contact_home_state",
    },
}


@dataclass(slots=True)
class Place:
    """A system under test, with its side's names for a few fields."""

    system: System
    sandbox: Sandbox | None = None
    clock: InstantClock = field(default_factory=InstantClock)

    def named(self, **fields: str) -> dict[str, str]:
        """Fields under the side's names; every contact has a name."""
        names = NAMES[self.system.side]
        native = {names[name]: value for name, value in fields.items()}
        if self.system.side is Side.REZORA:
            return {"contact_name": "Grace Brewster"} | native
        return {"firstName": "Grace", "lastName": "Brewster"} | native

    def value(self, record: Record, name: str) -> str | None:
        return record.fields.get(NAMES[self.system.side][name])

    @property
    def writes(self) -> int:
        assert self.sandbox is not None
        return int(str(self.sandbox.history.summary()["mutating"]))


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running() as started:
        yield started


@pytest.fixture(params=["highlevel", "highlevel v3", "rezora", "memory as highlevel", "memory as rezora"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    kind: str = request.param
    clock = InstantClock()
    if kind.startswith("memory"):
        made = Place(_memory(Side(kind.removeprefix("memory as "))), clock=clock)
        yield made
        await made.system.close()
        return
    async with running() as sandbox:
        system: System
        if kind == "rezora":
            system = rezora_of(sandbox, clock)
        else:
            version = "v3" if kind.endswith("v3") else "2021-07-28"
            system = highlevel_of(sandbox, clock, PIT, version=version)
        yield Place(system, sandbox, clock)
        await system.close()


def _memory(side: Side) -> MemorySystem:
    names = NAMES[side]
    records = {
        str(number): Record(
            side,
            str(number),
            {names["email"]: f"person{number}@example.org"},
            labels=frozenset(),
            opted_out=False,
            read_only=side is Side.REZORA and number == 1,
        )
        for number in range(1, PEOPLE + 1)
    }
    tags = {"900": Label("900", "Primary Sphere", writable=False)} if side is Side.REZORA else {}
    return MemorySystem(side, page_size=PAGE, records=records, tags=tags)


async def everything(system: System, since: float | None = None) -> list[Record]:
    found: list[Record] = []
    cursor: str | None = None
    while True:
        page = await system.contacts(cursor, since=since)
        found += page.records
        assert page.total is not None
        cursor = page.cursor
        if cursor is None:
            assert len(found) == page.total
            return found


# what every System does


async def test_a_listing_shows_every_contact_once(place: Place) -> None:
    records = await everything(place.system)
    assert len({record.id for record in records}) == len(records) > 1
    assert {record.side for record in records} == {place.system.side}
    if place.system.side is Side.HIGHLEVEL:
        assert len(records) == PEOPLE


async def test_a_contact_reads_alone_as_it_does_in_the_listing(place: Place) -> None:
    for listed in (await everything(place.system))[:4]:
        alone = await place.system.contact(listed.id)
        # By id, HighLevel leaves out what is blank: absent there, and "" in the listing.
        assert {name: alone.fields.get(name, "") for name in listed.fields} == dict(listed.fields)
        assert replace(alone, fields={}) == replace(listed, fields={})


async def test_a_created_contact_is_found_with_what_was_sent(place: Place) -> None:
    sent = place.named(email="grace@example.net", city="Boulder")
    record_id = await place.system.create(sent)
    shown = await place.system.contact(record_id)
    assert {name: shown.fields[name] for name in sent} == sent
    assert shown.opted_out is False
    assert record_id in {record.id for record in await everything(place.system)}


async def test_an_update_changes_these_fields_and_no_other(place: Place) -> None:
    record_id = await place.system.create(place.named(email="grace@example.net", city="Boulder", state="CO"))
    label = await place.system.create_label("Open house May")
    await place.system.add_label(record_id, label)
    before = await place.system.contact(record_id)
    await place.system.update(record_id, {NAMES[place.system.side]["city"]: "Golden"})
    after = await place.system.contact(record_id)
    moved = {name for name in after.fields if after.fields[name] != before.fields.get(name)}
    assert moved == {NAMES[place.system.side]["city"]}
    assert place.value(after, "city") == "Golden"
    assert after.labels == before.labels


async def test_a_field_can_be_cleared(place: Place) -> None:
    record_id = await place.system.create(place.named(email="grace@example.net", city="Boulder"))
    await place.system.update(record_id, {NAMES[place.system.side]["city"]: ""})
    assert not place.value(await place.system.contact(record_id), "city")


async def test_a_deleted_contact_is_gone_and_stays_so(place: Place) -> None:
    keep, drop = [
        await place.system.create(place.named(email=f"grace{number}@example.net")) for number in (1, 2)
    ]
    before = len(await everything(place.system))
    await place.system.delete(drop)
    await place.system.delete(drop)
    await place.system.delete("99999999")
    with pytest.raises(Gone):
        await place.system.contact(drop)
    ids = {record.id for record in await everything(place.system)}
    assert len(ids) == before - 1
    assert keep in ids


async def test_a_listing_goes_on_after_its_last_contact_was_deleted(place: Place) -> None:
    page = await place.system.contacts()
    if page.cursor is None:
        return  # Rezora's listing is one answer
    await place.system.delete(page.records[-1].id)
    following = await place.system.contacts(page.cursor)
    assert following.records
    assert not {record.id for record in following.records} & {record.id for record in page.records}


async def test_a_marker_comes_back_and_is_no_field(place: Place) -> None:
    marker_field = await place.system.make_marker()
    assert await place.system.make_marker() == marker_field
    assert bool(marker_field) == (place.system.side is Side.HIGHLEVEL)
    assert (await place.system.probe()).marker_field == marker_field
    sent = place.named(email="grace@example.net")
    record_id = await place.system.create(sent, marker="55501")
    plain = await place.system.create(place.named(email="mary@example.net"))
    shown = {record.id: record for record in await everything(place.system)}
    assert shown[record_id].marker == ("55501" if marker_field else "")
    assert shown[plain].marker == ""
    assert not [name for name in shown[record_id].fields if name.startswith("customFields.")]
    assert marker_field not in {found.id for found in await place.system.custom_fields()}
    await place.system.update(record_id, {NAMES[place.system.side]["city"]: "Golden"})
    assert (await place.system.contact(record_id)).marker == shown[record_id].marker


async def test_channels_are_barred_from_the_start(place: Place) -> None:
    channels = frozenset({"sms", "call", "whatsapp"})
    sent = place.named(email="grace@example.net")
    record_id = await place.system.create(sent, barred=channels)
    plain = await place.system.create(place.named(email="mary@example.net"))
    shown = {record.id: record for record in await everything(place.system)}
    if place.system.side is Side.HIGHLEVEL:
        assert (shown[record_id].barred, shown[plain].barred) == (channels, frozenset())
    else:
        assert shown[record_id].barred is None
    assert shown[record_id].opted_out is False
    await place.system.opt_out(record_id)
    after = await place.system.contact(record_id)
    assert (after.opted_out, after.barred) == (True, shown[record_id].barred)


async def test_an_opt_out_holds_and_changes_nothing_else(place: Place) -> None:
    record_id = await place.system.create(place.named(email="grace@example.net"))
    before = await place.system.contact(record_id)
    await place.system.opt_out(record_id)
    await place.system.opt_out(record_id)
    after = await place.system.contact(record_id)
    assert after.opted_out is True
    assert after.fields == before.fields


async def test_a_label_is_made_given_and_taken(place: Place) -> None:
    record_id = await place.system.create(place.named(email="grace@example.net"))
    label = await place.system.create_label("Open house May")
    assert label in await place.system.labels()
    assert await place.system.members(label) == frozenset()
    for _ in range(2):  # twice is once
        await place.system.add_label(record_id, label)
        assert await place.system.members(label) == {record_id}
    for _ in range(2):
        await place.system.remove_label(record_id, label)
        assert await place.system.members(label) == frozenset()
    shown = await place.system.contact(record_id)
    assert shown.labels in (None, frozenset())


async def test_an_unknown_contact_is_gone(place: Place) -> None:
    unknown = "99999999"
    for call in (
        place.system.contact(unknown),
        place.system.update(unknown, {NAMES[place.system.side]["city"]: "Golden"}),
        place.system.opt_out(unknown),
    ):
        with pytest.raises(Gone):
            await call


async def test_what_cannot_be_written_is_left_alone(place: Place) -> None:
    fixed = [label for label in await place.system.labels() if not label.writable]
    closed = [record for record in await everything(place.system) if record.read_only]
    assert bool(fixed) == bool(closed) == (place.system.side is Side.REZORA)
    other = await place.system.create(place.named(email="grace@example.net"))
    for label in fixed:
        with pytest.raises(Rejected):
            await place.system.add_label(other, label)
    for record in closed:
        for call in (
            place.system.update(record.id, {NAMES[place.system.side]["city"]: "Golden"}),
            place.system.delete(record.id),
        ):
            with pytest.raises(Rejected):
                await call


async def test_the_probe_tells_side_and_account(place: Place) -> None:
    capability = await place.system.probe()
    assert capability.side is place.system.side
    assert capability.account
    assert capability.title
    assert capability.can_write
    assert "contact" in capability.kinds
    if place.sandbox is not None:
        assert place.writes == 0


async def test_custom_fields_have_an_id_and_a_type(place: Place) -> None:
    fields = await place.system.custom_fields()
    assert all(found.id and found.type for found in fields)
    assert bool(fields) == isinstance(place.system, HighLevelSystem)


# what the two real ones do when things go wrong


FAULTS = [
    "refuse",
    "fail_before",
    "lost_answer",
    "applied_then_500",
    "cut_body",
    "429",
    "ok_with_error",
    "html",
]


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_deletion_gets_through_a_passing_fault(sandbox: Sandbox, kind: str) -> None:
    clock = InstantClock()
    for system in (highlevel_of(sandbox, clock, PIT), rezora_of(sandbox, clock)):
        place = Place(system, sandbox, clock)
        record_id = await system.create(place.named(email="grace@example.net"))
        fault(sandbox, kind=kind, side=system.side.value, method="DELETE")
        await system.delete(record_id)
        with pytest.raises(Gone):
            await system.contact(record_id)
        await system.close()


@pytest.mark.parametrize("kind", FAULTS)
async def test_reads_and_updates_get_through_a_passing_fault(sandbox: Sandbox, kind: str) -> None:
    clock = InstantClock()
    for system in (highlevel_of(sandbox, clock, PIT), rezora_of(sandbox, clock)):
        place = Place(system, sandbox, clock)
        record_id = await system.create(place.named(email="grace@example.net", city="Boulder"))
        fault(sandbox, kind=kind, side=system.side.value, method="PUT")
        await system.update(record_id, {NAMES[system.side]["city"]: "Golden"})
        fault(sandbox, kind=kind, side=system.side.value, method="GET")
        assert place.value(await system.contact(record_id), "city") == "Golden"
        await system.close()


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_create_meets_a_fault_once_and_is_never_repeated(sandbox: Sandbox, kind: str) -> None:
    clock = InstantClock()
    for system in (highlevel_of(sandbox, clock, PIT), rezora_of(sandbox, clock)):
        place = Place(system, sandbox, clock)
        before = place.writes
        fault(sandbox, kind=kind, side=system.side.value, method="POST", path_regex=r"contacts(/|\.json)$")
        with pytest.raises((Unavailable, Malformed)) as caught:
            await system.create(place.named(email="grace@example.net"))
        assert caught.value.sent == "maybe"
        assert place.writes == before + 1
        await system.close()


async def test_a_listing_that_stays_broken_is_an_error(sandbox: Sandbox) -> None:
    clock = InstantClock()
    for kind in ("cut_body", "html", "ok_with_error"):
        for system in (highlevel_of(sandbox, clock, PIT), rezora_of(sandbox, clock)):
            fault(sandbox, kind=kind, side=system.side.value, times=3)
            with pytest.raises((Malformed, Unavailable)) as caught:
                await system.contacts()
            assert caught.value.side is system.side
            await system.close()


async def test_a_reading_of_everything_makes_the_least_calls(sandbox: Sandbox) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT)
    await everything(system)
    await system.close()
    assert sandbox.history.summary()["total"] == -(-PEOPLE // PAGE)


@pytest.mark.parametrize("version", VERSIONS)
async def test_many_changes_of_one_moment_are_each_read_once_and_nothing_older(
    sandbox: Sandbox, version: str
) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT, version=version)
    ids = sorted(record.id for record in await everything(system))
    sandbox.clock.freeze()
    now = sandbox.clock.now()
    edited = ids[: 2 * PAGE + 1]  # more than two pages of one and the same millisecond
    for record_id in edited:
        sandbox.edit("highlevel", {"action": "update", "id": record_id, "fields": {"city": "Ward"}})
    sandbox.history.forget()
    assert [record.id for record in await everything(system, now)] == edited
    assert sandbox.history.summary()["total"] == 3
    assert await everything(system, now + 0.001) == []
    assert len(await everything(system, now - 10 * 365 * 86_400)) == PEOPLE
    await system.close()


async def test_who_changes_while_changes_are_read_is_seen_by_the_next_look(sandbox: Sandbox) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT)
    ids = sorted(record.id for record in await everything(system))
    sandbox.clock.freeze()
    began = sandbox.clock.now()
    first = await system.contacts(since=0.0)
    sandbox.clock.advance(1)
    for record_id in (first.records[0].id, ids[-1]):
        sandbox.edit("highlevel", {"action": "update", "id": record_id, "fields": {"city": "Ward"}})
    seen = {record.id for record in first.records}
    cursor = first.cursor
    while cursor is not None:
        page = await system.contacts(cursor, since=0.0)
        seen |= {record.id for record in page.records}
        cursor = page.cursor
    missed = set(ids) - seen
    assert missed <= {record.id for record in await everything(system, began)}
    await system.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_contacts_of_a_business_are_read_by_its_route(sandbox: Sandbox, version: str) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT, version=version)
    ids = sorted(record.id for record in await everything(system))
    headers = {"Authorization": f"Bearer {PIT.access_token}", "Version": "2021-07-28"}
    async with aiohttp.ClientSession(f"{sandbox.highlevel_url}/", headers=headers) as session:
        made = await session.post("businesses/", json={"name": "Firm", "locationId": LOCATION})
        business = (await made.json())["buiseness"]["id"]
        assert await system.contacts_of_business(business) == frozenset()
        joined = {"locationId": LOCATION, "ids": ids[:7], "businessId": business}
        assert (await session.post("contacts/bulk/business", json=joined)).status == 200
    assert await system.contacts_of_business(business) == frozenset(ids[:7])
    shown = {record.id: record.fields.get("businessId") for record in await everything(system)}
    assert {key for key, value in shown.items() if value == business} == set(ids[:7])
    assert set(shown.values()) == {business, ""}
    await system.close()


async def test_a_system_without_such_a_filter_shows_everybody(sandbox: Sandbox) -> None:
    system = rezora_of(sandbox, InstantClock())
    assert await everything(system, 4e9) == await everything(system)
    assert await system.contacts_of_business("1") == frozenset()
    await system.close()


async def test_the_system_in_memory_knows_changes_and_businesses_too() -> None:
    system = _memory(Side.HIGHLEVEL)
    for number in range(1, PEOPLE + 1):
        moment = "2026-01-05T09:30:00Z" if number > PAGE else "2026-01-04T09:30:00+00:00"
        firm = {"businessId": "firm1" if number < 3 else ""}
        system.records[str(number)] = replace(
            system.records[str(number)], changed_at=moment if number != 1 else "", fields=firm
        )
    found = {record.id for record in await everything(system, JANUARY)}
    assert found == {"1", *(str(number) for number in range(PAGE + 1, PEOPLE + 1))}
    assert len(await everything(system, 0.0)) == PEOPLE
    assert await system.contacts_of_business("firm1") == {"1", "2"}


async def test_wrong_credentials_are_said_so(sandbox: Sandbox) -> None:
    clock = InstantClock()
    wrong_token = highlevel_of(sandbox, clock, replace(PIT, access_token="pit-wrong"))
    for system in (wrong_token, rezora_of(sandbox, clock, password="wrong")):
        with pytest.raises(WrongCredentials):
            await system.probe()
        await system.close()


async def test_company_level_credentials_are_said_to_be_the_wrong_ones(sandbox: Sandbox) -> None:
    account = SandboxRezora()
    system = rezora_of(
        sandbox, InstantClock(), username=account.company_username, password=account.company_password
    )
    with pytest.raises(Forbidden, match="does not allow") as caught:
        await system.probe()
    await system.close()
    assert "agent-level" in caught.value.fix


async def test_a_token_of_another_location_is_said_so(sandbox: Sandbox) -> None:
    system = highlevel_of(sandbox, InstantClock(), replace(PIT, location_id="elsewhere"))
    with pytest.raises(SystemFailure) as caught:
        await system.contacts()
    await system.close()
    assert isinstance(caught.value, Forbidden)
    assert "location" in caught.value.fix


async def test_a_contact_managed_elsewhere_does_not_stop_the_others(sandbox: Sandbox) -> None:
    made = sandbox.rezora.edit(
        {
            "action": "create",
            "contact_kind": "master",
            "fields": {"contact_name": "Mo Master", "contact_email": "mo@example.net"},
        }
    )
    system = rezora_of(sandbox, InstantClock())
    with pytest.raises(Rejected, match="managed elsewhere"):
        await system.update(str(made["id"]), {"contact_home_city": "Golden"})
    await system.close()


async def test_an_account_that_blanks_the_rest_loses_nothing() -> None:
    async with running(rezora=SandboxRezora(put_partial=False)) as sandbox:
        system = rezora_of(sandbox, InstantClock(), put_partial=False)
        place = Place(system, sandbox)
        record_id = await system.create(place.named(email="grace@example.net", city="Boulder", state="CO"))
        await system.opt_out(record_id)
        await system.update(record_id, {"contact_home_city": "Golden"})
        shown = await system.contact(record_id)
        await system.close()
    assert shown.fields["contact_home_state"] == "CO"
    assert shown.fields["contact_home_city"] == "Golden"
    assert shown.opted_out is True


@pytest.mark.parametrize("quirk", ["array", "missing"])
async def test_a_failure_shown_in_the_body_only_and_an_empty_list_are_understood(quirk: str) -> None:
    quirks = SandboxRezora(http_status_always_200=True, no_collection=quirk)  # type: ignore[arg-type]  # parametrize loses the literal
    async with running(rezora=quirks) as sandbox:
        system = rezora_of(sandbox, InstantClock())
        label = await system.create_label("Nobody yet")
        assert await system.members(label) == frozenset()
        with pytest.raises(Gone):
            await system.contact("99999999")
        await system.close()


async def test_no_delete_of_a_collection_is_in_the_history(sandbox: Sandbox) -> None:
    system = rezora_of(sandbox, InstantClock())
    place = Place(system, sandbox)
    record_id = await system.create(place.named(email="grace@example.net"))
    label = await system.create_label("Open house May")
    await system.add_label(record_id, label)
    await system.remove_label(record_id, label)
    await system.delete(record_id)
    own = next(record for record in (await system.contacts()).records if record.read_only)
    with pytest.raises(Rejected):
        await system.delete(own.id)
    await system.close()
    deletes = [entry.path for entry in sandbox.history.read() if entry.method == "DELETE"]
    assert deletes == [
        f"/v1/lists/{label.id}/contacts/{record_id}.json",
        f"/v1/contacts/{record_id}.json",
    ]


# OAuth, all the way


async def consent(url: str) -> Mapping[str, str]:
    """Press Allow on the sandbox's page; what comes back to the redirect address."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(url, data={"decision": "allow"}, allow_redirects=False) as back,
    ):
        assert back.status in (302, 303), await back.text()
        query = parse_qs(urlsplit(back.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


@dataclass(slots=True)
class Connected:
    sandbox: Sandbox
    clock: InstantClock
    config: HighLevelConfig
    grants: MemoryGrants
    system: HighLevelSystem


@asynccontextmanager
async def connected(
    *,
    read_only: bool = False,
    version: str = "2021-07-28",
    scopes: tuple[str, ...] = (),
    **behaviour: Any,
) -> AsyncIterator[Connected]:
    """A location connected through its consent page."""
    async with running(highlevel=SandboxHighLevel(burst=0, **behaviour)) as sandbox:
        app = SandboxHighLevel()
        clock = InstantClock(sandbox.clock.now())
        config = HighLevelConfig(
            api_url=sandbox.highlevel_url,
            authorise_url=f"{sandbox.highlevel_url}/v2/oauth/chooselocation",
            client_id=app.client_id,
            client_secret=app.client_secret,
            redirect_uri="http://127.0.0.1:8780/oauth/callback",
            version=version,
        )
        asked = scopes or scopes_for(read_only=read_only)
        back = await consent(authorise_url(config, "state-1", asked))
        assert back["state"] == "state-1"
        grant = await exchange_code(config, back["code"], http=http(), clock=clock, rng=rng())
        assert grant.location_id == LOCATION
        grants = MemoryGrants(grant)
        system = open_highlevel(
            config, grants, http=http(), quota=Quota(0, daily=0, clock=clock), clock=clock, rng=rng()
        )
        try:
            yield Connected(sandbox, clock, config, grants, system)
        finally:
            await system.close()


@pytest.mark.parametrize("version", ["2021-07-28", "v3"])
async def test_a_token_is_renewed_before_its_end_and_when_it_is_refused(version: str) -> None:
    async with connected(version=version) as at:
        assert (await at.system.probe()).can_write
        at.sandbox.clock.advance(86_399 - 200)
        at.clock.advance(86_399 - 200)
        await at.system.probe()
        first = await at.grants.load()
        assert (first.version, first.previous_refresh_token) == (2, "")
        at.sandbox.highlevel.edit({"kind": "app", "action": "expire_access"})
        await at.system.probe()
        assert (await at.grants.load()).version == 4
        refreshes = [entry for entry in at.sandbox.history.read() if entry.path == "/oauth/token"]
        assert [entry.status for entry in refreshes] == [200, 200, 200]


@pytest.mark.parametrize("kind", ["lost_answer", "applied_then_500", "cut_body", "html"])
async def test_a_lost_refresh_answer_is_replayed_in_the_grace(kind: str) -> None:
    async with connected() as at:
        at.sandbox.highlevel.edit({"kind": "app", "action": "expire_access"})
        fault(at.sandbox, kind=kind, path="/oauth/token")
        assert (await at.system.probe()).account == LOCATION
        assert "/oauth/reconnect" not in {entry.path for entry in at.sandbox.history.read()}


async def test_a_lost_grant_is_rescued_by_reconnect() -> None:
    async with connected() as at:
        at.sandbox.highlevel.edit({"kind": "app", "action": "expire_access"})
        at.sandbox.highlevel.edit({"kind": "app", "action": "revoke_refresh"})
        assert (await at.system.probe()).account == LOCATION
        paths = [entry.path for entry in at.sandbox.history.read()]
        assert paths.count("/oauth/reconnect") == 1


async def test_a_paused_location_pauses_and_comes_back() -> None:
    async with connected() as at:
        at.sandbox.highlevel.edit({"kind": "app", "action": "expire_access"})
        at.sandbox.configure({"highlevel": {"location_active": False}})
        with pytest.raises(Paused):
            await at.system.probe()
        at.sandbox.configure({"highlevel": {"location_active": True}})
        at.clock.advance(60)
        assert (await at.system.probe()).account == LOCATION


async def test_a_read_only_grant_leaves_no_write_in_the_history() -> None:
    async with connected(read_only=True) as at:
        assert not (await at.system.probe()).can_write
        record_id = (await at.system.contacts()).records[0].id
        for call in (
            at.system.create({"firstName": "Grace"}),
            at.system.update(record_id, {"city": "Golden"}),
            at.system.opt_out(record_id),
            at.system.delete(record_id),
            at.system.create_label("x"),
            at.system.add_label(record_id, Label("", "x")),
        ):
            with pytest.raises(ReadOnlyGrant):
                await call
        assert await at.system.make_marker() == ""
        assert int(str(at.sandbox.history.summary()["mutating"])) <= 1  # the token exchange itself


async def test_a_read_only_token_is_told_which_scope_is_missing(sandbox: Sandbox) -> None:
    system = highlevel_of(sandbox, InstantClock(), replace(PIT, access_token=READ_ONLY_PIT))
    with pytest.raises(Forbidden, match="lacks the scope"):
        await system.create({"firstName": "Grace", "email": "grace@example.net"})
    assert await system.make_marker() == ""
    await system.close()


async def test_a_consent_without_the_fields_scope_works_without_a_marker() -> None:
    scopes = tuple(scope for scope in scopes_for(read_only=False) if scope != "locations/customFields.write")
    async with connected(app_scopes=scopes, scopes=scopes) as at:
        assert await at.system.make_marker() == ""
        record_id = await at.system.create(
            {"firstName": "Grace", "email": "grace@example.net"}, marker="55501"
        )
        assert (await at.system.contact(record_id)).marker == ""
    async with connected() as at:
        assert await at.system.make_marker()


async def test_an_opt_out_gets_through_where_bulk_calls_have_taken_their_share(sandbox: Sandbox) -> None:
    for open_system in (partial(highlevel_of, grant=PIT), rezora_of):
        clock = InstantClock()
        quota = Quota(100, 10.0, 0, clock=clock)
        system = open_system(sandbox, clock, quota=quota)
        people = await everything(system)
        person = next(one for one in people if one.opted_out is False and not one.read_only)
        while quota.usage().used < 95:
            (await quota.reserve()).answered({})
        began = clock.now()
        await system.opt_out(person.id)
        assert clock.now() == began
        await system.contact(person.id)
        assert clock.now() > began
        await system.close()


async def test_every_system_tells_its_calls(place: Place) -> None:
    before = place.system.ledger().calls
    await everything(place.system)
    ledger = place.system.ledger()
    assert ledger.calls > before == 0
    assert (ledger.burst, ledger.daily, ledger.resets_at) == (0, 0, 0.0)
