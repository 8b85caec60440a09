"""The tables of each day's amounts, and of how long changes took."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from landbridge.store.tables import metadata

ledger = Table(  # what a day brought, by the purpose of the runs: records written, failures, calls
    "ledger",
    metadata,
    Column("bridge_id", Integer, primary_key=True, autoincrement=False),
    Column("day", String(10), primary_key=True),  # 2026-11-25, UTC
    Column("purpose", String(16), primary_key=True),  # of the run, or "operations"
    Column("name", String(40), primary_key=True),  # as in a run's counts
    Column("number", Integer, nullable=False),
)

carried = Table(  # how many changes were carried within so many seconds, by the hour
    "carried",
    metadata,
    Column("bridge_id", Integer, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # since the epoch
    Column("within", Integer, primary_key=True, autoincrement=False),  # seconds
    Column("number", Integer, nullable=False),
)
