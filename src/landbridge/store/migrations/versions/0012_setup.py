"""Set-up in the browser: what was typed so far, when a bridge was switched on, what a connect asked for.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add a table and three columns; bridges that exist are switched on since they were made."""
    op.create_table(
        "setup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bridge_id", sa.Integer()),
        sa.Column("highlevel_account", sa.Integer()),
        sa.Column("rezora_account", sa.Integer()),
        sa.Column("typed", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("done_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_setup"),
        sa.UniqueConstraint("bridge_id", name="uq_setup_bridge_id"),
    )
    op.add_column("bridge", sa.Column("live_at", sa.Float()))
    op.execute("UPDATE bridge SET live_at = created_at")
    op.add_column("oauth_state", sa.Column("setup", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("oauth_state", sa.Column("read_only", sa.Boolean(), nullable=False, server_default="0"))
