"""The journal by time, and how long each stage of a run took.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add an index and a column."""
    op.create_index("ix_journal_at", "journal", ["bridge_id", "at", "id", "side", "kind", "action"])
    op.add_column("run", sa.Column("spent", sa.JSON(), nullable=False, server_default="{}"))
