"""Property L9: swapping the two sides mirrors the plan, and the order of things plays no part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from landbridge.sync.actions import Action, ChangeLabel, Create, Delete, Hold, OptOut, Plan, Situation, Update
from landbridge.sync.merge import ACCEPTED, RESTORED, UNDONE, difference
from landbridge.sync.model import Choice, Link, Record, Side
from landbridge.sync.plan import Planner
from landbridge.sync.rules import FIELD_STRATEGIES, Direction, LabelRule, OnDelete, Policy, Rule
from landbridge.sync.values import Context, Converter, converters

H, R = Side.HIGHLEVEL, Side.REZORA
EXAMPLES = 700

# Every field has its twin on the other side. The addresses keep their own names, which the core looks at.
TWINS = {
    "firstName": "contact_name",
    "email": "contact_email",
    "city": "contact_city",
    "note": "contact_note",
    "kind": "contact_kind",
}
FIELDS = {**TWINS, **{there: here for here, there in TWINS.items()}}
DIRECTIONS = {
    Direction.TO_REZORA: Direction.TO_HIGHLEVEL,
    Direction.TO_HIGHLEVEL: Direction.TO_REZORA,
    Direction.BOTH: Direction.BOTH,
}
TEXT = converters(Context())["text"]
NAMES = {"highlevel": "rezora", "rezora": "highlevel"}
# The two sides differ in three things, on purpose: Rezora mails, so that an opt-out which does not show there
# is told, and whoever gets no e-mail joins no list; Rezora takes nobody without a name; and where no rule
# carries the address to HighLevel nobody is created there, while towards Rezora each contact says why not.
ONE_SIDED = frozenset({"opt_out_did_not_stick"})


def swapped(text: str) -> str:
    """``edited_in_rezora`` for ``edited_in_highlevel``, and so on."""
    return "".join(NAMES.get(part, part) for part in re.split("(highlevel|rezora)", text))


# The mirror, type by type


def mirror_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Under the twins' names; labels of a base keep theirs, as rules are mirrored one by one."""
    return {FIELDS.get(name, name): value for name, value in fields.items()}


@dataclass(frozen=True)
class Mirror:
    """Mirrors whatever speaks of sides, for one policy: labels of a base go by the keys of its rules."""

    keys: Mapping[str, str]

    @classmethod
    def of(cls, policy: Policy) -> Mirror:
        """The mirror for a policy."""
        pairs = [(rule.key, mirror_label(rule).key) for rule in policy.labels]
        return cls({f"label:{key}": f"label:{other}" for key, other in pairs})

    def base(self, fields: Mapping[str, str]) -> dict[str, str]:
        """What a side last showed, as the other side's."""
        return {self.keys.get(name, FIELDS.get(name, name)): value for name, value in fields.items()}

    def notes(self, notes: Mapping[str, str]) -> dict[str, str]:
        """An accepted difference names both values, HighLevel's first."""
        turned = {}
        for rule, note in notes.items():
            if note.startswith(ACCEPTED):
                one, _, other = note.removeprefix(ACCEPTED).partition("\x1f")
                note = difference(other, one)  # noqa: PLW2901  # the mirrored note
            turned[self.keys.get(rule, rule)] = note
        return turned

    def link(self, link: Link | None) -> Link | None:
        """The link of the mirrored records."""
        if link is None:
            return None
        return Link(
            link.rezora_id,
            link.highlevel_id,
            self.base(link.base_rezora),
            self.base(link.base_highlevel),
            link.unread.other if link.unread else None,
            self.notes(link.notes),
            link.rebase,
        )

    def situation(self, situation: Situation) -> Situation:
        """The same people, seen from the other side."""
        return replace(
            situation,
            highlevel=mirror_record(situation.rezora),
            rezora=mirror_record(situation.highlevel),
            link=self.link(situation.link),
            choices={rule: mirror_choice(choice) for rule, choice in situation.choices.items()},
            gone=situation.gone.other if situation.gone else None,
            tombstone=swapped(situation.tombstone),
            lifted=frozenset(side.other for side in situation.lifted),
        )

    def hold(self, hold: Hold, policy: Policy) -> Hold:
        """Holds of labels go by the tag: the mirrored rule has another name."""
        names = {rule.name: mirror_label(rule).name for rule in policy.labels}
        return Hold(swapped(hold.cause), names.get(hold.rule, hold.rule), hold.rezora, hold.highlevel)


