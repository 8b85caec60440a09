"""Lists and their search from one index; the ledger of each day; how long changes took; who holds an address.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from landbridge.sync.finding import looked_through

revision = "0011"
down_revision = "0010"

SOME = 2_000  # records at a time: little memory, whatever the number


def upgrade() -> None:
    """Add columns, indexes and tables; what they say of what is stored already is worked out here."""
    op.add_column("observed", sa.Column("search", sa.String(400), nullable=False, server_default=""))
    op.add_column("observed", sa.Column("further", sa.Text()))
    op.add_column("observed", sa.Column("paired", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("observed", sa.Column("speaks", sa.Boolean(), nullable=False, server_default=sa.true()))
    _tell_pairs()
    _fill_search()
    roll = [
        "bridge_id",
        "side",
        "standing",
        "reason",
        "id",
        "run_id",
        "paired",
        "opted_out",
        "search",
        "speaks",
    ]
    op.create_index(
        "ix_observed_roll",
        "observed",
        roll,
        sqlite_where=sa.text("speaks IS 1"),
        postgresql_where=sa.text("speaks IS TRUE"),
    )
    op.create_index(
        "ix_observed_further",
        "observed",
        ["bridge_id", "side", "further", "id"],
        sqlite_where=sa.text("further IS NOT ''"),
        postgresql_where=sa.text("further IS DISTINCT FROM ''"),
    )
    op.create_index("ix_run_newest", "run", ["bridge_id", "purpose", "id", "state"])
    op.create_index("ix_journal_source", "journal", ["bridge_id", "side", "source_id"])
    op.create_table(
        "ledger",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "day", "purpose", "name", name="pk_ledger"),
    )
    op.create_table(
        "carried",
        sa.Column("bridge_id", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("within", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bridge_id", "hour", "within", name="pk_carried"),
    )


def _tell_pairs() -> None:
    """Who is linked, and that the Rezora record of a pair is spoken for; a whole sync corrects the rest."""
    linked = (
        "EXISTS (SELECT 1 FROM link WHERE link.bridge_id = observed.bridge_id AND link.kind = 'contact'"
        " AND link.live AND link.{side}_id = observed.id)"
    )
    for side in ("highlevel", "rezora"):
        silent = ", speaks = false" if side == "rezora" else ""
        op.execute(
            f"UPDATE observed SET paired = true{silent} WHERE side = '{side}' AND {linked.format(side=side)}"  # noqa: S608  # no value of people
        )
    op.execute("UPDATE observed SET speaks = false WHERE side = 'rezora' AND read_only")


def _fill_search() -> None:
    """What each record is found by, from what it showed last."""
    connection = op.get_bind()
    key = ("bridge_id", "side", "id")
    seen = sa.table("observed", *map(sa.column, (*key, "name", "email", "phone", "search")))
    keys = sa.tuple_(*(seen.c[name] for name in key))
    after: tuple[object, ...] = (0, "", "")
    query = sa.select(*(seen.c[name] for name in (*key, "name", "email", "phone"))).order_by(
        *(seen.c[n] for n in key)
    )
    change = (
        sa.update(seen)
        .where(*(seen.c[name] == sa.bindparam(f"at_{name}") for name in key))
        .values(search=sa.bindparam("found"))
    )
    while rows := connection.execute(
        query.where(keys > sa.tuple_(*map(sa.literal, after))).limit(SOME)
    ).all():
        given = [
            {f"at_{name}": row._mapping[name] for name in key}
            | {"found": looked_through(row.name, row.email, row.phone)}
            for row in rows
        ]
        connection.execute(change, given)
        after = tuple(rows[-1][:3])
