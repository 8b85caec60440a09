"""The tables of who may use this installation: people, sessions, links, keys, and the audit of logins."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, UniqueConstraint

from landbridge.store.tables import metadata

person = Table(  # somebody who can log in; the password is argon2's own text, blank until one was chosen
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(254), nullable=False),  # lower case
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password", Text, nullable=False, default="", server_default=""),
    Column("created_at", Float, nullable=False),
    Column("disabled_at", Float),
    UniqueConstraint("email"),
)

web_session = Table(  # one browser that is logged in; only a hash of what its cookie says
    "web_session",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Index("ix_web_session_person_id", "person_id"),
)

door_link = Table(  # an invitation, or a link to choose a new password; good once, only its hash is kept
    "door_link",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person_id", Integer, nullable=False),
    Column("purpose", String(16), nullable=False),  # invitation, password
    Column("ends_at", Float, nullable=False),
)

login = Table(  # every attempt; hashes of addresses, for a day only, slow guessing down
    "login",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("person_id", Integer),
    Column("outcome", String(24), nullable=False),
    Column("email_key", String(64), nullable=False),
    Column("address_key", String(64), nullable=False),
    Index("ix_login_email_key", "email_key", "at"),
    Index("ix_login_address_key", "address_key", "at"),
)

api_key = Table(  # a program's way in; shown once, only its hash is kept
    "api_key",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", String(64), nullable=False),
    Column("shown", String(16), nullable=False),  # how it begins, to tell it from others
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("used_at", Float),
    Column("revoked_at", Float),
    UniqueConstraint("token"),
)
