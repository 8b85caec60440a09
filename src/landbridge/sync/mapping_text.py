"""A policy as a mapping file: TOML with comments that teach, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Iterator

from landbridge.sync.rules import ActivityRule, LabelRule, ListRule, Policy, Rule
from landbridge.sync.scope import Scope

_HEAD = """\
# Landbridge mapping: what is carried between HighLevel and Rezora.
# docs/mapping.md explains every key. `landbridge plan` shows what a change would do and writes nothing.
"""
_CHOICES = {
    "opt_out": "Carry opt-outs, always towards less e-mail. Nothing ever re-subscribes a contact.",
    "default_country": "Country of phone numbers that are written without one (two letters).",
    "require_email": "Leave out contacts without an e-mail address: Rezora sends e-mail.",
    "create_in_rezora": "Create contacts in Rezora that only HighLevel has.",
    "create_in_highlevel": "Create contacts in HighLevel that only Rezora has.",
    "on_delete": "A contact deleted on one side: unlink (the other stays, nothing comes back) or ask.",
    "settle_seconds": "A contact edited less than so many seconds ago waits: no half-typed value goes out.",
    "default_list": 'The Rezora list that every created contact joins; "" for none.',
}
_SCOPE = """\
# Which contacts the bridge is about; without this table all of them. Any value of a kind is enough, several
# kinds must all hold. Contacts outside are left as they are on both sides; opt-outs are carried all the same.
#   [scope]
#   tags = ["client", "past client"]       any of these HighLevel tags
#   assigned_to = ["Ab12Cd34Ef56Gh78Ij90"]  any of these HighLevel user ids
#   business = ["Kl12Mn34Op56Qr78St90"]     any of these HighLevel business ids
"""
_FIELDS = """\
# One [[field]] for each thing that is kept equal.
#   highlevel, rezora  the field's own name on each side; a list where the converter takes several
#   converter          text, name, full_name, email, phone, date, street, state, postal_code, choice,
#                      number, flag
#   direction          to_rezora, to_highlevel, both
#   strategy           when both sides changed it: three_way (the preferred side stands, the other value is
#                      kept in the journal), source (the preferred side owns it; edits elsewhere are put
#                      back), fill_blank (a value always beats a blank; a clear is put back), hold (wait
#                      for a person), immutable (never change it)
#   prefer             highlevel, rezora
"""
_LABELS = """\
# One [[label]] for each HighLevel tag that means a Rezora list:
#   [[label]]
#   tag = "open house"
#   list = "Open house May"
#   direction = "both"
# Instead of a tag or a list, an option of a field:
#   [[label]]
#   tag = "hot lead"
#   rezora_field = "contact_type"
#   rezora_option = "Hot"
#   direction = "both"
"""
_ACTIVITIES = """\
# Tasks, notes and appointments go along with their contacts; a kind without its table is not carried.
# Rezora's public documents have none of the three: whether an account has them is found out when it is
# connected. Where it has not, they are kept here, for the contact's page and the calendar feed.
#   [tasks]
#   direction = "both"          to_rezora, to_highlevel, both
#   on_delete = "delete"        one deleted on one side, and not edited on the other: delete, or unlink
#   [notes]
#   direction = "both"
#   on_delete = "unlink"
#   [appointments]
#   direction = "to_rezora"
# One [[list]] for each Rezora list of those of whom something is true now:
#   [[list]]
#   when = "appointment_this_week"   appointment_this_week, follow_up_due, no_show
#   list = "Appointment this week"
"""


def policy_text(policy: Policy) -> str:
    """The whole file, with a line feed at the end."""
    choices = [
        line
        for key, comment in _CHOICES.items()
        for line in (f"# {comment}", f"{key} = {_toml(getattr(policy, key))}", "")
    ]
    blocks = [_HEAD, *choices, _SCOPE]
    if policy.scope.restricted:
        blocks.append("\n".join(_scope(policy.scope)) + "\n")
    blocks.append(_FIELDS)
    blocks += ["\n".join(_field(rule)) + "\n" for rule in policy.rules]
    blocks.append(_LABELS)
    blocks += ["\n".join(_label(rule)) + "\n" for rule in policy.labels]
    blocks.append(_ACTIVITIES)
    blocks += ["\n".join(_activity(rule)) + "\n" for rule in policy.activities]
    blocks += ["\n".join(_list(rule)) + "\n" for rule in policy.lists]
    return "\n".join(blocks)


def _scope(scope: Scope) -> Iterator[str]:
    yield "[scope]"
    for key in ("tags", "assigned_to", "business"):
        if wanted := getattr(scope, key):
            yield f"{key} = [{', '.join(map(_toml, wanted))}]"


def _field(rule: Rule) -> Iterator[str]:
    yield "[[field]]"
    yield f"name = {_toml(rule.name)}"
    yield f"highlevel = {_toml(rule.highlevel)}"
    yield f"rezora = {_toml(rule.rezora)}"
    for key in ("converter", "direction", "strategy", "prefer"):
        yield f"{key} = {_toml(str(getattr(rule, key)))}"


def _label(rule: LabelRule) -> Iterator[str]:
    yield "[[label]]"
    for key in ("tag", "highlevel_field", "highlevel_option", "list", "rezora_field", "rezora_option"):
        if getattr(rule, key):
            yield f"{key} = {_toml(getattr(rule, key))}"
    yield f"direction = {_toml(rule.direction.value)}"


def _activity(rule: ActivityRule) -> Iterator[str]:
    yield f"[{rule.kind.value}s]"
    yield f"direction = {_toml(rule.direction.value)}"
    yield f"on_delete = {_toml(rule.on_delete.value)}"


def _list(rule: ListRule) -> Iterator[str]:
    yield "[[list]]"
    yield f"when = {_toml(rule.when.value)}"
    yield f"list = {_toml(rule.list)}"


def _toml(value: str | bool | int | tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return _toml(value[0]) if len(value) == 1 else f"[{', '.join(map(_toml, value))}]"
    # JSON's escapes are a part of TOML's, which also asks for DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
