"""Which role a request needs: one table, asked before any page runs, so that no page can forget it."""

from __future__ import annotations

import re

from landbridge.access.roles import Role

# Reading needs a viewer, everything else an operator, but for these; the first that fits decides.
# A path segment in braces stands for any one segment; a star at the end for whatever follows.
RULES: tuple[tuple[str, str, Role | None], ...] = (
    # (methods, or * for all; path; the role, None where nobody has to be known)
    ("*", "/static/*", None),
    ("*", "/healthz", None),
    ("*", "/webhooks/highlevel", None),  # the signature decides
    ("*", "/feeds/*", None),  # the secret in the address decides
    ("*", "/login", None),
    ("GET", "/login/provider", None),
    ("GET", "/login/provider/back", None),  # what the provider signed decides
    ("*", "/first", None),
    ("*", "/welcome/*", None),  # the secret in the address decides
    ("POST", "/logout", Role.VIEWER),
    ("POST", "/account/*", Role.VIEWER),  # one's own
    ("POST", "/bridges/{bridge}/contacts", Role.VIEWER),  # a search; names of people belong in no address
    ("*", "/people", Role.OWNER),
    ("*", "/people/*", Role.OWNER),
    ("*", "/keys", Role.OWNER),
    ("*", "/keys/*", Role.OWNER),
    ("*", "/api/v1/people", Role.OWNER),
    ("*", "/api/v1/people/*", Role.OWNER),
    ("*", "/api/v1/keys", Role.OWNER),
    ("*", "/api/v1/keys/*", Role.OWNER),
    ("GET", "/connect/*", Role.OWNER),
    ("GET", "/oauth/*", Role.OWNER),
    ("POST", "/connect/*", Role.OWNER),
    ("POST", "/setup/{key}/highlevel", Role.OWNER),  # a credential comes in
    ("POST", "/setup/{key}/rezora", Role.OWNER),
    ("POST", "/setup/{key}/{side}/use", Role.OWNER),
    ("*", "/api/v1/accounts/*", Role.OWNER),
    ("POST", "/api/v1/setups", Role.OWNER),
)
_SAFE = ("GET", "HEAD", "OPTIONS")


def needed(method: str, path: str) -> Role | None:
    """The least role for a request; None where nobody has to be known."""
    for methods, pattern, role in _COMPILED:
        if methods in ("*", method) and pattern.fullmatch(path):
            return role
    return Role.VIEWER if method in _SAFE else Role.OPERATOR


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]*\}|\*$)", pattern)
    expression = "".join(
        "[^/]+" if part.startswith("{") else ".*" if part == "*" else re.escape(part) for part in parts
    )
    return re.compile(expression, re.DOTALL)


_COMPILED = tuple((methods, _compiled(pattern), role) for methods, pattern, role in RULES)
