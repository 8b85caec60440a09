"""What a grant lets us do, read off its scopes before anything is sent (highlevel.md 1.9)."""

from __future__ import annotations

from landbridge.sync.model import Side
from landbridge.systems.base import Grant, ReadOnlyGrant
from landbridge.systems.highlevel.config import HighLevelConfig

_CONTACTS = "contacts.write"
_FOR_PEOPLE = (
    (("calendars.readonly", "calendars/events.readonly"), "appointments are not read"),
    (("locations/tasks.readonly",), "tasks are read contact by contact, which takes many calls"),
)


def has_scopes(grant: Grant, *scopes: str) -> bool:
    """Whether the grant has all of them.

    A token whose scopes nobody told is believed to have them all; HighLevel decides.
    """
    return (grant.kind == "pit" and not grant.scopes) or set(scopes) <= set(grant.scopes)


def missing_scopes(grant: Grant) -> tuple[str, ...]:
    """What a connection cannot read of activities, one sentence each with its fix, for people."""
    return tuple(
        f"This connection lacks {' and '.join(lacking)}: {effect}. Add this to the app in HighLevel's"
        " marketplace, then connect HighLevel again."
        for scopes, effect in _FOR_PEOPLE
        if (lacking := [scope for scope in scopes if not has_scopes(grant, scope)])
    )


def may_write(config: HighLevelConfig, grant: Grant, *scopes: str) -> bool:
    """Whether writes that need these scopes may leave; those of contacts where none is named."""
    return not config.read_only and has_scopes(grant, *(scopes or (_CONTACTS,)))


def refuse_read_only(config: HighLevelConfig, grant: Grant, *scopes: str) -> None:
    """Raises ``ReadOnlyGrant``, with the missing scope, where such a write may not leave."""
    if may_write(config, grant, *scopes):
        return
    missing = next((scope for scope in scopes if not has_scopes(grant, scope)), _CONTACTS)
    if config.read_only or missing == _CONTACTS:
        raise ReadOnlyGrant("This HighLevel connection is read-only; nothing was sent.", side=Side.HIGHLEVEL)
    raise ReadOnlyGrant(
        f"This HighLevel connection lacks the scope {missing}; nothing was sent.",
        fix="Add the scope to the app in HighLevel's marketplace, then connect HighLevel again.",
        side=Side.HIGHLEVEL,
    )
