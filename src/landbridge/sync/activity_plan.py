"""What the activities of one kind of one pair of contacts call for; pure, like the plan of contacts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from landbridge.sync.actions import Create, Delete, Hold, Plan
from landbridge.sync.activity import FIELDS, Activity
from landbridge.sync.activity_rules import body_print, field_rules, is_cut, sort_key
from landbridge.sync.draft import Draft
from landbridge.sync.field_plan import plan_hold, plan_rule, sights_of
from landbridge.sync.fingerprint import digest
from landbridge.sync.merge import Outcome, Verdict, values_of
from landbridge.sync.model import Choice, Kind, Link, Side
from landbridge.sync.rules import ActivityRule, OnGone, Rule
from landbridge.sync.values import Converter

SHORTENED = Verdict(Outcome.HOLD, cause="activity_shortened")

Key = tuple[Side, str]
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A create on ``side`` that was noted ahead. ``open``: its outcome is not known. ``attempts``: how often
    it was sent: more than once may have made more than one.
    """

    side: Side
    source_id: str
    print: str
    open: bool = True
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything known of one kind of one pair of contacts.

    ``seen`` are the activities by side and id; ``links`` those that belong together, by the link's key;
    ``gone`` what a read by id proved gone; ``spent`` is never the source of a create: its other half was
    deleted; ``ignored`` is left where it is, as a person said, and ``unsure`` was alone when the database was
    restored from an older copy; ``writable`` are the sides where this kind may be written; ``choices`` are by
    pair of ids and field; ``refused`` is how two looked (``look``) when a write of them was refused.
    ``doubted``: the database may be older than what happened since, so that nothing of it is believed.
    """

    kind: Kind
    seen: Mapping[Key, Activity]
    links: Mapping[int, Link] = field(default_factory=dict)
    gone: frozenset[Key] = frozenset()
    spent: frozenset[Key] = frozenset()
    ignored: frozenset[Key] = frozenset()
    unsure: frozenset[Key] = frozenset()
    sent: Sequence[Sent] = ()
    writable: frozenset[Side] = frozenset(Side)
    choices: Mapping[Pair, Mapping[str, Choice]] = field(default_factory=dict)
    refused: Mapping[Pair, str] = field(default_factory=dict)
    doubted: bool = False

    def look(self, ids: Pair) -> str:
        """Changes exactly when a carried field of one of these two does."""
        shown = [self.seen.get(key) for key in zip(Side, ids, strict=True)]
        return digest(
            f"{name}={one.fields.get(name)}" for one in shown if one is not None for name in FIELDS[self.kind]
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One activity, or two that belong together, and what they call for; ``key`` is their link's, 0 for none.

    ``found``: the link is new, and nothing was created for it. ``based``: the plan's bases are those of the
    link once it is carried out; a plan that only waits or leaves out says nothing of them.
    """

    key: int
    highlevel_id: str
    rezora_id: str
    plan: Plan
    found: bool = False
    based: bool = False

    @property
    def ids(self) -> Pair:
        """HighLevel id and Rezora id, blank for none."""
        return self.highlevel_id, self.rezora_id


