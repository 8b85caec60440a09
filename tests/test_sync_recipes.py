"""Recipes as text: what may be said, every problem at once, and the same recipe back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landbridge.sync.model import Record, Side
from landbridge.sync.recipe_conditions import Condition, Facts, Test, unmet
from landbridge.sync.recipe_file import RecipeError, read_recipe, write_recipe
from landbridge.sync.recipe_library import LIBRARY
from landbridge.sync.recipe_templates import CONTACT_NAMES, NAMES, as_html, render, template_problems
from landbridge.sync.recipe_times import DAYS, Wait, read_rhythm, read_wait
from landbridge.sync.recipes import OWN_TRIGGERS, Action, Do, Limits, Recipe, gets_no_email
from landbridge.systems.highlevel.events import BY_TYPE

EVENTS = tuple(BY_TYPE)
WHOLE = """
name = "Call buyers"
on = "tag_added"
tag = "buyer"
delay = "next working day at 09:00"

[[if]]
field = "city"
equals = "Boulder"
[[if]]
field = "customFields.abc"
contains = "x"
not = true
[[if]]
field = "phone"
exists = true
[[if]]
list = "Buyers"
not = true
[[if]]
opted_out = false
[[if]]
hours = "09:00-17:00"
zone = "America/Denver"
[[if]]
weekdays = ["friday", "monday"]

[[do]]
action = "create_task"
title = "Call {{contact.first_name | default: them}}"
due = "2 days at 10:00"
assignee = "owner"
[[do]]
action = "notify"
text = "{{recipe.name}} ran"

[limits]
per_contact_hour = 1
per_day = 9
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(RecipeError) as caught:
        read_recipe(text, EVENTS)
    return caught.value.problems


def test_a_whole_recipe_is_read_as_it_says() -> None:
    recipe = read_recipe(WHOLE, EVENTS)
    assert (recipe.name, recipe.on, recipe.mark) == ("Call buyers", "tag_added", "buyer")
    assert recipe.delay.text == "next working day at 09:00"
    assert recipe.conditions[:3] == (
        Condition(Test.EQUALS, "city", "Boulder"),
        Condition(Test.CONTAINS, "customFields.abc", "x", wanted=False),
        Condition(Test.EXISTS, "phone"),
    )
    assert recipe.conditions[3] == Condition(Test.LIST, "Buyers", wanted=False)
    assert recipe.conditions[4] == Condition(Test.OPTED_OUT, wanted=False)
    assert recipe.conditions[6].days == ("monday", "friday")
    assert recipe.actions[0].assignee == "owner"
    assert recipe.limits == Limits(1, 9)
    assert recipe.asked_lists == {"Buyers"}
    assert recipe.watched_lists == frozenset()


def test_every_problem_is_told_at_once_with_place_fault_and_what_is_allowed() -> None:
    found = problems(
        """
name = "!"
on = "contact_neew"
delay = "soon"
colour = "red"
[[if]]
field = "citty"
equals = "x"
[[if]]
hours = "9-5"
[[do]]
action = "create_tsk"
[[do]]
action = "create_task"
title = "{{contact.fist_name}} {{contact.city | upper}}"
assignee = "Anna B."
[[do]]
action = "notify"
text = "{{contact.email}} left"
[limits]
per_day = 0
"""
    )
    told = "\n".join(found)
    assert 'the file: unknown key "colour"; allowed: name, on' in told
    assert 'the file, name: "!" is not allowed' in told
    assert 'the file, on: "contact_neew" is not allowed (did you mean "contact_new"?)' in told
    assert 'the file, delay: "soon" is not allowed; allowed: at once, 30 minutes' in told
    assert 'if 1, field: "citty" is not allowed (did you mean "city"?)' in told
    assert 'if 2, hours: "9-5" is not allowed; allowed: two times of day' in told
    assert 'do 1, action: "create_tsk" is not allowed (did you mean "create_task"?)' in told
    assert 'do 2, title: unknown name "contact.fist_name" (did you mean "contact.first_name"?)' in told
    assert 'do 2, title: unknown filter "upper"; allowed: date, default.' in told
    assert "do 2, assignee:" in told
    assert "do 3, text: {{contact.email}} would send somebody's details" in told
    assert "limits, per_day: 0 is not allowed; allowed: a whole number from 1 to 5,000." in told
    assert len(found) == 12


