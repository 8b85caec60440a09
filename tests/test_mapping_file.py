"""One thing of a mapping changes, and everything else stays as its owner wrote it."""

from __future__ import annotations

import pytest

from landbridge.mapping_file import carrying, not_carrying
from landbridge.sync.mapping import MappingError, default_policy, read_policy, write_policy
from landbridge.sync.model import ACTIVITIES, Kind
from landbridge.sync.rules import ActivityRule, Direction, OnGone

OWN = write_policy(default_policy()).replace("opt_out = true", "opt_out = true  # our lawyer says so")


@pytest.mark.parametrize("kind", ACTIVITIES)
def test_a_kind_is_carried_and_the_rest_stays(kind: Kind) -> None:
    rule = ActivityRule(kind, Direction.TO_REZORA, OnGone.UNLINK)
    changed = carrying(OWN, rule)
    assert read_policy(changed).activities == (rule,)
    assert changed.startswith(OWN.rstrip())
    assert not_carrying(changed, kind).rstrip() == OWN.rstrip()


def test_a_rule_takes_the_place_of_the_one_before() -> None:
    once = carrying(OWN, ActivityRule(Kind.TASK, Direction.BOTH))
    twice = carrying(once, ActivityRule(Kind.TASK, Direction.TO_HIGHLEVEL, OnGone.UNLINK))
    assert read_policy(twice).activities == (ActivityRule(Kind.TASK, Direction.TO_HIGHLEVEL, OnGone.UNLINK),)


def test_what_a_mapping_cannot_have_is_refused() -> None:
    with pytest.raises(MappingError, match="appointments, direction"):
        carrying(OWN, ActivityRule(Kind.APPOINTMENT, Direction.TO_HIGHLEVEL))
