"""Indexes by which the journal is looked through: by run, by action, and by kind of activity.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add indexes."""
    op.create_index("ix_journal_run", "journal", ["bridge_id", "run_id", "id"])
    op.create_index("ix_journal_action", "journal", ["bridge_id", "action", "id"])
    op.create_index(
        "ix_journal_kind",
        "journal",
        ["bridge_id", "kind", "id"],
        sqlite_where=sa.text("kind != 'contact'"),
        postgresql_where=sa.text("kind != 'contact'"),
    )