A, NEW = 'name = "a"\n', 'name = "a"\non = "contact_new"\n'
HOLD = '\n[[do]]\naction = "hold"\ntext = "x"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "The file is not TOML"),
        ("x" * 50_001, "allowed: up to 50,000"),
        (NEW, "do: is missing"),
        (f'{A}on = "tag_added"{HOLD}', "the file, tag: is missing"),
        (f'{NEW}tag = "b"{HOLD}', "the file, tag:"),
        (f'{A}on = "schedule"\nat = "daily at 09:00"{HOLD}', "so say which"),
        (f'{A}on = "schedule"\nat = "often"\n[[if]]\ntag = "x"{HOLD}', "the file, at:"),
        (f'{NEW}at = "x"{HOLD}', "the file, at:"),
        (f"{NEW}do = 3", "do: 3 is not allowed"),
        (f"{NEW}limits = 3{HOLD}", "limits: 3"),
        (f'{NEW}[[if]]\ntag = "x"\nlist = "y"{HOLD}', "must ask one thing"),
        (f'{NEW}[[if]]\nfield = "city"{HOLD}', "must compare once"),
        (f'{NEW}[[do]]\naction = "add_tag"\ntag = "x"\nlist = "y"', 'unknown key "list"'),
    ],
)
def test_each_fault_is_named(text: str, told: str) -> None:
    assert told in "\n".join(problems(text))


def test_every_own_trigger_and_every_event_of_highlevel_may_start_a_recipe() -> None:
    assert len(EVENTS) == 64
    for on in (*OWN_TRIGGERS, *EVENTS):
        beside = {"schedule": 'at = "daily at 09:00"\n[[if]]\ntag = "x"'}.get(on, "")
        if on.startswith(("tag_", "list_")):
            beside = f'{on.partition("_")[0]} = "x"'
        text = f'name = "a"\non = "{on}"\n{beside}\n[[do]]\naction = "hold"\ntext = "x"'
        assert read_recipe(text, EVENTS).on == on


@pytest.mark.parametrize("key", [key for key, one in LIBRARY.items() if one.pattern])
def test_a_built_in_reads_back_and_takes_its_values(key: str) -> None:
    built_in = LIBRARY[key]
    assert built_in.pattern is not None
    assert read_recipe(built_in.text({}), EVENTS) == built_in.pattern
    assert built_in.pattern.name == key
    for parameter in built_in.parameters:
        value = "3 days" if parameter.place.endswith(("delay", "due")) else "another1"
        recipe = read_recipe(built_in.text({parameter.name: value}), EVENTS)
        assert built_in.values(recipe)[parameter.name] == value
        if not parameter.optional:
            assert problems(built_in.text({parameter.name: ""}))


