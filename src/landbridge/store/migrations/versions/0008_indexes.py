"""Indexes: the journal by record, runs by the time of their start.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add indexes."""
    op.create_index("ix_journal_record", "journal", ["bridge_id", "side", "record_id"])
    op.create_index("ix_run_bridge_id_started_at", "run", ["bridge_id", "started_at"])
