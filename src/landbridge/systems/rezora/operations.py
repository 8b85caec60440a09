"""Rezora's documented operations (rezora.md 2): those of an agent can be called, those of a company not.

No DELETE of a collection is among them, and the calls that the readable documents do not show (changing and
deleting one contact) are left to the sync, which knows what must not be touched.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from landbridge.sync.model import Side
from landbridge.systems.base import Clock, Forbidden, Ledger, Rejected
from landbridge.systems.http import HttpClient, HttpConfig
from landbridge.systems.operations import Operation, read_operations, unique
from landbridge.systems.quota import Quota
from landbridge.systems.rezora.config import RezoraConfig
from landbridge.systems.rezora.wire import BasicAuthorise, RezoraDialect, checked_id, rows

_PRIMARY_SPHERE = "1"


@cache
def rezora_operations() -> Mapping[str, Operation]:
    """All of them by name; raises ``ValueError`` for a table that is not as it should be."""
    text = (files(__package__) / "catalog.toml").read_text(encoding="utf-8")
    return unique(read_operations(text, Side.REZORA))


class RezoraCalls:
    """Calls operations of the table on one agent account."""

    side = Side.REZORA

    def __init__(
        self, config: RezoraConfig, *, http: HttpConfig, quota: Quota, clock: Clock, rng: random.Random
    ) -> None:
        self._client = HttpClient(
            config.api_url,
            Side.REZORA,
            clock=clock,
            rng=rng,
            config=http,
            quota=quota,
            authorise=BasicAuthorise(config.username, config.password),
            dialect=RezoraDialect(),
        )

    def permit(self, operation: Operation) -> None:
        """Raises ``Forbidden`` for what company-level credentials alone reach (rezora.md 1)."""
        if operation.level == "company":
            raise Forbidden(
                f"{operation.name} takes company-level credentials, and contacts and lists need those of an"
                " agent, which this connection has; nothing was sent.",
                fix="Do it in Rezora; Landbridge keeps one agent-level connection for each account.",
                side=self.side,
                sent="no",
            )

    def filled(self) -> Mapping[str, str]:
        """Nothing: no call takes the account itself."""
        return {}

    async def call(self, operation: Operation, arguments: Mapping[str, object]) -> object:
        """The rows of the answer; raises ``SystemFailure``. ``arguments`` are checked ones.

        Every id must be a positive number: a path that lost one would be another call.
        """
        ids = {one.name: checked_id(arguments[one.name]) for one in operation.at("path")}
        if operation.writes and "listId" in ids:
            await self._refuse_primary_sphere(ids["listId"])
        sent = {one.name: arguments[one.name] for one in operation.at("body") if one.name in arguments}
        return await self._client.request(
            operation.method,
            f"{operation.path}.json",
            ids=ids,
            json={"data": sent} if operation.at("body") else msgspec.UNSET,
            decode=rows,
            idempotent=operation.repeat,
        )

    def ledger(self) -> Ledger:
        """Calls made, by our own count."""
        return self._client.ledger()

    async def close(self) -> None:
        """Close the connection pool."""
        await self._client.close()

    async def _refuse_primary_sphere(self, list_id: str) -> None:
        """One read more before a write to a list: it must not be the one that every contact may be on."""
        found = await self._client.request(
            "GET", "/lists/{list}.json", ids={"list": list_id}, decode=rows, idempotent=True
        )
        if any(str(row.get("list_type", "0")) == _PRIMARY_SPHERE for row in found):
            raise Rejected(
                "Landbridge does not change Rezora's Primary Sphere; nothing was written.",
                fix="Choose another list.",
                side=self.side,
                sent="no",
            )
