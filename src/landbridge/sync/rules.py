"""What a mapping says: rules for fields, rules for labels, and the choices of a bridge."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from landbridge.sync.model import Kind, Side
from landbridge.sync.scope import Scope


class Direction(StrEnum):
    """Where a rule may write."""

    TO_REZORA = "to_rezora"
    TO_HIGHLEVEL = "to_highlevel"
    BOTH = "both"

    def reaches(self, side: Side) -> bool:
        """May values be written to that side?"""
        return self is Direction.BOTH or (self is Direction.TO_REZORA) == (side is Side.REZORA)


class Strategy(StrEnum):
    """What happens when both sides changed a field (sync-correctness.md section 8)."""

    THREE_WAY = "three_way"
    SOURCE = "source"
    FILL_BLANK = "fill_blank"
    SET3 = "set3"
    MAX_RESTRICTION = "max_restriction"
    HOLD = "hold"
    IMMUTABLE = "immutable"
    NEWEST = "newest"
    ABSORBING = "absorbing"


# The strategies that a field rule may name, and why the others are refused.
FIELD_STRATEGIES = (
    Strategy.THREE_WAY,
    Strategy.SOURCE,
    Strategy.FILL_BLANK,
    Strategy.HOLD,
    Strategy.IMMUTABLE,
)
REFUSED_STRATEGIES = {
    Strategy.SET3: "it is for labels, which always use it",
    Strategy.MAX_RESTRICTION: "it is for consent, which always uses it",
    Strategy.NEWEST: "it needs a change time for every field, and neither system shows one",
    Strategy.ABSORBING: "it is for whether a task is done, which always uses it",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One mapped field: both sides' native names, direction, converter, merge strategy.

    ``prefer`` is the side that stands when both changed (``three_way``), or that owns the value (``source``).
    """

    name: str
    highlevel: tuple[str, ...]
    rezora: tuple[str, ...]
    converter: str
    direction: Direction
    strategy: Strategy = Strategy.THREE_WAY
    prefer: Side = Side.HIGHLEVEL

    def names(self, side: Side) -> tuple[str, ...]:
        """The native field names on that side."""
        return self.highlevel if side is Side.HIGHLEVEL else self.rezora


class OnDelete(StrEnum):
    """What happens to the other record when one was deleted (sync-correctness.md section 7)."""

    UNLINK = "unlink"
    ASK = "ask"


class OnGone(StrEnum):
    """What happens to the other task, note or appointment when one was deleted."""

    DELETE = "delete"
    UNLINK = "unlink"


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """One kind that belongs to contacts: where it is carried, and what its deletion means."""

    kind: Kind
    direction: Direction
    on_delete: OnGone = OnGone.DELETE


class When(StrEnum):
    """What a list can stand for that follows from somebody's activities."""

    APPOINTMENT_THIS_WEEK = "appointment_this_week"
    FOLLOW_UP_DUE = "follow_up_due"
    NO_SHOW = "no_show"


