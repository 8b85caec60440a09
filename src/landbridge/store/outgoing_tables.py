"""The tables of outgoing webhooks."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from landbridge.store.tables import metadata

subscription = Table(  # an address that follows some triggers; address and secret are sealed by the vault
    "subscription",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("key", String(32), nullable=False),  # what the sealed text is bound to
    Column("name", String(100), nullable=False, default="", server_default=""),
    Column("host", String(255), nullable=False),
    Column("triggers", Text, nullable=False),  # names with blanks between
    Column("sealed", LargeBinary, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("failing_since", Float),
    Column("note", Text, nullable=False, default="", server_default=""),  # why it was switched off
    UniqueConstraint("key"),
    Index("ix_subscription_bridge_id", "bridge_id"),
)

outgoing = Table(  # one message to one address, and what became of it
    "outgoing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscription_id", Integer, nullable=False),
    Column("message", String(64), nullable=False),  # the same for every address and every attempt
    Column("trigger", String(40), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, delivered, failed
    Column("created_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("tried_at", Float),
    Column("told", Text, nullable=False, default="", server_default=""),  # what the last attempt met
    UniqueConstraint("subscription_id", "message"),
    Index("ix_outgoing_due", "state", "due_at"),
)

outlook = Table(  # how far the journal and the holds of a bridge were looked through for triggers
    "outlook",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("journal_id", Integer, nullable=False),
    Column("holds_at", Float, nullable=False),
)
