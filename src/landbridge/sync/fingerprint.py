"""Fingerprints of records, and creates found again by theirs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from landbridge.sync.model import Record

SEPARATOR = "\x1f"  # ASCII unit separator; canonical values never hold control characters


def digest(parts: Iterable[str]) -> str:
    """32 hexadecimal digits for a sequence of texts."""
    return hashlib.blake2b(SEPARATOR.join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()


def record_print(record: Record, names: Collection[str] | None = None) -> str:
    """Changes exactly when something that matters to a sync changes; times of change do not.

    ``names`` are the fields that matter, None for all: a search and a read by id carry other ones besides.
    """
    fields = record.fields.items()
    parts = sorted(f"{name}={value}" for name, value in fields if names is None or name in names)
    parts.append(f"labels={sorted(record.labels)}" if record.labels is not None else "labels?")
    parts.append(f"out={record.opted_out}")
    parts.append(f"barred={sorted(record.barred)}" if record.barred is not None else "barred?")
    return digest(parts)


def fields_print(fields: Mapping[str, str]) -> str:
    """Changes exactly when a field does."""
    return digest(sorted(f"{name}={value}" for name, value in fields.items()))


def adopt(intents: Iterable[tuple[str, str]], records: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which creates took effect although their answer was lost: source id to record id.

    Both arguments are (id, body print); ``records`` are unlinked ones of the other side. Twins are
    counted, not just tested: two creates with one body adopt two records, one adopts one. Which twin
    gets which record does not matter, they are equal.
    """
    free: dict[str, list[str]] = defaultdict(list)
    for record_id, body in sorted(records, reverse=True):
        free[body].append(record_id)
    return {source: free[body].pop() for source, body in sorted(intents) if free.get(body)}
