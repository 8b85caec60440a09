"""Sends prepared deliveries at a steady rate, whether or not answers come; prints what came of them."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

import aiohttp


async def send_all(url: str, deliveries: list[tuple[bytes, str]], rate: float) -> dict[str, object]:
    """Latency counts from the planned moment of each, so a sender that waits hides no stall."""
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    connector = aiohttp.TCPConnector(limit=200)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def send(raw: bytes, signature: str, planned: float) -> None:
            headers = {"X-GHL-Signature": signature, "Content-Type": "application/json"}
            try:
                async with session.post(url, data=raw, headers=headers) as answer:
                    await answer.read()
                    statuses[str(answer.status)] += 1
            except aiohttp.ClientError as error:
                statuses[type(error).__name__] += 1
            latencies.append(time.perf_counter() - planned)

        began = time.perf_counter()
        tasks = []
        for number, (raw, signature) in enumerate(deliveries):
            planned = began + number / rate
            if (early := planned - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            tasks.append(asyncio.create_task(send(raw, signature, planned)))
        await asyncio.gather(*tasks)
        seconds = time.perf_counter() - began
    latencies.sort()
    picked = {
        "p50": latencies[len(latencies) // 2],
        "p99": latencies[len(latencies) * 99 // 100],
        "max": latencies[-1],
    }
    return {"statuses": dict(statuses), "seconds": seconds} | {
        name: 1000 * one for name, one in picked.items()
    }


if __name__ == "__main__":
    lines = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    prepared = [(raw.encode(), signature) for raw, signature in lines]
    print(json.dumps(asyncio.run(send_all(sys.argv[1], prepared, float(sys.argv[3])))))
