"""Roles, and a person as the pages know one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each role may do all that the one before it may."""

    VIEWER = "viewer"  # reads everything, changes nothing
    OPERATOR = "operator"  # runs the bridges: syncs, answers, undoes, maps
    OWNER = "owner"  # also people, keys, connections, and erasing

    def may(self, needed: Role) -> bool:
        """Whether this role is enough where ``needed`` is asked for."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in, or a key that stands for a program; ``name`` is shown and written down."""

    id: int
    name: str
    role: Role
    email: str = ""


# Who works where nobody has to log in: the command line, whose user can read the database anyhow.
THIS_MACHINE = Person(0, "this machine", Role.OWNER)

# Somebody of whom nothing is known yet: on the pages that one sees before logging in.
VISITOR = Person(-1, "", Role.VIEWER)
