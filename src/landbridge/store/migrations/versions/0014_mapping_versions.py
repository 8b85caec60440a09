"""Mappings as they were saved, one after the other; a bridge can be paused.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add a table and two columns; no bridge is paused."""
    op.create_table(
        "mapping_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.String(100), nullable=False, server_default=""),
        sa.Column("saved_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mapping_version"),
    )
    op.create_index("ix_mapping_version_bridge_id_id", "mapping_version", ["bridge_id", "id"])
    op.add_column("bridge", sa.Column("paused_at", sa.Float()))
    op.add_column("bridge", sa.Column("paused_by", sa.String(100), nullable=False, server_default=""))
