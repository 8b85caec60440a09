"""Every switch of the Rezora sandbox: credentials, quirks, and a guess for each open question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class RezoraConfig:
    """How this account behaves; the defaults are our best reading of rezora.md.

    Documented (rezora.md 1-2): two levels of credentials, one self contact, one Primary Sphere.
    All else here is an assumption, which is why it is a switch; docs/sandbox.md lists them.
    """

    username: str = "sandbox-agent"
    """Agent-level user name (contacts and lists). HTTP Basic is an assumption (rezora.md 1)."""
    password: str = "made-up-agent-key"  # noqa: S105  # a made-up credential of a made-up account
    company_username: str = "sandbox-company"
    """Company-level user name (agents and groups)."""
    company_password: str = "made-up-company-key"  # noqa: S105  # a made-up credential of a made-up account

    agent_name: str = "Robin Sample"
    """Name of the self contact, which mirrors the agent's My Account page (rezora.md 4.1)."""
    agent_email: str = "robin.sample@example.com"
    primary_sphere_name: str = "Primary Sphere"
    everyone_in_primary_sphere: bool = False
    """True: every new contact is on the Primary Sphere and cannot be taken off it."""

    required: tuple[str, ...] = ("contact_name", "contact_email")
    """Contact fields that may not be empty in POST and PUT."""
    unique_email: bool = False
    """True: a second contact with the same e-mail address is refused with 409."""
    put_partial: bool = True
    """True: a field absent from PUT keeps its value. False: it is cleared (never the opt-out)."""
    unsubscribe_writable: bool = True
    """False: ``contact_unsubscribe`` is silently ignored in POST and PUT, with status 200."""
    self_writable: bool = False
    synced_writable: bool = False
    master_writable: bool = False
    """False: PUT, DELETE and, for master contacts, list changes are refused with 403."""
    date_follows_changes: bool = False
    """True: ``contact_date`` is the time of the last change. False: of the creation."""

    max_length: int = 255
    """Longest accepted value in characters, 0 for no limit; ``limits`` overrides it per field."""
    limits: Mapping[str, int] = field(default_factory=dict)
    too_long: Literal["refuse", "truncate"] = "refuse"
    trims_values: bool = True
    """True: white space around a written value is dropped."""
    refuse_unknown_fields: bool = False
    """True: an undocumented field name is refused with 400. False: it is ignored."""

    http_status_always_200: bool = False
    """True: a failure shows in the body's ``status`` only."""
    double_xml_declaration: bool = False
    """True: memberships in XML open with two declarations, as the wiki's samples do (rezora.md 1.1)."""
    no_collection: Literal["array", "missing", "blank"] = "array"
    """GET of a collection without records: an empty array, a 404, or 200 with an empty body."""

    burst: int = 0
    """Requests accepted in ``interval_ms``; 0 for no quota (none was in force, rezora.md 1)."""
    interval_ms: int = 1000
    quota_status: Literal[429, 503] = 429

    activities: bool = False
    """True: ``contacts/ID/tasks``, ``notes`` and ``appointments`` exist (undocumented, design.md 6)."""

    def limit(self, name: str) -> int:
        """The longest value of that field in characters, 0 for no limit."""
        return self.limits.get(name, self.max_length)
