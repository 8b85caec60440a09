"""Who may not press a button does not see it: a walk through all pages, as each role."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from calendar_scenes import ADA
from contact_scenes import FakeBook, view
from landbridge.access.roles import Person, Role
from landbridge.store.outgoing import Outgoing, Subscription
from landbridge.web.rights import needed
from recipe_scenes import product_with_recipes
from web_client import Page, browse
from web_scenes import (
    CALENDAR,
    HIGHLEVEL,
    NOW,
    REZORA,
    SCENES,
    FakeFeeds,
    FakeProduct,
    OpenDoors,
    status,
)

STARTS = ("/", "/holds", "/setup", "/connect", "/account", "/operations", "/people", "/keys")
PERSON = f"/bridges/1/contacts/{ADA}"  # others of the scenes are known to the journal and the holds alone
# The mapping and the settings of a bridge are tested with the real thing, as each role: test_web_mapping.py.
OTHER_FILES = re.compile(r"/(static|api|feeds|connect|oauth)/|.*\.(csv|jsonl)$|/bridges/1/(mapping|settings)")
MANY = 2  # pages looked at of one shape, such as those of operations
SEARCHES = {"/bridges/1/activity", "/bridges/1/contacts"}
OWN = {"/logout", "/account/name", "/account/password", "/account/end"}


class FakeHooks:
    """One address that failed."""

    def __init__(self) -> None:
        self.one = Subscription(
            1, 1, "k", "Books", "hooks.example.com", ("contact_created",), b"", False, NOW, NOW, "It failed."
        )

    async def subscriptions(self, bridge: object) -> list[Subscription]:
        return [self.one]

    async def log_of(self, bridge: object, subscription_id: int, count: int = 50) -> list[Outgoing]:
        return [Outgoing(1, 1, "m", "contact_created", b"", "failed", NOW, NOW, 3)]


@pytest.fixture
async def products() -> AsyncIterator[list[FakeProduct]]:
    """One in each state in which other buttons are there."""
    rest: dict[str, Any] = {
        "contact_book": FakeBook(view()),
        "feeds": FakeFeeds(CALENDAR),
        "outgoing": FakeHooks(),
    }
    async with product_with_recipes() as cooking:
        whole = FakeProduct.of(status(), recipes=cooking.recipes, **rest)
        whole.answers.decided[1] = "use-highlevel", ""
        states = [SCENES[name] for name in ("new", "failed", "braked", "interrupted")]
        found = [FakeProduct.of(state, recipes=cooking.recipes, **rest) for state in states]
        yield [whole, *found, FakeProduct(connected=[HIGHLEVEL, REZORA]), FakeProduct()]


def shape(path: str) -> str:
    """Pages of one kind: /operations/contacts.get and /operations/contacts.create are of the same."""
    return re.sub(r"(/operations/|/contacts/|/runs/|/holds/)[^/]+$", r"\1*", path)


async def walk(product: FakeProduct, role: Role) -> Iterator[tuple[str, Page]]:
    """Every page that a link leads to, with its address."""
    product.doors = OpenDoors(Person(7, "Vera Lind", role, "vera@example.com"))
    browser, found = browse(product), {}
    waiting = [path for path in STARTS if role.may(needed("GET", path) or Role.VIEWER)]
    shapes: dict[str, int] = {}
    waiting += [PERSON] if product.statuses else []
    seen = set(waiting)
    while waiting:
        address = waiting.pop()
        path = address.partition("?")[0]
        shapes[shape(path)] = shapes.get(shape(path), 0) + 1
        if shapes[shape(path)] > MANY:
            continue
        answer = await browser.get(address)
        if answer.status == 303 or (answer.status == 404 and "/contacts/" in path and path != PERSON):
            continue
        assert answer.status == 200, f"{role.value} is led to {address}: {answer.status}"
        found[address] = answer.page
        for link in found[address].all("a"):
            to = link.attributes["href"].partition("#")[0]
            if to.startswith("/") and to not in seen and not OTHER_FILES.match(to):
                seen.add(to)
                waiting.append(to)
    return iter(found.items())


def pressed(page: Page) -> set[str]:
    """Where the forms of a page post to."""
    forms = {
        form.attributes["action"] for form in page.all("form") if form.attributes.get("method") == "post"
    }
    return {where.partition("#")[0] for where in forms} | {
        element.attributes["hx-post"] for element in page.elements if "hx-post" in element.attributes
    }


@pytest.mark.parametrize("role", list(Role))
async def test_every_form_and_link_that_is_drawn_may_be_used(products: list[FakeProduct], role: Role) -> None:
    there, looked_at = set[str](), 0
    for product in products:
        for address, page in await walk(product, role):
            looked_at += 1
            there |= pressed(page)
            for where in pressed(page):
                assert role.may(needed("POST", where) or Role.VIEWER), f"{where} on {address}"
            for link in page.all("a"):
                to = link.attributes["href"].partition("#")[0].partition("?")[0]
                if to.startswith("/"):
                    assert role.may(needed("GET", to) or Role.VIEWER), f"{to} on {address}"
    assert looked_at > 60
    if role is Role.VIEWER:
        assert there == SEARCHES | OWN, "no form that posts but searches and what is their own"
        return
    actions = {
        "/bridges/1/sync", "/bridges/1/changes", "/bridges/1/contact", "/bridges/1/undo",
        "/bridges/1/holds/1", "/bridges/1/holds/1/take-back", f"/bridges/1/contacts/{ADA}/sync",
        f"/bridges/1/contacts/{ADA}/pause", "/bridges/1/recipes", "/bridges/1/recipes/follow-up",
        "/bridges/1/recipes/Call%20new%20buyers/remove", "/bridges/1/calendar", "/bridges/1/calendar/revoke",
        "/bridges/1/webhooks", "/bridges/1/webhooks/1/on", "/bridges/1/webhooks/messages/1/replay",
    }  # fmt: skip
    assert actions - there == set(), "the walk has come by where the buttons are"
    assert any(where.startswith("/operations/") for where in there)
    assert ({"/connect/rezora", "/people", "/keys"} <= there) is (role is Role.OWNER)