# Any recipe reads back as it was written

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
plain = words.filter(lambda text: "{{" not in text and "}}" not in text)
waits = st.sampled_from(["at once", "2 hours", "1 week", "3 days at 07:05", "next working day at 09:00"]).map(
    read_wait
)
yes_no = st.booleans()
names = st.sampled_from([*CONTACT_NAMES])
conditions = st.one_of(
    st.builds(Condition, st.sampled_from([Test.EQUALS, Test.CONTAINS]), names, words, wanted=yes_no),
    st.builds(Condition, st.sampled_from([Test.TAG, Test.LIST]), words, wanted=yes_no),
    st.builds(Condition, st.just(Test.EXISTS), names, wanted=yes_no),
    st.builds(Condition, st.sampled_from([Test.IN_SCOPE, Test.OPTED_OUT]), wanted=yes_no),
    st.builds(
        Condition, st.just(Test.HOURS), value=st.just("22:00-06:30"), zone=st.just("UTC"), wanted=yes_no
    ),
    st.builds(Condition, st.just(Test.WEEKDAYS), days=st.just(("monday", "sunday")), wanted=yes_no),
)
owners = st.sampled_from(["", "owner"])
actions = st.one_of(
    st.builds(Action, st.just(Do.CREATE_TASK), title=plain, body=plain, due=waits, assignee=owners),
    st.builds(Action, st.just(Do.ADD_NOTE), body=plain),
    st.builds(Action, st.sampled_from([Do.ADD_TAG, Do.REMOVE_TAG]), tag=words),
    st.builds(Action, st.sampled_from([Do.JOIN_LIST, Do.LEAVE_LIST]), list=words),
    st.builds(Action, st.sampled_from([Do.HOLD, Do.NOTIFY]), text=plain),
)


@given(
    st.lists(actions, min_size=1, max_size=4),
    st.lists(conditions, max_size=4),
    waits,
    words,
    st.builds(Limits, st.integers(1, 100), st.integers(1, 5000)),
)
def test_a_recipe_reads_back(
    do: list[Action], asked: list[Condition], delay: Wait, mark: str, limits: Limits
) -> None:
    recipe = Recipe("Any name", "tag_removed", tuple(do), mark, None, delay, tuple(asked), limits)
    assert read_recipe(write_recipe(recipe), EVENTS) == recipe
    timed = replace(recipe, on="schedule", mark="", rhythm=read_rhythm("monday at 08:30"))
    timed = replace(timed, conditions=(*timed.conditions, Condition(Test.TAG, "x")))
    assert read_recipe(write_recipe(timed), EVENTS) == timed


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        read_recipe(text, EVENTS)
    except RecipeError as error:
        assert error.problems


# Templates


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(NAMES), st.text(max_size=80)))
def test_what_a_value_says_is_never_evaluated(around: str, values: dict[str, str]) -> None:
    """A template of one name is that value, whatever it holds; and the rest of a template is left alone."""
    if "{{" not in around and "}}" not in around and not around.endswith("{"):
        for name, value in values.items():
            made = render(f"{around}{{{{{name}}}}}", {**values, name: "{{contact.email}}" + value})
            assert made.startswith(around + "{{contact.email}}")


@given(st.text(max_size=400))
def test_an_accepted_template_has_no_brace_left_to_be_misread(text: str) -> None:
    if not template_problems("title", text):
        assert "{{" not in render(text, {}) or not any(name in text for name in NAMES)


@given(st.text(max_size=200))
def test_a_body_never_holds_markup_of_a_value(value: str) -> None:
    made = as_html(render("{{contact.company}}", {"contact.company": value}))
    assert "<" not in made.replace("<br>", "")
    assert ">" not in made.replace("<br>", "")
    assert '"' not in made


@pytest.mark.parametrize(
    "text",
    [
        "{{contact.__class__}}",
        "{{contact.first_name.upper}}",
        "{{ {{contact.city}} }}",
        "{{contact.city",
        "contact.city}}",
        "{{}}",
        "{{7*7}}",
        "{{contact.city | date: %s}}",
        "{{contact.city | default:}}",
        "{{config}}",
        "{% for x in y %}{{x}}",
        "x" * 5_001,
    ],
)
def test_anything_but_a_known_name_is_refused_when_it_is_saved(text: str) -> None:
    assert template_problems("title", text)


