"""The state machine with tasks, notes and appointments: its rules, and its own judge of them."""

from __future__ import annotations

import html
import re
import sqlite3
from collections import Counter
from contextlib import closing
from typing import Any, ClassVar

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from activity_stories import mapping
from landbridge.sync.rules import ListRule, When
from simulation import Simulation
from test_machine import FAULTS, TwoWay

TITLES = ("Call back", "Send the offer", "Visit", "<script>alert(1)</script>", "{{contact.email}}")
NOTES = (
    "Called, no answer",
    "<p>Wants a <b>garden</b></p>",
    "<img src=x onerror=alert(1)>Likes the view",
    "Größe 🏡 ab 120 m²",
    "{{contact.email}} wrote",
)
DUES = ("2026-06-03T15:00:00.000Z", "2026-11-01T06:30:00.000Z", "2026-06-04T05:00:00.000Z")
LOCAL_DUES = ("2026-06-03 09:00:00", "2026-06-10 00:00:00")
STATUSES = ("confirmed", "cancelled", "showed", "noshow")
ACTIVITY_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost_answer", "side": "rezora", "method": "POST", "path_regex": "/(tasks|notes|appointments)"},
    {"kind": "lost_answer", "side": "highlevel", "method": "POST", "path_regex": "/(tasks|notes)$"},
    {"kind": "applied_then_500", "side": "highlevel", "path_regex": "/(tasks|notes)"},
    {"kind": "applied_then_500", "side": "rezora", "path_regex": "/(tasks|notes)"},
    {"kind": "status", "status": 422, "side": "highlevel", "method": "POST", "path_regex": "/(tasks|notes)$"},
    {"kind": "zombie", "side": "rezora", "method": "POST", "path_regex": "/notes", "after_requests": 4},
    {"kind": "cut_body", "side": "rezora", "method": "GET", "path_regex": "/(tasks|notes)"},
    {"kind": "refuse", "side": "rezora", "path_regex": "/notes", "times": 2},
)
ALL_FAULTS = FAULTS + ACTIVITY_FAULTS


class Everything(TwoWay):
    """Contacts, and all that belongs to them, with the other rules of the machine."""

    quirks: ClassVar[dict[str, Any]] = {
        "mapping": mapping(ListRule(When.FOLLOW_UP_DUE, "Follow-up due")),
        "activities": True,
    }

    def __init__(self) -> None:
        super().__init__()
        self.judge = ActivityJudge(self.world)
        for first, last in (("Ada", "Byron"), ("Grace", "Hopper")):
            self.new_in_highlevel(first, last, "Boulder", tagged=False)
        self.world.clock.advance(60.0)
        self.world.sync()

    # In HighLevel

    @rule(choose=st.integers(0, 50), title=st.sampled_from(TITLES), due=st.sampled_from(DUES))
    @precondition(lambda self: self.world.contacts("highlevel"))
    def a_task_in_highlevel(self, choose: int, title: str, due: str) -> None:
        fields = {"title": title, "dueDate": due, "completed": False}
        self.judge.edit("task", "create", self._pick("highlevel", choose), fields)

    @rule(choose=st.integers(0, 50), body=st.sampled_from(NOTES))
    @precondition(lambda self: self.world.contacts("highlevel"))
    def a_note_in_highlevel(self, choose: int, body: str) -> None:
        self.judge.edit("note", "create", self._pick("highlevel", choose), {"body": body})

    @rule(choose=st.integers(0, 50), hour=st.integers(8, 17))
    @precondition(lambda self: self.world.contacts("highlevel"))
    def an_appointment(self, choose: int, hour: int) -> None:
        start = f"2026-06-02T{hour:02}:00:00-06:00"
        end = f"2026-06-02T{hour:02}:30:00-06:00"
        fields = {"title": "Tour", "startTime": start, "endTime": end}
        self.judge.edit("appointment", "create", self._pick("highlevel", choose), fields)

    @rule(choose=st.integers(0, 50), title=st.sampled_from(TITLES), done=st.booleans())
    @precondition(lambda self: self.judge.ids("task"))
    def a_task_changes_in_highlevel(self, choose: int, title: str, done: bool) -> None:
        self.judge.change("task", choose, {"title": title} if choose % 2 else {"completed": done})

    @rule(choose=st.integers(0, 50), body=st.sampled_from(NOTES))
    @precondition(lambda self: self.judge.ids("note"))
    def a_note_changes_in_highlevel(self, choose: int, body: str) -> None:
        self.judge.change("note", choose, {"body": f"{body} again"})

    @rule(choose=st.integers(0, 50), status=st.sampled_from(STATUSES))
    @precondition(lambda self: self.judge.ids("appointment"))
    def an_appointment_changes(self, choose: int, status: str) -> None:
        self.judge.change("appointment", choose, {"appointmentStatus": status})

    @rule(choose=st.integers(0, 50), kind=st.sampled_from(("task", "note", "appointment")))
    @precondition(lambda self: any(self.judge.ids(kind) for kind in ("task", "note", "appointment")))
    def one_is_deleted_in_highlevel(self, choose: int, kind: str) -> None:
        if ids := self.judge.ids(kind):
            self.judge.edit(kind, "delete", ids[choose % len(ids)], {})

    # In Rezora

    @rule(choose=st.integers(0, 50), title=st.sampled_from(TITLES), due=st.sampled_from(LOCAL_DUES))
    @precondition(lambda self: self.world.contacts("rezora"))
    def a_task_in_rezora(self, choose: int, title: str, due: str) -> None:
        fields = {"task_title": title, "task_body": "", "task_due": due, "task_completed": "0"}
        self.judge.add_rezora("task", self._pick("rezora", choose), fields)

    @rule(choose=st.integers(0, 50), body=st.sampled_from(NOTES))
    @precondition(lambda self: self.world.contacts("rezora"))
    def a_note_in_rezora(self, choose: int, body: str) -> None:
        fields = {"note_body": body, "note_date": "2026-05-30 10:00:00"}
        self.judge.add_rezora("note", self._pick("rezora", choose), fields)

    @rule(choose=st.integers(0, 50), title=st.sampled_from(TITLES), done=st.booleans())
    @precondition(lambda self: self.judge.rows("task"))
    def a_task_changes_in_rezora(self, choose: int, title: str, done: bool) -> None:
        new = {"task_title": title} if choose % 2 else {"task_completed": str(int(done))}
        self.judge.change_rezora("task", choose, new)

    @rule(choose=st.integers(0, 50), body=st.sampled_from(NOTES))
    @precondition(lambda self: self.judge.rows("note"))
    def a_note_changes_in_rezora(self, choose: int, body: str) -> None:
        self.judge.change_rezora("note", choose, {"note_body": f"{body} here"})

    @rule(choose=st.integers(0, 50), kind=st.sampled_from(("task", "note", "appointment")))
    @precondition(lambda self: any(self.judge.rows(kind) for kind in ("task", "note", "appointment")))
    def one_is_deleted_in_rezora(self, choose: int, kind: str) -> None:
        self.judge.delete_rezora(kind, choose)

    @rule(number=st.integers(0, len(ACTIVITY_FAULTS) - 1), skip=st.integers(0, 2))
    def an_activity_call_breaks(self, number: int, skip: int) -> None:
        self.world.fault(**({"times": 1, "skip": skip} | ACTIVITY_FAULTS[number]))

    def settle(self) -> None:
        """To rest, then the judge."""
        self.world.settle()
        self.judge.after_settling()

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.world.close()


