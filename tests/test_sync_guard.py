"""The brake, and finding creates again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.fingerprint import adopt, record_print
from landbridge.sync.guard import Brake, Weight, weigh
from landbridge.sync.model import Record, Side
from landbridge.sync.plan import Planner
from landbridge.sync.rules import default_policy
from landbridge.sync.values import Context, converters


def test_small_accounts_may_change_25_records_and_large_ones_a_tenth() -> None:
    brake = Brake()
    assert weigh(brake, Weight(linked=40, overwrites=25)) == ""
    assert "26 of 40 linked contacts" in weigh(brake, Weight(linked=40, overwrites=26))
    assert weigh(brake, Weight(linked=1000, overwrites=100)) == ""
    assert "Nothing was written" in weigh(brake, Weight(linked=1000, overwrites=101))


def test_a_listing_that_suddenly_lacks_many_contacts_stops_the_run() -> None:
    assert "missing from a full listing" in weigh(Brake(), Weight(linked=1000, missing=101))


def test_a_fingerprint_sees_every_change_and_no_order() -> None:
    base = Record(Side.REZORA, "1", {"a": "1", "b": "2"}, frozenset({"x", "y"}), opted_out=False)
    same = Record(Side.REZORA, "1", {"b": "2", "a": "1"}, frozenset({"y", "x"}), opted_out=False)
    assert record_print(base) == record_print(same)
    others = [
        Record(Side.REZORA, "1", {"a": "1", "b": ""}, frozenset({"x", "y"}), opted_out=False),
        Record(Side.REZORA, "1", {"a": "1"}, frozenset({"x", "y"}), opted_out=False),
        Record(Side.REZORA, "1", {"a": "1", "b": "2"}, None, opted_out=False),
        Record(Side.REZORA, "1", {"a": "1", "b": "2"}, frozenset({"x", "y"}), opted_out=True),
        Record(Side.REZORA, "1", {"a": "1", "b": "2"}, frozenset({"x", "y"}), opted_out=None),
    ]
    assert len({record_print(record) for record in [base, *others]}) == 6


def test_a_body_is_found_again_although_the_other_side_trimmed_it() -> None:
    planner = Planner(default_policy(), converters(Context()))
    sent = {
        "contact_name": "Ada Byron",
        "contact_email": "Ada@Example.org",
        "contact_phone_mobile": "303-555-0100",
    }
    shown = sent | {"contact_email": "ada@example.org ", "contact_phone_home": "", "contact_type": ""}
    assert planner.body_print(Side.REZORA, sent) == planner.body_print(Side.REZORA, shown)
    assert planner.body_print(Side.REZORA, sent) != planner.body_print(
        Side.REZORA, sent | {"contact_name": "Bo Byron"}
    )


@given(
    st.dictionaries(st.text(min_size=1, max_size=4), st.sampled_from("abc")),
    st.dictionaries(st.text(min_size=1, max_size=4), st.sampled_from("abc")),
)
def test_twins_are_counted(intents: dict[str, str], records: dict[str, str]) -> None:
    found = adopt(intents.items(), records.items())
    assert len(set(found.values())) == len(found)
    for body in "abc":
        sent = sum(1 for value in intents.values() if value == body)
        there = sum(1 for value in records.values() if value == body)
        assert sum(1 for source in found if intents[source] == body) == min(sent, there)
    assert all(intents[source] == records[record] for source, record in found.items())
