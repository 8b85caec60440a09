"""Every page of the site with the addresses at which a browser test opens it, read from the site's routes.

A page that needs nothing but the bridge's id is walked by itself. One with another parameter needs a line in
``values_of``, and a route that is no page needs one in ``NO_PAGES``; a test fails and names it otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.routing import iter_route_contexts

from browser_world import World

NO_PAGES = {
    "/bridges/{bridge_id:int}/status": "a part of the overview, which fetches it",
    "/connect/highlevel": "leads to HighLevel's consent page",
    "/oauth/highlevel/callback": "leads back to where the consent page was opened from",
    "/login/provider": "leads to the identity provider",
    "/login/provider/back": "leads to the page that was asked for",
    "/setup/{key}": "leads to the step where somebody was",
    "/feeds/{secret}.ics": "a calendar, for programs",
    "/bridges/{bridge_id:int}/activity.csv": "a file",
    "/bridges/{bridge_id:int}/activity.jsonl": "a file",
    "/bridges/{bridge_id:int}/mapping/file": "a file",
    "/bridges/{bridge_id:int}/mapping/trial": "a part of the mapping's page, which fetches it",
    "/bridges/{bridge_id:int}/settings/data.zip": "a file",
    "/setup/{key}/fields/trial": "a part of the fields' step, which fetches it",
    "/healthz": "for programs",
    "/readyz": "for programs",
    "/metrics": "for programs",
    "/api/v1/openapi.json": "for programs",
}
# For those who are not logged in; the others are sent on from there.
DOORS = ("/login", "/first", "/welcome/{purpose}/{secret}")
# The steps of the set-up, which a bridge has only until it is switched on.
STEP = "/setup/{key}/"
# What a page shows only when it is asked for.
MORE = {
    "/operations": ("?kind=trigger",),
    "/bridges/{bridge_id:int}/recipes": ("?name=follow-up",),
    "/bridges/{bridge_id:int}/contacts": ("?only=rezora",),
    f"{STEP}test": ("?what=create_rezora",),
    f"{STEP}verify": ("?others=yes",),
}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
Values = Mapping[str, Sequence[str]]


def routes_of(site: Any) -> list[str]:
    """The paths of all pages: what answers a GET and is neither the API nor a file."""
    found = [
        str(route.path)
        for route in iter_route_contexts(site.routes)
        if "GET" in (route.methods or ()) and not str(route.path).startswith("/api/")
    ]
    return sorted({path for path in found if path not in NO_PAGES})


def values_of_steps(world: World) -> Values:
    """The same of a bridge that is being set up."""
    return {"key": [str(world.bridge.id)]}


async def values_of(world: World, contacts: Iterable[str] = ()) -> Values:
    """What stands for the parameters of paths; ``path parameter`` is of that page alone."""
    people = list(contacts) or [world.contacts()[0]["id"]]
    runs = (await world.app.status(world.bridge)).recent
    causes = await world.app.hold_counts(world.bridge)
    _, purpose, secret = world.welcome.strip("/").split("/")
    return {
        "bridge_id": [str(world.bridge.id)],
        "record_id": people,
        "run_id": [str(runs[0].id)],
        "cause": sorted(causes)[:2],
        "purpose": [purpose],
        "secret": [secret],
        "/operations/{name} name": ["contacts.update"],
        "/docs/{name:path} name": ["troubleshooting", "people"],
        "version_id": ["1"],
    }


def places(site: Any, values: Values, *, steps: bool = False) -> dict[str, list[str]]:
    """Each page's path to its addresses, the doors last; fails with the names of pages that have none.

    All pages but the steps of the set-up, or with ``steps`` those alone.
    """
    wanted = [path for path in routes_of(site) if path.startswith(STEP) == steps]
    walk = {path: _addresses(path, values) for path in wanted}
    unknown = {path for path, addresses in walk.items() if not addresses}
    assert not unknown, (
        f"{sorted(unknown)}: give their parameters a value in tests/page_walk.py (values_of),"
        " or say there why they are no pages (NO_PAGES)."
    )
    return {
        path: walk[path] + [walk[path][0] + more for more in MORE.get(path, ())]
        for path in sorted(walk, key=lambda path: (path in DOORS, path))
    }


def _addresses(path: str, values: Values) -> list[str]:
    addresses = [path]
    for parameter in _PARAMETER.finditer(path):
        name = parameter.group(1)
        known = values.get(f"{path} {name}", values.get(name, ()))
        addresses = [one.replace(parameter.group(), value) for one in addresses for value in known]
    return addresses
