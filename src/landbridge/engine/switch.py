"""Whether a bridge is switched on: until then it does nothing by itself, and no whole sync."""

from __future__ import annotations

from landbridge.engine.answers import NotPossible
from landbridge.store.bridges import Bridge


def demand_live(bridge: Bridge) -> None:
    """Raises ``NotPossible`` for a bridge that is still being set up."""
    if not bridge.live:
        raise NotPossible(
            f"{bridge.name} is still being set up, so nothing is synced yet.",
            "Finish its set-up and switch it on, or run `landbridge bridge switch-on`.",
        )
