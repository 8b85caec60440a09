"""Bridges that a person has stopped: what they say, and that nothing starts on them."""

from __future__ import annotations

from datetime import UTC, datetime

from landbridge.engine.answers import NotPossible
from landbridge.store.bridges import Bridge


def why_stopped(bridge: Bridge) -> tuple[str, str]:
    """A sentence and its fix for a bridge on which nothing starts; two blanks for any other."""
    for account in (bridge.highlevel, bridge.rezora):
        if account.disconnected_at is not None:
            by = account.capability.get("disconnected_by", "")
            return (
                f"{account.side.title} was disconnected on {_moment(account.disconnected_at)}{_by(by)}.",
                f"Connect {account.side.title} again on the set-up page or with"
                f" `landbridge connect {account.side.value}`; nobody is created twice.",
            )
    if bridge.paused_at is None:
        return "", ""
    return (
        f"Paused since {_moment(bridge.paused_at)}{_by(bridge.paused_by)}.",
        "Resume it on its settings page or with `landbridge bridge resume`; opt-outs that arrive meanwhile"
        " are kept and carried first.",
    )


def demand_running(bridge: Bridge) -> None:
    """Raises ``NotPossible`` for a bridge that a person has stopped."""
    sentence, fix = why_stopped(bridge)
    if sentence:
        raise NotPossible(sentence, fix)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%-d %b %Y, %H:%M UTC")


def _by(who: str) -> str:
    return f" by {who}" if who else ""
