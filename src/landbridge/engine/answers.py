"""How each answer to a hold is taken: checked against what may be written, then kept in the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store import decisions, journal, links, observed, suppression
from landbridge.store.database import StoreFailure
from landbridge.store.decisions import Tombstone
from landbridge.store.journal import OpenHold
from landbridge.store.links import KeptLink
from landbridge.sync.consent import EMAIL
from landbridge.sync.fields import native_field
from landbridge.sync.model import Choice, Kind, Link, Side
from landbridge.sync.rules import Policy, Rule
from landbridge.sync.values import Context, converters, is_email

FIELD_CAUSES = (
    "differs",
    "differs_at_first_contact",
    "both_changed",
    "edited_in_highlevel",
    "edited_in_rezora",
    "only_in_highlevel",
    "only_in_rezora",
    "immutable",
    "restored",
    "undone",
)
"""Holds of one field: two values, of which a person chooses."""


class NotPossible(StoreFailure):
    """Somebody asked for what cannot be done; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Word:
    """An answer on its way into the store."""

    connection: AsyncConnection
    bridge_id: int
    policy: Policy
    hold: OpenHold
    use: str
    value: str
    by: str
    now: float
    since: int  # the newest run that saw both sides whole
    allowed: list[str] = field(default_factory=list)  # keys of addresses that a person opened again

    @property
    def pair(self) -> tuple[str, str]:
        """HighLevel id and Rezora id, as a choice is kept by."""
        return self.hold.highlevel_id, self.hold.rezora_id

    @property
    def ids(self) -> dict[Side, str]:
        """The records that the hold names."""
        named = {Side.HIGHLEVEL: self.hold.highlevel_id, Side.REZORA: self.hold.rezora_id}
        return {side: record_id for side, record_id in named.items() if record_id}

    async def keep(self, choice: Choice) -> None:
        """Until a sync has carried it out."""
        await decisions.save_choice(
            self.connection, self.bridge_id, self.pair, choice, self.by[:100], self.now
        )

    async def drop(self) -> None:
        """The hold is settled; the next sync looks again."""
        await journal.drop_hold(self.connection, self.hold.id)


def way(hold: OpenHold, use: str) -> Callable[[Word], Awaitable[None]]:
    """How an answer is taken."""
    if use == "retry":
        return Word.drop
    if hold.kind is not Kind.CONTACT:
        return _decide_activity
    if hold.cause in FIELD_CAUSES:
        return _choose_value
    if use == "ignore":
        return _leave_alone
    ways = {"link": _link, "apart": _apart, "done": Word.drop, "out": _out, "allow": _allow}
    return ways.get(use, _choose_fate)


async def _decide_activity(word: Word) -> None:
    """A task, note or appointment: kept as a choice; of a field while both sides show what the person saw."""
    hold, rule = word.hold, word.policy.activity(word.hold.kind)
    if rule is None:
        raise NotPossible(
            f"The mapping does not carry {hold.kind.value}s now.",
            f"Add `[{hold.kind.value}s]` to the mapping, or leave the hold: the next sync closes it.",
        )
    for side in _written(word.use):
        if not rule.direction.reaches(side) or word.policy.only not in (None, side):
            raise NotPossible(
                f"The mapping does not carry {hold.kind.value}s to {side.title}.",
                "Change the direction in the mapping, or make the two the same by hand.",
            )
    uses = {"use-highlevel": "highlevel", "use-rezora": "rezora", "edit": "value"}
    use = uses.get(word.use, word.use)
    await word.keep(Choice(hold.rule, use, word.value, hold.highlevel_shows, hold.rezora_shows))


async def _choose_value(word: Word) -> None:
    """One field: kept as a choice, which counts while both sides show what the person saw."""
    hold = word.hold
    if any(label.name == hold.rule for label in word.policy.labels):
        await _choose_mark(word)
        return
    rule = next((rule for rule in word.policy.rules if rule.name == hold.rule), None)
    if rule is None:
        raise NotPossible(
            "This hold is not of a field that the mapping speaks of now.",
            "Make both sides the same by hand, or run a sync: it closes what the mapping no longer names.",
        )
    for side in _written(word.use):
        _check_writable(word, rule, side)
    if word.use == "edit":
        _check_value(word, rule)
    uses = {"use-highlevel": "highlevel", "use-rezora": "rezora", "edit": "value"}
    use = uses.get(word.use, word.use)
    await word.keep(Choice(rule.name, use, word.value, hold.highlevel_shows, hold.rezora_shows))


