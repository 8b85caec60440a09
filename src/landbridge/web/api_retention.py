"""The API of how long history is kept."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from landbridge.web.ports import Product


class RetentionFacts(BaseModel):
    """Days that each kind of history is kept; what is older is forgotten once a day."""

    journal_days: int = Field(description="The journal and the runs: undo reaches no further.")
    inbox_days: int = Field(description="Which webhooks came.")
    ledger_days: int = Field(description="Amounts of each day.")
    login_days: int = Field(description="Attempts to log in.")


class Forgotten(BaseModel):
    """How many rows of each kind were forgotten now."""

    journal: int
    runs: int
    inbox: int
    ledger: int
    logins: int


class RetentionApi:
    """``/api/v1/retention``."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/retention", tags=["retention"])
        router.add_api_route("", self.show, methods=["GET"], summary="How long history is kept")
        router.add_api_route(
            "/forget",
            self.forget,
            methods=["POST"],
            summary="Forget what is older now, as is done once a day",
        )
        return router

    async def show(self) -> RetentionFacts:
        """As the settings say."""
        kept = self._product.upkeep.history.kept
        return RetentionFacts(
            journal_days=kept.journal, inbox_days=kept.inbox, ledger_days=kept.ledger, login_days=kept.logins
        )

    async def forget(self) -> Forgotten:
        """In small transactions, so that syncs and webhooks go on."""
        return Forgotten(**await self._product.upkeep.history.prune())
