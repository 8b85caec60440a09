"""agents/ID and the groups of agents, reached with company-level credentials (rezora.md 2.7 and 2.8)."""

from __future__ import annotations

from landbridge.sandbox.rezora import columns
from landbridge.sandbox.rezora.account import Row
from landbridge.sandbox.rezora.call import (
    Call,
    Outcome,
    Refusal,
    Resource,
    check_length,
    check_names,
    done,
    made,
    require,
)


def _get_agent(call: Call) -> Outcome:
    row = call.account.agents.get(call.ids[0])
    if row is None:
        raise Refusal(404, "There is no agent with this user_id.")
    return Outcome(columns.AGENT, (row,))


def _get_all(call: Call) -> Outcome:
    return Outcome(columns.GROUP, call.account.groups.values())


def _post(call: Call) -> Outcome:
    name = _free_name(call, own_id="")
    account = call.account
    group_id = account.number("group")
    account.groups[group_id] = dict(zip(columns.GROUP, (group_id, name, account.stamp()), strict=True))
    account.group_agents[group_id] = {}
    return made("group_id", group_id)


def _delete_all(call: Call) -> Outcome:
    """Documented: removes all groups (rezora.md 2.8)."""
    call.account.groups.clear()
    call.account.group_agents.clear()
    return done()


def _get(call: Call) -> Outcome:
    return Outcome(columns.GROUP, (_find(call),))


def _put(call: Call) -> Outcome:
    row = _find(call)
    row["group_name"] = _free_name(call, own_id=row["group_id"])
    return done()


def _delete(call: Call) -> Outcome:
    group_id = _find(call)["group_id"]
    del call.account.groups[group_id], call.account.group_agents[group_id]
    return done()


def _find(call: Call) -> Row:
    row = call.account.groups.get(call.ids[0])
    if row is None:
        raise Refusal(404, "There is no group with this group_id.")
    return row


def _free_name(call: Call, own_id: str) -> str:
    check_names(call.config, call.fields, columns.GROUP)
    name = check_length(call.config, "group_name", require(call.fields, "group_name"))
    wanted = name.casefold()
    for row in call.account.groups.values():
        if row["group_name"].casefold() == wanted and row["group_id"] != own_id:
            raise Refusal(409, "A group with this group_name exists already.")
    return name


def _get_members(call: Call) -> Outcome:
    return Outcome(columns.GROUP_AGENT, call.account.group_agents[_find(call)["group_id"]].values())


def _post_member(call: Call) -> Outcome:
    group_id = _find(call)["group_id"]
    check_names(call.config, call.fields, columns.GROUP_AGENT)
    user_id = require(call.fields, "user_id")
    account = call.account
    if user_id not in account.agents:
        raise Refusal(400, "There is no agent with this user_id.")
    if user_id in account.group_agents[group_id]:
        raise Refusal(409, "This agent is in the group already.")
    values = (account.number("usertogroup"), user_id, group_id, account.stamp())
    account.group_agents[group_id][user_id] = dict(zip(columns.GROUP_AGENT, values, strict=True))
    return made("usertogroup_id", values[0])


def _delete_members(call: Call) -> Outcome:
    """Assumed to empty the group (rezora.md 2.8)."""
    call.account.group_agents[_find(call)["group_id"]].clear()
    return done()


def _find_member(call: Call) -> Row:
    row = call.account.group_agents[_find(call)["group_id"]].get(call.ids[1])
    if row is None:
        raise Refusal(404, "There is no agent with this user_id in this group.")
    return row


def _get_member(call: Call) -> Outcome:
    return Outcome(columns.GROUP_AGENT, (_find_member(call),))


def _delete_member(call: Call) -> Outcome:
    row = _find_member(call)
    del call.account.group_agents[row["group_id"]][row["user_id"]]
    return done()


AGENT = Resource("agents", "agent", "company", {"GET": _get_agent})
GROUPS = Resource(
    "groups", "group", "company", {"GET": _get_all, "POST": _post, "DELETE": _delete_all}, collection=True
)
GROUP = Resource("groups", "group", "company", {"GET": _get, "PUT": _put, "DELETE": _delete})
GROUP_AGENTS = Resource(
    "group_agents",
    "group_agent",
    "company",
    {"GET": _get_members, "POST": _post_member, "DELETE": _delete_members},
    collection=True,
)
GROUP_AGENT = Resource(
    "group_agents", "group_agent", "company", {"GET": _get_member, "DELETE": _delete_member}
)
