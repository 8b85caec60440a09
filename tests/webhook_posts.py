"""Signed webhooks for the tests: made-up keys, bodies as HighLevel sends them, and a receiver."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from inprocess import Crasher, CrashingDatabase, new_database
from landbridge.engine.receiver import Receiver, ReceiverConfig
from landbridge.store.bridges import Bridge, Bridges
from landbridge.store.database import Database
from landbridge.store.tables import delivery, due
from landbridge.sync.mapping import write_policy
from landbridge.sync.model import Side
from landbridge.sync.rules import default_policy
from landbridge.systems.highlevel.webhooks import Keys

NOW = 1_795_435_200.0  # 2026-11-23 12:00:00 UTC
MOMENT = "2026-11-23T11:59:58.000Z"
LOCATION = "loc00000000000000001"
CONTACT = "con00000000000000001"


def ed25519(name: str = "first") -> Ed25519PrivateKey:
    """A made-up key."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def legacy(name: str = "first") -> rsa.RSAPrivateKey:
    """A made-up key of the old kind; shorter than the vendor's, as that takes long to make."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public(key: Ed25519PrivateKey | rsa.RSAPrivateKey) -> str:
    """As it stands in the settings."""
    return base64.b64encode(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def signed(raw: bytes, key: Ed25519PrivateKey | None = None) -> dict[str, str]:
    """The header of the current signature."""
    return {"x-ghl-signature": base64.b64encode((key or ed25519()).sign(raw)).decode()}


def signed_legacy(raw: bytes, key: rsa.RSAPrivateKey | None = None) -> dict[str, str]:
    """The header of the legacy signature."""
    return {"x-wh-signature": base64.b64encode((key or legacy()).sign(raw, PKCS1v15(), SHA256())).decode()}


def body(type_: str | None = "ContactUpdate", number: int = 1, **fields: Any) -> bytes:
    """One delivery with the envelope; None leaves a field out."""
    whole = {
        "type": type_,
        "locationId": LOCATION,
        "webhookId": f"00000000-0000-4000-8000-{number:012d}",
        "timestamp": MOMENT,
        "id": CONTACT,
        "firstName": "Ada",
    }
    return json.dumps({name: value for name, value in (whole | fields).items() if value is not None}).encode()


class StillClock:
    """Stands still until it is moved; whoever sleeps waits for ``passed``."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class FailingDatabase(CrashingDatabase):
    """A database that cannot be written to while ``why`` is set; ``writes`` counts the transactions."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, Crasher())
        self.why: Exception | None = None
        self.writes = 0
        self.gate: Callable[[], Any] | None = None  # awaited before a write

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        if self.gate is not None:
            await self.gate()
        if self.why is not None:
            raise self.why
        self.writes += 1
        async with super().write() as connection:
            yield connection


LOCKED = OperationalError("BEGIN IMMEDIATE", {}, Exception("database is locked"))
FULL = OperationalError("INSERT INTO delivery", {}, Exception("database or disk is full"))


async def bridge_in(database: Database, location: str = LOCATION) -> Bridge:
    """A bridge of this location."""
    store = Bridges(database)
    highlevel = await store.save_account(Side.HIGHLEVEL, location, location, {}, NOW)
    rezora = await store.save_account(Side.REZORA, f"agent-{location}", "", {}, NOW)
    return await store.create(location, highlevel, rezora, write_policy(default_policy()), NOW)


class Inbox:
    """A receiver with its database; one bridge for each location."""

    def __init__(self, home: Path, config: ReceiverConfig | None = None, keys: Keys | None = None) -> None:
        self.database = FailingDatabase(new_database(home))
        self.clock = StillClock()
        self.bridges: dict[str, Bridge] = {}
        self.woken: list[int] = []
        self.receiver = Receiver(
            self.database,
            self.clock,
            keys or Keys([public(ed25519())]),
            config,
            self.woken.append,
        )

    async def bridge(self, location: str = LOCATION) -> Bridge:
        """A bridge of this location."""
        self.bridges[location] = await bridge_in(self.database, location)
        return self.bridges[location]

    async def post(self, raw: bytes, headers: Mapping[str, str] | None = None) -> str:
        """One delivery, signed unless told otherwise; what became of it."""
        return (await self.receiver.receive(raw, signed(raw) if headers is None else headers)).value

    async def due(self) -> list[tuple[int, str, int, int]]:
        """Bridge, id, urgency and number of all due records."""
        query = select(due.c.bridge_id, due.c.id, due.c.urgency, due.c.number).order_by(
            due.c.bridge_id, due.c.id
        )
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    async def deliveries(self) -> list[tuple[int | None, str, str, str]]:
        """Bridge, type, kind and record of all kept deliveries."""
        columns = (delivery.c.bridge_id, delivery.c.type, delivery.c.kind, delivery.c.record_id)
        async with self.database.read() as connection:
            return [tuple(row) for row in await connection.execute(select(*columns).order_by(delivery.c.id))]

    async def counts(self) -> dict[str, int]:
        """Today's counters, stored or not."""
        return await self.receiver.counts()
