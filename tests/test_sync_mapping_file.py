"""The mapping file: read back as written, and every problem named at once."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landbridge.sync.mapping import (
    Direction,
    LabelRule,
    MappingError,
    Policy,
    Rule,
    Strategy,
    default_policy,
    policy_problems,
    read_policy,
    write_policy,
)
from landbridge.sync.model import Side
from landbridge.sync.rules import OnDelete

EMAIL = """
[[field]]
name = "email"
highlevel = "email"
rezora = "contact_email"
converter = "email"
direction = "both"
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(MappingError) as caught:
        read_policy(text)
    return caught.value.problems


def one_problem(text: str) -> str:
    (problem,) = problems(text)
    return problem


def test_the_default_mapping_is_read_back_as_it_was_written() -> None:
    assert read_policy(write_policy(default_policy())) == default_policy()


def test_the_smallest_mapping_is_the_email_rule_and_the_defaults() -> None:
    assert read_policy(EMAIL) == Policy(
        (
            Rule(
                "email",
                ("email",),
                ("contact_email",),
                "email",
                Direction.BOTH,
                Strategy.THREE_WAY,
                Side.HIGHLEVEL,
            ),
        )
    )


def test_the_same_policy_gives_the_same_bytes() -> None:
    assert write_policy(default_policy()) == write_policy(read_policy(write_policy(default_policy())))


def test_the_written_file_teaches() -> None:
    text = write_policy(Policy(()))
    comments = [line for line in text.splitlines() if line.startswith("#")]
    for word in (
        *Direction,
        "three_way",
        "source",
        "hold",
        "immutable",
        *Side,
        "docs/mapping.md",
        "[[label]]",
    ):
        assert any(word in comment for comment in comments), word
    assert max(map(len, text.splitlines())) <= 110


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
EMAIL_RULE = default_policy().rules[1]
RULES = (
    Rule("a", ("firstName", "lastName"), ("contact_name",), "name", Direction.BOTH),
    Rule(
        "b",
        ("customFields.Abc-1",),
        ("contact_type",),
        "choice",
        Direction.BOTH,
        Strategy.SOURCE,
        Side.REZORA,
    ),
    Rule("c", ("address1",), ("contact_home_street", "contact_home_street2"), "street", Direction.TO_REZORA),
    Rule("d", ("customFields.d",), ("contact_date",), "date", Direction.TO_HIGHLEVEL, Strategy.IMMUTABLE),
    Rule("e", ("additionalPhones.1",), ("contact_phone_work",), "phone", Direction.TO_REZORA, Strategy.HOLD),
)
labels = st.lists(
    st.builds(LabelRule, texts, texts, st.sampled_from(Direction)),
    max_size=4,
    unique_by=(lambda rule: rule.tag.casefold(), lambda rule: rule.list),
)
policies = st.builds(
    Policy,
    st.lists(st.sampled_from(RULES), unique=True).map(lambda rules: (EMAIL_RULE, *rules)),
    labels.map(tuple),
    st.booleans(),
    st.sampled_from(("US", "CA", "GB")),
    st.booleans(),
    st.booleans(),
    st.one_of(st.just(""), texts),
)


@given(policies, st.data())
@settings(derandomize=True, deadline=None, max_examples=300)
def test_every_good_policy_is_read_back_as_it_was_written(policy: Policy, source: st.DataObject) -> None:
    titles = source.draw(st.lists(texts, min_size=len(policy.rules), max_size=len(policy.rules), unique=True))
    named = replace(
        policy, rules=tuple(replace(rule, name=name) for rule, name in zip(policy.rules, titles, strict=True))
    )
    assert policy_problems(named) == []
    text = write_policy(named)
    assert read_policy(text) == named
    assert write_policy(read_policy(text)) == text


def test_a_file_that_is_not_toml_is_told_with_its_place() -> None:
    assert one_problem("opt_out = yes").startswith("The file is not TOML: Invalid value (at line 1, column ")


def test_deep_nesting_is_a_problem_and_not_a_crash() -> None:
    assert one_problem("opt_out = " + "[" * 5_000)


