"""The API about a bridge as a whole: name, pause, scope, activities, its data, people, and its accounts."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from landbridge.bridge_settings import Disconnected
from landbridge.engine.erasure import Erasure
from landbridge.engine.pausing import why_stopped
from landbridge.store.bridges import Bridge
from landbridge.sync.mapping import read_policy
from landbridge.sync.model import Kind, Side
from landbridge.sync.rules import ActivityRule, Direction, OnGone
from landbridge.sync.scope import Scope
from landbridge.web.api_routes import Responses, add_routes
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge
from landbridge.web.who import asking


class NameOrder(BaseModel):
    """Another name."""

    model_config = ConfigDict(extra="forbid")

    name: str


class ScopeOrder(BaseModel):
    """Whom the bridge is about; empty lists for everybody, several lists must all hold."""

    model_config = ConfigDict(extra="forbid")

    tags: list[str] = []
    assigned_to: list[str] = Field([], description="User ids of HighLevel.")
    business: list[str] = Field([], description="Business ids of HighLevel.")


class BridgeState(BaseModel):
    """A bridge as it is set; times are epoch seconds, UTC."""

    id: int
    name: str
    paused_at: float | None
    paused_by: str
    stopped: str = Field(description="Why nothing starts on it, in a sentence; empty where it runs.")
    scope: ScopeOrder


class CarryOrder(BaseModel):
    """How a kind of activities goes along; ``carry`` false to stop."""

    model_config = ConfigDict(extra="forbid")

    carry: bool = True
    direction: Direction = Direction.BOTH
    on_delete: OnGone = OnGone.UNLINK


class EraseOrder(BaseModel):
    """Who: an id of the contact on either side; for a preview also an e-mail address."""

    model_config = ConfigDict(extra="forbid")

    who: str


class ErasureFacts(BaseModel):
    """What is, or was, removed of one person."""

    name: str
    highlevel_id: str
    rezora_id: str
    rows: dict[str, int] = Field(description="How many rows or values, by what they are.")
    opt_out_stays: bool = Field(description="Remembered as a keyed hash.")


class DisconnectOrder(BaseModel):
    """To confirm, the name of the bridge."""

    model_config = ConfigDict(extra="forbid")

    name: str


class DisconnectedFacts(BaseModel):
    """What was done, and what is left to do on the other side."""

    sentence: str
    fix: str


class TriedFacts(BaseModel):
    """What one channel did with a test; empty texts where it took it."""

    channel: str
    sentence: str
    fix: str


class SettingsApi:
    """The routes under one bridge that change it as a whole."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], 422: refused[403], **refused}
        router.add_api_route(
            f"{path}/settings", self.state, methods=["GET"], summary="As it is set", responses=unknown
        )
        router.add_api_route(
            f"{path}/data",
            self.archive,
            methods=["GET"],
            summary="All its data as a zip of tables (owners)",
            responses=unknown,
            response_class=Response,
        )
        router.add_api_route(
            f"{path}/scope", self.scope, methods=["PUT"], summary="Say whom it is about", responses=wrong
        )
        writes = (
            ("settings/name", self.rename, "Give it another name"),
            ("pause", self.pause, "Let nothing start on it"),
            ("resume", self.resume, "Let it run again"),
            ("alerts/test", self.try_channels, "Send a test through each channel of alerts"),
            ("carry/{kind}", self.carry, "Carry tasks, notes or appointments, or stop to"),
            ("erase/preview", self.preview, "What erasing a person would remove (owners)"),
            ("erase", self.erase, "Erase a person here (owners)"),
            ("disconnect/{side}", self.disconnect, "Destroy the credential of an account (owners)"),
        )
        add_routes(router, path, "POST", writes, wrong)
        return router

    async def state(self, bridge_id: int) -> BridgeState:
        """Schedules are at /schedule, the mapping at /mapping."""
        return _state(await find_bridge(self._product, bridge_id))

    async def rename(self, bridge_id: int, order: NameOrder) -> BridgeState:
        """Names are unique."""
        bridge = await find_bridge(self._product, bridge_id)
        return _state(await self._product.bridge_settings.rename(bridge, order.name))

    async def pause(self, bridge_id: int) -> BridgeState:
        """Webhooks are still received, and looked at when it is resumed."""
        bridge = await find_bridge(self._product, bridge_id)
        return _state(await self._product.bridge_settings.pause(bridge, by=asking().name))

    async def resume(self, bridge_id: int) -> BridgeState:
        """What came meanwhile is carried at once, opt-outs first."""
        bridge = await find_bridge(self._product, bridge_id)
        return _state(await self._product.bridge_settings.resume(bridge))

    async def scope(self, bridge_id: int, order: ScopeOrder) -> BridgeState:
        """A part of the mapping; the rest of it stays to the letter."""
        bridge = await find_bridge(self._product, bridge_id)
        scope = Scope(tuple(order.tags), tuple(order.assigned_to), tuple(order.business))
        return _state(await self._product.mappings.set_scope(bridge, scope, by=asking().name))

    async def carry(self, bridge_id: int, kind: Kind, order: CarryOrder) -> BridgeState:
        """What is there stays on both sides when it stops."""
        bridge = await find_bridge(self._product, bridge_id)
        rule = ActivityRule(kind, order.direction, order.on_delete) if order.carry else None
        return _state(await self._product.mappings.carry(bridge, kind, rule, by=asking().name))

    async def try_channels(self, bridge_id: int) -> list[TriedFacts]:
        """They are those of the whole installation; empty where none is configured."""
        await find_bridge(self._product, bridge_id)
        tried = await self._product.try_channels()
        return [TriedFacts(channel=one.channel, sentence=one.sentence, fix=one.fix) for one in tried]

    async def archive(self, bridge_id: int) -> Response:
        """Made while it is sent; no secret is in it."""
        bridge = await find_bridge(self._product, bridge_id)
        archive = self._product.bridge_settings.archive
        headers = {"Content-Disposition": f'attachment; filename="{archive.name(bridge)}"'}
        return StreamingResponse(archive.chunks(bridge), media_type="application/zip", headers=headers)

    async def preview(self, bridge_id: int, order: EraseOrder) -> list[ErasureFacts]:
        """Everybody who has that id or address; nothing is changed."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.bridge_settings.eraser.preview(bridge, order.who)
        return [_erasure(one) for one in found]

    async def erase(self, bridge_id: int, order: EraseOrder) -> ErasureFacts:
        """The contact in HighLevel and in Rezora is not touched."""
        bridge = await find_bridge(self._product, bridge_id)
        erased = await self._product.bridge_settings.eraser.erase(bridge, order.who, by=asking().name)
        return _erasure(erased)

    async def disconnect(self, bridge_id: int, side: Side, order: DisconnectOrder) -> DisconnectedFacts:
        """The bridge stops; connecting the account again goes on where it was."""
        bridge = await find_bridge(self._product, bridge_id)
        made = await self._product.bridge_settings.disconnect(bridge, side, order.name, by=asking().name)
        return _disconnected(made)


def _state(bridge: Bridge) -> BridgeState:
    scope = read_policy(bridge.policy).scope
    return BridgeState(
        id=bridge.id,
        name=bridge.name,
        paused_at=bridge.paused_at,
        paused_by=bridge.paused_by,
        stopped=why_stopped(bridge)[0],
        scope=ScopeOrder(
            tags=list(scope.tags), assigned_to=list(scope.assigned_to), business=list(scope.business)
        ),
    )


def _erasure(one: Erasure) -> ErasureFacts:
    return ErasureFacts(
        name=one.name,
        highlevel_id=one.ids.get(Side.HIGHLEVEL, ""),
        rezora_id=one.ids.get(Side.REZORA, ""),
        rows=dict(one.rows),
        opt_out_stays=one.remembered,
    )


def _disconnected(made: Disconnected) -> DisconnectedFacts:
    return DisconnectedFacts(sentence=made.sentence, fix=made.fix)
