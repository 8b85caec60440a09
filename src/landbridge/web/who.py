"""Who asks: set once a request before any page runs, read by pages and templates."""

from __future__ import annotations

from contextvars import ContextVar

from landbridge.access.roles import THIS_MACHINE, Person, Role

_asking: ContextVar[Person] = ContextVar("asking", default=THIS_MACHINE)


def asking() -> Person:
    """Whoever made the request that is answered right now."""
    return _asking.get()


def set_asking(person: Person) -> None:
    """From here on this request is theirs; each request runs in a context of its own."""
    _asking.set(person)


def may(role: str) -> bool:
    """Whether they may do what needs this role; templates leave out what they may not."""
    return asking().role.may(Role(role))
