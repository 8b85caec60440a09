"""One made-up person on both sides, with all that can be said of them, and a book that knows only them."""

from __future__ import annotations

from calendar_scenes import ADA, appointment, task
from landbridge.engine.contact_book import IN_SYNC, ContactBook, ContactView, kept_where
from landbridge.engine.contact_lists import EVERYBODY, LISTS, Counts, Found, Search
from landbridge.engine.field_rows import field_rows
from landbridge.engine.timeline import timeline_of
from landbridge.store.bridges import Bridge
from landbridge.store.contacts import Line
from landbridge.store.journal import Entry, OpenHold
from landbridge.sync.activity import Activity
from landbridge.sync.model import Kind, Link, Record, Side
from landbridge.sync.reasons import HELD
from landbridge.sync.rules import default_policy
from web_scenes import BRIDGE, HOSTILE, NOW

THERE = "90112"
HIGHLEVEL = Record(
    Side.HIGHLEVEL,
    ADA,
    {
        "firstName": "Ada",
        "lastName": "Brook",
        "email": "ada.brook@example.net",
        "phone": "+13035550188",
        "additionalPhones.0": "",
        "address1": "12 Elm St",
        "city": "Fort Collins",
        "state": "CO",
        "postalCode": "80521",
        "companyName": "Brook & Sons",
    },
    frozenset({"Open house May", "Buyer"}),
    opted_out=False,
)
REZORA = Record(
    Side.REZORA,
    THERE,
    {
        "contact_name": "Ada Brook",
        "contact_email": "ada.brook@example.net",
        "contact_phone_mobile": "303-555-0142",
        "contact_phone_home": "",
        "contact_home_street": "12 Elm St",
        "contact_home_street2": "",
        "contact_home_city": "Loveland",
        "contact_home_state": "CO",
        "contact_home_zip": "80521",
    },
    frozenset({"Open house May"}),
    opted_out=False,
)
LINK = Link(
    ADA,
    THERE,
    dict(HIGHLEVEL.fields) | {"phone": "+13035550142", "city": "Boulder"},
    dict(REZORA.fields) | {"contact_home_city": "Boulder"},
)
HOLD = OpenHold(
    "both_changed", ADA, THERE, "city", "Fort Collins", "Loveland", "", NOW - 86_400, "Ada Brook", 7
)
NOTE = "<p>Wants a garden.</p><p>Prefers <b>evenings</b>.</p>"
SEEN = [
    appointment(
        "a1",
        title="Showing, 12 Elm St",
        start="2026-11-25T16:00:00Z",
        end="2026-11-25T17:00:00Z",
        location="12 Elm St",
        notes="<p>Bring <b>keys</b></p>",
    ),
    appointment("a2", start="2026-11-02T16:00:00Z", status="noshow"),
    task("t1", due="2026-11-22T16:00:00Z", body="About the offer"),
    task("t2", title="Send the contract", due="2026-11-26T16:00:00Z"),
    task("t3", title="Say hello"),
    Activity(Side.HIGHLEVEL, Kind.NOTE, "n1", ADA, {"body": NOTE, "made_at": "2026-11-20T09:00:00Z"}),
    Activity(
        Side.HIGHLEVEL, Kind.NOTE, "n2", ADA, {"body": "Long. " * 120, "made_at": "2026-11-10T09:00:00Z"}
    ),
    task("901", THERE, Side.REZORA, title="Send the contract", due="2026-11-26T17:00:00Z"),
    Activity(
        Side.REZORA, Kind.NOTE, "902", THERE, {"body": "Called back.", "made_at": "2026-11-21T09:00:00Z"}
    ),
]
TIED = [(Kind.TASK, Link("t2", "901"))]
ENTRIES = [
    Entry(
        "update", Side.REZORA, THERE, ADA, "email", {"contact_email": "ada@example.org"},
        {"contact_email": "ada.brook@example.net"}, "", NOW - 7_200, 41, 3,
    ),
    Entry(
        "create", Side.REZORA, "901", "t2", "", {}, {"title": "Send the contract"}, "", NOW - 9_000, 40, 3,
        kind=Kind.TASK,
    ),
    Entry("create", Side.REZORA, THERE, ADA, "", {}, {"contact_name": "Ada Brook"}, "", NOW - 86_400, 7, 1),
]  # fmt: skip


