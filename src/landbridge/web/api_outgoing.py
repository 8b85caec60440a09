"""The API about outgoing webhooks: who follows what, what was sent, and sending it again."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.engine.outgoing import NAMES
from landbridge.store.outgoing import Outgoing, Subscription
from landbridge.web.numbers import Many
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge

PATH = "/api/v1/bridges/{bridge_id:int}/webhooks"


class WebhookFacts(BaseModel):
    """An address that follows triggers; only its host is ever shown."""

    id: int
    name: str
    host: str
    triggers: list[str]
    enabled: bool
    created_at: float
    failing_since: float | None = Field(description="The first failure since the last success.")
    note: str = Field(description="Why it was switched off by itself; empty when it was not.")


class NewWebhookFacts(WebhookFacts):
    """A new one, with the secret its messages are signed with; it is shown this once."""

    secret: str


class WebhookOrder(BaseModel):
    """An address and what it follows."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="An https:// address on the internet.")
    triggers: list[str] = Field(description=f"Some of: {', '.join(NAMES)}.")
    name: str = Field("", description="A name of your choice.")


class SwitchOrder(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool


class MessageFacts(BaseModel):
    """One message to one address; times are epoch seconds, UTC."""

    id: int
    message: str = Field(description="The webhook-id; the same for every attempt.")
    trigger: str
    state: str = Field(description="waiting, delivered or failed")
    created_at: float
    attempts: int
    tried_at: float | None
    due_at: float | None = Field(description="When it is tried next; null when it is over.")
    told: str = Field(description="What the last attempt met.")
    body: str


class OutgoingApi:
    """The routes of outgoing webhooks."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter()
        for path, do, method, summary in (
            ("", self.webhooks, "GET", "Who follows what"),
            ("", self.add, "POST", "Let an address follow triggers"),
            ("/{webhook_id:int}", self.remove, "DELETE", "Forget an address"),
            ("/{webhook_id:int}/switch", self.switch, "POST", "Switch it on or off"),
            ("/{webhook_id:int}/test", self.test, "POST", "Send a test now"),
            ("/{webhook_id:int}/messages", self.messages, "GET", "What was sent, newest first"),
            ("/messages/{message_id:int}/replay", self.replay, "POST", "Send a message again"),
        ):
            router.add_api_route(f"{PATH}{path}", do, methods=[method], summary=summary)
        return router

    async def webhooks(self, bridge_id: int) -> list[WebhookFacts]:
        """Oldest first."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.outgoing.subscriptions(bridge)
        return [WebhookFacts.model_validate(_webhook(one)) for one in found]

    async def add(self, bridge_id: int, order: WebhookOrder) -> NewWebhookFacts:
        """Answers with the secret, which is not shown again."""
        bridge = await find_bridge(self._product, bridge_id)
        made = await self._product.outgoing.subscribe(bridge, order.url, order.triggers, order.name)
        return NewWebhookFacts.model_validate(_webhook(made.subscription) | {"secret": made.secret})

    async def remove(self, bridge_id: int, webhook_id: int) -> None:
        """With its log."""
        await self._product.outgoing.remove(await find_bridge(self._product, bridge_id), webhook_id)

    async def switch(self, bridge_id: int, webhook_id: int, order: SwitchOrder) -> WebhookFacts:
        """What happens while it is off is not told later."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.outgoing.switch(bridge, webhook_id, enabled=order.enabled)
        return WebhookFacts.model_validate(_webhook(found))

    async def test(self, bridge_id: int, webhook_id: int) -> MessageFacts:
        """A message of the type landbridge.test, and what became of it."""
        bridge = await find_bridge(self._product, bridge_id)
        return _message(await self._product.outgoing.test(bridge, webhook_id))

    async def messages(self, bridge_id: int, webhook_id: int, count: Many = 50) -> list[MessageFacts]:
        """Kept for 30 days."""
        bridge = await find_bridge(self._product, bridge_id)
        return [_message(one) for one in await self._product.outgoing.log_of(bridge, webhook_id, count)]

    async def replay(self, bridge_id: int, message_id: int) -> MessageFacts:
        """Under its own id, so that a receiver can tell."""
        bridge = await find_bridge(self._product, bridge_id)
        return _message(await self._product.outgoing.replay(bridge, message_id))


def _webhook(one: Subscription) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "host": one.host,
        "triggers": list(one.triggers),
        "enabled": one.enabled,
        "created_at": one.created_at,
        "failing_since": one.failing_since,
        "note": one.note,
    }


def _message(one: Outgoing) -> MessageFacts:
    return MessageFacts(
        id=one.id,
        message=one.message,
        trigger=one.trigger,
        state=one.state,
        created_at=one.created_at,
        attempts=one.attempts,
        tried_at=one.tried_at,
        due_at=one.due_at if one.state == "waiting" else None,
        told=one.told,
        body=one.body.decode(),
    )
