"""The tables of recipes."""

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

recipe = Table(  # a trigger, conditions and actions, as written
    "recipe",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("name", String(100), nullable=False),
    Column("text", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("changed_at", Float, nullable=False),
    UniqueConstraint("bridge_id", "name"),
)

firing = Table(  # one event that met a recipe, and what became of it; an event fires a recipe once
    "firing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("recipe", String(100), nullable=False),
    Column("event", String(160), nullable=False),
    Column("contact_id", String(64), nullable=False, default="", server_default=""),
    Column("state", String(16), nullable=False),  # waiting, begun, done, failed, skipped
    Column("detail", Text, nullable=False, default="", server_default=""),
    Column("due_at", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("attempts", Integer, nullable=False, default=0, server_default="0"),
    Column("context", LargeBinary, nullable=False, default=b"{}", server_default="{}"),  # of the event
    UniqueConstraint("bridge_id", "recipe", "event"),
    Index("ix_firing_due", "bridge_id", "state", "due_at"),
    Index("ix_firing_contact", "bridge_id", "recipe", "contact_id", "at"),
)

recipe_made = Table(  # a task or note that a firing made: an event that names it fires nothing
    "recipe_made",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("record_id", String(64), primary_key=True),
    Column("firing_id", Integer, nullable=False),
)

recipe_cursor = Table(  # up to where the recipes of a bridge have looked: each event is looked at once
    "recipe_cursor",
    metadata,
    Column("bridge_id", Integer, primary_key=True, autoincrement=False),
    Column("delivery", Integer, nullable=False),
    Column("journal", Integer, nullable=False),
    Column("hold", Integer, nullable=False),
    Column("run", Integer, nullable=False),  # records that this run or a later one saw are compared
    Column("at", Float, nullable=False),  # of the last look; a schedule between then and now has come
    Column("not_before", Float, nullable=False, default=0.0),  # something was not clear: looked at again then
    Column("wake_at", Float),  # when the next schedule comes
)

recipe_sight = Table(  # a contact of HighLevel, or the members of a list, as the recipes saw it last
    "recipe_sight",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("id", String(100), primary_key=True),  # of the contact; of a list its name in lower case
    Column("print", String(32), nullable=False),
    Column("fields", LargeBinary, nullable=False),
    Column("labels", LargeBinary),  # tags, or ids of members
    Column("opted_out", Boolean),
    Column("journal", Integer, nullable=False),  # entries behind this one may be the cause of what changed
)
