"""Activities: tasks, notes and appointments; calendar feeds, lists by rule, recipes.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add tables and columns; what was stored so far is of contacts."""
    for table in ("intent", "journal", "hold"):
        op.add_column(table, sa.Column("kind", sa.String(16), nullable=False, server_default="contact"))
    for table in ("intent", "link"):
        op.add_column(table, sa.Column("contact", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("uq_intent_open", "intent")
    op.create_index(
        "uq_intent_open",
        "intent",
        ["bridge_id", "side", "kind", "source_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_intent_contact", "intent", ["contact"])
    op.create_index("ix_link_contact", "link", ["contact"])
    _activity()
    _feed()
    _recipes()


def _activity() -> None:
    op.create_table(
        "activity",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("contact_id", sa.String(64), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("print", sa.String(32), nullable=False),
        sa.Column("changed_at", sa.String(40), nullable=False, server_default=""),
        sa.Column("moment", sa.Float()),
        sa.PrimaryKeyConstraint("bridge_id", "side", "kind", "id", name="pk_activity"),
    )
    op.create_index("ix_activity_contact", "activity", ["bridge_id", "side", "contact_id"])
    op.create_index("ix_activity_moment", "activity", ["bridge_id", "kind", "moment"])
    op.create_table(
        "rule_member",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("rezora_id", sa.String(64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "rule", "rezora_id", name="pk_rule_member"),
    )


def _feed() -> None:
    op.create_table(
        "feed",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("read_at", sa.Float()),
        sa.PrimaryKeyConstraint("bridge_id", name="pk_feed"),
        sa.UniqueConstraint("token", name="uq_feed_token"),
    )


def _recipes() -> None:
    op.create_table(
        "recipe",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recipe"),
        sa.UniqueConstraint("bridge_id", "name", name="uq_recipe_bridge_id_name"),
    )
    op.create_table(
        "firing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("recipe", sa.String(100), nullable=False),
        sa.Column("event", sa.String(160), nullable=False),
        sa.Column("contact_id", sa.String(64), nullable=False, server_default=""),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_firing"),
        sa.UniqueConstraint("bridge_id", "recipe", "event", name="uq_firing_bridge_id_recipe_event"),
    )
    op.create_index("ix_firing_due", "firing", ["bridge_id", "state", "due_at"])
    op.create_index("ix_firing_contact", "firing", ["bridge_id", "recipe", "contact_id", "at"])
