"""Some at a time, the same done for each of many until something stops it; and ending what is under way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

Item = TypeVar("Item")


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what is under way, and come back when all of it has ended, however.

    Each is cancelled once only. A statement that is cancelled has its connection closed by SQLAlchemy; a
    second cancel in the midst of that stops aiosqlite's thread under the first one, which then waits for it
    for ever, and with it the end of the process.
    """
    for task in tasks:
        if not task.done() and not task.cancelling():
            task.cancel()
    if tasks:
        for task in (await asyncio.wait(tasks))[0]:
            if not task.cancelled():
                task.exception()  # looked at: whoever began it says what became of it


async def together(
    items: Iterable[Item],
    number: int,
    do: Callable[[Item], Awaitable[None]],
    lost: asyncio.Event | None = None,
) -> tuple[list[Item], Exception | None]:
    """Do it for each, ``number`` at a time; gives those that were not begun, and what stopped it.

    What ``do`` raises stops it all: what is under way ends, nothing more is begun, and the first exception
    is given, not a group of them. So does ``lost``, without one.
    """
    waiting = deque(items)
    stops: list[Exception] = []

    async def worker() -> None:
        while waiting and not stops and not (lost is not None and lost.is_set()):
            try:
                await do(waiting.popleft())
            except Exception as error:  # whatever it is, the caller decides
                stops.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(number, len(waiting))):
            group.create_task(worker())
    return list(waiting), stops[0] if stops else None
