"""Every switch of the HighLevel sandbox; each choice the documents leave open is a switch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

READ_SCOPES = (
    "contacts.readonly",
    "locations.readonly",
    "locations/tags.readonly",
    "locations/tasks.readonly",
    "locations/customFields.readonly",
    "locations/customValues.readonly",
    "calendars.readonly",
    "calendars/groups.readonly",
    "calendars/events.readonly",
    "businesses.readonly",
    "users.readonly",
    "opportunities.readonly",
    "conversations.readonly",
    "conversations/message.readonly",
    "objects/schema.readonly",
    "objects/record.readonly",
    "associations.readonly",
    "associations/relation.readonly",
    "oauth.readonly",
)
WRITE_SCOPES = (
    "contacts.write",
    "locations.write",
    "locations/tags.write",
    "locations/customFields.write",
    "locations/customValues.write",
    "calendars.write",
    "calendars/groups.write",
    "calendars/events.write",
    "businesses.write",
    "users.write",
    "opportunities.write",
    "conversations.write",
    "conversations/message.write",
    "objects/schema.write",
    "objects/record.write",
    "associations.write",
    "associations/relation.write",
    "oauth.write",
)
ALL_SCOPES = READ_SCOPES + WRITE_SCOPES
VERSIONS = ("2021-07-28", "2021-04-15", "2023-02-21", "v3")
FULL_PIT = "pit-00000000-0000-4000-8000-00000000f011"
# Made up; the private key is in webhooks.py for everybody to read.
WEBHOOK_PUBLIC_KEY = "MCowBQYDK2VwAyEAq5Ck4LtqfN8QEp2N/VOjpFTBi+RgjDoId0dCcgPsG0U="
READ_ONLY_PIT = "pit-00000000-0000-4000-8000-000000000ead"


def _default_pits() -> dict[str, tuple[str, ...]]:
    return {FULL_PIT: ALL_SCOPES, READ_ONLY_PIT: READ_SCOPES}


@dataclass(slots=True)
class HighLevelConfig:
    """One app, one location and its rules; may be changed while the world runs.

    Sections of highlevel.md are named in brackets. Fields under "open questions" choose an answer
    where that document says it is unknown: none of them is a fact about the live service.
    """

    # The app [1.2, 1.3]
    client_id: str = "66b1f0c2a7d94e0012ab34cd-sandbox1"
    client_secret: str = "sandbox-0000-1111-2222"  # noqa: S105  # made up, opens nothing
    redirect_uris: tuple[str, ...] = ()
    loopback_redirects: bool = True  # any http address of this machine, any port and path
    app_scopes: tuple[str, ...] = ALL_SCOPES
    app_version_id: str = "66b1f0c2a7d94e0012ab34ce"
    pits: dict[str, tuple[str, ...]] = field(default_factory=_default_pits)
    passes_state: bool = True  # open question 9: is ``state`` passed through?
    reconnect: bool = True  # open question 9: does /oauth/reconnect still answer?

    # Lifetimes in seconds [1.1, 1.5]
    access_seconds: float = 86_399.0
    refresh_seconds: float = 365 * 86_400.0
    grace_seconds: float = 30.0
    code_seconds: float = 600.0  # not documented

    # The location [2.3]
    location_id: str = "sbxLocation000000001"
    company_id: str = "sbxCompany0000000001"
    location_name: str = "Harbor Street Realty"
    location_email: str = "office@harbor-street.example.com"
    location_active: bool = True
    time_zone: str = "America/Chicago"
    country: str = "US"
    allow_duplicates: bool = False
    unique_identifiers: tuple[str, ...] = ("email", "phone")
    public_url: str = ""  # put before the path of ``nextPageUrl``

    # Quota [1.10]; a burst of 0 switches the quota off
    burst: int = 100
    interval_ms: int = 10_000
    daily: int = 200_000
    window: Literal["sliding", "fixed"] = "sliding"  # which of the two is not documented

    # Search [2.1.3, 6]
    search_lag_seconds: float = 0.0
    page_reach: int = 10_000

    # Errors [5.1]
    unknown_id_status: Literal[400, 404] = 400
    wrong_case_status: Literal[401, 404] = 401

    # Webhooks [4]: sent to ``webhook_url``, on this machine; to nobody without one
    webhook_url: str = ""
    webhook_public_key: str = field(default=WEBHOOK_PUBLIC_KEY, init=False)  # what they are signed with
    webhook_signed: bool = True  # X-GHL-Signature
    webhook_legacy: bool = False  # x-wh-signature, announced to end on 2026-07-01
    webhook_events_off: tuple[str, ...] = ()  # events that are not switched on for the app
    webhook_faults: dict[str, float] = field(
        default_factory=dict
    )  # probability of lose double delay reorder forge stale
    webhook_seed: int = 0  # of these faults
    webhook_delay_seconds: float = 300.0  # how late a delayed one is
    thin_task_create: bool = True  # issue 332: without contactId and body
    webhook_types_as_in_docs: bool = False  # every appointment event says AppointmentCreate
    echo_api_writes: bool = True  # open question 5: do the app's own writes come back to it?

    # Open questions [6]
    v3_drops: bool = True  # operations gone from the v3 files answer 404 under ``Version: v3``
    moved_by: tuple[str, ...] = ("tag", "follower", "business")  # 1: also possible: task, note, appointment
    unchanged_moves: bool = True  # a PUT that changes nothing moves dateUpdated and fires ContactUpdate
    null_clears: bool = True  # 6
    empty_clears: bool = True  # 6
    tag_case: Literal["keep", "lower"] = "keep"  # 15
    tag_delete_strips: bool = True  # deleting a definition takes the tag off every contact
    additional_writable: bool = True  # 5.5: reported to work on create and update
    update_checks_duplicates: bool = True
    permanent_liftable: bool = (
        False  # 5.3: may the API lift a ``permanent`` channel? If not it stays, silently
    )
    unknown_custom_field: Literal["refuse", "ignore"] = "refuse"
    bulk_tags_max: int = 0  # 14: 0 is no limit
    task_search_max: int = 1000  # 3
    deleted_events_listed: bool = False  # 4: deleted appointments in windows; cancelled ones always are
    event_delete_status: Literal[200, 201] = 201  # the files say 201, 200 was seen live
    merge_events: bool = True  # 10
    events_kept: int = 100_000