class ActivityPlanner:
    """Plans one kind by one rule. The order of the activities and of the links does not matter."""

    def __init__(self, rule: ActivityRule) -> None:
        self.rule = rule
        self._rules = field_rules(rule)

    def plan(self, scene: Scene) -> list[Step]:
        """A step for each link and for each activity that belongs to none."""
        steps = [self._linked(scene, key, link) for key, link in sorted(scene.links.items())]
        linked = {(side, link.id(side)) for link in scene.links.values() for side in Side}
        free = {
            side: sorted(
                (
                    one
                    for (at, one_id), one in scene.seen.items()
                    if at is side and (at, one_id) not in linked and not one.deleted
                ),
                key=sort_key,
            )
            for side in Side
        }
        pairs = {**_answered(scene, free), **_same(scene, free)}
        taken = {(Side.HIGHLEVEL, one) for one in pairs} | {(Side.REZORA, one) for one in pairs.values()}
        steps += [
            self._together(scene, 0, Link(*pair), scene.choices.get(pair, {})) for pair in pairs.items()
        ]
        for side in Side:
            left = [one for one in free[side] if (side, one.id) not in taken]
            doubles = _doubles(scene, side, left, linked | taken)
            steps += [self._alone(scene, one, double=one.id in doubles) for one in left]
        return [_not_again(scene, step) for step in steps]

    def missing(self, scene: Scene) -> list[Key]:
        """Linked activities that were not listed: read each by id before anything is concluded."""
        return [
            (side, link.id(side))
            for _, link in sorted(scene.links.items())
            for side in Side
            if (side, link.id(side)) not in scene.seen and (side, link.id(side)) not in scene.gone
        ]

    def changed_since_base(self, link: Link, one: Activity) -> bool:
        """Did somebody edit a carried field since both sides agreed?"""
        base = link.base(one.side)
        for rule, converter in self._rules:
            now, then = values_of(one.fields, (rule.name,)), values_of(base, (rule.name,))
            if now is None or then is None:
                continue
            if converter.canon(one.side, now) != converter.canon(one.side, then):
                return True
        return False

    def _linked(self, scene: Scene, key: int, link: Link) -> Step:
        shown = {side: _present(scene, (side, link.id(side))) for side in Side}
        choices = scene.choices.get((link.highlevel_id, link.rezora_id), {})
        alone = [one for one in shown.values() if one is not None]
        if len(alone) == len(Side):
            return self._together(scene, key, link, choices)
        lost = [side for side in Side if shown[side] is None]
        if any(not _is_gone(scene, (side, link.id(side))) for side in lost):
            plan = Plan(excluded="not_seen")
        elif not alone:
            plan = Plan(closed="deleted_on_both_sides", cells=("gone, other unchanged",))
        else:
            plan = self._gone(scene, link, alone[0], choices.get(""))
        return Step(key, link.highlevel_id, link.rezora_id, plan)

    def _gone(self, scene: Scene, link: Link, survivor: Activity, choice: Choice | None) -> Plan:
        """Its other half was deleted, that is proved: what nobody has edited since goes too."""
        reason = f"deleted_in_{survivor.side.other.value}"
        edited = self.changed_since_base(link, survivor)
        if choice is not None and choice.use in ("keep", "delete"):
            delete = (Delete(survivor.side, survivor.id),) if choice.use == "delete" else ()
            return Plan(delete, closed=reason, cells=("gone, approved",))
        if edited or link.rebase or scene.doubted:
            return Plan(holds=(Hold("activity_deleted_and_edited"),), cells=("gone, other edited",))
        reach = self.rule.direction.reaches(survivor.side) and survivor.side in scene.writable
        if self.rule.on_delete is OnGone.DELETE and reach:
            return Plan(
                (Delete(survivor.side, survivor.id),), closed=reason, cells=("gone, other unchanged",)
            )
        return Plan(closed=reason, cells=("gone, other unchanged",))

    def _together(self, scene: Scene, key: int, link: Link, choices: Mapping[str, Choice]) -> Step:
        """Two that belong together, field by field."""
        records = {side: scene.seen[side, link.id(side)] for side in Side}
        bases = {side: dict(link.base(side)) for side in Side}
        believe = not (link.rebase or scene.doubted)
        draft = Draft(records, bases, dict(link.notes), believe=believe)
        for rule, converter in self._rules:
            choice = choices.get(rule.name)
            if _is_shortened(draft, rule, converter):
                sights = sights_of(draft, rule)
                plan_hold(draft, rule, converter, sights, SHORTENED, choice)
            else:
                plan_rule(draft, rule, converter, choice)
        allowed = {side for side in Side if side in scene.writable}
        actions = tuple(action for action in draft.actions() if action.side in allowed)
        if len(actions) < len(list(draft.actions())):  # nothing is agreed on that could not be written
            return Step(key, link.highlevel_id, link.rezora_id, Plan(excluded="not_writable"))
        met = "paired, linked" if key else "paired, first contact"
        plan = Plan(
            actions,
            tuple(draft.holds),
            "",
            bases[Side.HIGHLEVEL],
            bases[Side.REZORA],
            draft.notes,
            cells=(met, *draft.cells),
        )
        return Step(key, link.highlevel_id, link.rezora_id, plan, found=key == 0, based=True)

    def _alone(self, scene: Scene, one: Activity, *, double: bool) -> Step:
        """One that belongs to none: it is created on the other side, or there is a reason not to."""
        ids = (one.id, "") if one.side is Side.HIGHLEVEL else ("", one.id)
        choice = scene.choices.get(ids, {}).get("")
        target = one.side.other
        if (choice is not None and choice.use == "ignore") or (one.side, one.id) in scene.ignored:
            plan = Plan(excluded="left_out", cells=("alone, left out",))
        elif double and (choice is None or choice.use != "create"):
            plan = Plan(holds=(Hold("activity_double"),), cells=("alone, left out",))
        elif (one.side, one.id) in scene.spent:
            plan = Plan(excluded=f"deleted_in_{target.value}", cells=("alone, never again",))
        elif not self.rule.direction.reaches(target):
            plan = Plan(excluded="one_way", cells=("alone, left out",))
        elif target not in scene.writable:
            plan = Plan(excluded="not_writable", cells=("alone, left out",))
        else:
            plan = self._create(one, target)
        unsure = scene.doubted or (one.side, one.id) in scene.unsure
        unsure = unsure and (choice is None or choice.use != "create")
        if plan.actions and unsure:
            plan = Plan(holds=(Hold("activity_restored"),), cells=("alone, never again",))
        return Step(0, *ids, plan, based=bool(plan.actions))

    def _create(self, one: Activity, target: Side) -> Plan:
        """The fields that have a value; what the other system cannot do without is never invented."""
        fields = {rule.name: one.fields.get(rule.name, "") for rule, _ in self._rules}
        if target is Side.HIGHLEVEL and one.kind is Kind.TASK and not fields["due"]:
            return Plan(holds=(Hold("task_without_due"),), cells=("alone, left out",))
        if target is Side.HIGHLEVEL and one.kind is Kind.APPOINTMENT:
            return Plan(excluded="needs_calendar", cells=("alone, left out",))
        if not any(value for name, value in fields.items() if name in ("title", "body")):
            return Plan(excluded="blank", cells=("alone, left out",))
        made = {name: value for name, value in fields.items() if value}
        base = {name: fields[name] for name in fields}
        bases = {one.side: base, target: {}}
        return Plan(
            (Create(target, one.id, made),),
            base_highlevel=bases[Side.HIGHLEVEL],
            base_rezora=bases[Side.REZORA],
            cells=("alone, created",),
        )


