"""All 64 webhook events of HighLevel: which record each one names, and what that means to us.

Names, ``type`` values and places of ids are those of the vendor's event pages (highlevel.md 4.2). Where a
page shows no ``type``, its name stands for it: an assumption, and a harmless one, as none of those events
is about a record of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Names(StrEnum):
    """What kind of record an event names; a later version of a record does not change that."""

    CONTACT = "contact"
    NOTE = "note"
    TASK = "task"
    APPOINTMENT = "appointment"
    LOCATION = "location"
    INSTALL = "install"
    NOTHING = ""  # none of ours


class Meaning(StrEnum):
    """What an event asks of us. Nothing more exact: a webhook is a hint, and both sides are read by id."""

    LOOK = "look"  # this record may have changed
    OPT_OUT = "opt-out"  # the same, before everything else
    NOTE_DOWN = "note down"  # worth knowing, nothing to do
    ENDED = "ended"  # the app was removed from the location
    NONE = "none"  # counted, and forgotten


@dataclass(frozen=True, slots=True)
class EventType:
    """One event: its name, its ``type``, the kind it names, and where in the body the ids lie.

    ``inside`` is the object that holds the record; blank for the top level. ``contact_at`` is the name of
    the field with the contact's id, beside the record's own ``id``.
    """

    name: str
    type: str
    names: Names = Names.NOTHING
    meaning: Meaning = Meaning.NONE
    contact_at: str = ""
    inside: str = ""


def _contact(name: str, meaning: Meaning = Meaning.LOOK) -> EventType:
    return EventType(name, name, Names.CONTACT, meaning, "id")


def _of_contact(name: str, names: Names) -> EventType:
    return EventType(name, name, names, Meaning.LOOK, "contactId")


def _appointment(name: str) -> EventType:
    """The documents' examples of an update and a delete show ``type: AppointmentCreate``: nothing may hang
    on the last part of the name."""
    return EventType(name, name, Names.APPOINTMENT, Meaning.LOOK, "contactId", "appointment")


def _none(*names: str) -> tuple[EventType, ...]:
    return tuple(EventType(name, name) for name in names)


EVENT_TYPES: tuple[EventType, ...] = (
    EventType("AppInstall", "INSTALL", Names.INSTALL, Meaning.NOTE_DOWN),
    EventType("AppUninstall", "UNINSTALL", Names.INSTALL, Meaning.ENDED),
    *_none("AppUpdate"),
    EventType("ExternalAuthConnected", "EXTERNAL_AUTH_CONNECTED"),
    EventType("PlanChange", "PLAN_CHANGE"),
    _contact("ContactCreate"),
    _contact("ContactUpdate"),
    _contact("ContactDelete"),  # no proof of anything: the contact is read by id, like every other
    _contact("ContactTagUpdate"),
    _contact("ContactDndUpdate", Meaning.OPT_OUT),
    _of_contact("NoteCreate", Names.NOTE),
    _of_contact("NoteUpdate", Names.NOTE),
    _of_contact("NoteDelete", Names.NOTE),
    _of_contact("TaskCreate", Names.TASK),  # real ones lack contactId and body (issue 332)
    _of_contact("TaskComplete", Names.TASK),
    _of_contact("TaskDelete", Names.TASK),  # there is no TaskUpdate: an edited task is silent
    _appointment("AppointmentCreate"),
    _appointment("AppointmentUpdate"),
    _appointment("AppointmentDelete"),
    *_none(
        "OpportunityCreate",
        "OpportunityUpdate",
        "OpportunityDelete",
        "OpportunityStageUpdate",
        "OpportunityStatusUpdate",
        "OpportunityMonetaryValueUpdate",
        "OpportunityAssignedToUpdate",
    ),
    EventType("LocationCreate", "LocationCreate", Names.LOCATION, Meaning.NOTE_DOWN),
    EventType("LocationUpdate", "LocationUpdate", Names.LOCATION, Meaning.NOTE_DOWN),
    *_none("UserCreate", "UserUpdate", "UserDelete"),
    EventType("ConversationUnreadWebhook", "ConversationUnreadUpdate"),
    *_none("InboundMessage", "OutboundMessage", "ProviderOutboundMessage"),
    *_none("RecordCreate", "RecordUpdate", "RecordDelete"),
    *_none("RelationCreate", "RelationDelete"),
    *_none("AssociationCreate", "AssociationUpdate", "AssociationDelete"),
    *_none("ObjectSchemaCreate", "ObjectSchemaUpdate"),
    *_none("CampaignStatusUpdate"),
    *_none(
        "InvoiceCreate",
        "InvoiceUpdate",
        "InvoiceDelete",
        "InvoiceSent",
        "InvoicePaid",
        "InvoicePartiallyPaid",
        "InvoiceVoid",
    ),
    *_none("OrderCreate", "OrderStatusUpdate"),
    *_none("ProductCreate", "ProductUpdate", "ProductDelete"),
    *_none("PriceCreate", "PriceUpdate", "PriceDelete"),
    *_none("LCEmailStats", "VoiceAiCallEnd", "SaaSPlanCreate"),
)
BY_TYPE = MappingProxyType({event.type: event for event in EVENT_TYPES})
APPOINTMENT = BY_TYPE["AppointmentUpdate"]
UNKNOWN = EventType("", "")  # an event that is newer than this table, or one without a type