async def _choose_mark(word: Word) -> None:
    """A tag, a list or an option that only one side has."""
    hold = word.hold
    if word.use == "edit":
        raise NotPossible(
            "A tag or a list is there or it is not; there is no value to type.",
            "Choose use-highlevel, use-rezora or ignore.",
        )
    for side in _written(word.use):
        _check_side(word.policy, side)
    use = {"use-highlevel": "highlevel", "use-rezora": "rezora"}.get(word.use, word.use)
    await word.keep(Choice(hold.rule, use, "", hold.highlevel_shows, hold.rezora_shows))


def _written(use: str) -> tuple[Side, ...]:
    """The sides that an answer about a field writes to."""
    return {"use-highlevel": (Side.REZORA,), "use-rezora": (Side.HIGHLEVEL,), "edit": tuple(Side)}.get(
        use, ()
    )


def _check_writable(word: Word, rule: Rule, side: Side) -> None:
    _check_side(word.policy, side)
    for name in rule.names(side):
        known = native_field(side, name)
        if known is None or not known.writable:
            why = known.why if known else "it is not known"
            raise NotPossible(
                f"{name} cannot be written in {side.title}: {why}.",
                f"Choose use-{side.value} or ignore, or edit it in {side.title} by hand.",
            )


def _check_side(policy: Policy, side: Side) -> None:
    if policy.only not in (None, side):
        raise NotPossible(
            f"This bridge may not write to {side.title}.",
            f"Connect {side.title} again with write permission, or make the change there by hand.",
        )


def _check_value(word: Word, rule: Rule) -> None:
    """A typed value is read as the side shows it that has one field (``plan._plan_value``)."""
    single = Side.REZORA if len(rule.rezora) == 1 else Side.HIGHLEVEL
    known = converters(Context(default_country=word.policy.default_country))[rule.converter]
    if not known.canon(single, (word.value,)):
        raise NotPossible(
            f"This text holds no value for {rule.name!r}.", "Type the value as it shall be shown."
        )
    if rule.converter == "email" and not is_email(word.value):
        raise NotPossible("This is not an e-mail address.", "Type one address, such as ada@example.com.")


async def _choose_fate(word: Word) -> None:
    """``keep``, ``delete`` or ``create`` for a whole record."""
    hold = word.hold
    if hold.cause == "restored_alone":
        check_creates(word.policy, next(iter(word.ids)).other)
    elif hold.cause == "several_candidates":
        if not await _linked_together(word):
            raise NotPossible("These two are not linked, so there is no link to end.", "Use link or apart.")
    elif word.use != "keep":
        gone = await _gone(word)
        if word.use == "create":
            check_creates(word.policy, gone)
        else:
            _check_side(word.policy, gone.other)
    await word.keep(Choice("", word.use, hold.cause, hold.seen))  # good for the record as it looks now


def check_creates(policy: Policy, side: Side) -> None:
    """Raise ``NotPossible`` where the bridge creates nobody on that side."""
    _check_side(policy, side)
    if side is Side.HIGHLEVEL and policy.scope.restricted:
        raise NotPossible(
            "The mapping's scope is restricted, so no contact is created in HighLevel.",
            "Create it in HighLevel by hand, with a tag, a user or a business of the scope.",
        )
    if not policy.creates(side):
        raise NotPossible(
            f"The mapping says not to create contacts in {side.title}.",
            f"Set `create_in_{side.value} = true` in the mapping first.",
        )


async def _gone(word: Word) -> Side:
    """The side whose record is deleted, as a read by id has proved."""
    for side, record_id in word.ids.items():
        if not await observed.run_of(word.connection, word.bridge_id, side, record_id):
            return side
    raise NotPossible("Both contacts are there again.", "Run a sync: it closes this hold, or asks anew.")


