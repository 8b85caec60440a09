"""The brake: a plan that would change too much at once stops before its first write and asks."""

from __future__ import annotations

from dataclasses import dataclass

NOTHING = "Nothing was written but opt-outs."
EARLIER = "What came before is written; the rest waits, but for opt-outs."  # of changes that came one by one


@dataclass(frozen=True, slots=True)
class Brake:
    """How much one run may change unasked: the larger of a share and a count (property S17)."""

    share: float = 0.10
    records: int = 25

    def limit(self, total: int) -> int:
        """Records of a kind that may change among ``total``."""
        return max(self.records, int(total * self.share))


@dataclass(frozen=True, slots=True)
class Weight:
    """What a plan would do to records that already exist on both sides."""

    linked: int = 0
    overwrites: int = 0  # a value that a side shows now would be replaced or blanked
    deletes: int = 0  # a record would be deleted because its partner was
    missing: int = 0  # linked records that one side's full listing no longer shows
    leaving: int = 0  # links would end because the scope leaves their contact out now
    what: str = "linked contacts"


def weigh(brake: Brake, weight: Weight) -> str:
    """A sentence when the plan is too heavy, else an empty string."""
    limit = brake.limit(weight.linked)
    if weight.overwrites > limit:
        return (
            f"This run would replace values of {weight.overwrites} of {weight.linked} {weight.what},"
            f" more than the {limit} allowed without asking. {NOTHING}"
        )
    if weight.deletes > limit:
        return (
            f"This run would delete {weight.deletes} of {weight.linked} {weight.what},"
            f" more than the {limit} allowed without asking. {NOTHING}"
        )
    if weight.missing > limit:
        return (
            f"{weight.missing} of {weight.linked} {weight.what} are missing from a full listing,"
            f" more than the {limit} allowed without asking. {NOTHING}"
        )
    if weight.leaving > limit:
        return (
            f"This run would end the links of {weight.leaving} of {weight.linked} {weight.what}, which are"
            f" outside the scope, more than the {limit} allowed without asking. Nothing was written but"
            " opt-outs."
        )
    return ""