def test_filters_write_dates_and_fill_blanks() -> None:
    values = {"event.date": "2026-11-25T09:00:00", "contact.city": " ", "contact.company": "a" * 900}
    assert render("{{event.date | date}}", values) == "2026-11-25"
    assert render("{{event.date | date: long}}", values) == "25 November 2026"
    assert render("{{today | date: long}}", {"today": "2026-12-03"}) == "3 December 2026"
    assert render("{{event.date|date:us}}", values) == "11/25/2026"
    assert render("{{event.date|date:day}}", values) == "Wednesday"
    assert render("{{contact.city | date}}", {"contact.city": "soon"}) == "soon"
    assert render("in {{contact.city | default: your town}}", values) == "in your town"
    assert len(render("{{contact.company}}", values)) == 500


# Conditions

FACTS = Facts(
    {"city": "Boulder", "phone": "", "companyName": "Shore Homes"},
    frozenset({"Buyer"}),
    frozenset({"Open house"}),
    in_scope=True,
    opted_out=False,
    now=1_780_000_000.0,  # Thursday 2026-05-28 20:26:40 UTC
    zone="America/Denver",  # 14:26:40
)


@pytest.mark.parametrize(
    ("one", "holds"),
    [
        (Condition(Test.EQUALS, "city", "boulder"), True),
        (Condition(Test.EQUALS, "city", "Bould"), False),
        (Condition(Test.CONTAINS, "company", "HOMES"), True),
        (Condition(Test.EXISTS, "phone"), False),
        (Condition(Test.EXISTS, "website"), None),
        (Condition(Test.TAG, "buyer"), True),
        (Condition(Test.LIST, "open HOUSE"), True),
        (Condition(Test.LIST, "other"), False),
        (Condition(Test.IN_SCOPE), True),
        (Condition(Test.OPTED_OUT), False),
        (Condition(Test.WEEKDAYS, days=("thursday",)), True),
        (Condition(Test.WEEKDAYS, days=DAYS[4:]), False),
        (Condition(Test.HOURS, value="09:00-17:00"), True),
        (Condition(Test.HOURS, value="09:00-17:00", zone="UTC"), False),
        (Condition(Test.HOURS, value="20:00-09:00", zone="UTC"), True),
    ],
)
def test_conditions_hold_or_not_and_what_is_unknown_never_does(one: Condition, holds: bool | None) -> None:
    assert (unmet([one], FACTS) == "") is (holds is True)
    assert (unmet([replace(one, wanted=False)], FACTS) == "") is (holds is False)


def test_a_reason_names_the_condition() -> None:
    assert (
        unmet([Condition(Test.EQUALS, "city", "Denver")], FACTS) == "Condition not met: city equals 'Denver'."
    )
    assert (
        unmet([Condition(Test.TAG, "buyer", wanted=False)], FACTS)
        == "Condition not met: not has the tag 'buyer'."
    )
    assert unmet([Condition(Test.OPTED_OUT)], Facts()) == "Not known: opted out."


@pytest.mark.parametrize("left", [True, False, None])
@pytest.mark.parametrize("right", [True, False, None, "absent"])
@pytest.mark.parametrize("suppressed", [True, False])
def test_only_who_surely_gets_mail_may_join_a_list(
    left: bool | None, right: bool | str | None, suppressed: bool
) -> None:
    one = Record(Side.HIGHLEVEL, "a", {}, opted_out=left)
    two = None if right == "absent" else Record(Side.REZORA, "1", {}, opted_out=right)  # type: ignore[arg-type]
    surely = left is False and right in (False, "absent") and not suppressed
    assert gets_no_email(one, two, suppressed=suppressed) is not surely


# The documentation


def test_every_recipe_in_the_documentation_can_be_used_and_every_word_is_there() -> None:
    page = (Path(__file__).parent.parent / "docs/recipes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert blocks
    for block in blocks:
        assert read_recipe(block, EVENTS).actions
    words = [*OWN_TRIGGERS, *Do, *Test, *CONTACT_NAMES, *LIBRARY]
    assert [word for word in words if f"`{word}" not in page] == []
    assert [key for key in LIBRARY if f"recipe-{key}.png" not in page] == []
