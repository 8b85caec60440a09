"""What a grant lets us do, read off its scopes before anything is sent (highlevel.md 1.9)."""

from __future__ import annotations

from landbridge.sync.model import Side
from landbridge.systems.base import Grant, ReadOnlyGrant
from landbridge.systems.highlevel.config import HighLevelConfig


def has_scopes(grant: Grant, *scopes: str) -> bool:
    """Whether the grant has all of them.

    A token whose scopes nobody told is believed to have them all; HighLevel decides.
    """
    return (grant.kind == "pit" and not grant.scopes) or set(scopes) <= set(grant.scopes)


def may_write(config: HighLevelConfig, grant: Grant, scope: str = "contacts.write") -> bool:
    """Whether writes that need this scope may leave."""
    return not config.read_only and has_scopes(grant, scope)


def refuse_read_only(config: HighLevelConfig, grant: Grant, scope: str = "contacts.write") -> None:
    """Raises ``ReadOnlyGrant`` where such a write may not leave."""
    if may_write(config, grant, scope):
        return
    if config.read_only or scope == "contacts.write":
        raise ReadOnlyGrant("This HighLevel connection is read-only; nothing was sent.", side=Side.HIGHLEVEL)
    raise ReadOnlyGrant(
        f"This HighLevel connection lacks the scope {scope}; nothing was sent.",
        fix="Add the scope to the app in HighLevel's marketplace, then connect HighLevel again.",
        side=Side.HIGHLEVEL,
    )
