"""What a mapping may not say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from landbridge.sync.mapping import (
    HIGHLEVEL_FIELDS,
    REZORA_FIELDS,
    Direction,
    LabelRule,
    MappingError,
    Policy,
    Rule,
    Strategy,
    check_custom_fields,
    default_policy,
    policy_problems,
    read_policy,
    write_policy,
)
from landbridge.sync.model import Side
from landbridge.sync.rules import FIELD_STRATEGIES

EMAIL = Rule("email", ("email",), ("contact_email",), "email", Direction.BOTH)
CITY = Rule("city", ("city",), ("contact_home_city",), "text", Direction.BOTH)


def complaints(*rules: Rule, labels: tuple[LabelRule, ...] = ()) -> list[str]:
    return policy_problems(Policy((EMAIL, *rules), labels))


def complaint(*rules: Rule, labels: tuple[LabelRule, ...] = ()) -> str:
    (found,) = complaints(*rules, labels=labels)
    return found


def test_a_good_mapping_has_no_problems() -> None:
    assert complaints(CITY) == []


def test_reading_refuses_what_the_checks_refuse() -> None:
    with pytest.raises(MappingError, match="e-mail rule is missing") as caught:
        read_policy(write_policy(Policy((CITY,))))
    assert str(caught.value) == "\n".join(caught.value.problems)
    assert caught.value.fix


@pytest.mark.parametrize("converter", ["text", "nonsense"])
def test_the_email_rule_is_required_with_its_converter(converter: str) -> None:
    assert any(
        "e-mail rule is missing" in line
        for line in policy_problems(Policy((replace(EMAIL, converter=converter),)))
    )


def test_contacts_are_not_created_without_their_address() -> None:
    one_way = Policy((replace(EMAIL, direction=Direction.TO_HIGHLEVEL),))
    (found,) = policy_problems(one_way)
    assert found.startswith('field "email", direction: contacts created in Rezora would have no address')
    assert policy_problems(replace(one_way, create_in_rezora=False)) == []


def test_the_country_must_be_known() -> None:
    (found,) = policy_problems(Policy((EMAIL,), default_country="usa"))
    assert found.startswith('default_country: "usa" is not a country')


def test_two_rules_may_not_write_one_field() -> None:
    twin = Rule("town", ("customFields.a",), ("contact_home_city",), "text", Direction.TO_REZORA)
    assert complaint(CITY, twin) == (
        'field "town", rezora: "contact_home_city" is already written by the field "city";'
        " allowed: one writer for each field."
    )


def test_two_rules_may_read_one_field() -> None:
    assert (
        complaints(CITY, Rule("town", ("city",), ("contact_business_city",), "text", Direction.TO_REZORA))
        == []
    )


def test_two_rules_may_not_have_one_name() -> None:
    other = replace(CITY, highlevel=("source",), rezora=("contact_title",))
    assert complaint(CITY, other) == 'field "city", name: two rules have this name; allowed: each name once.'


def test_one_field_may_not_be_named_twice_in_one_rule() -> None:
    twice = Rule("name", ("firstName", "firstName"), ("contact_name",), "name", Direction.BOTH)
    assert complaint(twice) == 'field "name", highlevel: a field is named twice; allowed: each once.'


@pytest.mark.parametrize(
    ("highlevel", "rezora", "direction", "why"),
    [
        ("companyName", "contact_company", Direction.BOTH, "only at create"),
        ("companyName", "contact_company", Direction.TO_HIGHLEVEL, "only at create"),
        ("additionalPhones.0", "contact_phone_home", Direction.BOTH, "does not document how"),
        ("assignedTo", "contact_title", Direction.BOTH, "means nothing"),
        ("dateAdded", "contact_date", Direction.TO_REZORA, "Rezora sets it"),
        ("website", "contact_self", Direction.BOTH, "Rezora sets it"),
    ],
)
def test_a_rule_may_not_lead_into_a_field_that_cannot_be_written(
    highlevel: str, rezora: str, direction: Direction, why: str
) -> None:
    found = complaint(Rule("x", (highlevel,), (rezora,), "text", direction))
    assert "cannot be written" in found
    assert why in found
    assert 'allowed: direction = "' in found


@pytest.mark.parametrize(
    ("highlevel", "rezora", "hint"),
    [
        ("tags", "contact_title", "use a [[label]] rule"),
        ("dnd", "contact_title", "`opt_out` carries it"),
        ("dndSettings", "contact_title", "`opt_out` carries it"),
        ("website", "contact_unsubscribe", "`opt_out` carries it"),
        ("website", "contact_id", "Landbridge keeps the pair of ids"),
        ("name", "contact_title", "use firstName and lastName"),
        ("additionalPhones", "contact_title", "additionalPhones.0"),
        ("customFields", "contact_title", "customFields.<id>"),
    ],
)
def test_what_is_no_field_is_refused_with_the_way_to_do_it(highlevel: str, rezora: str, hint: str) -> None:
    found = complaint(Rule("x", (highlevel,), (rezora,), "text", Direction.BOTH))
    assert "cannot be mapped" in found
    assert hint in found


def test_unknown_fields_are_refused_with_the_nearest_known_one() -> None:
    found = complaints(Rule("x", ("postcode",), ("contact_home_zipp",), "text", Direction.BOTH))
    assert found[0].startswith(
        'field "x", highlevel: HighLevel has no field "postcode" (did you mean "postalCode"?)'
    )
    assert found[1].startswith(
        'field "x", rezora: Rezora has no field "contact_home_zipp" (did you mean "contact_home_zip"?)'
    )
    assert "customFields.<id>" in found[0]


@pytest.mark.parametrize(
    "name", ["additionalPhones.x", "additionalPhones.-1", "customFields.", "customFields.a b"]
)
def test_numbered_and_custom_fields_must_be_well_formed(name: str) -> None:
    assert "HighLevel has no field" in complaint(
        Rule("x", (name,), ("contact_title",), "text", Direction.TO_REZORA)
    )


def test_a_converter_takes_its_number_of_fields() -> None:
    found = complaints(
        Rule("x", ("firstName",), ("contact_home_street", "contact_home_street2"), "name", Direction.BOTH)
    )
    assert found == [
        'field "x", highlevel: wrong number of fields, 1; allowed: 2 with the converter "name".',
        'field "x", rezora: wrong number of fields, 2; allowed: 1 with the converter "name".',
    ]


@pytest.mark.parametrize("strategy", Strategy)
def test_only_strategies_that_make_sense_for_a_field_can_be_chosen(strategy: Strategy) -> None:
    found = complaints(replace(CITY, strategy=strategy))
    if strategy in FIELD_STRATEGIES:
        assert found == []
    else:
        assert found[0].startswith(f'field "city", strategy: "{strategy}" cannot be chosen: ')


def test_a_source_must_lead_away_from_itself() -> None:
    rule = replace(CITY, strategy=Strategy.SOURCE, prefer=Side.REZORA, direction=Direction.TO_REZORA)
    assert complaint(rule).startswith(
        'field "city", prefer: Rezora is the source, but the direction does not lead away'
    )
    assert complaints(replace(rule, prefer=Side.HIGHLEVEL)) == []
    assert complaints(replace(rule, direction=Direction.BOTH)) == []


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        (("open house", "A", "to_rezora"), ("Open House", "A", "to_rezora"), "list"),
        (("buyer", "A", "to_rezora"), ("seller", "A", "both"), "list"),
        (("buyer", "A", "to_highlevel"), ("Buyer", "B", "to_highlevel"), "tag"),
    ],
)
def test_one_label_rule_only_may_fill_a_list_or_a_tag(
    first: tuple[str, str, str], second: tuple[str, str, str], key: str
) -> None:
    labels = tuple(LabelRule(tag, name, Direction(direction)) for tag, name, direction in (first, second))
    found = complaint(labels=labels)
    assert found == (
        f'label 2 ("{second[0]}"), {key}: another label rule already fills this {key};'
        f" allowed: one rule for each {key}."
    )


def test_one_tag_may_fill_two_lists() -> None:
    labels = tuple(LabelRule("buyer", name, Direction.TO_REZORA) for name in ("A", "B"))
    assert complaints(labels=labels) == []


def custom(converter: str = "text") -> Policy:
    rule = Rule("budget", ("customFields.Abc1",), ("contact_title",), converter, Direction.TO_REZORA)
    return Policy((EMAIL, rule))


def test_a_custom_field_of_a_fitting_type_is_good() -> None:
    check_custom_fields(custom(), {"Abc1": "TEXT"})
    check_custom_fields(custom("number"), {"Abc1": "MONETORY"})
    check_custom_fields(default_policy(), {})


@pytest.mark.parametrize(
    ("converter", "known", "expected"),
    [
        ("text", {"Abd1": "TEXT"}, 'this location has no custom field "Abc1" (did you mean "Abd1"?);'),
        ("text", {}, "remove the rule, or use an id that the location has: it has none."),
        ("text", {"b": "DATE", "a": "TEXT"}, "use an id that the location has: a (TEXT), b (DATE)."),
        ("text", {f"{n:02}": "TEXT" for n in range(99)}, "18 (TEXT), 19 (TEXT), ...."),
        ("text", {"Abc1": "FILE_UPLOAD"}, 'custom field "Abc1" has the unknown field type "FILE_UPLOAD"'),
        (
            "text",
            {"Abc1": "HOLOGRAM"},
            "remove the rule, or map a field of one of the types TEXT, LARGE_TEXT",
        ),
        (
            "phone",
            {"Abc1": "DATE"},
            'has the type DATE, which the converter "phone" cannot read; allowed: date.',
        ),
    ],
)
def test_a_custom_field_that_cannot_be_read_is_named_with_the_fix(
    converter: str, known: dict[str, str], expected: str
) -> None:
    with pytest.raises(MappingError) as caught:
        check_custom_fields(custom(converter), known)
    assert str(caught.value).startswith('field "budget", highlevel: ')
    assert expected in str(caught.value)


def test_every_native_field_has_a_title_and_a_source() -> None:
    for table in (HIGHLEVEL_FIELDS, REZORA_FIELDS):
        for name, field in table.items():
            assert name == field.name
            assert field.title
            assert ".md" in field.source
            assert field.writable == (not field.why)


def option(field: str, direction: Direction = Direction.BOTH, value: str = "Hot") -> LabelRule:
    return LabelRule("hot", "", direction, rezora_field=field, rezora_option=value)


def test_a_field_whose_option_is_a_mark_must_be_known_and_nobody_elses() -> None:
    assert complaints(labels=(option("contact_company"),)) == []
    assert 'Rezora has no field "contact_compny"' in complaint(labels=(option("contact_compny"),))
    city = complaint(CITY, labels=(option("contact_home_city"),))
    assert city.endswith('"contact_home_city" is mapped by a [[field]] already; allowed: one or the other.')


def test_a_mark_is_not_written_to_a_field_that_cannot_be() -> None:
    fixed = next(name for name, field in REZORA_FIELDS.items() if not field.writable)
    assert "cannot be written" in complaint(labels=(option(fixed),))
    assert complaints(labels=(option(fixed, Direction.TO_HIGHLEVEL),)) == []


def test_two_rules_do_not_fill_one_mark() -> None:
    hot = option("contact_company")
    same = replace(hot, tag="warm")
    assert "another label rule already fills this list" in complaint(labels=(hot, same))
    assert complaints(labels=(hot, replace(same, rezora_option="Warm"))) == []
    tag = LabelRule("hot", "Hot", Direction.BOTH)
    assert "another label rule already fills this tag" in complaint(labels=(hot, tag))
    assert complaints(labels=(hot, replace(tag, direction=Direction.TO_REZORA))) == []


def test_a_custom_field_of_a_mark_must_be_one_of_the_location() -> None:
    mark = LabelRule(
        "", "Hot", Direction.BOTH, highlevel_field="customFields.nobodyKnowsThis", highlevel_option="Hot"
    )
    policy = Policy((EMAIL,), (mark,))
    with pytest.raises(MappingError, match="nobodyKnowsThis"):
        check_custom_fields(policy, {"someOther": "TEXT"})
