"""The schema: every table, with what a row means."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# All times are epoch seconds, UTC.

account = Table(  # one authorised HighLevel location, or one Rezora agent account
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("side", String(16), nullable=False),
    Column("external_id", String(200), nullable=False),  # location id, or API user name
    Column("title", Text, nullable=False, default=""),
    Column("capability", JSON, nullable=False, default=dict),
    Column("trouble", Text, nullable=False, default=""),  # the sentence of the last failed probe or refresh
    Column("trouble_fix", Text, nullable=False, default=""),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("side", "external_id"),
)

secret = Table(  # an account's credential, encrypted (vault.py)
    "secret",
    metadata,
    Column("account_id", ForeignKey("account.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),  # counts saves: compare-and-set
    Column("refresh_until", Float, nullable=False, default=0.0),  # the single-flight slot
    Column("refresh_owner", String(64), nullable=False, default=""),
)

oauth_state = Table(  # a started connect: one-time, bound to the browser session that started it
    "oauth_state",
    metadata,
    Column("state", String(64), primary_key=True),
    Column("session", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("setup", Integer, nullable=False, default=0, server_default="0"),  # 0 for none
    Column("read_only", Boolean, nullable=False, default=False, server_default="0"),  # what was asked for
)

bridge = Table(  # the tenant: one HighLevel account paired with one Rezora account
    "bridge",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("highlevel_account", ForeignKey("account.id"), nullable=False, unique=True),
    Column("rezora_account", ForeignKey("account.id"), nullable=False, unique=True),
    Column("policy", Text, nullable=False),  # the mapping file, to the letter
    Column("created_at", Float, nullable=False),
    Column("live_at", Float),  # when it was switched on; None while it is being set up
)

driver = Table(  # one driver at a time per bridge; ``fence`` is checked on each of its writes
    "driver",
    metadata,
    Column("bridge_id", ForeignKey("bridge.id"), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("expires_at", Float, nullable=False),
)

run = Table(  # one pass over a bridge; ``stage`` is the cursor at which a crash resumes
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", ForeignKey("bridge.id"), nullable=False),
    Column("purpose", String(16), nullable=False),  # plan (dry run) or sync
    Column("cause", String(16), nullable=False),  # command, page, schedule
    Column("state", String(16), nullable=False),  # running, done, failed, braked
    Column("stage", Text, nullable=False),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("counts", JSON, nullable=False, default=dict),
    Column("sentence", Text, nullable=False, default=""),
    Column("fix", Text, nullable=False, default=""),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Index("ix_run_bridge_id_id", "bridge_id", "id"),
    Index("ix_run_bridge_id_started_at", "bridge_id", "started_at"),
    Index("ix_run_newest", "bridge_id", "purpose", "id", "state"),
)

observed = Table(  # the newest sight of each record, and where it stands
    "observed",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("run_id", Integer, nullable=False),  # the generation: rows of older runs were not seen again
    Column("fields", LargeBinary, nullable=False),
    Column("labels", LargeBinary),
    Column("opted_out", Boolean),
    Column("read_only", Boolean, nullable=False, default=False),
    Column("print", String(32), nullable=False),  # fingerprint of all that matters
    Column("name", Text, nullable=False, default=""),  # canonical keys of identity
    Column("email", Text, nullable=False, default=""),
    Column("phone", String(32), nullable=False, default=""),
    Column("partner", String(64), nullable=False, default=""),  # matched, not linked yet; or why it is not
    Column("standing", String(16), nullable=False, default="waiting"),  # equal excluded held waiting
    Column("reason", String(40), nullable=False, default=""),
    Column("barred", LargeBinary),  # channels other than e-mail that are closed
    Column("marker", String(64), nullable=False, default=""),  # the other side's id, left by our own create
    Column("changed_at", String(40), nullable=False, default=""),  # as the side tells it
    Column("first_seen", Float, nullable=False, default=0.0),  # when this print was first seen
    Column("fresh_until", Float, nullable=False, default=0.0),  # till then a search may show it older
    Column("lifted", Boolean, nullable=False, default=False),  # somebody took an opt-out back on this side
    Column("email_key", String(64), nullable=False, default=""),  # keyed hashes of the addresses
    Column("phone_key", String(64), nullable=False, default=""),
    Column("search", String(400), nullable=False, default="", server_default=""),  # what people find it by
    Column("further", Text),  # keyed hashes of additional addresses; none: not read since that is kept
    Column("paired", Boolean, nullable=False, default=False, server_default=false()),  # has a live link
    Column(
        "speaks", Boolean, nullable=False, default=True, server_default=true()
    ),  # for its person, in lists
    Index(
        "ix_observed_roll",  # all that a list is filtered by, so that it is read without the records
        "bridge_id",
        "side",
        "standing",
        "reason",
        "id",
        "run_id",
        "paired",
        "opted_out",
        "search",
        "speaks",  # SQLite reads the record for a term that is not in the index, true as it is for all in it
        sqlite_where=text("speaks IS 1"),
        postgresql_where=text("speaks IS TRUE"),
    ),
    Index(
        "ix_observed_further",
        "bridge_id",
        "side",
        "further",
        "id",
        sqlite_where=text("further IS NOT ''"),
        postgresql_where=text("further IS DISTINCT FROM ''"),
    ),
    Index("ix_observed_email_key", "bridge_id", "email_key"),
    Index("ix_observed_phone_key", "bridge_id", "phone_key"),
    Index("ix_observed_marker", "bridge_id", "marker"),
)

link = Table(  # the pair of ids, and per side what it last showed
    "link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("highlevel_id", String(64), nullable=False),
    Column("rezora_id", String(64), nullable=False),
    Column("live", Boolean, nullable=False, default=True),
    Column("base_highlevel", LargeBinary, nullable=False),
    Column("base_rezora", LargeBinary, nullable=False),
    Column("unread", String(16), nullable=False, default=""),  # a side whose base is as sent, not as shown
    Column(
        "settled", String(100), nullable=False, default=""
    ),  # prints and mapping at which nothing was left to do
    Column("created_at", Float, nullable=False),
    Column("notes", LargeBinary, nullable=False, default=b"{}"),  # why a rule's two sides may differ
    Column("rebase", Boolean, nullable=False, default=False),  # the base may be older than the world
    Column("closed_for", String(40), nullable=False, default=""),
    Column("contact", Integer, nullable=False, default=0, server_default="0"),  # of an activity: whose link
    Index("ix_link_contact", "contact"),
    Index(
        "uq_link_highlevel",
        "bridge_id",
        "kind",
        "highlevel_id",
        unique=True,
        sqlite_where=text("live IS 1"),
        postgresql_where=text("live IS TRUE"),
    ),
    Index(
        "ix_link_ended",
        "bridge_id",
        "kind",
        "highlevel_id",
        sqlite_where=text("live IS 0"),
        postgresql_where=text("live IS FALSE"),
    ),
    Index(
        "uq_link_rezora",
        "bridge_id",
        "kind",
        "rezora_id",
        unique=True,
        sqlite_where=text("live IS 1"),
        postgresql_where=text("live IS TRUE"),
    ),
)

intent = Table(  # the write-ahead note of a create
    "intent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("side", String(16), nullable=False),  # where the record is created
    Column("source_id", String(64), nullable=False),
    Column("print", String(32), nullable=False),  # fingerprint of the canonical body
    Column("state", String(16), nullable=False),  # open, done, dropped
    Column("attempts", Integer, nullable=False, default=0),
    Column("at", Float, nullable=False),
    Column("kind", String(16), nullable=False, default="contact", server_default="contact"),
    Column("contact", Integer, nullable=False, default=0, server_default="0"),  # of an activity: whose link
    Index("ix_intent_contact", "contact"),
    Index(
        "uq_intent_open",
        "bridge_id",
        "side",
        "kind",
        "source_id",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)

_NOT = text("kind != 'contact'")
journal = Table(  # what was done, why, before and after
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("action", String(16), nullable=False),  # create link update opt_out join leave failed
    Column("side", String(16), nullable=False),
    Column("record_id", String(64), nullable=False),
    Column("source_id", String(64), nullable=False, default=""),
    Column("rule", Text, nullable=False, default=""),
    Column("before", LargeBinary, nullable=False),
    Column("after", LargeBinary, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("state", String(8), nullable=False, default="done"),  # begun: about to be sent; done; lost
    Column("kind", String(16), nullable=False, default="contact", server_default="contact"),
    Index("ix_journal_bridge_id_id", "bridge_id", "id"),
    Index("ix_journal_record", "bridge_id", "side", "record_id"),
    Index("ix_journal_run", "bridge_id", "run_id", "id"),
    Index("ix_journal_action", "bridge_id", "action", "id"),
    # Most entries are of contacts: those of the other kinds are found without reading them all.
    Index("ix_journal_kind", "bridge_id", "kind", "id", sqlite_where=_NOT, postgresql_where=_NOT),
    Index("ix_journal_source", "bridge_id", "side", "source_id"),
)

hold = Table(  # something that waits for a person
    "hold",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),  # the run that saw it last
    Column("cause", String(40), nullable=False),
    Column("highlevel_id", String(64), nullable=False, default=""),
    Column("rezora_id", String(64), nullable=False, default=""),
    Column("rule", String(100), nullable=False, default=""),
    Column("highlevel_shows", Text, nullable=False, default=""),
    Column("rezora_shows", Text, nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("opened_at", Float, nullable=False),
    Column("seen", String(100), nullable=False, default=""),  # prints of what was refused
    Column("attempts", Integer, nullable=False, default=1),  # how often that was tried
    Column("kind", String(16), nullable=False, default="contact", server_default="contact"),
    UniqueConstraint("bridge_id", "highlevel_id", "rezora_id", "rule", "cause"),
)

tombstone = Table(  # a record that is never the source of a create, and why
    "tombstone",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("reason", String(40), nullable=False),
    Column("partner", String(64), nullable=False, default=""),  # or the record it was merged into
    Column("at", Float, nullable=False),
)

suppression = Table(  # an address that must not be written to; outlives every link and every record
    "suppression",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("address", String(64), primary_key=True),  # HMAC, never the address
    Column("channel", String(16), primary_key=True),
    Column("level", Integer, nullable=False),  # sync/consent.py; only ever grows
    Column("source", String(16), nullable=False),
    Column("at", Float, nullable=False),
)

pepper = Table(  # the key of those hashes, sealed by the vault
    "pepper",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

choice = Table(  # what a person decided about a hold, until a run has carried it out
    "choice",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("highlevel_id", String(64), primary_key=True),
    Column("rezora_id", String(64), primary_key=True),
    Column("rule", String(100), primary_key=True),
    Column("use", String(16), nullable=False),
    Column("value", Text, nullable=False, default=""),
    Column("highlevel_shows", Text, nullable=False, default=""),
    Column("rezora_shows", Text, nullable=False, default=""),
    Column("made_by", String(100), nullable=False),
    Column("made_at", Float, nullable=False),
)

apart = Table(  # two records that a person said are two people
    "apart",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("one", String(64), primary_key=True),
    Column("two", String(64), primary_key=True),
    Column("at", Float, nullable=False),
)

pause = Table(  # a record that a person takes out of the sync for a while
    "pause",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("note", Text, nullable=False, default=""),
    Column("at", Float, nullable=False),
)

delivery = Table(  # one webhook as received: what it names, never what it carries; all of them are the inbox
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("webhook_id", String(64), nullable=False, unique=True),
    Column("bridge_id", Integer),  # none: of a location that no bridge has
    Column("type", String(60), nullable=False),
    Column("kind", String(16), nullable=False, default=""),  # of the record it names, empty for none of ours
    Column("record_id", String(64), nullable=False, default=""),
    Column("at", Float, nullable=False),  # as HighLevel says
    Column("received_at", Float, nullable=False),
    Column("contact_id", String(64), nullable=False, default="", server_default=""),  # if the event said it
    Index("ix_delivery_bridge_id_id", "bridge_id", "id"),
)

arrivals = Table(  # how many deliveries came, by day, type and what became of them
    "arrivals",
    metadata,
    Column("day", String(10), primary_key=True),  # 2026-11-25, UTC
    Column("type", String(60), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
)

due = Table(  # a record that may be out of step: one row, however many events named it
    "due",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("number", Integer, nullable=False, default=1),  # raised by every event: cleared only if unchanged
    Column("urgency", Integer, nullable=False),  # 0 opt-out, 1 live, 2 on demand, 3 scan
    Column("at", Float, nullable=False),  # not before
    Column("since", Float, nullable=False),  # when it was first named
    Column("attempts", Integer, nullable=False, default=0),
    Column("cause", String(60), nullable=False, default=""),
    Index("ix_due_bridge_id_urgency_at", "bridge_id", "urgency", "at"),
)

schedule = Table(  # when a bridge runs by itself
    "schedule",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("purpose", String(16), primary_key=True),  # sync (whole), poll (what changed)
    Column("cron", String(100), nullable=False),
    Column("zone", String(64), nullable=False, default="UTC"),
    Column("quiet", String(11), nullable=False, default=""),  # 22:00-06:00, in that zone
    Column("enabled", Boolean, nullable=False, default=True),
    Column("next_at", Float, nullable=False),
    Column("last_at", Float),
)

watermark = Table(  # up to when one side was read; moved only by a run that succeeded
    "watermark",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("at", Float, nullable=False),
)

alert = Table(  # something that people are told about, once while it lasts
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bridge_id", Integer, nullable=False),
    Column("cause", String(40), nullable=False),
    Column("sentence", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("sent_at", Float),  # none: not told yet
    Column("attempts", Integer, nullable=False, default=0),
    Column("closed_at", Float),
    Index("ix_alert_bridge_id_id", "bridge_id", "id"),
)

activity = Table(  # the newest sight of each task, note and appointment
    "activity",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("side", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("contact_id", String(64), nullable=False),
    Column("run_id", Integer, nullable=False),  # the run that saw it last
    Column("fields", LargeBinary, nullable=False),
    Column("print", String(32), nullable=False),
    Column("changed_at", String(40), nullable=False, default="", server_default=""),  # as the side tells it
    Column("moment", Float),  # when it is due or begins
    Index("ix_activity_contact", "bridge_id", "side", "contact_id"),
    Index("ix_activity_moment", "bridge_id", "kind", "moment"),
)

rule_member = Table(  # a contact that a rule about activities put on a list: only those are taken off again
    "rule_member",
    metadata,
    Column("bridge_id", Integer, primary_key=True),
    Column("rule", String(100), primary_key=True),
    Column("rezora_id", String(64), primary_key=True),
    Column("since", Float, nullable=False),
)

feed = Table(  # a bridge's private calendar
    "feed",
    metadata,
    Column("bridge_id", Integer, primary_key=True, autoincrement=False),
    Column("token", String(64), nullable=False, unique=True),  # a hash of the secret part of the address
    Column("sealed", LargeBinary, nullable=False),  # that secret, to show the address again (vault.py)
    Column("created_at", Float, nullable=False),
    Column("read_at", Float),
)
