"""The API of the doctor: what ``landbridge doctor`` says, for programs."""

from __future__ import annotations

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from landbridge.web.ports import Product


class CheckFacts(BaseModel):
    """One thing looked at."""

    name: str
    state: str = Field(description="ok, note for what is worth a look, or fails for what has to be mended")
    sentence: str
    fix: str = Field(description="What to do; empty when all is well.")


class DoctorApi:
    """For owners: the answers name folders of the machine."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """The one route."""
        router = APIRouter()
        router.add_api_route(
            "/api/v1/doctor", self.look, methods=["GET"], summary="What is wrong, and the fix"
        )
        return router

    async def look(
        self, online: bool = Query(False, description="Use each stored credential for one read as well.")
    ) -> list[CheckFacts]:
        """Settings, folder, database, key, disk, runs, webhooks, quota, accounts."""
        return [
            CheckFacts(name=check.name, state=check.state, sentence=check.sentence, fix=check.fix)
            for check in await self._product.operating.checkup.look(online=online)
        ]
