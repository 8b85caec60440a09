"""Mapping files as rows: what is not edited stays to the letter; fields that are alike; changes in words."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from landbridge.mapping_edits import (
    FieldEdit,
    LabelEdit,
    choices_of,
    field_edits,
    label_edits,
    with_choices,
    with_fields,
    with_labels,
)
from landbridge.sync.mapping import MappingError, read_policy, write_policy
from landbridge.sync.mapping_changes import mapping_changes
from landbridge.sync.model import Kind, Side
from landbridge.sync.rules import (
    ActivityRule,
    Direction,
    LabelRule,
    OnDelete,
    Rule,
    Strategy,
    default_policy,
)
from landbridge.sync.scope import Scope
from landbridge.sync.suggestions import OwnField, fitting, suggestions
from landbridge.web.mapping_draft import draft_of, edited, native_options, print_of, wins_of

TEXT = write_policy(default_policy())
OWN = """\
# ours
[[field]]
name = "email"   # the key
highlevel = "email"
rezora = "contact_email"
converter = "email"
direction = "both"

[[field]]  # second
name = "a city"
highlevel = "city"
# in the middle
rezora = "contact_home_city"
converter = "text"
direction = "both"

# about what follows
[[label]]
tag = "buyer"
list = "Buyers"
direction = "both"
"""


def lines_apart(before: str, after: str) -> tuple[set[str], set[str]]:
    one, two = before.splitlines(), after.splitlines()
    return set(one) - set(two), set(two) - set(one)


@pytest.mark.parametrize("text", [TEXT, OWN, "field = []\n", "", "# nothing\n"])
def test_rows_that_are_as_they_were_change_no_byte(text: str) -> None:
    assert with_fields(text, field_edits(text)) == text
    assert with_labels(text, label_edits(text)) == text
    assert with_choices(text, choices_of(text)) == text


def test_one_value_changes_one_line() -> None:
    rows = field_edits(OWN)
    changed = with_fields(OWN, [rows[0], replace(rows[1], direction="to_rezora")])
    assert lines_apart(OWN, changed) == (set(), {'direction = "to_rezora"'})
    assert "# in the middle" in changed
    assert '"email"   # the key' in changed


def test_a_row_that_is_taken_away_leaves_the_comments_behind_it() -> None:
    changed = with_fields(OWN, [field_edits(OWN)[0], None])
    assert "a city" not in changed
    assert "# about what follows\n[[label]]" in changed
    assert changed.startswith('# ours\n[[field]]\nname = "email"   # the key\n')


def test_a_new_row_stands_behind_the_last_of_its_kind() -> None:
    new = FieldEdit("work phone", "additionalPhones.1", "contact_phone_work", "phone", "to_rezora")
    changed = with_fields(OWN, [*field_edits(OWN), new])
    assert changed.index("a city") < changed.index("work phone") < changed.index("# about what follows")
    assert tomllib.loads(changed)["field"][2] == {
        "name": "work phone",
        "highlevel": "additionalPhones.1",
        "rezora": "contact_phone_work",
        "converter": "phone",
        "direction": "to_rezora",
    }
    alone = with_fields("opt_out = true\n", [new])
    assert alone.startswith("opt_out = true\n\n[[field]]\n")
    assert with_labels("opt_out = true", [LabelEdit("a", "A")]).startswith("opt_out = true\n\n[[label]]\n")


def test_several_names_of_one_side_are_a_list() -> None:
    changed = with_fields(OWN, [None, replace(field_edits(OWN)[1], rezora="one , two")])
    assert tomllib.loads(changed)["field"][0]["rezora"] == ["one", "two"]
    assert field_edits(changed)[0].rezora == "one, two"


INLINE = (
    'field = [ {name = "email", highlevel = "email", rezora = "contact_email",'
    ' converter = "email", direction = "both"} ]\n'
)


def test_tables_in_one_line_can_be_edited_as_well() -> None:
    more = with_fields(INLINE, [*field_edits(INLINE), FieldEdit("x", "city", "contact_home_city", "text")])
    assert [one["name"] for one in tomllib.loads(more)["field"]] == ["email", "x"]
    assert [
        one["name"] for one in tomllib.loads(with_fields(more, [None, *field_edits(more)[1:]]))["field"]
    ] == ["x"]


def test_a_head_in_a_text_is_no_head() -> None:
    odd = 'default_list = """\n[[field]]\nname = "no"\n"""\n' + OWN
    changed = with_fields(odd, [None, *field_edits(odd)[1:]])
    assert tomllib.loads(changed)["default_list"] == tomllib.loads(odd)["default_list"]
    assert [one["name"] for one in tomllib.loads(changed)["field"]] == ["a city"]


def test_choices_change_alone_and_defaults_are_not_written() -> None:
    changed = with_choices(TEXT, choices_of(TEXT) | {"default_country": "CA"})
    assert lines_apart(TEXT, changed) == ({'default_country = "US"'}, {'default_country = "CA"'})
    assert with_choices(OWN, choices_of(OWN)) == OWN
    assert tomllib.loads(with_choices(OWN, {"require_email": False}))["require_email"] is False


def test_what_is_no_toml_is_said() -> None:
    for change in (lambda: with_fields("[", []), lambda: with_choices("[", {}), lambda: field_edits("[")):
        with pytest.raises(MappingError, match="not TOML"):
            change()


WORDS = st.text(st.sampled_from("aB é\"'\\#[]={}.\n\t\u2028"), max_size=12)


@given(st.lists(st.builds(FieldEdit, WORDS, WORDS, WORDS, WORDS), max_size=4), st.sets(st.integers(0, 1)))
def test_whatever_people_type_is_in_the_file_and_nothing_else_moves(
    new: list[FieldEdit], gone: set[int]
) -> None:
    rows = [None if number in gone else row for number, row in enumerate(field_edits(OWN))]
    changed = with_fields(OWN, [*rows, *new])
    kept = [row for row in rows if row is not None]
    stripped = [replace(row, highlevel=row.highlevel.strip(), rezora=row.rezora.strip()) for row in new]
    assert field_edits(changed) == [*kept, *stripped]
    assert label_edits(changed) == label_edits(OWN)
    assert "# about what follows\n[[label]]" in changed


# Suggestions


def alike(*own: OwnField) -> dict[str, tuple[str, str]]:
    found = suggestions(default_policy(), own)
    return {one.rule.highlevel[0]: (one.rule.rezora[0], one.rule.converter) for one in found}


def test_fields_with_like_names_and_fitting_types_are_suggested() -> None:
    found = alike(
        OwnField("t", "Job Title", "TEXT"),
        OwnField("f", "Fax number", "PHONE"),
        OwnField("c", "Favourite colour", "TEXT"),
        OwnField("h", "Lead Temperature", "SINGLE_OPTIONS"),
        OwnField("d", "Job title of the files", "FILE_UPLOAD"),
    )
    assert found == {
        "customFields.t": ("contact_title", "text"),
        "customFields.f": ("contact_phone_fax", "phone"),
        "customFields.h": ("contact_type", "choice"),
        "additionalPhones.1": ("contact_phone_work", "phone"),
    }
    assert "customFields.h" not in alike(OwnField("h", "Lead Temperature", "TEXT"))


def test_each_suggestion_can_be_added_and_then_is_suggested_no_more() -> None:
    own = [OwnField("t", "Job Title", "TEXT"), OwnField("f", "Fax", "PHONE")]
    policy = default_policy()
    for one in suggestions(policy, own):
        text = with_fields(TEXT, [*field_edits(TEXT), FieldEdit.of(one.rule)])
        grown = read_policy(text)
        assert one.rule in grown.rules
        assert one.rule.highlevel not in [each.rule.highlevel for each in suggestions(grown, own)]


@pytest.mark.parametrize(
    ("highlevel", "rezora", "types", "converter"),
    [
        (["firstName", "lastName"], ["contact_name"], {}, "name"),
        (["address1"], ["contact_home_street", "contact_home_street2"], {}, "street"),
        (["city"], ["contact_phone_work"], {}, "phone"),
        (["customFields.x"], ["contact_title"], {"customFields.x": "NUMERICAL"}, "number"),
        ([], [], {}, "text"),
    ],
)
def test_the_fitting_converter(
    highlevel: list[str], rezora: list[str], types: dict[str, str], converter: str
) -> None:
    assert fitting(highlevel, rezora, types) == converter


# Changes in words


def test_what_changes_is_said_in_words_and_nothing_else() -> None:
    policy = default_policy()
    assert mapping_changes(policy, policy) == []
    city = next(rule for rule in policy.rules if rule.name == "city")
    rest = tuple(rule for rule in policy.rules if rule is not city)
    work = Rule("work", ("additionalPhones.1",), ("contact_phone_work",), "phone", Direction.TO_REZORA)
    label = LabelRule("buyer", "Buyers", Direction.BOTH)
    for changed, words in (
        (replace(policy, rules=rest), "“city” is carried no more"),
        (replace(policy, rules=(*policy.rules, work)), "“work” is carried from now on, to Rezora only"),
        (replace(policy, rules=(*rest, replace(city, direction=Direction.TO_REZORA))), "no longer both ways"),
        (replace(policy, rules=(*rest, replace(city, strategy=Strategy.HOLD))), "it waits for you"),
        (replace(policy, rules=(*rest, replace(city, prefer=Side.REZORA))), "Rezora’s value stands"),
        (replace(policy, rules=(*rest, replace(city, converter="state"))), "compared anew"),
        (replace(policy, labels=(label,)), "“buyer” and “Buyers” mean the same"),
        (replace(policy, scope=Scope(tags=("vip",))), "about other contacts"),
        (replace(policy, opt_out=False), "Opt-outs are carried no more"),
        (replace(policy, create_in_highlevel=False), "only Rezora has are not created any more in HighLevel"),
        (replace(policy, on_delete=OnDelete.ASK), "you are asked"),
        (replace(policy, activities=(ActivityRule(Kind.NOTE, Direction.BOTH),)), "Notes go along"),
    ):
        (sentence,) = mapping_changes(policy, changed)
        assert words in sentence
        assert len(mapping_changes(changed, policy)) == 1
    assert mapping_changes(policy, replace(policy, rules=(*rest, replace(city, name="town")))) == []


# Drafts


def test_each_problem_is_said_at_its_row() -> None:
    text = TEXT.replace('highlevel = "city"', 'highlevel = "cty"').replace(
        'direction = "both"', 'direction = "bth"', 1
    )
    try:
        read_policy(text)
    except MappingError as error:
        draft = draft_of(text, "", error)
    names = [row.name for row in draft.fields]
    assert "did you mean" in draft.at("field", names.index("city"), "highlevel")[0]
    assert draft.at("field", names.index("name"), "direction")
    assert draft.at("field", names.index("state")) == []
    assert draft.general == []
    broken = draft_of("[", "", MappingError(["any"]))
    assert broken.unreadable
    assert broken.general[0].startswith("The file is not TOML")


def test_the_form_edits_the_text_behind_it() -> None:
    form = {"text": OWN, "fields": "2", "name-0": "mail", "wins-1": "hold:", "converter-1": "", "do": "add"}
    text = edited(FormData(form), {}, [])
    rows = field_edits(text)
    assert [row.name for row in rows] == ["mail", "a city", "new field"]
    assert (rows[1].strategy, rows[1].converter, rows[1].prefer) == ("hold", "text", "highlevel")
    assert wins_of(rows[1]) == "hold:"
    text = edited(
        FormData({"text": text, "fields": "3", "labels": "1", "do": "remove-2", "tag-0": "seller"}), {}, []
    )
    assert [row.name for row in field_edits(text)] == ["mail", "a city"]
    assert label_edits(text) == [LabelEdit("seller", "Buyers")]
    text = edited(FormData({"text": text, "labels": "1", "do": "remove-label-0"}), {}, [])
    assert label_edits(text) == []
    assert len(field_edits(text)) == 2
    wrong = edited(
        FormData({"text": OWN, "choices": "yes", "choice-settle_seconds": "ten", "choice-on_delete": "ask"}),
        {},
        [],
    )
    assert choices_of(wrong)["settle_seconds"] == "ten"
    assert choices_of(wrong)["opt_out"] is False


def test_what_is_chosen_is_always_among_the_options() -> None:
    for chosen in ("customFields.unknown", "city", "firstName, lastName", ""):
        groups = native_options("highlevel", [OwnField("a", "Fax", "TEXT")], chosen)
        values = [value for group in groups for value, _ in group.options]
        assert (chosen in values) is bool(chosen)
        assert "customFields.a" in values
        assert len(values) == len(set(values))
    assert print_of("a") != print_of("b")


def test_changes_are_told_in_the_order_of_the_mapping() -> None:
    policy = default_policy()
    fewer = replace(policy, rules=policy.rules[:1])
    names = [rule.name for rule in policy.rules[1:]]
    for before, after in ((fewer, policy), (policy, fewer)):
        told = mapping_changes(before, after)
        assert [sentence.split("”")[0].strip("“") for sentence in told] == names