def words(body: str) -> str:
    """What a reader sees of a text, without our last line."""
    text = re.sub(r"<(script|style)\b.*?</\1\s*>", "", body, flags=re.S | re.I)
    text = html.unescape(re.sub(r"<[^>]*>", " ", text)).replace("\u200b", "").replace("⁠", "").replace("‍", "")
    text = re.sub(r"— (?:[^—\n]* in )?(?:HighLevel|Rezora), \d+ \w{3} \d{4} \d\d:\d\d", " ", text)
    return " ".join(text.replace("{ {", "{{").replace("} }", "}}").split())


class ActivityJudge:
    """What people did to activities, and whether both sides agree about them in the end."""

    def __init__(self, world: Simulation) -> None:
        self.world = world
        self.typed: Counter[tuple[str, str]] = Counter()  # kind and text, however often somebody wrote it

    # People

    def ids(self, kind: str) -> list[str]:
        """HighLevel's, deleted ones not."""
        rows = self.world.highlevel.dump()["tables"][f"{kind}s"]
        return sorted(row["id"] for row in rows if not row.get("deleted"))

    def edit(self, kind: str, action: str, key: str, fields: dict[str, Any]) -> None:
        named = {"contactId": key, "fields": fields} if action == "create" else {"id": key, "fields": fields}
        self.world.sandbox.edit("highlevel", {"kind": kind, "action": action, **named})
        self._note(kind, fields.get("title") or fields.get("body"))
        self.world.checker.user_edits += 1

    def change(self, kind: str, choose: int, fields: dict[str, Any]) -> None:
        ids = self.ids(kind)
        self.edit(kind, "update", ids[choose % len(ids)], fields)

    def rows(self, kind: str) -> list[tuple[str, str]]:
        """Rezora's, as contact and id."""
        kept = self.world.rezora.account.activities[kind]
        return sorted((contact, key) for contact, rows in kept.items() for key in rows)

    def add_rezora(self, kind: str, contact: str, fields: dict[str, str]) -> None:
        account = self.world.rezora.account
        key = account.number(kind)
        account.activities[kind].setdefault(contact, {})[key] = {f"{kind}_id": key, **fields}
        self._note(kind, fields.get("task_title") or fields.get("note_body"))
        self.world.checker.user_edits += 1

    def change_rezora(self, kind: str, choose: int, fields: dict[str, str]) -> None:
        rows = self.rows(kind)
        contact, key = rows[choose % len(rows)]
        self.world.rezora.account.activities[kind][contact][key].update(fields)
        self._note(kind, fields.get("task_title") or fields.get("note_body"))
        self.world.checker.user_edits += 1

    def delete_rezora(self, kind: str, choose: int) -> None:
        if rows := self.rows(kind):
            contact, key = rows[choose % len(rows)]
            del self.world.rezora.account.activities[kind][contact][key]
            self.world.checker.user_edits += 1

    def _note(self, kind: str, text: Any) -> None:
        if text:
            self.typed[kind, words(str(text))] += 1

    # The end

    def after_settling(self) -> None:
        """L1 for each linked contact, S4 for both sides."""
        exempt = self._exempt()
        for left, right in self.world.pairs():
            for kind in ("task", "note", "appointment"):
                ours, theirs = self._highlevel(kind, left, exempt), self._rezora(kind, right, exempt)
                if kind == "appointment":
                    assert ours <= theirs, f"L1: {kind}s of {left}: {ours - theirs} not in Rezora"
                else:
                    assert ours == theirs, f"L1: {kind}s of {left}/{right}: {ours} and {theirs}"
        if not self.world.checker.zombies:
            self._check_copies(exempt)

    def _highlevel(self, kind: str, contact: str, exempt: set[str]) -> Counter[tuple[str, ...]]:
        rows = self.world.highlevel.dump()["tables"][f"{kind}s"]
        found: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            if row["contactId"] == contact and not row.get("deleted") and row["id"] not in exempt:
                found[_seen(kind, row)] += 1
        return found

    def _rezora(self, kind: str, contact: str, exempt: set[str]) -> Counter[tuple[str, ...]]:
        kept = self.world.rezora.account.activities[kind].get(contact, {})
        found: Counter[tuple[str, ...]] = Counter()
        for key, row in kept.items():
            if f"{kind}:{key}" not in exempt:
                found[_seen_rezora(kind, row)] += 1
        return found

    def _exempt(self) -> set[str]:
        """What waits for a person, and survivors of a delete; Rezora's ids with their kind before them."""
        found: set[str] = set()
        with closing(sqlite3.connect(self.world.path)) as store:
            queries = (
                "SELECT kind, highlevel_id, rezora_id FROM link WHERE kind != 'contact' AND NOT live",
                "SELECT l.kind, l.highlevel_id, l.rezora_id FROM link l JOIN link c ON l.contact = c.id"
                " WHERE NOT c.live OR EXISTS"
                " (SELECT 1 FROM pause p WHERE p.id IN (c.highlevel_id, c.rezora_id))",
            )
            for query in queries:
                for kind, left, right in store.execute(query):
                    found |= {left, f"{kind}:{right}"}
            pairs = "SELECT kind, highlevel_id, rezora_id FROM {} WHERE kind != 'contact'"
            for kind, left, right in store.execute(f"{pairs.format('link')} AND live"):
                found -= {left, f"{kind}:{right}"}  # it moved to another contact with a merge
            for kind, left, right in store.execute(pairs.format("hold")):
                found |= {left, f"{kind}:{right}"}
        return found

    def _check_copies(self, exempt: set[str]) -> None:
        """S4: no side has a text more often than people wrote it."""
        highlevel = Counter(
            (kind, _seen(kind, row)[0])
            for kind in ("task", "note")
            for row in self.world.highlevel.dump()["tables"][f"{kind}s"]
        )
        rezora = Counter(
            (kind, _seen_rezora(kind, row)[0])
            for kind in ("task", "note")
            for rows in self.world.rezora.account.activities[kind].values()
            for key, row in rows.items()
            if f"{kind}:{key}" not in exempt
        )
        for side, found in (("highlevel", highlevel), ("rezora", rezora)):
            more = {key: number for key, number in found.items() if number > self.typed[key]}
            assert not more, f"S4: {side} has {more}, people wrote {[self.typed[key] for key in more]}"


def _seen(kind: str, row: dict[str, Any]) -> tuple[str, ...]:
    if kind == "note":
        return (words(row["body"]),)
    if kind == "task":
        return words(row["title"]), "1" if row["completed"] else "0"
    return row["title"], row["appointmentStatus"]


def _seen_rezora(kind: str, row: dict[str, str]) -> tuple[str, ...]:
    if kind == "note":
        return (words(row["note_body"]),)
    if kind == "task":
        return words(row["task_title"]), row["task_completed"]
    return row["appointment_title"], row["appointment_status"]
