"""What surrounds the pages of a bridge: its tabs, in the order in which they are shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of every bridge; ``here`` of that page is the ``key``."""

    key: str
    title: str
    path: str  # below /bridges/ID


TABS = (
    Tab("status", "Overview", ""),
    Tab("contacts", "Contacts", "/contacts"),
    Tab("holds", "Waiting for you", "/holds"),
    Tab("activity", "Activity", "/activity"),
    Tab("recipes", "Recipes", "/recipes"),
    Tab("calendar", "Calendar", "/calendar"),
    Tab("outgoing", "Webhooks", "/webhooks"),
)