@dataclass(frozen=True, slots=True)
class ListRule:
    """A Rezora list of those of whom something is true now; nobody who opted out is ever put on it."""

    when: When
    list: str


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One mark of HighLevel that means one mark of Rezora, both ways; marks compare without case.

    A mark is a tag or a list, or an option of a field: ``tag`` or (``highlevel_field``,
    ``highlevel_option``) on one side, ``list`` or (``rezora_field``, ``rezora_option``) on the other.
    """

    tag: str
    list: str
    direction: Direction
    highlevel_field: str = ""
    highlevel_option: str = ""
    rezora_field: str = ""
    rezora_option: str = ""

    @property
    def key(self) -> str:
        """The name of this rule in a base; unique in a mapping."""
        return self.list or f"{self.rezora_field}={self.rezora_option}<{self.name}"

    @property
    def name(self) -> str:
        """As people read it."""
        return self.tag or f"{self.highlevel_field}={self.highlevel_option}"

    def field(self, side: Side) -> str:
        """The field whose option is the mark on that side; empty where it is a tag or a list."""
        return self.highlevel_field if side is Side.HIGHLEVEL else self.rezora_field

    def option(self, side: Side) -> str:
        """The option of that field."""
        return self.highlevel_option if side is Side.HIGHLEVEL else self.rezora_option


@dataclass(frozen=True, slots=True)
class Policy:
    """One bridge's whole mapping.

    ``opt_out``: carry opt-outs, towards less e-mail only. ``default_country``: ISO 3166 code for
    phone numbers without one. ``require_email``: leave out contacts without an e-mail address.
    ``default_list``: the Rezora list that every created contact joins, empty for none.
    ``settle_seconds``: a contact edited more recently waits, so that half-typed values are not carried.
    ``only``: the one side that may be written to; not in the mapping file, but of the connection.
    ``scope``: the contacts that the bridge is about. ``activities``: the kinds that are carried along with
    their contacts, none of them without a rule. ``lists``: lists that follow from activities.
    """

    rules: tuple[Rule, ...]
    labels: tuple[LabelRule, ...] = ()
    opt_out: bool = True
    default_country: str = "US"
    require_email: bool = True
    create_in_rezora: bool = True
    default_list: str = ""
    create_in_highlevel: bool = True
    on_delete: OnDelete = OnDelete.UNLINK
    settle_seconds: int = 10
    only: Side | None = None
    scope: Scope = field(default_factory=Scope)
    activities: tuple[ActivityRule, ...] = ()
    lists: tuple[ListRule, ...] = ()

    def activity(self, kind: Kind) -> ActivityRule | None:
        """How that kind is carried; None where it is not."""
        return next((rule for rule in self.activities if rule.kind is kind), None)

    def field_names(self) -> frozenset[str]:
        """Every native field that a rule or the scope speaks of, of both sides."""
        named = {name for rule in self.rules for side in Side for name in rule.names(side)}
        marks = {rule.field(side) for rule in self.labels for side in Side} - {""}
        return frozenset(named | marks | self.scope.field_names())

    def creates(self, side: Side) -> bool:
        """May contacts be created on that side? Never without a rule that carries their address there.

        Nor in HighLevel under a restricted scope: the new contact would be outside of it.
        """
        if side is Side.REZORA:
            return self.create_in_rezora
        if self.scope.restricted:
            return False
        addressed = (rule for rule in self.rules if rule.highlevel == ("email",))
        return self.create_in_highlevel and any(rule.direction.reaches(side) for rule in addressed)

    def towards(self, side: Side) -> Policy:
        """The same policy for a one-way bridge: what leads to the other side is taken away."""
        direction = Direction.TO_REZORA if side is Side.REZORA else Direction.TO_HIGHLEVEL
        return replace(
            self,
            create_in_highlevel=self.create_in_highlevel and side is Side.HIGHLEVEL,
            create_in_rezora=self.create_in_rezora and side is Side.REZORA,
            rules=tuple(
                replace(rule, direction=direction) for rule in self.rules if rule.direction.reaches(side)
            ),
            labels=tuple(
                replace(rule, direction=direction) for rule in self.labels if rule.direction.reaches(side)
            ),
            on_delete=OnDelete.UNLINK,
            only=side,
            activities=tuple(
                replace(rule, direction=direction) for rule in self.activities if rule.direction.reaches(side)
            ),
        )


def default_policy() -> Policy:
    """What most agents want; docs/mapping.md gives the reason for each rule.

    E-mail and phone conflicts wait for a person: a wrong one reaches a stranger (sync-correctness.md 8).
    """
    both, to_rezora = Direction.BOTH, Direction.TO_REZORA
    return Policy(
        rules=(
            Rule("name", ("firstName", "lastName"), ("contact_name",), "name", both),
            Rule("email", ("email",), ("contact_email",), "email", both, Strategy.HOLD),
            Rule("mobile phone", ("phone",), ("contact_phone_mobile",), "phone", both, Strategy.HOLD),
            Rule("home phone", ("additionalPhones.0",), ("contact_phone_home",), "phone", to_rezora),
            Rule("street", ("address1",), ("contact_home_street", "contact_home_street2"), "street", both),
            Rule("city", ("city",), ("contact_home_city",), "text", both),
            Rule("state", ("state",), ("contact_home_state",), "state", both),
            Rule("zip code", ("postalCode",), ("contact_home_zip",), "postal_code", both),
            Rule("company", ("companyName",), ("contact_company",), "text", to_rezora),
        )
    )
