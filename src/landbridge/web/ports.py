"""What the pages need from the product; ``landbridge.app.App`` fits it, and tests give their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from landbridge.access.doors import Doors
from landbridge.access.people import People
from landbridge.access.provider import Provider
from landbridge.bridge_settings import BridgeSettings
from landbridge.connecting import Connected
from landbridge.engine.calling import Called
from landbridge.engine.contact_book import ContactBook
from landbridge.engine.desk import Answered, Desk, Question
from landbridge.engine.feeds import Feeds
from landbridge.engine.fleet import UndoRun
from landbridge.engine.journal_book import JournalBook
from landbridge.engine.mapping_book import MappingBook
from landbridge.engine.outgoing import OutgoingWebhooks
from landbridge.engine.overview import Overview
from landbridge.engine.recipe_book import Card, Trial
from landbridge.engine.roster import Listing
from landbridge.engine.schedule import Timing
from landbridge.engine.setups import SetupBook
from landbridge.engine.status import Status
from landbridge.engine.telling import Tried
from landbridge.engine.trials import Trials
from landbridge.engine.undo import UndoOrder
from landbridge.letters import Letters
from landbridge.operating import Operating
from landbridge.settings import Settings
from landbridge.store.alerts import Alert
from landbridge.store.bridges import Account, Bridge
from landbridge.store.inbox import Outcome
from landbridge.store.journal import Entry
from landbridge.store.recipes import Firing
from landbridge.sync.model import Kind
from landbridge.sync.rules import ActivityRule, Policy
from landbridge.upkeep import Upkeep


class Recipes(Protocol):
    """The recipes of a bridge; ``landbridge.engine.recipe_book.RecipeBook`` fits it."""

    async def cards(self, bridge: Bridge) -> list[Card]:
        """The built-in ones, then those that people wrote."""
        ...

    async def card(self, bridge: Bridge, name: str) -> Card:
        """One of them."""
        ...

    async def switch(self, bridge: Bridge, name: str, *, on: bool) -> Card:
        """On or off."""
        ...

    async def set_values(self, bridge: Bridge, name: str, values: Mapping[str, str]) -> Card:
        """Give a built-in recipe other values."""
        ...

    async def save(self, bridge: Bridge, text: str) -> Card:
        """Keep a recipe that people wrote."""
        ...

    async def remove(self, bridge: Bridge, name: str) -> None:
        """Forget one that people wrote."""
        ...

    async def firings(self, bridge: Bridge, name: str = "", count: int = 50) -> list[Firing]:
        """What recipes did or did not do, newest first."""
        ...

    async def try_out(self, bridge: Bridge, name: str = "", text: str = "", days: int = 1) -> Trial:
        """What a recipe would have done; nothing is written."""
        ...


class Product(Protocol):
    """Everything the pages can ask and do.

    Methods raise ``SystemFailure``, ``StoreFailure`` or ``MappingError``; each says what to do about it.
    """

    settings: Settings
    doors: Doors
    people: People
    letters: Letters
    provider: Provider | None
    feeds: Feeds
    contact_book: ContactBook
    desk: Desk
    journal_book: JournalBook
    outgoing: OutgoingWebhooks
    trials: Trials
    mappings: MappingBook
    bridge_settings: BridgeSettings
    setups: SetupBook
    overview: Overview
    operating: Operating
    upkeep: Upkeep

    @property
    def recipes(self) -> Recipes:
        """The recipes of all bridges."""
        ...

    def setup_code(self) -> str:
        """What the first owner types to prove that they can see the server's terminal."""
        ...

    async def all_bridges(self) -> list[Bridge]:
        """All bridges, oldest first."""
        ...

    async def bridge_by_id(self, bridge_id: int) -> Bridge | None:
        """One of them; None where there is none of that id."""
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

    async def connect_url(self, session: str, *, setup: int = 0, read_only: bool = False) -> str:
        """The consent page of HighLevel, with a one-time state bound to the browser session."""
        ...

    async def finish_connect(self, code: str, state: str, session: str) -> Connected:
        """The browser came back from the consent page: check the state, keep the grant."""
        ...

    async def connect_highlevel(
        self, *, token: str = "", location: str = "", code: str = "", read_only: bool = False
    ) -> Account:
        """Try a token, and keep it only if it works."""
        ...

    async def connect_rezora(self, username: str, password: str) -> Account:
        """Try the credentials, and keep them only if they work."""
        ...

    def policy_of(self, bridge: Bridge) -> Policy:
        """What its mapping and its connections allow."""
        ...

    async def carry(self, bridge: Bridge, kind: Kind, rule: ActivityRule | None) -> Bridge:
        """Carry a kind of activities from now on, or not any more."""
        ...

    def forecast_seconds(self, calls: int) -> float:
        """How long so many calls take at the quota."""
        ...

    async def holds(
        self, bridge: Bridge, cause: str = "", limit: int = 200, after: tuple[float, int] | None = None
    ) -> list[Question]:
        """What waits for a person, oldest first, each with the answers it takes; ``after`` one of them."""
        ...

    async def hold_counts(self, bridge: Bridge) -> dict[str, int]:
        """How many wait, by cause, the commonest first."""
        ...

    async def resolve_all(self, bridge: Bridge, cause: str, use: str, *, by: str) -> Answered:
        """Give every open hold of one cause the same answer."""
        ...

    async def resolve(self, bridge: Bridge, hold_id: int, use: str, value: str = "", *, by: str) -> Question:
        """Answer a hold; the next sync carries it out."""
        ...

    async def contacts(self, bridge: Bridge, standing: str, after: str = "") -> Listing:
        """One page of the contacts that are ``in-sync``, ``left-out``, ``held`` or ``waiting``."""
        ...

    async def pause(self, bridge: Bridge, record_id: str, note: str = "") -> None:
        """Take a contact out of the sync."""
        ...

    async def resume(self, bridge: Bridge, record_id: str) -> None:
        """Put a paused contact back."""
        ...

    async def again(self, bridge: Bridge, record_id: str) -> None:
        """Let the next sync create a contact anew where it was deleted."""
        ...

    async def journal(self, bridge: Bridge, count: int = 50) -> list[Entry]:
        """The newest entries of the journal, newest first."""
        ...

    async def receive(self, raw: bytes, headers: Mapping[str, str]) -> Outcome:
        """One webhook of HighLevel, as sent; returns when it is durable."""
        ...

    async def ask(self, bridge: Bridge, record_ids: Sequence[str], *, cause: str) -> int:
        """Look at these contacts soon, by their id on either side; how many were named."""
        ...

    async def ask_business(self, bridge: Bridge, business_id: str, *, cause: str) -> int:
        """Look at everybody who belongs to a HighLevel business."""
        ...

    def look_for_changes(self, bridge: Bridge) -> None:
        """Look what moved on both sides, in the background."""
        ...

    async def arrivals(self) -> dict[str, int]:
        """How many webhooks came today, by outcome."""
        ...

    async def call(self, bridge: Bridge, name: str, given: Mapping[str, object], *, by: str) -> Called:
        """Call an operation of the catalog on the bridge's account."""
        ...

    async def undo(self, bridge: Bridge, order: UndoOrder, *, cause: str, preview: bool = False) -> UndoRun:
        """Put back what the journal says was written, where it still shows."""
        ...

    async def timings(self, bridge: Bridge) -> list[Timing]:
        """When each purpose of a bridge runs by itself."""
        ...

    async def set_schedule(
        self, bridge: Bridge, purpose: str, text: str, zone: str | None = None, quiet: str | None = None
    ) -> Timing:
        """Give a purpose its schedule; what is None stays."""
        ...

    async def switch_off(self, bridge: Bridge, purpose: str) -> Timing:
        """Nothing of this purpose starts by itself any more."""
        ...

    async def try_channels(self) -> list[Tried]:
        """Send a test through each channel that alerts take."""
        ...

    async def alerts(self, bridge: Bridge) -> list[Alert]:
        """What people were told of a bridge; what lasts comes first."""
        ...
