"""The web site, put together: pages, API, static files, and the guard before all of them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from landbridge import __version__
from landbridge.handbook import handbook
from landbridge.systems.base import Clock, RealClock
from landbridge.web.activity import ActivityPages
from landbridge.web.api import Api
from landbridge.web.api_doctor import DoctorApi
from landbridge.web.api_operations import OperationsApi, describe_calls
from landbridge.web.api_outgoing import OutgoingApi
from landbridge.web.api_overview import OverviewApi
from landbridge.web.api_people import PeopleApi
from landbridge.web.api_retention import RetentionApi
from landbridge.web.api_setup import SetupApi
from landbridge.web.bridge_settings import SettingsPages
from landbridge.web.calendar import CalendarPages, feed_route
from landbridge.web.connect import ConnectPages
from landbridge.web.contacts import ContactPages
from landbridge.web.dashboard import DashboardPages
from landbridge.web.docs import DocsPages
from landbridge.web.door import Door
from landbridge.web.health import HealthPages
from landbridge.web.holds import HoldPages
from landbridge.web.login import LoginPages
from landbridge.web.mapping import MappingPages
from landbridge.web.metrics import MetricsPages
from landbridge.web.operations import OperationPages
from landbridge.web.outgoing import OutgoingPages
from landbridge.web.pages import STATIC, Pages
from landbridge.web.people import PeoplePages
from landbridge.web.ports import Product
from landbridge.web.problems import answer_problems
from landbridge.web.provider import ProviderPages
from landbridge.web.recipes import RecipePages
from landbridge.web.security import LARGEST_BODY, Guard, known_hosts
from landbridge.web.setup import SetupPages
from landbridge.web.status import StatusPages
from landbridge.web.tab_numbers import TabNumbers
from landbridge.web.watching import Watching
from landbridge.web.webhooks import webhook_route


class _Id(IntegerConvertor):
    """A number in a path. Ids have 64 bits: with a longer one there is no page, not a database that fails."""

    regex = "[0-9]{1,18}"


register_url_convertor("int", _Id())


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
        DocsPages(handbook(), pages),
        HealthPages(product),
        HoldPages(product, pages),
        LoginPages(product, pages),
        MappingPages(product, pages),
        MetricsPages(product, pages),
        PeoplePages(product, pages),
        ProviderPages(product, pages),
        RecipePages(product, pages),
        SettingsPages(product, pages),
        Api(product, pages.clock),
        OperationsApi(product),
        OperationPages(product, pages),
        DoctorApi(product),
        OutgoingApi(product),
        PeopleApi(product),
        OutgoingPages(product, pages),
        OverviewApi(product),
        RetentionApi(product),
    )
    for part in parts:
        site.include_router(part.router())
    describe_calls(site)
    site.mount("/static", StaticFiles(directory=STATIC))
    answer_problems(site, pages)
    site.add_middleware(TabNumbers, product=product)
    site.add_middleware(Door, product=product, refuse=pages.problem)
    site.add_middleware(GZipMiddleware, minimum_size=500)
    site.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY)  # a route may have its own
    tls = product.settings.public_url.startswith("https://")
    site.add_middleware(Guard, hosts=known_hosts(product.settings), refuse=pages.problem, tls=tls)
    site.add_middleware(Watching, product=product, clock=pages.clock)
    return site
