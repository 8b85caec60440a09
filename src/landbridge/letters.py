"""Links for people, by e-mail where a mail server is configured; the link is always shown as well."""

from __future__ import annotations

from datetime import UTC, datetime

from landbridge.access.people import INVITATION, DoorLink
from landbridge.channels import mail_to
from landbridge.settings import Settings
from landbridge.systems.base import Clock
from landbridge.systems.channel import Channel, ChannelFailure, Message


class Letters:
    """Sends links; ``way_to`` is None where no mail server is configured."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def send(self, link: DoorLink) -> str:
        """Mail a link to its person, and say in one sentence what became of that; blank without a server.

        Never raises: the link is made already and is shown, so it can be sent another way.
        """
        channel = self.way_to(link.email)
        if channel is None:
            return ""
        try:
            await channel.send(_letter(link, self._settings.public_url))
        except ChannelFailure as failure:
            return f"It was not sent by e-mail. {failure.sentence} Send the link yourself."
        return f"It was sent by e-mail to {link.email}."

    def way_to(self, email: str) -> Channel | None:
        """The way to one address."""
        return mail_to(self._settings, self._clock, email)


def _letter(link: DoorLink, address: str) -> Message:
    ends = datetime.fromtimestamp(link.ends_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    invited = link.purpose == INVITATION
    what = "You are invited to Landbridge" if invited else "Another password for Landbridge"
    unasked = (
        "If you do not expect this, ignore it: nothing happens."
        if invited
        else "If you did not ask for this, ignore it: your password stays as it is."
    )
    return Message(
        what,
        f"Hello {link.name},\n\nchoose a password here. The link is good once, until {ends}:\n\n"
        f"{address}{link.path}\n\n{unasked}\n",
    )