def mirror_record(record: Record | None) -> Record | None:
    if record is None:
        return None
    labels = None if record.labels is None else frozenset(mirror_mark(name) for name in record.labels)
    return replace(record, side=record.side.other, fields=mirror_fields(record.fields), labels=labels)


def mirror_mark(name: str) -> str:
    """Marks have the same names on both sides of the mirror: what is a tag here is a list there."""
    return name


def mirror_choice(choice: Choice) -> Choice:
    return Choice(choice.rule, swapped(choice.use), choice.value, choice.rezora, choice.highlevel)


def mirror_rule(rule: Rule) -> Rule:
    here = tuple(FIELDS[name] for name in rule.rezora)
    there = tuple(FIELDS[name] for name in rule.highlevel)
    direction = DIRECTIONS[rule.direction]
    return replace(rule, highlevel=here, rezora=there, direction=direction, prefer=rule.prefer.other)


def mirror_label(rule: LabelRule) -> LabelRule:
    return LabelRule(
        rule.list,
        rule.tag,
        DIRECTIONS[rule.direction],
        FIELDS.get(rule.rezora_field, ""),
        rule.rezora_option,
        FIELDS.get(rule.highlevel_field, ""),
        rule.highlevel_option,
    )


def mirror_policy(policy: Policy) -> Policy:
    return replace(
        policy,
        rules=tuple(mirror_rule(rule) for rule in policy.rules),
        labels=tuple(mirror_label(rule) for rule in policy.labels),
        create_in_rezora=policy.create_in_highlevel,
        create_in_highlevel=policy.create_in_rezora,
        only=policy.only.other if policy.only else None,
    )


def mirror_converter(known: Converter) -> Converter:
    return Converter(
        known.name,
        known.title,
        known.rezora,
        known.highlevel,
        known.write_highlevel,
        known.write_rezora,
        known.canon_rezora,
        known.canon_highlevel,
    )


def mirror_action(action: Action, mirrored: Mirror, policy: Policy) -> Action:
    side = action.side.other
    names = {rule.name: mirror_label(rule).name for rule in policy.labels}
    match action:
        case Update():
            return Update(
                side,
                action.record_id,
                mirror_fields(action.fields),
                mirror_fields(action.before),
                tuple(names.get(rule, rule) for rule in action.rules),
                action.conflicts,
            )
        case Create():
            return replace(action, side=side, fields=mirror_fields(action.fields))
        case OptOut() | ChangeLabel() | Delete():
            return replace(action, side=side)
    raise TypeError(mirrored)


def as_set(actions: tuple[Action, ...]) -> list[str]:
    """Actions without their order: Rezora, which mails, is always served first."""
    return sorted(repr(_sorted(action)) for action in actions)


def _sorted(action: Action) -> Action:
    if isinstance(action, Update):
        return replace(
            action, fields=dict(sorted(action.fields.items())), before=dict(sorted(action.before.items()))
        )
    if isinstance(action, Create):
        return replace(action, fields=dict(sorted(action.fields.items())))
    return action


# Situations

values = st.sampled_from(["", "", "Lyons", " Lyons ", "Boulder", "Hot", "Warm"])
names = st.sampled_from(["Ada", "Ada", " Bo", ""])
emails = st.sampled_from(["", "ada@example.org", "bo@example.org", "no address"])
consent = st.sampled_from([False] * 8 + [True, None])
directions = st.sampled_from(Direction)


def text_rule(name: str, here: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        st.just(name),
        st.just((here,)),
        st.just((TWINS[here],)),
        st.just("text"),
        directions,
        st.sampled_from(FIELD_STRATEGIES),
        st.sampled_from(Side),
    )