def test_all_problems_are_named_at_once_each_with_place_and_what_is_allowed() -> None:
    found = problems(
        """
        optout = true
        require_email = "yes"
        label = "open house"
        [[field]]
        name = "phone"
        highlevel = "fone"
        rezora = 3
        converter = "fone"
        direction = "rezora"
        [[field]]
        prefer = "zora"
        """
    )
    allowed_fields = "allowed: a field name in quotes, or a list of them."
    assert found[:8] == (
        'the file: unknown key "optout" (did you mean "opt_out"?); allowed: opt_out, default_country,'
        " require_email, create_in_rezora, default_list, create_in_highlevel, on_delete, settle_seconds,"
        " scope, tasks, notes, appointments, field, label, list.",
        'require_email: "yes" is not allowed; allowed: true or false.',
        'label: "open house" is not allowed; allowed: tables in double brackets, as in [[field]].',
        f'field 1 ("phone"), rezora: 3 is not allowed; {allowed_fields}',
        'field 1 ("phone"), direction: "rezora" is not allowed (did you mean "to_rezora"?);'
        " allowed: one of to_rezora, to_highlevel, both.",
        "field 2, name: is missing; allowed: a text in quotes, not blank.",
        f"field 2, highlevel: is missing; {allowed_fields}",
        f"field 2, rezora: is missing; {allowed_fields}",
    )
    assert any('prefer: "zora" is not allowed (did you mean "rezora"?)' in line for line in found)
    assert any('HighLevel has no field "fone" (did you mean "phone"?)' in line for line in found)
    assert any('converter: "fone" is not known (did you mean "phone"?)' in line for line in found)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("opt_out = 1", "opt_out: 1 is not allowed; allowed: true or false."),
        ("default_country = false", "default_country: false is not allowed; allowed: a text in quotes."),
        ("field = [1]", "field 1: 1 is not allowed; allowed: a table that begins with [[field]]."),
        ("create_in_highlevel = 1", "create_in_highlevel: 1 is not allowed; allowed: true or false."),
        ("settle_seconds = -1", "settle_seconds: -1 is not allowed; allowed: a whole number from 0 to 3600."),
        (
            "settle_seconds = 3601",
            "settle_seconds: 3601 is not allowed; allowed: a whole number from 0 to 3600.",
        ),
        (
            "settle_seconds = true",
            "settle_seconds: true is not allowed; allowed: a whole number from 0 to 3600.",
        ),
        (
            'on_delete = "delete"',
            'the file, on_delete: "delete" is not allowed; allowed: one of unlink, ask.',
        ),
        ("default_list = []", "default_list: [] is not allowed; allowed: a text in quotes."),
        ("[field]", "field: {} is not allowed; allowed: tables in double brackets, as in [[field]]."),
    ],
)
def test_values_of_the_wrong_kind_are_refused(line: str, expected: str) -> None:
    assert one_problem(line) == expected


def test_a_long_wrong_value_is_cut_in_the_message() -> None:
    assert len(one_problem(f'opt_out = "{"x" * 10_000}"')) < 200


def test_a_blank_label_is_refused() -> None:
    text = EMAIL + '[[label]]\ntag = " "\nlist = "Open house"\ndirection = "to_rezora"\n'
    assert (
        one_problem(text) == 'label 1 (" "), tag: " " is not allowed; allowed: a text in quotes, not blank.'
    )


MARK = EMAIL + '[[label]]\ndirection = "both"\n'


@pytest.mark.parametrize(
    ("marks", "place"),
    [
        ('tag = "hot"', "list"),
        ('list = "Hot"', "tag"),
        ('tag = "hot"\nlist = "Hot"\nrezora_field = "contact_company"\nrezora_option = "Hot"', "list"),
        ('tag = "hot"\nrezora_field = "contact_company"', "list"),
        ('list = "Hot"\nhighlevel_option = "Hot"', "tag"),
    ],
    ids=["no mark of Rezora", "no mark of HighLevel", "two of Rezora", "no option", "no field"],
)
def test_a_label_has_one_mark_on_each_side(marks: str, place: str) -> None:
    found = problems(MARK + marks)
    side = "rezora" if place == "list" else "highlevel"
    wanted = f"allowed: either {place}, or {side}_field with {side}_option."
    assert any(f", {place}: " in line and line.endswith(wanted) for line in found), found


def test_what_a_mapping_says_of_both_ways_is_read_and_written_back() -> None:
    text = (
        'create_in_highlevel = false\non_delete = "ask"\nsettle_seconds = 0\n'
        + MARK
        + 'tag = "hot"\nrezora_field = "contact_company"\nrezora_option = "Hot"\n'
    )
    policy = read_policy(text)
    assert (policy.create_in_highlevel, policy.on_delete, policy.settle_seconds) == (False, OnDelete.ASK, 0)
    (label,) = policy.labels
    assert (label.tag, label.list, label.rezora_field, label.rezora_option) == (
        "hot",
        "",
        "contact_company",
        "Hot",
    )
    assert read_policy(write_policy(policy)) == policy


@given(
    st.recursive(
        st.one_of(st.booleans(), st.integers(), st.text(max_size=3)),
        lambda inner: st.lists(inner, max_size=3),
    )
)
@settings(derandomize=True, deadline=None)
def test_no_value_in_any_place_makes_the_reader_crash(value: object) -> None:
    shown = _toml(value)
    assert tomllib.loads(f"a = {shown}") == {"a": value}
    keys = ("name", "highlevel", "rezora", "converter", "direction", "strategy", "prefer")
    for text in (
        *(f"{key} = {shown}" for key in ("field", "label", "opt_out", "default_list", "nonsense")),
        *(
            "[[field]]\n" + "\n".join(f"{key} = {shown}" for key in (keys[number],))
            for number in range(len(keys))
        ),
        f"[[label]]\ntag = {shown}\nlist = {shown}",
    ):
        assert problems(text)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08X}" for letter in value) + '"'
    return str(value)