def _not_again(scene: Scene, step: Step) -> Step:
    """What was refused is not tried again before something of it changes."""
    if step.plan.actions and scene.refused.get(step.ids) == scene.look(step.ids):
        return replace(step, plan=Plan(holds=(Hold("activity_refused"),)), based=False)
    return step


def _present(scene: Scene, key: Key) -> Activity | None:
    found = scene.seen.get(key)
    return None if found is None or found.deleted else found


def _is_gone(scene: Scene, key: Key) -> bool:
    """Proved by a read, or said by the side itself: HighLevel shows deleted appointments as such."""
    found = scene.seen.get(key)
    return key in scene.gone or (found is not None and found.deleted)


def _is_shortened(draft: Draft[Activity], rule: Rule, converter: Converter) -> bool:
    """A text that a side cut when it was written, and that somebody edited there: it is not carried back."""
    sights = sights_of(draft, rule)
    if rule.name != "body" or any(sight.now is None or sight.base is None for sight in sights.values()):
        return False
    now = {side: converter.canon(side, sights[side].now or ()) for side in Side}
    then = {side: converter.canon(side, sights[side].base or ()) for side in Side}
    return any(
        len(then[side]) < len(then[side.other])
        and then[side.other].startswith(then[side][:-1])
        and now[side] not in (then[side], now[side.other])
        for side in Side
    )


def _answered(scene: Scene, free: Mapping[Side, Sequence[Activity]]) -> dict[str, str]:
    """Creates whose answer was lost and that took effect: HighLevel id to Rezora id."""
    pairs: dict[str, str] = {}
    there = {(one.side, one.id) for some in free.values() for one in some}
    for side in Side:
        asked = [
            sent
            for sent in sorted(scene.sent, key=lambda one: one.source_id)
            if sent.open and sent.side is side and (side.other, sent.source_id) in there
        ]
        left = list(free[side]) if asked else []
        for sent in asked:
            made = _made_by(scene, sent, left)
            if made is not None:
                left.remove(made)
                ids = sent.source_id, made.id
                pairs |= dict([ids if side is Side.REZORA else ids[::-1]])
    return pairs


def _made_by(scene: Scene, sent: Sent, some: Sequence[Activity]) -> Activity | None:
    """What this create may have made: one that says the same, or else the beginning of it."""
    same = next((one for one in some if body_print(scene.kind, one.fields) == sent.print), None)
    source = scene.seen.get((sent.side.other, sent.source_id))
    if same is not None or source is None:
        return same
    return next((one for one in some if is_cut(scene.kind, source.fields, one.fields)), None)


def _same(scene: Scene, free: Mapping[Side, Sequence[Activity]]) -> dict[str, str]:
    """Those that say the same, one to one: identical notes are counted, never merged."""
    answered = _answered(scene, free)
    left = {
        Side.HIGHLEVEL: [one for one in free[Side.HIGHLEVEL] if one.id not in answered],
        Side.REZORA: [one for one in free[Side.REZORA] if one.id not in answered.values()],
    }
    candidates = {
        side: _by_print(scene.kind, [one for one in left[side] if (side, one.id) not in scene.spent])
        for side in Side
    }
    pairs: dict[str, str] = {}
    for body, ours in candidates[Side.HIGHLEVEL].items():
        theirs = candidates[Side.REZORA].get(body, [])
        pairs |= {one.id: other.id for one, other in zip(ours, theirs, strict=False)}
    return pairs


def _by_print(kind: Kind, some: Sequence[Activity]) -> dict[str, list[Activity]]:
    found: dict[str, list[Activity]] = defaultdict(list)
    for one in some:
        found[body_print(kind, one.fields)].append(one)
    return found


def _doubles(scene: Scene, side: Side, left: Sequence[Activity], linked: set[Key]) -> frozenset[str]:
    """Those that a create of ours made a second time, after its answer was lost: never carried back.

    A create that was sent so often that more than one may have come of it, and whose source has its other
    half by now.
    """
    spare = [
        sent
        for sent in scene.sent
        if sent.side is side and (sent.attempts > 1 or sent.open) and (side.other, sent.source_id) in linked
    ]
    return frozenset(one.id for one in left if any(_made_by(scene, sent, [one]) for sent in spare))
