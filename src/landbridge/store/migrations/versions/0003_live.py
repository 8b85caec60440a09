"""Live: the inbox of webhooks, due records, schedules, watermarks and alerts.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add tables and indexes; nothing that was stored is changed."""
    _inbox()
    op.create_index("ix_observed_phone_key", "observed", ["bridge_id", "phone_key"])
    op.create_index("ix_observed_marker", "observed", ["bridge_id", "marker"])
    op.create_table(
        "due",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "side", "kind", "id", name="pk_due"),
    )
    op.create_index("ix_due_bridge_id_urgency_at", "due", ["bridge_id", "urgency", "at"])
    op.create_table(
        "schedule",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("quiet", sa.String(11), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float()),
        sa.PrimaryKeyConstraint("bridge_id", "purpose", name="pk_schedule"),
    )
    op.create_table(
        "watermark",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "side", "kind", name="pk_watermark"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(40), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("sent_at", sa.Float()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.Float()),
    )
    op.create_index("ix_alert_bridge_id_id", "alert", ["bridge_id", "id"])


def _inbox() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("webhook_id", sa.String(64), nullable=False),
        sa.Column("bridge_id", sa.Integer()),
        sa.Column("type", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("record_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.UniqueConstraint("webhook_id", name="uq_delivery_webhook_id"),
    )
    op.create_index("ix_delivery_bridge_id_id", "delivery", ["bridge_id", "id"])
    op.create_table(
        "arrivals",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("type", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "type", "outcome", name="pk_arrivals"),
    )
