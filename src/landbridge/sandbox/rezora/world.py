"""One Rezora company with one agent account, answering v1 requests in memory."""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from landbridge.sandbox.people import Person
from landbridge.sandbox.rezora import activities, contacts, formats, groups, lists
from landbridge.sandbox.rezora.account import Account
from landbridge.sandbox.rezora.call import Call, Outcome, Refusal, Resource
from landbridge.sandbox.rezora.config import RezoraConfig
from landbridge.sandbox.rezora.edits import edit_account
from landbridge.sandbox.rezora.seeding import seed_account, seed_activities
from landbridge.sandbox.wire import Answer, Ids, Request, SandboxClock

Level = Literal["agent", "company"]

# The wrapper of an answer that belongs to no resource (assumption).
_NOWHERE = Resource("errors", "error", "agent", {})
# The two resources whose XML samples open with two declarations (rezora.md 1.1).
_TWO_DECLARATIONS = ("list_contacts", "group_agents")


class RezoraWorld:
    """Rezora v1 as rezora.md documents it; ``config`` may be replaced at any time."""

    def __init__(self, clock: SandboxClock, ids: Ids, config: RezoraConfig) -> None:
        self._clock = clock
        self.account = Account(clock, ids, config)
        self._recent: deque[float] = deque()

    @property
    def config(self) -> RezoraConfig:
        """The switches in force."""
        return self.account.config

    @config.setter
    def config(self, config: RezoraConfig) -> None:
        self.account.config = config

    @property
    def resubscribed(self) -> list[str]:
        """Ids of contacts a request switched from unsubscribed to subscribed, in order; must stay empty."""
        return self.account.resubscribed

    def would_mail(self) -> set[str]:
        """Ids of the contacts a campaign to all lists would reach now."""
        return set(self.account.mailable())

    def answer(self, request: Request) -> Answer:
        """Answer one request; ``path`` begins with ``/v1``."""
        parts, form = formats.split_path(request.path)
        form = form or formats.accepted(request.headers.get("accept", ""))
        resource, ids = self._find(parts)
        shown = resource or _NOWHERE
        status, headers = 200, {"content-type": formats.CONTENT_TYPES[form]}
        try:
            outcome = self._carry_out(request, resource, ids)
        except Refusal as refusal:
            outcome = _refused(refusal)
            headers |= refusal.headers
            status = 200 if self.config.http_status_always_200 else refusal.status
        if outcome is None:
            return Answer(status, b"", headers)
        twice = self.config.double_xml_declaration and shown.plural in _TWO_DECLARATIONS
        return Answer(status, formats.write(form, shown, outcome, two_declarations=twice), headers)

    def seed(self, people: Iterable[Person]) -> None:
        """Add the people who are ``in_rezora``, with their lists."""
        seed_account(self.account, people)

    def seed_activities(self, count: int, seed: int) -> None:
        """Give the first contacts, not self, notes, tasks and appointments, if the account has any."""
        if self.config.activities:
            seed_activities(self.account, count, seed)

    def edit(self, command: Mapping[str, object]) -> dict[str, object]:
        """Change something as a person in Rezora's pages would; see ``edits.edit_account``."""
        return edit_account(self.account, command)

    def dump(self) -> dict[str, Any]:
        """The whole account as plain JSON values."""
        return self.account.dump()

    def load(self, snapshot: Mapping[str, Any]) -> None:
        """Become what ``dump`` wrote; ids never seen in either account are given from here on."""
        self.account.load(snapshot)
        self._recent.clear()

    def reset(self) -> None:
        """A new account: self contact and Primary Sphere only, under new ids."""
        self.account.reset()
        self._recent.clear()

    def _carry_out(self, request: Request, resource: Resource | None, ids: tuple[str, ...]) -> Outcome | None:
        level = self._admit(request.headers.get("authorization", ""))
        self._count()
        if resource is None:
            raise Refusal(404, "There is no such resource; check the path.")
        if resource.level != level:
            raise Refusal(403, f"This resource needs {resource.level}-level credentials.")
        operation = resource.methods.get(request.method)
        if operation is None:
            allowed = ", ".join(resource.methods)
            raise Refusal(405, f"This resource takes {allowed} only.", {"allow": allowed})
        call = Call(self.account, ids)
        if request.method in ("POST", "PUT"):
            call.fields = formats.read_fields(request, self.config.trims_values)
        outcome = operation(call)
        if resource.collection and request.method == "GET" and self.config.no_collection != "array":
            return self._without_records(outcome)
        return outcome

    def _without_records(self, outcome: Outcome) -> Outcome | None:
        rows = list(outcome.rows)
        if rows:
            return Outcome(outcome.columns, rows)
        if self.config.no_collection == "missing":
            raise Refusal(404, "There are no records here.")
        return None

    def _admit(self, authorization: str) -> Level:
        """The level of the credentials; HTTP Basic is an assumption (rezora.md 1)."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic":
            config = self.config
            if given == _basic(config.username, config.password):
                return "agent"
            if given == _basic(config.company_username, config.company_password):
                return "company"
        headers = {"www-authenticate": 'Basic realm="Rezora API"'}
        raise Refusal(401, "The user name or password is wrong or missing.", headers)

    def _count(self) -> None:
        """Refuse what exceeds ``burst`` requests in any ``interval_ms``; refused ones do not count."""
        config = self.config
        if not config.burst:
            return
        now, recent = self._clock.now(), self._recent
        while recent and recent[0] <= now - config.interval_ms / 1000:
            recent.popleft()
        if len(recent) >= config.burst:
            raise Refusal(config.quota_status, "Too many requests; spread the calls over time.")
        recent.append(now)

    def _find(self, parts: tuple[str, ...]) -> tuple[Resource | None, tuple[str, ...]]:
        """The resource of a path and the ids in it."""
        names, ids = parts[1::2], parts[2::2]
        known = _RESOURCES.get((names, len(ids))) if parts[:1] == ("v1",) else None
        if known is None or (names[-1] in activities.COLLECTIONS and not self.config.activities):
            return None, ()
        return known, ids


# By the names in the path and the number of ids between and after them.
_RESOURCES: dict[tuple[tuple[str, ...], int], Resource] = {
    (("contacts",), 0): contacts.CONTACTS,
    (("contacts",), 1): contacts.CONTACT,
    (("lists",), 0): lists.LISTS,
    (("lists",), 1): lists.LIST,
    (("lists", "contacts"), 1): lists.MEMBERS,
    (("lists", "contacts"), 2): lists.MEMBER,
    (("agents",), 1): groups.AGENT,
    (("groups",), 0): groups.GROUPS,
    (("groups",), 1): groups.GROUP,
    (("groups", "agents"), 1): groups.GROUP_AGENTS,
    (("groups", "agents"), 2): groups.GROUP_AGENT,
    **{(("contacts", name), 1): resource for name, resource in activities.COLLECTIONS.items()},
    **{(("contacts", name), 2): resource for name, resource in activities.MEMBERS.items()},
}


def _basic(username: str, password: str) -> str:
    return b64encode(f"{username}:{password}".encode()).decode()


def _refused(refusal: Refusal) -> Outcome:
    """The body of a failure (assumption: rezora.md 1.2 saw none)."""
    columns = ("status", "message")
    return Outcome(columns, ({"status": str(refusal.status), "message": refusal.message},))
