"""Deliveries of webhooks: signed, sent again only after a 429, and lost, doubled or forged on demand.

Who carries them is not decided here: the server does so over HTTP, a test with its own network and clock.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from landbridge.sandbox.highlevel import bodies
from landbridge.sandbox.highlevel.bodies import Body, Record
from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.times import iso

# "Up to 6 times, about 10 minutes apart plus jitter, only while 429 is answered" (highlevel.md 4.1). The
# size of the jitter is not published; a minute fits the published hour and ten minutes in all.
RETRIES, RETRY_SECONDS, JITTER_SECONDS = 6, 600.0, 60.0
FAULTS = ("lose", "double", "delay", "reorder", "forge", "stale")
STALE_SECONDS = 3 * 3600.0
_KEPT = 10_000


@dataclass(slots=True, eq=False)
class Delivery:
    """One webhook; ``state`` is pending, delivered or lost, ``answers`` are statuses, 0 for none."""

    number: int
    webhook_id: str
    type: str
    record_id: str
    url: str
    body: bytes
    headers: dict[str, str]
    due_at: float
    fault: str = ""
    state: str = "pending"
    answers: list[int] = field(default_factory=list)
    away: bool = False  # taken, and not answered yet

    def as_json(self) -> Body:
        """For the control pages; times are epoch seconds."""
        shown = ("number", "webhook_id", "type", "record_id", "state", "fault", "answers", "due_at")
        return {name: getattr(self, name) for name in shown} | {"body": self.body.decode()}


class Webhooks:
    """The deliveries of one location; nothing is sent without a ``webhook_url`` in the settings.

    What is pending is not part of a saved state: a restart of the sandbox loses it, as a real outage might.
    """

    def __init__(self, config: HighLevelConfig) -> None:
        self._config = config
        self._pending: list[Delivery] = []
        self._done: deque[Delivery] = deque(maxlen=_KEPT)
        self._count = 0
        self._seed = config.webhook_seed
        self._chance = random.Random(self._seed)
        self.counts = {"delivered": 0, "lost": 0}

    def tell(self, event: str, entry: Record, record: Record, now: float) -> None:
        """Something happened; ``record`` as it is now, or was last, empty if that is not known."""
        config = self._config
        if not config.webhook_url or event in config.webhook_events_off:
            return
        if config.webhook_seed != self._seed:
            self._seed = config.webhook_seed
            self._chance.seed(self._seed)
        struck = {fault for fault in FAULTS if self._strikes(fault)}
        now_ms = int(now * 1000)
        sent = bodies.body(config, event, entry, record, now_ms)
        due_at = now + (config.webhook_delay_seconds if "delay" in struck else 0.0)
        if "reorder" in struck:  # held back for a moment, so that later ones come first
            due_at += self._chance.uniform(0.5, 5.0)
        held = ",".join(name for name in ("delay", "reorder") if name in struck)
        if "lose" in struck:
            self._end(self._delivery(event, entry, sent, now, "lose"), "lost")
        else:
            self._pending.append(self._delivery(event, entry, sent, due_at, held))
        if "double" in struck:
            self._pending.append(self._delivery(event, entry, sent, due_at, "double"))
        if "stale" in struck:  # somebody's replay, hours later: signed as it was, and nothing to be believed
            old = sent | {
                "timestamp": iso(now_ms - int(STALE_SECONDS * 1000)),
                "webhookId": f"old-{self._count}",
            }
            self._pending.append(self._delivery(event, entry, old, now, "stale"))
        if "forge" in struck:  # somebody without the key
            made_up = sent | {"webhookId": f"forged-{self._count}", "email": "forged@example.com"}
            self._pending.append(self._delivery(event, entry, made_up, now, "forge"))

    def take_ready(self, now: float) -> list[Delivery]:
        """What is to be sent now, the longest due first; each is to be ``answered``."""
        ready = [one for one in self._pending if one.due_at <= now and not one.away]
        for one in ready:
            one.away = True
        return sorted(ready, key=lambda one: (one.due_at, one.number))

    def answered(self, delivery: Delivery, status: int, now: float) -> None:
        """The receiver's answer, 0 for none in time: 2xx is delivered, 429 comes again, all else is final."""
        delivery.away = False
        delivery.answers.append(status)
        if status == 429 and len(delivery.answers) <= RETRIES:
            delivery.due_at = now + RETRY_SECONDS + self._chance.uniform(0.0, JITTER_SECONDS)
            return
        if delivery in self._pending:  # not after a ``clear``
            self._pending.remove(delivery)
            self._end(delivery, "delivered" if 200 <= status < 300 else "lost")

    def next_at(self) -> float | None:
        """When the next one is to be sent; None when nothing waits."""
        return min((one.due_at for one in self._pending if not one.away), default=None)

    def clear(self) -> None:
        """Forget all deliveries."""
        self._pending.clear()
        self._done.clear()
        self.counts = {"delivered": 0, "lost": 0}

    def as_json(self) -> Body:
        """What waits, what came of the newest 10,000, and the public keys, for the control pages."""
        return {
            "url": self._config.webhook_url,
            "public_key": public_key(),
            "legacy_public_key": legacy_public_key() if self._config.webhook_legacy else "",
            "counts": {"pending": len(self._pending), **self.counts},
            "pending": [one.as_json() for one in self._pending],
            "done": [one.as_json() for one in self._done],
        }

    def _strikes(self, fault: str) -> bool:
        return self._chance.random() < self._config.webhook_faults.get(fault, 0.0)

    def _delivery(self, event: str, entry: Record, sent: Body, due_at: float, fault: str) -> Delivery:
        self._count += 1
        raw = msgspec.json.encode(sent)
        headers = {"content-type": "application/json"} | self._signatures(
            raw + b"\n" if fault == "forge" else raw
        )
        url = self._config.webhook_url
        return Delivery(
            self._count, sent["webhookId"], event, str(entry["id"]), url, raw, headers, due_at, fault
        )

    def _signatures(self, raw: bytes) -> dict[str, str]:
        signed = {}
        if self._config.webhook_signed:
            signed["x-ghl-signature"] = base64.b64encode(_key().sign(raw)).decode()
        if self._config.webhook_legacy:
            signature = _legacy_key().sign(raw, padding.PKCS1v15(), SHA256())
            signed["x-wh-signature"] = base64.b64encode(signature).decode()
        return signed

    def _end(self, delivery: Delivery, state: str) -> None:
        delivery.state = state
        self.counts[state] += 1
        self._done.append(delivery)


def public_key() -> str:
    """The sandbox's Ed25519 public key, as it stands in the product's settings."""
    return _public(_key())


def legacy_public_key() -> str:
    """The RSA one, another one in every process."""
    return _public(_legacy_key())


def _public(key: Any) -> str:
    return base64.b64encode(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


@cache
def _key() -> Ed25519PrivateKey:
    """Known to everybody: it signs what is made up, and opens nothing."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"landbridge sandbox webhooks").digest())


@cache
def _legacy_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
