"""What alerts leave by: a channel, a message, and why a channel did not take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One subject and a few lines of plain text."""

    subject: str
    text: str


class ChannelFailure(Exception):  # noqa: N818  # a condition, not a programming error
    """A channel did not take a message; ``str()`` is one sentence, without a secret or an address."""

    def __init__(self, sentence: str, fix: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix


class Channel(Protocol):
    """One way to reach people."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    async def send(self, message: Message) -> None:
        """Deliver; raises ``ChannelFailure``."""
        ...
