"""Who is told of each call that leaves: how such a watcher is asked, and the one that looks away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from landbridge.sync.model import Side

Seen = Callable[[int, Mapping[str, str]], None]
"""Takes the status and the headers (lower-case names do) of the answer; not called where none came."""

WatchCall = Callable[[Side, str, str], AbstractContextManager[Seen]]
"""Side, method and route with its places unfilled, so that a watcher never learns an id."""


def _ignored(status: int, headers: Mapping[str, str]) -> None:
    """Nobody looks."""


_NOBODY: AbstractContextManager[Seen] = nullcontext(_ignored)


def unwatched(side: Side, method: str, route: str) -> AbstractContextManager[Seen]:
    """Nobody watches."""
    return _NOBODY
