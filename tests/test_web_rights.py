"""Which role a request needs."""

from __future__ import annotations

import pytest

from landbridge.access.roles import Role
from landbridge.web.rights import needed


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/", Role.VIEWER),
        ("HEAD", "/bridges/1", Role.VIEWER),
        ("POST", "/bridges/1/sync", Role.OPERATOR),
        ("DELETE", "/api/v1/anything", Role.OPERATOR),
        ("GET", "/connect/highlevel", Role.OWNER),  # it changes something, although it is a GET
        ("POST", "/webhooks/highlevel", None),
        ("GET", "/static/landbridge.css", None),
        ("GET", "/staticky", Role.VIEWER),
    ],
)
def test_each_request_needs_a_role(method: str, path: str, role: Role | None) -> None:
    assert needed(method, path) is role


def test_each_role_may_what_the_one_before_it_may() -> None:
    assert [[one.may(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
