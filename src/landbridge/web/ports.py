"""What the pages need from the product; ``landbridge.app.App`` fits it, and tests give their own."""

from __future__ import annotations

from typing import Protocol

from landbridge.engine.status import Status
from landbridge.settings import Settings
from landbridge.store.bridges import Account, Bridge


class Product(Protocol):
    """Everything the pages can ask and do.

    Methods raise ``SystemFailure``, ``StoreFailure`` or ``MappingError``; each says what to do about it.
    """

    settings: Settings

    async def all_bridges(self) -> list[Bridge]:
        """All bridges, oldest first."""
        ...

    async def accounts(self) -> list[Account]:
        """All connected accounts."""
        ...

    async def status(self, bridge: Bridge) -> Status:
        """How a bridge stands; no call leaves the machine."""
        ...

    def start_sync(self, bridge: Bridge, *, cause: str, accept: bool = False) -> None:
        """A full sync in the background; ``accept`` lets it pass the brake."""
        ...

    async def connect_url(self, session: str) -> str:
        """The consent page of HighLevel, with a one-time state bound to the browser session."""
        ...

    async def finish_connect(self, code: str, state: str, session: str) -> Account:
        """The browser came back from the consent page: check the state, keep the grant."""
        ...

    async def connect_rezora(self, username: str, password: str) -> Account:
        """Try the credentials, and keep them only if they work."""
        ...

    async def create_bridge(
        self, name: str, mapping: str | None = None, highlevel: str = "", rezora: str = ""
    ) -> Bridge:
        """Pair two accounts, named by their external ids; the default mapping when none is given."""
        ...