LABELS = (
    LabelRule("buyer", "Buyers", Direction.BOTH),
    LabelRule("hot", "", Direction.BOTH, rezora_field="contact_kind", rezora_option="Hot"),
    LabelRule("", "Clients", Direction.BOTH, highlevel_field="kind", highlevel_option="Warm"),
)
labels = st.builds(
    lambda rules, ways: tuple(replace(rule, direction=way) for rule, way in zip(rules, ways, strict=True)),
    st.just(LABELS),
    st.tuples(directions, directions, directions),
)
policies = st.builds(
    Policy,
    st.tuples(
        st.just(Rule("name", ("firstName",), ("contact_name",), "text", Direction.BOTH)),
        text_rule("email", "email"),
        text_rule("city", "city"),
        text_rule("note", "note"),
    ),
    labels,
    opt_out=st.booleans(),
    require_email=st.just(False),
    create_in_rezora=st.sampled_from([True, True, False]),
    create_in_highlevel=st.sampled_from([True, True, False]),
    on_delete=st.sampled_from(OnDelete),
    only=st.sampled_from([None, None, None, H, R]),
)


@st.composite
def records(draw: st.DrawFn, side: Side) -> Record:
    """One record; any field may be absent."""
    shown = draw(
        st.fixed_dictionaries({"firstName": names}, optional={"city": values, "note": values, "kind": values})
    )
    shown |= draw(st.fixed_dictionaries({}, optional={"email": emails}))
    fields = shown if side is H else mirror_fields(shown)
    marks = st.sampled_from(["buyer", "hot"] if side is H else ["Buyers", "Clients"])
    carried = draw(st.none() | st.frozensets(marks))
    return Record(side, "here" if side is H else "there", fields, carried, draw(consent))


@st.composite
def bases(draw: st.DrawFn, record: Record, policy: Policy) -> dict[str, str]:
    """Mostly what the record shows now, with some of it moved since or never seen."""
    base = dict(record.fields)
    for name in sorted(base):
        base[name] = draw(st.sampled_from([base[name], base[name], "Lyons", ""]))
    for rule in policy.labels:
        flag = draw(st.sampled_from(["0", "1", ""]))
        if flag:
            base[f"label:{rule.key}"] = flag
    if draw(st.booleans()) and base:
        base.pop(draw(st.sampled_from(sorted(base))))
    return base


@st.composite
def links(draw: st.DrawFn, here: Record, there: Record, policy: Policy) -> Link:
    notes = st.sampled_from([RESTORED, UNDONE, difference("lyons", "boulder"), difference("Lyons", "")])
    return Link(
        here.id,
        there.id,
        draw(bases(here, policy)),
        draw(bases(there, policy)),
        draw(st.sampled_from([None, None, H, R])),
        draw(st.dictionaries(st.sampled_from(["city", "note"]), notes)),
        draw(st.sampled_from([False, False, True])),
    )


@st.composite
def choices(draw: st.DrawFn, here: Record | None, there: Record | None) -> dict[str, Choice]:
    """About fields, mostly as both sides show them now, and about the whole record."""
    made = {}
    for rule, name in (("city", "city"), ("note", "note")):
        if draw(st.booleans()):
            shown = (
                here.fields.get(name, "") if here else "",
                there.fields.get(TWINS[name], "") if there else "",
            )
            saw = draw(st.sampled_from([shown, shown, ("old", "older")]))
            use = draw(st.sampled_from(["highlevel", "rezora", "value", "ignore"]))
            made[rule] = Choice(rule, use, draw(st.sampled_from(["Typed", ""])), *saw)
    if draw(st.booleans()):
        use = draw(st.sampled_from(["create", "keep", "delete", "ignore", "out"]))
        made[""] = Choice("", use, draw(st.sampled_from(["", "deleted_and_edited"])))
    return made


@st.composite
def situations(draw: st.DrawFn) -> tuple[Policy, Situation]:
    """A pair, linked or not, a record alone, or one whose partner was deleted."""
    policy = draw(policies)
    here, there = draw(records(H)), draw(records(R))
    suppressed = draw(st.sampled_from([False] * 5 + [True]))
    if suppressed or not here.opted_out is there.opted_out is False:
        policy = replace(policy, labels=())  # who gets no e-mail joins no list: one-sided on purpose
    link = draw(links(here, there, policy)) if draw(st.booleans()) else None
    absent = draw(st.sampled_from([None, None, None, H, R]))
    gone = absent if link and draw(st.booleans()) else None
    return policy, Situation(
        None if absent is H else here,
        None if absent is R else there,
        link,
        suppressed=suppressed,
        choices=draw(choices(None if absent is H else here, None if absent is R else there)),
        gone=gone,
        tombstone=draw(
            st.sampled_from(["", "", "", "", "deleted_in_rezora", "deleted_in_highlevel", "restored"])
        ),
        paused=draw(st.sampled_from([False] * 9 + [True])),
        lifted=draw(st.frozensets(st.sampled_from(Side))),
        barred=draw(st.sampled_from([frozenset(), frozenset({"sms"})])),
    )


