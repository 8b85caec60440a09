"""docs/errors.md, written from the error tree and the reasons of the core: every condition with its fix."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping

from landbridge.sync.reasons import EXCLUDED, HELD, Reason
from landbridge.systems import base
from landbridge.systems.base import SystemFailure

_SENT = {
    "no": "No: nothing was sent.",
    "maybe": "Perhaps: a create is looked up before it is tried again.",
    "yes": "Yes: it was answered. (A refused *create* is looked up all the same.)",
}

# What the class itself cannot say: what Landbridge does next, by the class's name.
WHAT_HAPPENS = {
    "SystemFailure": "Any of the conditions below; never raised by itself.",
    "NotConnected": "The bridge waits for the account to be connected.",
    "ReconnectNeeded": "The bridge stops calling HighLevel and shows it. By then the refresh was tried with"
    " the stored token, with the one before it, and with HighLevel's reconnect call.",
    "WrongCredentials": "The run stops. An OAuth token was refreshed once before it came to this.",
    "Forbidden": "The run stops: other records would meet the same answer.",
    "ReadOnlyGrant": "The write is refused on this machine; reading goes on.",
    "Unreachable": "The call is tried again after a random, growing pause; then the run stops where it is.",
    "Unavailable": "A read, an update by id or a delete is tried again after a random, growing pause. A"
    " create is not: it is looked up at the next pass, so that it is never made twice.",
    "RateLimited": "Calls wait for the quota by themselves. This shows only when the wait is longer than a"
    " minute or the day's quota is spent; the next run continues.",
    "Malformed": "The answer is not used, not even in part. Reads are tried again, then the run stops: an"
    " empty or cut list of contacts is never taken for deleted contacts.",
    "Rejected": "The record is held and shown with the reason; all others continue.",
    "Duplicate": "The record is held; the other contact is looked at as a candidate, never simply linked.",
    "Gone": "The record is taken for deleted there, which nothing but a read by its id may prove.",
    "Paused": "The bridge rests and looks again later; the grant is kept.",
}

_HEAD = """# Errors

<!-- Written by `make docs` from src/landbridge/systems/base.py and errors.py, and sync/reasons.py; edit them
there. -->

An error stops a call or a run; a hold lets one contact wait for a person while all others continue; a contact
that is left out is not part of the sync until its cause is gone.

Every error is one sentence that names the system, its address where that helps, and what to do. None carries
a token, an e-mail address or a name. The same errors appear in the command line, on the pages and in the
journal.

"Tried again" means: up to `http_attempts` times, with a random pause between nothing and a ceiling that
begins at `backoff_base_seconds`, doubles, and ends at `backoff_cap_seconds`; a `Retry-After` from the server
is kept to. There is one place that repeats calls (`systems/http.py`), so attempts do not multiply.
"""


def tree(root: type[SystemFailure] = SystemFailure) -> Iterator[type[SystemFailure]]:
    """The error classes of ``base``, parents before children, in the order they are written there."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == base.__name__:
            yield from tree(child)


def errors_page() -> str:
    """The whole of docs/errors.md; raises ``KeyError`` for a class without an entry in ``WHAT_HAPPENS``."""
    errors = "".join(_section(kind) for kind in tree())
    held = _reasons(
        "Holds", "A contact that waits for a person; a sync that no longer finds the cause clears it.", HELD
    )
    left_out = _reasons("Left out", "A contact that the sync leaves alone, and why.", EXCLUDED)
    return _HEAD + errors + held + left_out


def _reasons(title: str, meaning: str, reasons: Mapping[str, Reason]) -> str:
    rows = (f"| {r.title} (`{name}`) | {r.sentence} | {r.fix} |" for name, r in reasons.items())
    head = ["", f"## {title}", "", meaning, "", "| | what it means | what to do |", "|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _section(kind: type[SystemFailure]) -> str:
    meaning = " ".join((inspect.getdoc(kind) or "").replace("``", "`").split())
    parent = kind.__bases__[0].__name__
    lines = [f"\n## {kind.__name__}\n", meaning]
    if parent not in ("Exception", "SystemFailure"):
        lines[-1] += f" A kind of {parent}."
    lines += [
        "",
        "| | |",
        "|---|---|",
        f"| What Landbridge does | {WHAT_HAPPENS[kind.__name__]} |",
        f"| What to do | {kind.fix} |",
    ]
    if kind is not SystemFailure:
        lines += [
            f"| Tried again | {'yes' if kind.retriable else 'no'} |",
            f"| Did the request arrive? | {_SENT[kind.sent]} |",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(errors_page())
