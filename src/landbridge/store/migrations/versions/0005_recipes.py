"""Recipes at work: what an event was about, what a firing made, and up to where the recipes looked.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add tables and columns."""
    op.add_column("delivery", sa.Column("contact_id", sa.String(64), nullable=False, server_default=""))
    op.add_column("firing", sa.Column("context", sa.LargeBinary(), nullable=False, server_default="{}"))
    op.create_table(
        "recipe_made",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("record_id", sa.String(64), nullable=False),
        sa.Column("firing_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "kind", "record_id", name="pk_recipe_made"),
    )
    op.create_table(
        "recipe_cursor",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.Integer(), nullable=False),
        sa.Column("journal", sa.Integer(), nullable=False),
        sa.Column("hold", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("not_before", sa.Float(), nullable=False),
        sa.Column("wake_at", sa.Float()),
        sa.PrimaryKeyConstraint("bridge_id", name="pk_recipe_cursor"),
    )
    op.create_table(
        "recipe_sight",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("print", sa.String(32), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("labels", sa.LargeBinary()),
        sa.Column("opted_out", sa.Boolean()),
        sa.Column("journal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "side", "id", name="pk_recipe_sight"),
    )
