"""The calls of one Rezora account, and the only way to a DELETE: of one record, by its id (rezora.md 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from landbridge.sync.model import Side
from landbridge.systems.base import Rejected
from landbridge.systems.http import HttpClient
from landbridge.systems.rezora.wire import checked_id, done

T = TypeVar("T")


class RezoraCalls:
    """Calls in the documented wire style; ids are checked before anything leaves.

    ``single`` are the paths, as words without their ids, of records that may be deleted. Routes name their
    places after the word before them: ``/lists/{lists}/contacts/{contacts}``.
    """

    def __init__(self, client: HttpClient, single: frozenset[tuple[str, ...]]) -> None:
        self._client = client
        self._single = single

    async def get(self, route: str, decode: Callable[[bytes], T], *, urgent: bool = False, **ids: str) -> T:
        """``GET``; raises ``Gone`` on a 404 where the route has an id."""
        return await self._client.request(
            "GET", f"{route}.json", ids=_checked(ids), decode=decode, idempotent=True, urgent=urgent
        )

    async def post(self, route: str, sent: Mapping[str, str], decode: Callable[[bytes], T], **ids: str) -> T:
        """``POST``, once."""
        return await self._client.request(
            "POST", f"{route}.json", ids=_checked(ids), json={"data": sent}, decode=decode, idempotent=False
        )

    async def put(self, route: str, sent: Mapping[str, str], *, urgent: bool = False, **ids: str) -> None:
        """``PUT``; raises ``Malformed`` where the answer tells no status."""
        await self._client.request(
            "PUT",
            f"{route}.json",
            ids=_checked(ids),
            json={"data": sent},
            decode=done,
            idempotent=True,
            urgent=urgent,
        )

    async def delete(self, path_parts: Sequence[str]) -> None:
        """The only way to a DELETE: pairs of a known collection and a positive decimal id."""
        words, ids = tuple(path_parts[::2]), [checked_id(value) for value in path_parts[1::2]]
        if not ids or len(words) != len(ids) or words not in self._single:
            raise Rejected(
                "Landbridge deletes single records only; nothing was sent.", side=Side.REZORA, sent="no"
            )
        route = "".join(f"/{word}/{{{word}}}" for word in words)
        await self._client.request(
            "DELETE", f"{route}.json", ids=dict(zip(words, ids, strict=True)), decode=done, idempotent=True
        )


def _checked(ids: Mapping[str, str]) -> dict[str, str]:
    return {name: checked_id(value) for name, value in ids.items()}
