"""The table of mappings as they were saved, one after the other."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from landbridge.store.tables import metadata

mapping_version = Table(  # one mapping of a bridge from when it was saved until the next one was
    "mapping_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("text", Text, nullable=False),  # the file, to the letter
    Column("saved_by", String(100), nullable=False, default="", server_default=""),  # blank: not noted
    Column("saved_at", Float, nullable=False),
    Index("ix_mapping_version_bridge_id_id", "bridge_id", "id"),
)
