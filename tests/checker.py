"""An independent judge: from the history of both sandboxes alone, was everything as it must be?

It shares no code with the product's core; its own canonical forms are a few lines below. It reads the
product's store only where a property speaks of it: links, journal, holds.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from landbridge.sandbox.highlevel import HighLevelConfig
from landbridge.sandbox.history import Entry, Wanted

if TYPE_CHECKING:
    from simulation import Simulation

FIELDS = {  # rule: HighLevel's fields, Rezora's fields
    "name": (("firstName", "lastName"), ("contact_name",)),
    "email": (("email",), ("contact_email",)),
    "mobile phone": (("phone",), ("contact_phone_mobile",)),
    "city": (("city",), ("contact_home_city",)),
    "street": (("address1",), ("contact_home_street", "contact_home_street2")),
    "state": (("state",), ("contact_home_state",)),
    "zip code": (("postalCode",), ("contact_home_zip",)),
    "company": (("companyName",), ("contact_company",)),
    "home phone": (("additionalPhones",), ("contact_phone_home",)),
}
BOTH_WAYS = ("name", "email", "mobile phone", "city", "street", "state", "zip code")
HIGHLEVEL_WRITES = {name for left, _ in FIELDS.values() for name in left} | {
    "customFields", "locationId", "dndSettings",
}  # fmt: skip
REZORA_WRITES = {name for _, right in FIELDS.values() for name in right} | {
    "contact_unsubscribe", "contact_type",
}  # fmt: skip

ACTIVITY = re.compile(r"/(tasks|notes|appointments)(/|\.json|$)|/calendars/")


def canon(rule: str, values: list[str]) -> str:
    """Two values mean the same if this is equal."""
    text = " ".join(" ".join(value.split()) for value in values).strip()
    if rule.endswith("phone"):
        digits = re.sub(r"\D", "", text)
        return digits[-10:] if len(digits) >= 10 else text.casefold()
    if rule == "email":
        return text.casefold()
    if rule == "street":
        return " ".join(text.replace(",", " ").split())
    return text


@dataclass(slots=True)
class Edit:
    """One thing a person did to one record."""

    side: str
    id: str
    rule: str
    value: str


@dataclass(slots=True)
class Checker:
    """Watches one simulation."""

    world: Simulation
    seen: int = 0
    mutating: int = 0
    zombies: int = 0
    faulty: bool = False
    edits: list[Edit] = field(default_factory=list)
    user_edits: int = 0
    typed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    opted_out: set[str] = field(default_factory=set)  # addresses, before the present run
    known_out: set[str] = field(default_factory=set)
    shown_out: set[str] = field(default_factory=set)  # by a listing, when the present run began
    gone: set[tuple[str, str]] = field(default_factory=set)  # records a person deleted
    merged: dict[str, str] = field(default_factory=dict)
    unmapped: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    old_journal: list[sqlite3.Row] = field(default_factory=list)
    accepted: set[tuple[str, ...]] = field(default_factory=set)
    wanted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    creates: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    # What people do

    def saw(self, side: str, command: dict[str, Any], result: dict[str, Any]) -> None:
        """Remember an edit."""
        action = command["action"]
        record = str(command.get("id") or result.get("id") or "")
        self.user_edits += 1
        if action in ("create", "update"):
            self._typed(side, record, command["fields"], created=action == "create")
            self.user_edits += len(command["fields"].get("tags", ()))
        elif action == "delete":
            self.gone.add((side, record))
            self._deleted_before_it_was_known(side, record, result)
        elif action == "restore":
            self.gone.discard((side, record))
        elif action == "merge":
            for other in command["others"]:
                self.gone.add((side, other))
                self.merged[other] = record

    def _typed(self, side: str, record: str, fields: dict[str, Any], *, created: bool) -> None:
        number = 0 if side == "highlevel" else 1
        for rule, names in FIELDS.items():
            if any(name in fields for name in names[number]):
                shown = self.world.contacts(side)[record]
                value = canon(rule, [str(shown.get(name) or "") for name in names[number]])
                self.edits.append(Edit(side, record, rule, value))
                self.typed[rule].add(value)
        kept = ("website", "source") if side == "highlevel" else ("contact_title", "contact_phone_fax")
        if created or any(name in fields for name in kept):
            shown = self.world.contacts(side)[record]
            self.unmapped[side, record] = {name: str(shown.get(name) or "") for name in kept}

    def _deleted_before_it_was_known(self, side: str, record: str, result: dict[str, Any]) -> None:
        """A create that we never heard of, and whose record a person deleted, may be sent again."""
        with sqlite3.connect(self.world.path) as store:
            column = "highlevel_id" if side == "highlevel" else "rezora_id"
            known = store.execute(f"SELECT 1 FROM link WHERE {column} = ?", [record]).fetchone()  # noqa: S608  # a constant
        store.close()
        if known:
            return
        if side == "highlevel":
            _, fields = self.world.highlevel.state.deleted[record]
            email, name = fields.get("email"), fields.get("firstName")
        else:
            email, name = result["fields"]["contact_email"], result["fields"]["contact_name"]
        key = f"{side}:{canon('email', [str(email or '')])}:{name}"
        self.creates[key] = max(0, self.creates[key] - 1)

    def _now_out(self, older: float = 0.0) -> set[str]:
        """Addresses of everybody who is opted out now, in HighLevel for at least so many seconds."""
        found = set()
        limit = self.world.sandbox.clock.now() - older
        for contact in self.world.contacts("highlevel").values():
            if is_out(contact) and datetime.fromisoformat(contact["dateUpdated"]).timestamp() <= limit:
                found.add(canon("email", [str(contact.get("email") or "")]))
        for contact in self.world.contacts("rezora").values():
            if contact["contact_unsubscribe"] == "1":
                found.add(canon("email", [contact["contact_email"]]))
        return found - {""}

    def answered(self, word: str, rule: str, *ids: str) -> None:
        """A person answered a hold: from now on a delete, a second create or a difference is wanted."""
        if word in ("delete", "create"):
            self.wanted[word].update(filter(None, ids))
        if word == "ignore":
            self.accepted.add((*ids, rule))
        self.user_edits += 1

    # What we do

    def run_begins(self) -> None:
        """Whoever is shown as opted out now must be known to this run, and from then on for ever."""
        self.opted_out = self.known_out | self._now_out()
        config = self.world.sandbox.worlds.configs["highlevel"]
        assert isinstance(config, HighLevelConfig)
        self.shown_out = self._now_out(older=config.search_lag_seconds)

    def run_ended(self, *, whole: bool) -> None:
        """Judge what was sent since; ``whole``: the run has read both sides."""
        if whole:
            self.known_out |= self.shown_out
        for entry in self.world.sandbox.history.read(Wanted(since=self.seen)):
            self.seen = max(self.seen, entry.number)
            if entry.fault:
                self.faulty = True
            if entry.fault == "zombie":
                self.zombies += 1
            if entry.actor == "api" and entry.mutating:
                self.mutating += not entry.path.endswith("/lists.json")  # made once, for no edit
                self._judge(entry)
        self._check_unmapped()
        assert self.world.rezora.resubscribed == [], "S8: somebody was subscribed again"

    def _judge(self, entry: Entry) -> None:
        """One call that can change something."""
        body = json.loads(entry.request_body) if entry.request_body else {}
        if ACTIVITY.search(entry.path):  # their own stories and their own machine look at those
            assert entry.method != "DELETE" or not entry.path.endswith(("s.json", "s")), "all of a kind"
        elif entry.side == "highlevel":
            self._judge_highlevel(entry, body)
        else:
            self._judge_rezora(entry, body.get("data", {}))

    def _judge_highlevel(self, entry: Entry, body: dict[str, Any]) -> None:
        if "/oauth/" in entry.path or entry.path.endswith("/customFields"):
            return
        if entry.method == "DELETE" and not entry.path.endswith("/tags"):
            assert entry.path.split("/")[2] in self.wanted["delete"], "S7: a delete nobody asked for"
            return
        if entry.path.endswith("/tags"):
            assert set(body["tags"]) <= {"buyer", "hot lead"}, "S3: a tag that is not in the mapping"
            return
        assert entry.path.startswith("/contacts/"), entry.path
        assert "tags" not in body, "S3: tags in a body replace all others"
        assert not entry.path.endswith("/upsert"), "never upsert"
        assert set(body) <= HIGHLEVEL_WRITES, f"S3: {set(body) - HIGHLEVEL_WRITES}"
        for channel in (body.get("dndSettings") or {}).values():
            assert channel["status"] in ("active", "permanent"), "S8: a channel was opened"
        for rule, (left, _) in FIELDS.items():
            if any(name in body for name in left):
                self._check_source(rule, [str(body.get(name) or "") for name in left], body, left)
        if entry.method == "POST" and entry.path in ("/contacts/", "/contacts"):
            self._judge_create(entry, str(body.get("email") or ""), body)

    def _judge_rezora(self, entry: Entry, body: dict[str, str]) -> None:
        if "/lists" in entry.path:
            self._judge_list(entry, body)
            return
        if entry.method == "DELETE":
            record = entry.path.split("/")[-1].removesuffix(".json")
            assert record in self.wanted["delete"], "S7: a delete nobody asked for"
            return
        assert set(body) <= REZORA_WRITES, f"S3: {set(body) - REZORA_WRITES}"
        assert body.get("contact_unsubscribe", "1") == "1", "S8: an opt-out was taken back"
        own = next(c for c in self.world.rezora.dump()["contacts"] if c["fields"]["contact_self"] == "1")
        assert f"/{own['fields']['contact_id']}." not in entry.path, "S15: the account's own contact"
        for rule, (_, right) in FIELDS.items():
            if any(name in body for name in right):
                self._check_source(rule, [body.get(name, "") for name in right], body, right)
        if entry.method == "POST":
            self._judge_create(entry, body.get("contact_email", ""), body)

    def _judge_list(self, entry: Entry, body: dict[str, str]) -> None:
        if entry.method == "POST" and entry.path.endswith("/contacts.json") and entry.applied:
            contact = self.world.contacts("rezora").get(body["contact_id"])
            if contact is not None and contact["contact_unsubscribe"] == "0":
                address = canon("email", [contact["contact_email"]])
                assert address not in self.opted_out, "S9: on a list, sendable, and opted out"
        if entry.method == "DELETE":
            assert re.search(r"/lists/\d+/contacts/\d+\.json$", entry.path), "a collection was deleted"

    def _judge_create(self, entry: Entry, email: str, body: dict[str, Any]) -> None:
        address = canon("email", [email])
        if not entry.applied or (not entry.fault and entry.status >= 400):
            return
        if entry.late_of is None:  # else it was sent before the opt-out, and arrives only now
            out = address in self.opted_out and address
            assert not out, "S9: created although the address opted out"
        key = f"{entry.side}:{address}:{body.get('contact_name') or body.get('firstName')}"
        self.creates[key] += 1
        assert self.creates[key] <= 1 + self.zombies + len(self.wanted["create"]), f"S4: created twice: {key}"

    def _check_source(
        self, rule: str, values: list[str], body: dict[str, Any], names: tuple[str, ...]
    ) -> None:
        """S2: what is written was typed by somebody; a part of a name may be written alone."""
        if len(names) > 1 and not all(name in body for name in names):
            parts = {word for value in self.typed[rule] for word in value.replace(",", " ").split()}
            words = {word for value in values for word in canon(rule, [value]).split()}
            assert words <= parts, f"S2: {rule} {values} was never seen"
            return
        value = canon(rule, values)
        cut = self.world.quirks and any(typed.startswith(value) for typed in self.typed[rule])
        assert cut or value in self.typed[rule] | {""}, f"S2: {rule} {value!r} was never seen"

    def _check_unmapped(self) -> None:
        """S3: fields outside the mapping are as people left them."""
        for side in ("highlevel", "rezora"):
            contacts = self.world.contacts(side)
            for (where, record), kept in self.unmapped.items():
                if where == side and record in contacts:
                    shown = {name: str(contacts[record].get(name) or "") for name in kept}
                    if where == "highlevel" and record in self.merged.values():
                        continue  # a merge fills gaps
                    assert shown == kept, f"S3: {where} {record}"

    # At rest

    def after_settling(self) -> None:
        """Everything agrees or is shown, nothing was lost, everything is explained."""
        with sqlite3.connect(self.world.path) as store:
            store.row_factory = sqlite3.Row
            links = store.execute("SELECT * FROM link WHERE live").fetchall()
            holds = store.execute("SELECT * FROM hold").fetchall()
            journal = store.execute("SELECT * FROM journal").fetchall()
            seen = store.execute(
                "SELECT side, id, standing, reason FROM observed WHERE run_id = (SELECT max(id) FROM run)"
            ).fetchall()
        store.close()
        self._check_links(links)
        self._check_agreement(links, holds)
        self._check_everybody(links, seen)
        self._check_edits(self.old_journal + journal)
        self._check_resurrection(self.old_journal + journal)
        self._check_consent(holds, seen)
        self._check_duplicates(holds)
        if not self.faulty and not self.world.quirks:  # an opt-out that does not stick costs more
            assert self.mutating <= 2 * self.user_edits, "L2: more writes than edits explain"

    def _check_links(self, links: list[sqlite3.Row]) -> None:
        for column in ("highlevel_id", "rezora_id"):
            ids = [row[column] for row in links]
            assert len(ids) == len(set(ids)), "S5: a record in two links"

    def _check_agreement(self, links: list[sqlite3.Row], holds: list[sqlite3.Row]) -> None:
        """L1: equal, or held and shown."""
        left, right = self.world.contacts("highlevel"), self.world.contacts("rezora")
        members = self.world.members()
        held = {(row["highlevel_id"], row["rezora_id"], row["rule"]) for row in holds} | self.accepted
        whole = {pair[:2] for pair in held if not pair[2]} | {
            (row["highlevel_id"], row["rezora_id"]) for row in holds if row["cause"] == "refused"
        }
        for row in links:
            pair = (row["highlevel_id"], row["rezora_id"])
            if pair in whole or pair[0] not in left or pair[1] not in right:
                continue
            one, two = left[pair[0]], right[pair[1]]
            for rule in BOTH_WAYS:
                values = (
                    canon(rule, [str(one.get(name) or "") for name in FIELDS[rule][0]]),
                    canon(rule, [two[name] for name in FIELDS[rule][1]]),
                )
                assert values[0] == values[1] or (*pair, rule) in held, f"L1: {rule} {values}"
            if is_out(one) or two["contact_unsubscribe"] == "1":
                continue  # nobody joins a list who gets no e-mail
            tagged, listed = "buyer" in one["tags"], "Buyers" in members.get(pair[1], set())
            assert tagged == listed or (*pair, "buyer") in held, f"L1: buyer {tagged} {listed}"
            hot, typed = "hot lead" in one["tags"], two["contact_type"] == "Hot"
            assert hot == typed or (*pair, "hot lead") in held, f"L1: hot lead {hot} {typed}"

    def _check_everybody(self, links: list[sqlite3.Row], seen: list[sqlite3.Row]) -> None:
        """Nobody is dropped: each record is linked, or left out or held for a reason."""
        standing = {(row["side"], row["id"]): (row["standing"], row["reason"]) for row in seen}
        linked = {("highlevel", row["highlevel_id"]) for row in links}
        linked |= {("rezora", row["rezora_id"]) for row in links}
        for side in ("highlevel", "rezora"):
            for record in self.world.contacts(side):
                found = standing.get((side, record))
                assert found is not None, f"{side} {record} was not seen"
                if (side, record) not in linked:
                    assert found[0] in ("excluded", "held") and found[1], f"{side} {record}: {found}"
                else:
                    assert found[0] != "waiting", f"{side} {record}: {found}"

    def database_goes(self) -> None:
        """An older copy takes its place: what its journal told is remembered here."""
        with sqlite3.connect(self.world.path) as store:
            store.row_factory = sqlite3.Row
            self.old_journal += store.execute("SELECT * FROM journal").fetchall()
        store.close()

    def _check_edits(self, journal: list[sqlite3.Row]) -> None:
        """S1: an edit stands where it was made, was superseded, or is kept as the loser of a conflict."""
        last = {(edit.side, edit.id, edit.rule): edit.value for edit in self.edits}
        replaced = defaultdict(list)
        for row in journal:
            if row["action"] in ("update", "undo"):
                replaced[row["side"], row["record_id"]].append(json.loads(row["before"]))
        for (side, record, rule), value in last.items():
            contact = self.world.contacts(side).get(record)
            if contact is None or (side == "highlevel" and record in self.merged.values()):
                continue
            names = FIELDS[rule][0 if side == "highlevel" else 1]
            if canon(rule, [str(contact.get(name) or "") for name in names]) == value:
                continue
            kept = [before for before in replaced[side, record] if any(name in before for name in names)]
            assert kept, f"S1: {side} {record} {rule}: {value!r} is gone without a trace"
            words = {word for before in kept for name in names for word in before.get(name, "").split()}
            words |= {word for name in names for word in str(contact.get(name) or "").split()}
            lost = {word.casefold() for word in value.split()} - {word.casefold() for word in words}
            assert not lost or rule.endswith("phone"), (
                f"S1: {side} {record} {rule}: {lost} is not in the journal"
            )

    def _check_resurrection(self, journal: list[sqlite3.Row]) -> None:
        """S6: what a person deleted was not made again for the record that is left."""
        made: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in journal:
            if row["action"] == "create":
                made[row["side"], row["source_id"]].append(row["record_id"])
        for (side, source), records in made.items():
            for first, second in pairwise(records):
                if first != second:
                    assert (side, first) not in self.gone or source in self.wanted["create"], (
                        f"S6: {side} {first} came back as {second} for {source}"
                    )

    def _check_consent(self, holds: list[sqlite3.Row], seen: list[sqlite3.Row]) -> None:
        """S8: whoever opted out anywhere is out on both sides, or it is shown why not."""
        causes = {
            side: {row[f"{side}_id"] for row in holds if row["cause"].startswith("opt_out")}
            for side in ("highlevel", "rezora")
        }
        out = self.opted_out - {""}
        for record, contact in self.world.contacts("highlevel").items():
            if canon("email", [str(contact.get("email") or "")]) in out and not is_out(contact):
                assert record in causes["highlevel"], f"S8: {record} may be e-mailed by HighLevel"
        for record, contact in self.world.contacts("rezora").items():
            if canon("email", [contact["contact_email"]]) in out and contact["contact_unsubscribe"] == "0":
                assert record in causes["rezora"], f"S8: {record} may be e-mailed by Rezora"

    def _check_duplicates(self, holds: list[sqlite3.Row]) -> None:
        """S4: nobody was made twice; a zombie's second record is held, and has not spread."""
        if self.zombies:
            return
        for side, column in (("highlevel", 0), ("rezora", 1)):
            names = [names[column] for names in FIELDS.values()]
            bodies = defaultdict(list)
            for record, contact in self.world.contacts(side).items():
                key = tuple(str(contact.get(name) or "") for group in names for name in group)
                bodies[key].append(record)
            for key, records in bodies.items():
                typed = [edit.id for edit in self.edits if edit.side == side and edit.id in records]
                assert len(records) - len(set(typed)) <= 1, f"S4: {side} {records} {key}"


def is_out(contact: dict[str, Any]) -> bool:
    """Does HighLevel bar e-mail to this contact?"""
    channel = (contact.get("dndSettings") or {}).get("Email") or {}
    return bool(contact.get("dnd")) or channel.get("status") in ("active", "permanent")
