"""The table of set-ups that people began in the browser."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, Table, UniqueConstraint

from landbridge.store.tables import metadata

setup = Table(  # one way through the wizard; never holds a token or a password
    "setup",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer),  # None until both accounts are connected
    Column("highlevel_account", Integer),
    Column("rezora_account", Integer),
    Column("typed", JSON, nullable=False, default=dict),  # by step, as it was typed
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("done_at", Float),  # when the bridge was switched on
    UniqueConstraint("bridge_id"),
)
