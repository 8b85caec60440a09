"""The web site, put together: pages, API, static files, and the guard before all of them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from landbridge import __version__
from landbridge.systems.base import Clock, RealClock
from landbridge.web.activity import ActivityPages
from landbridge.web.api import Api
from landbridge.web.api_operations import OperationsApi, describe_calls
from landbridge.web.api_outgoing import OutgoingApi
from landbridge.web.api_overview import OverviewApi
from landbridge.web.api_people import PeopleApi
from landbridge.web.api_setup import SetupApi
from landbridge.web.calendar import CalendarPages, feed_route
from landbridge.web.connect import ConnectPages
from landbridge.web.contacts import ContactPages
from landbridge.web.dashboard import DashboardPages
from landbridge.web.door import Door
from landbridge.web.holds import HoldPages
from landbridge.web.login import LoginPages
from landbridge.web.operations import OperationPages
from landbridge.web.outgoing import OutgoingPages
from landbridge.web.pages import STATIC, Pages
from landbridge.web.people import PeoplePages
from landbridge.web.ports import Product
from landbridge.web.problems import answer_problems
from landbridge.web.provider import ProviderPages
from landbridge.web.recipes import RecipePages
from landbridge.web.security import Guard, known_hosts
from landbridge.web.setup import SetupPages
from landbridge.web.status import StatusPages
from landbridge.web.webhooks import webhook_route


def build_site(product: Product, clock: Clock | None = None) -> FastAPI:
    """The ASGI application; ``clock`` is for "3 minutes ago" and must be the one the product writes by."""
    pages = Pages(clock or RealClock())
    site = FastAPI(
        title="Landbridge",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # both viewers load scripts from a CDN
        redoc_url=None,
    )
    site.router.routes += [webhook_route(product), feed_route(product)]
    status = StatusPages(product, pages)
    parts = (
        DashboardPages(product, pages, status),
        status,
        CalendarPages(product, pages),
        ContactPages(product, pages),
        ActivityPages(product, pages),
        ConnectPages(product, pages),
        SetupPages(product, pages),
        SetupApi(product),
        HoldPages(product, pages),
        LoginPages(product, pages),
        PeoplePages(product, pages),
        ProviderPages(product, pages),
        RecipePages(product, pages),
        Api(product, pages.clock),
        OperationsApi(product),
        OperationPages(product, pages),
        OutgoingApi(product),
        PeopleApi(product),
        OutgoingPages(product, pages),
        OverviewApi(product),
    )
    for part in parts:
        site.include_router(part.router())
    describe_calls(site)
    site.mount("/static", StaticFiles(directory=STATIC))
    answer_problems(site, pages)
    site.add_middleware(Door, product=product, refuse=pages.problem)
    site.add_middleware(GZipMiddleware, minimum_size=500)
    site.add_middleware(Guard, hosts=known_hosts(product.settings), refuse=pages.problem)
    return site