def planned(policy: Policy, situation: Situation, converter: Converter = TEXT) -> Plan:
    return Planner(policy, {"text": converter}).plan(situation)


@given(situations())
@settings(max_examples=EXAMPLES, deadline=None)
def test_swapping_the_sides_mirrors_the_plan(given_: tuple[Policy, Situation]) -> None:
    policy, situation = given_
    assume(not _needs_a_name(situation))
    mirrored = Mirror.of(policy)
    one = planned(policy, situation)
    other = planned(mirror_policy(policy), mirrored.situation(situation), mirror_converter(TEXT))
    event(", ".join(sorted({type(action).__name__ for action in one.actions})) or "no action")
    assert as_set(other.actions) == as_set(
        tuple(mirror_action(action, mirrored, policy) for action in one.actions)
    )
    holds = {repr(mirrored.hold(hold, policy)) for hold in one.holds if hold.cause not in ONE_SIDED}
    assert {repr(hold) for hold in other.holds if hold.cause not in ONE_SIDED} == holds
    assert other.base_rezora == mirrored.base(one.base_highlevel)
    assert other.base_highlevel == mirrored.base(one.base_rezora)
    assert other.notes == mirrored.notes(one.notes)
    assert other.closed == swapped(one.closed)
    assert (other.reborn, other.overwrites) == (one.reborn, one.overwrites)
    if not _says_why_in_its_own_words(policy, situation):
        assert other.excluded == swapped(one.excluded)


def _needs_a_name(situation: Situation) -> bool:
    """Alone without a name: created in HighLevel, and not in Rezora."""
    alone = situation.highlevel or situation.rezora
    pair = situation.highlevel and situation.rezora
    return alone is not None and not pair and not mirror_name(alone).strip()


def mirror_name(record: Record) -> str:
    return record.fields.get("firstName" if record.side is H else "contact_name", "")


def _says_why_in_its_own_words(policy: Policy, situation: Situation) -> bool:
    """No rule carries the address to the other side, so nobody is created there; why is told differently."""
    alone = situation.highlevel or situation.rezora
    if alone is None or (situation.highlevel and situation.rezora):
        return False
    return not policy.rules[1].direction.reaches(alone.side.other)


@given(situations())
@settings(max_examples=100, deadline=None)
def test_the_mirror_of_the_mirror_is_the_original(given_: tuple[Policy, Situation]) -> None:
    policy, situation = given_
    turned = Mirror.of(policy).situation(situation)
    assert mirror_policy(mirror_policy(policy)) == policy
    assert Mirror.of(mirror_policy(policy)).situation(turned) == situation


def backwards(found: Mapping[str, str]) -> dict[str, str]:
    return dict(reversed(list(found.items())))


def turned_round(record: Record | None) -> Record | None:
    return None if record is None else replace(record, fields=backwards(record.fields))


@given(situations())
@settings(max_examples=EXAMPLES, deadline=None)
def test_the_order_of_a_dictionary_plays_no_part(given_: tuple[Policy, Situation]) -> None:
    policy, situation = given_
    link = situation.link
    if link is not None:
        bases_backwards = backwards(link.base_highlevel), backwards(link.base_rezora)
        link = replace(link, base_highlevel=bases_backwards[0], base_rezora=bases_backwards[1])
        link = replace(link, notes=backwards(link.notes))
    again = replace(
        situation,
        highlevel=turned_round(situation.highlevel),
        rezora=turned_round(situation.rezora),
        link=link,
        choices=dict(reversed(list(situation.choices.items()))),
    )
    assert planned(policy, again) == planned(policy, situation)
    assert planned(policy, again).cells == planned(policy, situation).cells
