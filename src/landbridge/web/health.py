"""What machines ask about the process itself: whether it lives, and whether it can work."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, PlainTextResponse, Response

from landbridge.web.ports import Product
from landbridge.web.security import HEALTH, READY

UNAVAILABLE = 503


class HealthPages:
    """Both are for everybody, so neither says anything about bridges, people, places or versions."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """The routes; some monitors ask with HEAD."""
        router = APIRouter()
        for path, answer in ((HEALTH, self.lives), (READY, self.ready)):
            router.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)
        return router

    async def lives(self) -> Response:
        """The process answers; nothing else is asked, as starting it again would mend nothing else."""
        return PlainTextResponse("ok\n")

    async def ready(self) -> Response:
        """Whether work can be done here now, or why not."""
        lacks = await self._product.operating.readiness.lacks()
        return JSONResponse({"ready": not lacks, "reasons": list(lacks)}, UNAVAILABLE if lacks else 200)
