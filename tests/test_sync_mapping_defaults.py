"""The default mapping, one-way bridges, and the page that explains both."""

from __future__ import annotations

import re
from pathlib import Path

from landbridge.sync.mapping import (
    HIGHLEVEL_FIELDS,
    REZORA_FIELDS,
    Direction,
    LabelRule,
    Policy,
    Rule,
    Strategy,
    default_policy,
    policy_problems,
    read_policy,
)
from landbridge.sync.model import Side
from landbridge.sync.rules import FIELD_STRATEGIES
from landbridge.sync.values import CONVERTERS

PAGE = (Path(__file__).parent.parent / "docs" / "mapping.md").read_text(encoding="utf-8")


def test_the_default_mapping_has_no_problems() -> None:
    assert policy_problems(default_policy()) == []


def test_the_default_mapping_names_each_field_once() -> None:
    for side in Side:
        names = [name for rule in default_policy().rules for name in rule.names(side)]
        assert len(names) == len(set(names))


def test_email_and_phone_conflicts_wait_for_a_person() -> None:
    held = {rule.name for rule in default_policy().rules if rule.strategy is Strategy.HOLD}
    assert held == {"email", "mobile phone"}


def test_the_default_mapping_writes_no_label_and_no_default_list() -> None:
    assert default_policy().labels == ()
    assert default_policy().default_list == ""
    assert default_policy().opt_out


def test_a_one_way_bridge_keeps_only_what_leads_its_way() -> None:
    policy = Policy(
        (
            Rule("a", ("city",), ("contact_home_city",), "text", Direction.BOTH),
            Rule("b", ("state",), ("contact_home_state",), "state", Direction.TO_HIGHLEVEL),
        ),
        (LabelRule("x", "X", Direction.BOTH), LabelRule("y", "Y", Direction.TO_HIGHLEVEL)),
    )
    narrow = policy.towards(Side.REZORA)
    assert [(rule.name, rule.direction) for rule in narrow.rules] == [("a", Direction.TO_REZORA)]
    assert narrow.labels == (LabelRule("x", "X", Direction.TO_REZORA),)
    assert [rule.name for rule in policy.towards(Side.HIGHLEVEL).rules] == ["a", "b"]


def test_directions_say_where_they_lead() -> None:
    assert [Direction.BOTH.reaches(side) for side in Side] == [True, True]
    assert [Direction.TO_REZORA.reaches(side) for side in Side] == [False, True]
    assert [Direction.TO_HIGHLEVEL.reaches(side) for side in Side] == [True, False]


def test_the_page_names_every_converter_strategy_direction_and_field() -> None:
    words = [*CONVERTERS, *FIELD_STRATEGIES, *Direction, *HIGHLEVEL_FIELDS]
    words += [name for name in REZORA_FIELDS if not re.match("contact_(home|business)_", name)]
    missing = [word for word in words if f"`{word}`" not in PAGE]
    assert missing == []


def test_the_page_explains_every_default_rule() -> None:
    assert [rule.name for rule in default_policy().rules if f"| {rule.name} |" not in PAGE] == []


def test_the_examples_of_the_page_can_be_used() -> None:
    examples: list[str] = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(examples) >= 4
    email_rule = examples[0][examples[0].index("[[field]]") :]
    for example in examples:
        whole = example if "contact_email" in example else f"{example}\n{email_rule}"
        assert "email" in [rule.name for rule in read_policy(whole).rules]
