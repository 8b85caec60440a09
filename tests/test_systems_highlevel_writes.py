"""HighLevel's writes against the sandbox: duplicates, cleared fields, the marker field, barred channels."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from landbridge.sandbox.highlevel.config import FULL_PIT
from landbridge.sandbox.server import Sandbox
from landbridge.systems.base import Duplicate, Malformed, Rejected, Unavailable
from systems_fakes import LOCATION, PIT, VERSIONS, InstantClock, fault, highlevel_of, running


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with running() as started:
        yield started


FAULTS = ["refuse", "fail_before", "lost_answer", "applied_then_500", "cut_body", "429", "html"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_duplicate_names_the_other_contact(sandbox: Sandbox, version: str) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT, version=version)
    first = await system.create({"firstName": "Grace", "email": "grace@example.net"})
    second = await system.create({"firstName": "Other", "email": "other@example.net"})
    for call, sent in (
        (system.create({"firstName": "Other", "email": "grace@example.net"}), "maybe"),
        (system.update(second, {"email": "grace@example.net"}), "yes"),
    ):
        with pytest.raises(Duplicate) as caught:
            await call
        assert (caught.value.contact_id, caught.value.sent) == (first, sent)
        assert "grace" not in caught.value.sentence
    assert (await system.contact(second)).fields["email"] == "other@example.net"
    await system.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_field_can_be_cleared_in_highlevel(sandbox: Sandbox, version: str) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT, version=version)
    custom = {
        f"customFields.{found.id}": value
        for found in await system.custom_fields()
        for kind, value in (("TEXT", "red"), ("NUMERICAL", "12"), ("DATE", "2026-01-05"))
        if found.type == kind
    }
    assert custom
    fields = {
        "email": "grace@example.net",
        "phone": "+13125550142",
        "address1": "9 Elm Rd",
        "city": "Boulder",
        "state": "CO",
        "postalCode": "80301",
        "country": "US",
        "website": "https://grace.example.net",
        "dateOfBirth": "1990-09-05",
        "source": "landbridge",
        "lastName": "Brewster",
    } | custom
    record_id = await system.create({"firstName": "Grace"} | fields)
    shown = (await system.contact(record_id)).fields
    assert {name: shown[name] for name in fields} == fields
    await system.update(record_id, dict.fromkeys(fields, ""))
    shown = (await system.contact(record_id)).fields
    await system.close()
    assert not {name: shown[name] for name in fields if shown.get(name)}
    assert shown["firstName"] == "Grace"


async def test_a_company_name_is_not_sent_with_an_update(sandbox: Sandbox) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT)
    record_id = await system.create({"firstName": "Grace", "companyName": "Engines"})
    before = sandbox.history.summary()["total"]
    with pytest.raises(Rejected, match="only when a contact is created") as caught:
        await system.update(record_id, {"city": "Boulder", "companyName": "Navy"})
    await system.close()
    assert caught.value.sent == "no"
    assert sandbox.history.summary()["total"] == before


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_marker_field_that_somebody_deleted_refuses_the_create(
    sandbox: Sandbox, version: str
) -> None:
    at_connect = highlevel_of(sandbox, InstantClock(), PIT, version=version)
    marker_field = await at_connect.make_marker()
    await at_connect.close()
    system = highlevel_of(sandbox, InstantClock(), PIT, version=version, marker_field=marker_field)
    record_id = await system.create({"firstName": "Grace", "email": "grace@example.net"}, marker="55501")
    assert (await system.contact(record_id)).marker == "55501"
    async with (
        aiohttp.ClientSession() as browser,
        browser.delete(
            f"{sandbox.highlevel_url}/locations/{LOCATION}/customFields/{marker_field}",
            headers={"Authorization": f"Bearer {FULL_PIT}", "Version": version},
        ) as deleted,
    ):
        assert deleted.status == 200
    with pytest.raises(Rejected, match="no such custom field"):
        await system.create({"firstName": "Mary", "email": "mary@example.net"}, marker="55502")
    with pytest.raises(Rejected, match="no such custom field"):  # and not Gone
        await system.update(record_id, {f"customFields.{marker_field}": "x"})
    assert await system.make_marker() not in ("", marker_field)
    again = await system.create({"firstName": "Mary", "email": "mary@example.net"}, marker="55502")
    assert (await system.contact(again)).marker == "55502"
    await system.close()


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_leaves_one_marker_field_at_most(sandbox: Sandbox, kind: str) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT)
    others = len(await system.custom_fields())
    fault(sandbox, kind=kind, side="highlevel", method="POST", path_regex=r"customFields$")
    try:
        marker_field = await system.make_marker()
    except (Unavailable, Malformed):
        marker_field = await system.make_marker()
    assert marker_field
    await system.close()
    seeing = highlevel_of(sandbox, InstantClock(), PIT)
    assert len(await seeing.custom_fields()) == others + 1
    await seeing.close()


async def test_do_not_disturb_for_all_bars_every_channel(sandbox: Sandbox) -> None:
    system = highlevel_of(sandbox, InstantClock(), PIT)
    record_id = await system.create({"firstName": "Grace", "email": "grace@example.net"})
    sandbox.highlevel.edit({"kind": "contact", "action": "set_dnd", "id": record_id, "dnd": True})
    shown = await system.contact(record_id)
    await system.close()
    assert shown.opted_out is True
    assert shown.barred == frozenset({"sms", "call", "whatsapp", "gmb", "fb"})
