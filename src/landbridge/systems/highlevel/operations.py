"""The 126 operations of HighLevel's contacts, calendars, locations, opportunities, businesses and users.

The tables in ``catalog/`` hold the facts of the vendor's OpenAPI files, version 2 (highlevel.md 2 and 7), in
words of ours; ``POST /contacts/search``, which those files do not describe, is as in highlevel.md 2.1.3.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import aiohttp
import msgspec

from landbridge.sync.model import Side
from landbridge.systems.base import Clock, Forbidden, Grant, GrantStore, Ledger, ReadOnlyGrant
from landbridge.systems.highlevel.answers import HighLevelDialect
from landbridge.systems.highlevel.auth import OAuthAuthorise
from landbridge.systems.highlevel.config import HighLevelConfig
from landbridge.systems.http import HttpClient, HttpConfig
from landbridge.systems.operations import Operation, Place, read_operations, unique
from landbridge.systems.quota import Quota

TABLES = (
    "contacts_record", "contacts_related", "calendars", "calendars_events", "locations", "opportunities",
    "businesses", "users",
)  # fmt: skip
LONGEST_ANSWER = 32 * 1024 * 1024  # bytes; an answer is for a person or a script, not for a sync


@cache
def highlevel_operations() -> Mapping[str, Operation]:
    """All of them by name; raises ``ValueError`` for a table that is not as it should be."""
    folder = files(__package__) / "catalog"
    texts = [(folder / f"{name}.toml").read_text(encoding="utf-8") for name in TABLES]
    return unique([one for text in texts for one in read_operations(text, Side.HIGHLEVEL)])


class HighLevelCalls:
    """Calls operations of the table on one location; the host is the API's, whatever the arguments say."""

    side = Side.HIGHLEVEL

    def __init__(
        self, config: HighLevelConfig, client: HttpClient, authorise: OAuthAuthorise, grant: Grant
    ) -> None:
        self._config = config
        self._client = client
        self._authorise = authorise
        self._grant = grant

    def permit(self, operation: Operation) -> None:
        """Raises ``ReadOnlyGrant`` or ``Forbidden`` where HighLevel would refuse; asks nobody.

        A token whose scopes nobody told (a Private Integration Token) is believed to have them all.
        """
        grant = self._grant
        if operation.writes and (self._config.read_only or _only_reads(grant)):
            raise read_only(operation)
        if operation.level == "agency" and grant.kind == "oauth":
            raise Forbidden(
                f"{operation.name} takes the token of an agency, and this connection is that of a location.",
                fix="Do it in HighLevel, in the agency's settings; nothing was sent.",
                side=self.side,
                sent="no",
            )
        if operation.scope and grant.scopes and operation.scope not in grant.scopes:
            raise Forbidden(
                f"{operation.name} needs the scope {operation.scope}, which this connection does not have.",
                fix=f"Allow {operation.scope} in your marketplace app, name it in highlevel_more_scopes, and"
                " connect HighLevel again; nothing was sent.",
                side=self.side,
                sent="no",
            )

    def filled(self) -> Mapping[str, str]:
        """What the account knows of itself, for parameters that are filled in."""
        return {"location": self._grant.location_id, "company": self._grant.company_id}

    async def call(self, operation: Operation, arguments: Mapping[str, object]) -> object:
        """The answer as JSON, None where it has no body; raises ``SystemFailure``.

        ``arguments`` are checked ones. Repeated only where the table says that it is safe.
        """
        json, body, headers = await _content(operation, arguments)
        return await self._client.request(
            operation.method,
            operation.path,
            ids={name: str(value) for name, value in _at(operation, "path", arguments).items()},
            query={name: in_query(value) for name, value in _at(operation, "query", arguments).items()},
            json=json,
            body=body,
            headers={"Version": operation.version} | headers,
            decode=any_json,
            idempotent=operation.repeat,
        )

    def ledger(self) -> Ledger:
        """Calls made and calls left."""
        return self._client.ledger()

    async def close(self) -> None:
        """Close both connection pools."""
        await self._client.close()
        await self._authorise.close()


def open_calls(
    config: HighLevelConfig,
    grants: GrantStore,
    grant: Grant,
    *,
    http: HttpConfig,
    quota: Quota,
    clock: Clock,
    rng: random.Random,
) -> HighLevelCalls:
    """The calls of one account, wired; connections open on the first call. Close it when done.

    ``grant`` is the stored one: its scopes and its location decide, before any call.
    """
    authorise = OAuthAuthorise(config, grants, http=http, clock=clock, rng=rng)
    client = HttpClient(
        config.api_url,
        Side.HIGHLEVEL,
        clock=clock,
        rng=rng,
        config=replace(http, max_body_bytes=min(http.max_body_bytes, LONGEST_ANSWER)),
        quota=quota,
        authorise=authorise,
        dialect=HighLevelDialect(),
        headers={"Version": config.version},
    )
    return HighLevelCalls(config, client, authorise, grant)


def read_only(operation: Operation) -> ReadOnlyGrant:
    """A write of a connection that may only read."""
    return ReadOnlyGrant(
        f"{operation.name} writes, and this connection may only read; nothing was sent.",
        fix="Connect HighLevel again with write permission and without highlevel_read_only.",
        side=operation.side,
    )


def any_json(body: bytes) -> object:
    """Whatever JSON an answer holds; None for an empty one. Raises msgspec's errors."""
    found: object = msgspec.json.decode(body) if body.strip() else None
    return found


def in_query(value: object) -> str | list[str]:
    """A value as a query has it; a list is named once for each of its values (OpenAPI's ``form``)."""
    if isinstance(value, list):
        return [str(in_query(one)) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _only_reads(grant: Grant) -> bool:
    return bool(grant.scopes) and not any(scope.endswith(".write") for scope in grant.scopes)


def _at(operation: Operation, place: Place, arguments: Mapping[str, object]) -> dict[str, object]:
    return {one.name: arguments[one.name] for one in operation.at(place) if one.name in arguments}


async def _content(
    operation: Operation, arguments: Mapping[str, object]
) -> tuple[Any, bytes | None, dict[str, str]]:
    """Body and headers: JSON, a multipart form, or nothing at all."""
    if whole := operation.at("whole"):
        return arguments[whole[0].name], None, {}
    if operation.at("form"):
        form = await _form(operation, arguments)
        return msgspec.UNSET, form[0], {"Content-Type": form[1]}
    if operation.at("body") or operation.empty_body:
        return _at(operation, "body", arguments), None, {}
    return msgspec.UNSET, None, {}


async def _form(operation: Operation, arguments: Mapping[str, object]) -> tuple[bytes, str]:
    """A multipart form and its content type."""
    form = aiohttp.FormData(default_to_multipart=True)
    for one in operation.at("form"):
        value = arguments.get(one.name)
        if isinstance(value, dict):
            content = base64.b64decode(value["base64"])
            form.add_field(value["field"], content, filename=value["name"])
        elif value is not None:
            form.add_field(one.name, str(value))
    payload = form()
    return await payload.as_bytes(), payload.headers["Content-Type"]
