"""What a dry run keeps to look at: bounded, some of every kind, with exact counts."""

from __future__ import annotations

from landbridge.engine.cases import Case
from landbridge.engine.examples import MOST, Examples
from landbridge.store.journal import OpenHold
from landbridge.store.observed import Sighting
from landbridge.sync.actions import ChangeLabel, Create, Hold, OptOut, Plan, Update
from landbridge.sync.model import Record, Side
from landbridge.sync.rules import default_policy

POLICY = default_policy()


def sight(side: Side, record_id: str, email: str = "", **fields: str) -> Sighting:
    return Sighting(Record(side, record_id, fields), "print", "Ada Brook", email, "")


def case(number: int, plan: Plan, *, rezora: bool = False, waits: bool = False) -> Case:
    one = sight(Side.HIGHLEVEL, f"h{number}", "ada@example.org", city="Lyons")
    two = sight(Side.REZORA, f"r{number}", "ada@example.org", contact_home_city="Denver") if rezora else None
    return Case(one, two, None, plan, waits=waits)


def test_counts_are_exact_and_a_rare_kind_at_the_end_is_among_the_examples() -> None:
    examples = Examples()
    for number in range(5_000):
        examples.add(case(number, Plan(excluded="no_email")), POLICY)
    create = Create(Side.REZORA, "h9001", {"contact_name": "Ada Brook"}, labels=("Buyers",))
    for number in range(9_001, 9_004):
        examples.add(case(number, Plan(actions=(create,))), POLICY)
    assert examples.counts == {"left_out": 5_000, "create_rezora": 3}
    assert len(examples.kept) <= MOST
    assert len(examples.of("create_rezora")) == 3
    assert [one.record_id for one in examples.suggested()] == ["h9001", "h9002", "h9003"]
    assert [(each.kind, each.title, each.after) for each in examples.of("create_rezora")[0].changes] == [
        ("field", "name", ("Ada Brook",)),
        ("label", "Buyers", ("on it",)),
    ]


def test_every_kind_together_stays_within_the_bound() -> None:
    examples = Examples()
    kinds = (
        Plan(excluded="no_email"),
        Plan(holds=(Hold("both_changed", "city"),)),
        Plan(actions=(OptOut(Side.REZORA, "r1"),)),
        Plan(actions=(ChangeLabel(Side.REZORA, "r1", "Buyers", present=False),)),
    )
    for number in range(4 * MOST):
        examples.add(case(number, kinds[number % 4], rezora=True), POLICY)
    assert len(examples.kept) <= MOST
    assert set(examples.counts) == {"left_out", "hold", "opt_out", "list", "link"}


def test_an_update_shows_what_is_there_now_and_what_it_becomes() -> None:
    examples = Examples()
    update = Update(
        Side.REZORA, "r1", {"contact_home_city": "Lyons"}, {"contact_home_city": "Denver"}, ("city",)
    )
    examples.add(case(1, Plan(actions=(update,)), rezora=True), POLICY)
    (one,) = examples.kept
    assert (one.whats, one.why) == (("update_rezora", "link"), "email")
    assert [(each.title, each.before, each.after) for each in one.changes] == [
        ("city", ("Denver",), ("Lyons",))
    ]
    assert examples.find("r1") is one
    assert examples.find("") is None


def test_who_waits_for_an_edit_to_settle_is_no_change() -> None:
    examples = Examples()
    examples.add(case(1, Plan(actions=(Create(Side.REZORA, "h1", {}),)), waits=True), POLICY)
    assert (examples.kept, dict(examples.counts)) == ([], {})


def test_doubts_are_kept_with_names_and_counted() -> None:
    examples = Examples()
    holds = [OpenHold("maybe_same", f"h{n}", f"r{n}", detail="Alike.") for n in range(MOST + 5)]
    examples.doubt(holds, {"h0": "Ada", "r0": "Ada B."})
    assert (examples.unsure, len(examples.candidates)) == (MOST + 5, MOST)
    assert (examples.candidates[0].highlevel_name, examples.candidates[0].rezora_name) == ("Ada", "Ada B.")
