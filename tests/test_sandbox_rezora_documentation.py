"""What docs/sandbox.md says about Rezora and the control API stays complete."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from landbridge.sandbox.control import PAGES
from landbridge.sandbox.faults import KINDS
from landbridge.sandbox.rezora import RezoraConfig
from landbridge.sandbox.rezora.columns import ACTIVITIES
from landbridge.sandbox.rezora.edits import ACTIONS

TEXT = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        *(item.name for item in fields(RezoraConfig)),
        *PAGES,
        *KINDS,
        *(name for name in ACTIONS if name != "update_list"),  # only a by-name of rename_list
        *(name for names in ACTIVITIES.values() for name in names),
    ],
)
def test_every_switch_page_fault_edit_and_assumed_field_is_documented(name: str) -> None:
    assert f"`{name}`" in TEXT
