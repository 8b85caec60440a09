"""The same requests as a first sync, with nothing but aiohttp and msgspec: what the wire alone costs."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

CONCURRENCY = 16


async def loop(sandbox: str, bodies: list[bytes], location: str, token: str, login: tuple[str, str]) -> float:
    """Seconds for all pages, the one full read, and one POST a body, so many in flight."""
    began = time.monotonic()
    json_type = {"Content-Type": "application/json"}
    authorization = {"Authorization": f"Bearer {token}", "Version": "2021-07-28", **json_type}
    basic = {"Authorization": aiohttp.encode_basic_auth(*login), **json_type}
    async with aiohttp.ClientSession() as session:
        search: dict[str, Any] = {
            "locationId": location,
            "pageLimit": 500,
            "sort": [{"field": "dateAdded", "direction": "asc"}],
        }
        read, total = 0, 1
        while read < total:
            async with session.post(
                f"{sandbox}/highlevel/contacts/search",
                data=msgspec.json.encode(search),
                headers=authorization,
            ) as answer:
                page = msgspec.json.decode(await answer.read())
            read, total = read + len(page["contacts"]), page["total"]
            search["searchAfter"] = page["contacts"][-1]["searchAfter"]
        async with session.get(f"{sandbox}/rezora/v1/contacts.json", headers=basic) as answer:
            msgspec.json.decode(await answer.read())
        waiting = deque(bodies)

        async def worker() -> None:
            while waiting:
                async with session.post(
                    f"{sandbox}/rezora/v1/contacts.json", data=waiting.popleft(), headers=basic
                ) as answer:
                    msgspec.json.decode(await answer.read())

        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return time.monotonic() - began


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    bodies = [body.encode() for body in given["bodies"]]
    seconds = asyncio.run(
        loop(given["sandbox"], bodies, given["location"], given["token"], tuple(given["login"]))
    )
    print(json.dumps({"seconds": seconds}))