def view(bridge: Bridge = BRIDGE) -> ContactView:
    """The page of somebody about whom everything can be said."""
    records = {Side.HIGHLEVEL: HIGHLEVEL, Side.REZORA: REZORA}
    return ContactView(
        "Ada Brook",
        {Side.HIGHLEVEL: ADA, Side.REZORA: THERE},
        True,
        HELD["both_changed"],
        field_rows(default_policy(), records, LINK, {"city": HOLD}),
        timeline_of(SEEN, TIED, NOW),
        [HOLD],
        ENTRIES,
        kept_where(bridge),
    )


def lonely() -> ContactView:
    """Somebody whom only HighLevel has, and of whom there is nothing to say."""
    records = {Side.HIGHLEVEL: Record(Side.HIGHLEVEL, "lone", {"firstName": "", "email": ""})}
    rows = field_rows(default_policy(), records, None, {})
    return ContactView(
        "",
        {Side.HIGHLEVEL: "lone"},
        False,
        IN_SYNC,
        rows,
        timeline_of([], [], NOW),
        [],
        [],
        kept_where(BRIDGE),
    )


def hostile() -> ContactView:
    """Every text that people or systems can choose is an attack."""
    fields = dict.fromkeys(HIGHLEVEL.fields, HOSTILE), dict.fromkeys(REZORA.fields, HOSTILE + "2")
    records = {
        side: Record(side, key, each, frozenset({HOSTILE}), opted_out=None)
        for side, key, each in zip(Side, (ADA, THERE), fields, strict=True)
    }
    seen = [
        appointment(
            "a", title=HOSTILE, start="2026-11-25T16:00:00Z", location=HOSTILE, notes=HOSTILE, status=HOSTILE
        ),
        task("t", title=HOSTILE, body=HOSTILE * 40),
        Activity(Side.HIGHLEVEL, Kind.NOTE, HOSTILE, ADA, {"body": f"<p>{HOSTILE}</p>", "made_at": HOSTILE}),
    ]
    hold = OpenHold("both_changed", HOSTILE, HOSTILE, "city", HOSTILE, HOSTILE, HOSTILE, NOW, HOSTILE)
    entry = Entry(HOSTILE, Side.REZORA, HOSTILE, HOSTILE, HOSTILE, {}, {HOSTILE: HOSTILE}, HOSTILE, NOW)
    return ContactView(
        HOSTILE,
        {Side.HIGHLEVEL: ADA, Side.REZORA: THERE},
        True,
        HELD["both_changed"],
        field_rows(default_policy(), records, Link(ADA, THERE, fields[0], fields[1]), {"city": hold}),
        timeline_of(seen, [], NOW),
        [hold],
        [entry],
        kept_where(BRIDGE),
    )


class FakeBook(ContactBook):
    """Knows some people by their ids, and keeps what it was asked for."""

    def __init__(self, *views: ContactView) -> None:
        self.views = {key: each for each in views for key in each.ids.values()}
        self.asked: list[Search] = []
        self.left: list[str] = []

    def not_read(self, bridge: Bridge) -> list[str]:
        return self.left

    async def counts(self, bridge: Bridge) -> Counts:
        some = dict.fromkeys(LISTS, 12_840) if self.views else {}
        return Counts(some, {"both_changed": 3}, {"no_email": 1_091, "bad_email": 2})

    async def find(self, bridge: Bridge, search: Search = EVERYBODY, *, size: int = 50) -> Found:
        self.asked.append(search)
        if search.text == "nobody" or not self.views:
            return Found([])
        lines = [
            Line(
                Side.HIGHLEVEL,
                each.record_id,
                each.name,
                "ada.brook@example.net",
                "held",
                "both_changed",
                THERE,
            )
            for each in {one.record_id: one for one in self.views.values()}.values()
        ]
        return Found(lines, "" if search.after else "last place")

    async def contact(self, bridge: Bridge, record_id: str) -> ContactView | None:
        return self.views.get(record_id)
