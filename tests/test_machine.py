"""The state machine: people edit both sides, everything breaks, and the judge looks after every step."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from simulation import Simulation

EXAMPLES = int(
    os.environ.get("LANDBRIDGE_TEST_EXAMPLES", "60")
)  # shrunk when one fails; the many are stories
STEPS = 14

CITIES = ("Boulder", "Denver", "Lyons", "Zürich", "<script>alert(1)</script>", "{{contact.email}}", "")
FIRST = ("Ada", "Grace", "Katherine", "José", "Anne-Marie")
LAST = ("Byron", "Hopper", "O'Brien", "van der Berg")
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost_answer", "side": "rezora", "method": "POST"},
    {"kind": "lost_answer", "side": "highlevel", "method": "POST", "path": "/contacts/", "path_regex": "/$"},
    {"kind": "applied_then_500", "side": "highlevel", "method": "PUT"},
    {"kind": "applied_then_500", "side": "rezora", "method": "PUT"},
    {"kind": "fail_before", "side": "rezora", "method": "PUT", "times": 2},
    {"kind": "fail_before", "side": "highlevel", "method": "POST", "path_regex": "/tags"},
    {"kind": "refuse", "side": "rezora", "times": 3},
    {"kind": "refuse", "side": "highlevel", "method": "PUT"},
    {"kind": "cut_body", "side": "rezora", "path": "/v1/contacts.json"},
    {"kind": "cut_body", "side": "highlevel", "path": "/contacts/search"},
    {"kind": "html", "side": "rezora", "method": "POST"},
    {"kind": "ok_with_error", "side": "rezora", "method": "PUT"},
    {"kind": "ok_with_error", "side": "highlevel", "method": "PUT"},
    {"kind": "429", "side": "highlevel", "times": 2},
    {"kind": "status", "status": 503, "side": "rezora", "times": 2},
    {"kind": "status", "status": 422, "side": "highlevel", "method": "POST", "path_regex": "^/contacts/$"},
    {"kind": "status", "status": 422, "side": "rezora", "method": "PUT"},
    {"kind": "drop_field", "side": "highlevel", "path": "/contacts/search", "field": "dndSettings"},
    {"kind": "drop_field", "side": "highlevel", "path": "/contacts/search", "field": "tags"},
    {"kind": "zombie", "side": "rezora", "method": "POST", "path": "/v1/contacts.json", "after_requests": 3},
    {
        "kind": "zombie",
        "side": "highlevel",
        "method": "POST",
        "path_regex": "^/contacts/$",
        "after_requests": 4,
    },
)


class TwoWay(RuleBasedStateMachine):
    """One bridge and everything that happens to it."""

    quirks: ClassVar[dict[str, Any]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.world = Simulation(**self.quirks)
        self.number = 0
        self.deleted: dict[str, Any] = {}

    # People

    def _pick(self, side: str, choose: int) -> str:
        ids = sorted(self.world.contacts(side))
        return ids[choose % len(ids)]

    @rule(
        first=st.sampled_from(FIRST),
        last=st.sampled_from(LAST),
        city=st.sampled_from(CITIES),
        tagged=st.booleans(),
    )
    def new_in_highlevel(self, first: str, last: str, city: str, tagged: bool) -> None:
        self.number += 1
        fields = {"firstName": first, "lastName": last, "email": f"p{self.number}@example.org", "city": city}
        fields |= {"website": f"https://{self.number}.example.org", "source": "walk-in"}
        self.world.edit(
            "highlevel", action="create", fields=fields | ({"tags": ["buyer", "vip"]} if tagged else {})
        )

    @rule(
        first=st.sampled_from(FIRST),
        last=st.sampled_from(LAST),
        city=st.sampled_from(CITIES),
        hot=st.booleans(),
    )
    def new_in_rezora(self, first: str, last: str, city: str, hot: bool) -> None:
        self.number += 1
        fields = {"contact_name": f"{first} {last}", "contact_email": f"p{self.number}@example.org"}
        fields |= {
            "contact_home_city": city,
            "contact_type": "Hot" if hot else "Active",
            "contact_title": "Agent",
        }
        self.world.edit("rezora", action="create", fields=fields)

    @rule(first=st.sampled_from(FIRST), last=st.sampled_from(LAST), same=st.booleans(), out=st.booleans())
    def the_same_person_in_both(self, first: str, last: str, same: bool, out: bool) -> None:
        self.number += 1
        email = f"p{self.number}@example.org"
        left = {"firstName": first, "lastName": last, "email": email, "city": "Boulder"}
        self.world.edit("highlevel", action="create", fields=left)
        right = {"contact_name": f"{first} {last}", "contact_email": email.upper()}
        made = self.world.edit(
            "rezora", action="create", fields=right | {"contact_home_city": "Boulder" if same else "Denver"}
        )
        if out:
            self.world.edit("rezora", action="unsubscribe", id=made["id"])

    @rule(choose=st.integers(0, 50), city=st.sampled_from(CITIES))
    @precondition(lambda self: self.world.contacts("highlevel"))
    def move_in_highlevel(self, choose: int, city: str) -> None:
        self.world.edit(
            "highlevel", action="update", id=self._pick("highlevel", choose), fields={"city": city}
        )

    @rule(choose=st.integers(0, 50), city=st.sampled_from(CITIES))
    @precondition(lambda self: self.world.contacts("rezora"))
    def move_in_rezora(self, choose: int, city: str) -> None:
        fields = {"contact_home_city": city}
        self.world.edit("rezora", action="update", id=self._pick("rezora", choose), fields=fields)

    @rule(choose=st.integers(0, 50), last=st.sampled_from(LAST))
    @precondition(lambda self: self.world.contacts("highlevel"))
    def marry_in_highlevel(self, choose: int, last: str) -> None:
        record = self._pick("highlevel", choose)
        self.world.edit("highlevel", action="update", id=record, fields={"lastName": last})

    @rule(choose=st.integers(0, 50), first=st.sampled_from(FIRST), last=st.sampled_from(LAST))
    @precondition(lambda self: self.world.contacts("rezora"))
    def rename_in_rezora(self, choose: int, first: str, last: str) -> None:
        fields = {"contact_name": f"{first} {last}"}
        self.world.edit("rezora", action="update", id=self._pick("rezora", choose), fields=fields)

    @rule(choose=st.integers(0, 50), side=st.sampled_from(("highlevel", "rezora")))
    def another_address(self, choose: int, side: str) -> None:
        if not self.world.contacts(side):
            return
        self.number += 1
        name = "email" if side == "highlevel" else "contact_email"
        fields = {name: f"p{self.number}@example.org"}
        self.world.edit(side, action="update", id=self._pick(side, choose), fields=fields)

    @rule(choose=st.integers(0, 50), number=st.sampled_from(("+13035550100", "+13035550177", "")))
    @precondition(lambda self: self.world.contacts("highlevel"))
    def telephone(self, choose: int, number: str) -> None:
        record = self._pick("highlevel", choose)
        try:
            self.world.edit("highlevel", action="update", id=record, fields={"phone": number})
        except ValueError:
            return

    @rule(choose=st.integers(0, 50), tag=st.sampled_from(("buyer", "hot lead", "vip")), add=st.booleans())
    @precondition(lambda self: self.world.contacts("highlevel"))
    def tag(self, choose: int, tag: str, add: bool) -> None:
        action = "add_tags" if add else "remove_tags"
        self.world.edit("highlevel", action=action, id=self._pick("highlevel", choose), tags=[tag])

    @rule(choose=st.integers(0, 50), add=st.booleans(), kind=st.sampled_from(("Hot", "Active", "")))
    @precondition(lambda self: self.world.contacts("rezora"))
    def list_or_type(self, choose: int, add: bool, kind: str) -> None:
        record = self._pick("rezora", choose)
        names = {row["list_name"] for row in self.world.rezora.dump()["lists"]}
        if "Buyers" in names and choose % 2:
            action = "add_to_list" if add else "remove_from_list"
            self.world.edit("rezora", action=action, id=record, list="Buyers")
        else:
            self.world.edit("rezora", action="update", id=record, fields={"contact_type": kind})

    @rule(choose=st.integers(0, 50), side=st.sampled_from(("highlevel", "rezora")))
    def opt_out(self, choose: int, side: str) -> None:
        if not self.world.contacts(side):
            return
        record = self._pick(side, choose)
        if side == "rezora":
            self.world.edit("rezora", action="unsubscribe", id=record)
        else:
            self.world.edit("highlevel", action="set_dnd", id=record, channels={"Email": "active"})

    @rule(choose=st.integers(0, 50), side=st.sampled_from(("highlevel", "rezora")))
    def opt_in(self, choose: int, side: str) -> None:
        if not self.world.contacts(side):
            return
        record = self._pick(side, choose)
        if side == "rezora":
            self.world.edit("rezora", action="resubscribe", id=record)
        else:
            self.world.edit("highlevel", action="set_dnd", id=record, channels={"Email": "inactive"})

    @rule(choose=st.integers(0, 50), side=st.sampled_from(("highlevel", "rezora")))
    def delete(self, choose: int, side: str) -> None:
        if not self.world.contacts(side):
            return
        record = self._pick(side, choose)
        if side == "highlevel":
            self.deleted[record] = self.world.highlevel.state.contacts[record]
        self.world.edit(side, action="delete", id=record)

    @rule()
    @precondition(lambda self: self.deleted)
    def bring_back(self) -> None:
        record, contact = self.deleted.popitem()
        try:
            self.world.edit("highlevel", action="restore", id=record, contact=contact)
        except ValueError:
            return

    @rule(choose=st.integers(0, 50), other=st.integers(0, 50))
    @precondition(lambda self: len(self.world.contacts("highlevel")) > 1)
    def merge(self, choose: int, other: int) -> None:
        kept, gone = self._pick("highlevel", choose), self._pick("highlevel", other)
        if kept != gone:
            self.world.edit("highlevel", action="merge", id=kept, others=[gone])

    @rule(choose=st.integers(0, 50), one=st.sampled_from(CITIES), two=st.sampled_from(CITIES))
    @precondition(lambda self: self.world.pairs())
    def move_in_both(self, choose: int, one: str, two: str) -> None:
        pairs = self.world.pairs()
        left, right = pairs[choose % len(pairs)]
        self.world.edit("highlevel", action="update", id=left, fields={"city": one})
        self.world.edit("rezora", action="update", id=right, fields={"contact_home_city": two})

    @rule(choose=st.integers(0, 50), city=st.sampled_from(CITIES))
    @precondition(lambda self: self.world.pairs())
    def deleted_here_and_edited_there(self, choose: int, city: str) -> None:
        pairs = self.world.pairs()
        left, right = pairs[choose % len(pairs)]
        if choose % 2:
            self.world.edit("rezora", action="delete", id=right)
            self.world.edit("highlevel", action="update", id=left, fields={"city": city})
        else:
            self.world.edit("highlevel", action="delete", id=left)
            self.world.edit("rezora", action="update", id=right, fields={"contact_home_city": city})

    @rule(choose=st.integers(0, 50), use=st.integers(0, 5))
    @precondition(lambda self: self.world.synced)
    def somebody_answers(self, choose: int, use: int) -> None:
        self.world.answer(choose, use)

    # What happens to us

    @rule()
    def sync(self) -> None:
        self.world.sync()

    @rule()
    @precondition(lambda self: self.world.synced)
    def events_arrive(self) -> None:
        self.world.events()
        self.world.partly("live")

    @rule()
    @precondition(lambda self: self.world.synced)
    def we_look_what_moved(self) -> None:
        self.world.partly("poll")

    @rule(at=st.integers(1, 60))
    @precondition(lambda self: self.world.synced)
    def die_while_events_arrive(self, at: int) -> None:
        self.world.events()
        self.world.partly("live", crash_at=at)

    @rule(seconds=st.sampled_from((5.0, 11.0, 40.0, 90_000.0)))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    @rule(skew=st.sampled_from((-86_400.0, 0.0, 86_400.0)))
    def our_clock_is_wrong(self, skew: float) -> None:
        self.world.clock.skew = skew

    @rule(number=st.integers(0, len(FAULTS) - 1), skip=st.integers(0, 3))
    def something_breaks(self, number: int, skip: int) -> None:
        self.world.fault(**({"times": 1, "skip": skip} | FAULTS[number]))

    @rule(at=st.integers(1, 160))
    def die_during_a_sync(self, at: int) -> None:
        self.world.sync(crash_at=at)

    @rule()
    def the_token_ends(self) -> None:
        self.world.sandbox.edit("highlevel", {"kind": "app", "action": "expire_access"})

    @rule(seconds=st.sampled_from((0.0, 5.0)))
    @precondition(lambda self: self.world.synced)  # a first sync does not look at each contact by id
    def the_search_lags(self, seconds: float) -> None:
        self.world.sandbox.configure({"highlevel": {"search_lag_seconds": seconds}})

    @rule()
    def copy_the_database(self) -> None:
        self.world.backup()

    @rule()
    def put_the_copy_back(self) -> None:
        self.world.restore()

    @rule(choose=st.integers(0, 50), one=st.sampled_from(CITIES), two=st.sampled_from(CITIES))
    @precondition(lambda self: self.world.pairs())
    def an_old_copy_comes_back(self, choose: int, one: str, two: str) -> None:
        pairs = self.world.pairs()
        left, right = pairs[choose % len(pairs)]
        self.world.backup()
        self.world.edit("highlevel", action="update", id=left, fields={"city": one})
        self.world.clock.advance(60.0)
        self.world.sync()
        if right in self.world.contacts("rezora"):
            self.world.edit("rezora", action="update", id=right, fields={"contact_home_city": two})
        self.world.restore()

    def settle(self) -> None:
        """To rest, with all checks."""
        self.world.settle()

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.world.close()


class Awkward(TwoWay):
    """The same with a Rezora that cuts long texts and ignores opt-outs."""

    quirks: ClassVar[dict[str, Any]] = {
        "unsubscribe_writable": False,
        "limits": {"contact_home_city": 4},
        "too_long": "truncate",
    }


def profile(examples: int) -> settings:
    """The same examples each time; a failing one is printed as a program."""
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        print_blob=True,
    )


def test_whatever_people_do_and_whatever_breaks_both_sides_agree_in_the_end() -> None:
    run_state_machine_as_test(TwoWay, settings=profile(EXAMPLES))


def test_so_it_is_with_a_rezora_that_does_not_do_as_it_is_told() -> None:
    run_state_machine_as_test(Awkward, settings=profile(max(EXAMPLES // 5, 20)))
