"""Ended links are found by their contact, so that two who are linked again have their activities back.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add an index."""
    op.create_index(
        "ix_link_ended",
        "link",
        ["bridge_id", "kind", "highlevel_id"],
        sqlite_where=sa.text("live IS 0"),
        postgresql_where=sa.text("live IS FALSE"),
    )