async def _linked_together(word: Word) -> bool:
    found = await links.by_side(
        word.connection, word.bridge_id, Side.HIGHLEVEL, [word.ids.get(Side.HIGHLEVEL, "")]
    )
    return any(kept.link.rezora_id == word.hold.rezora_id for kept in found.values())


async def _link(word: Word) -> None:
    """One person: the link is there at once, with nothing known of when the two agreed."""
    if len(word.ids) < 2:
        raise NotPossible("This hold names one contact only.", "Look at `landbridge holds list` again.")
    for side, record_id in word.ids.items():
        if await links.by_side(word.connection, word.bridge_id, side, [record_id]):
            raise NotPossible(
                f"The contact in {side.title} is linked with another one already.",
                "Use apart, or keep where both are linked with each other.",
            )
    await links.add(word.connection, word.bridge_id, [KeptLink(0, Link(*word.pair))], word.now)
    for side, record_id in word.ids.items():
        await decisions.unbury(word.connection, word.bridge_id, side, record_id)
    await word.drop()


async def _apart(word: Word) -> None:
    """Two people, whatever they share; of a twin, nobody whom the hold names is the same."""
    hold = word.hold
    if hold.cause != "twin" and await _linked_together(word):
        raise NotPossible("These two are linked.", "Use keep: it ends the link and leaves both as they are.")
    partners = await links.by_side(
        word.connection, word.bridge_id, Side.HIGHLEVEL, [hold.highlevel_id, hold.rule]
    )
    linked = {frozenset((kept.link.highlevel_id, kept.link.rezora_id)) for kept in partners.values()}
    named = [*word.pair, hold.rule] if hold.cause == "twin" else word.pair
    for one, two in combinations(dict.fromkeys(filter(None, named)), 2):
        if frozenset((one, two)) not in linked:
            await decisions.keep_apart(word.connection, word.bridge_id, one, two, word.now)
    await word.drop()


async def _leave_alone(word: Word) -> None:
    """After a restore: not created, now or later; it counts as deleted on the other side."""
    stones = [
        Tombstone(side, record_id, f"deleted_in_{side.other.value}") for side, record_id in word.ids.items()
    ]
    await decisions.bury(word.connection, word.bridge_id, stones, word.now)
    await word.drop()


async def _out(word: Word) -> None:
    """The opt-out stands: the next sync carries it again, to both sides."""
    await _end_lifted(word, await _both(word))


async def _allow(word: Word) -> None:
    """The person asked for e-mail again: the only way down, taken by no sync (property S8)."""
    ids, keys = await _both(word), []
    for side, record_id in ids.items():
        sight = await observed.one(word.connection, word.bridge_id, side, record_id)
        if sight is None:
            continue
        if sight.record.opted_out is not False:
            raise _still_out(side)
        keys += [sight.email_key] if sight.email_key else []
    for side in await observed.opted_out_under(word.connection, word.bridge_id, word.since, keys):
        raise _still_out(side)
    await suppression.forget(word.connection, word.bridge_id, keys, EMAIL)
    word.allowed.extend(keys)
    await _end_lifted(word, ids)


def _still_out(side: Side) -> NotPossible:
    return NotPossible(
        f"The opt-out still stands in {side.title}.",
        f"If the person asked for e-mail again, take it back in {side.title} too and run a sync; or use out.",
    )


async def _both(word: Word) -> dict[Side, str]:
    """The records of the hold, and their partners."""
    ids = dict(word.ids)
    for side, record_id in word.ids.items():
        found = await links.by_side(word.connection, word.bridge_id, side, [record_id])
        if record_id in found:
            ids.setdefault(side.other, found[record_id].link.id(side.other))
    return ids


async def _end_lifted(word: Word, ids: Mapping[Side, str]) -> None:
    for side, record_id in ids.items():
        await observed.set_lifted(word.connection, word.bridge_id, side, record_id)
        await journal.drop_holds_of(word.connection, word.bridge_id, word.hold.cause, side, record_id)
