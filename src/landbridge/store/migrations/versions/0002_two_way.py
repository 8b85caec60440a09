"""Two-way agreement: suppression by address, tombstones, choices, pauses, and what a base is worth.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables; nothing that was stored is changed."""
    for name, kind, default in (
        ("barred", sa.LargeBinary(), None),
        ("marker", sa.String(64), "''"),
        ("changed_at", sa.String(40), "''"),
        ("first_seen", sa.Float(), "0"),
        ("fresh_until", sa.Float(), "0"),
        ("lifted", sa.Boolean(), sa.false()),
        ("email_key", sa.String(64), "''"),
        ("phone_key", sa.String(64), "''"),
    ):
        op.add_column("observed", _column(name, kind, default))
    op.create_index("ix_observed_email_key", "observed", ["bridge_id", "email_key"])
    op.add_column("link", sa.Column("notes", sa.LargeBinary(), nullable=False, server_default="{}"))
    op.add_column("link", _column("rebase", sa.Boolean(), sa.false()))
    op.add_column("link", _column("closed_for", sa.String(40), "''"))
    op.add_column("journal", _column("state", sa.String(8), "'done'"))
    op.add_column("hold", _column("seen", sa.String(100), "''"))
    op.add_column("hold", _column("attempts", sa.Integer(), "1"))
    _create(
        "tombstone", ("side", "id"), ("reason", sa.String(40)), ("partner", sa.String(64)), ("at", sa.Float())
    )
    _create(
        "suppression",
        ("address", "channel"),
        ("level", sa.Integer()),
        ("source", sa.String(16)),
        ("at", sa.Float()),
    )
    op.create_table(
        "pepper",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    _create(
        "choice",
        ("highlevel_id", "rezora_id", "rule"),
        ("use", sa.String(16)),
        ("value", sa.Text()),
        ("highlevel_shows", sa.Text()),
        ("rezora_shows", sa.Text()),
        ("made_by", sa.String(100)),
        ("made_at", sa.Float()),
    )
    _create("apart", ("one", "two"), ("at", sa.Float()))
    _create("pause", ("side", "id"), ("note", sa.Text()), ("at", sa.Float()))


_LENGTHS = {"side": 16, "channel": 16, "rule": 100}


def _create(name: str, keys: tuple[str, ...], *columns: tuple[str, sa.types.TypeEngine[Any]]) -> None:
    op.create_table(
        name,
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        *(sa.Column(key, sa.String(_LENGTHS.get(key, 64)), nullable=False) for key in keys),
        *(sa.Column(column, kind, nullable=False) for column, kind in columns),
        sa.PrimaryKeyConstraint("bridge_id", *keys, name=f"pk_{name}"),
    )


def _column(name: str, kind: sa.types.TypeEngine[Any], default: Any) -> sa.Column[Any]:
    if default is None:
        return sa.Column(name, kind)
    given = sa.text(default) if isinstance(default, str) else default
    return sa.Column(name, kind, nullable=False, server_default=given)
