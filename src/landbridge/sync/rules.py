"""What a mapping says: rules for fields, rules for labels, and the choices of a bridge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from landbridge.sync.model import Side


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


# The strategies that a field rule may name, and why the others are refused.
FIELD_STRATEGIES = (Strategy.THREE_WAY, Strategy.SOURCE, Strategy.HOLD, Strategy.IMMUTABLE)
REFUSED_STRATEGIES = {
    Strategy.FILL_BLANK: "blanks are always filled when two contacts first meet; afterwards it would undo a"
    " wanted clear",
    Strategy.SET3: "it is for labels, which always use it",
    Strategy.MAX_RESTRICTION: "it is for consent, which always uses it",
    Strategy.NEWEST: "it needs a change time for every field, and neither system shows one",
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


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One HighLevel tag that means membership of one Rezora list; tags compare without case."""

    tag: str
    list: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Policy:
    """One bridge's whole mapping.

    ``opt_out``: carry opt-outs, towards less e-mail only. ``default_country``: ISO 3166 code for
    phone numbers without one. ``require_email``: leave out contacts without an e-mail address.
    ``default_list``: the Rezora list that every created contact joins, empty for none.
    """

    rules: tuple[Rule, ...]
    labels: tuple[LabelRule, ...] = ()
    opt_out: bool = True
    default_country: str = "US"
    require_email: bool = True
    create_in_rezora: bool = True
    default_list: str = ""

    def towards(self, side: Side) -> Policy:
        """The same policy for a one-way bridge: what leads to the other side is taken away."""
        direction = Direction.TO_REZORA if side is Side.REZORA else Direction.TO_HIGHLEVEL
        return replace(
            self,
            rules=tuple(
                replace(rule, direction=direction) for rule in self.rules if rule.direction.reaches(side)
            ),
            labels=tuple(
                replace(rule, direction=direction) for rule in self.labels if rule.direction.reaches(side)
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
