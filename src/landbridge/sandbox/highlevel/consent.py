"""The page on which a person allows an app, and the way back to it (highlevel.md 1.3)."""

from __future__ import annotations

from html import escape
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from landbridge.sandbox.highlevel.call import Call, Route
from landbridge.sandbox.highlevel.config import ALL_SCOPES, HighLevelConfig
from landbridge.sandbox.highlevel.state import State
from landbridge.sandbox.wire import Answer

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HTML = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title><meta name="viewport" content="width=device-width"></head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""
_FORM = """<p>The app <code>{client}</code> asks for access to:</p>
<p><strong>{location}</strong> ({city})</p>
<ul>
{scopes}
</ul>
<form method="post">
{hidden}
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>"""


class _Ask(NamedTuple):
    """What an app asks for, as checked."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: str


def choose_location(state: State, call: Call) -> Answer:
    """``GET``: the consent page, or a page that says why there is none."""
    asked = dict(call.request.query)
    ask = _read(state.config, asked)
    if isinstance(ask, str):
        return _refused(ask)
    fields = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
    )
    content = _FORM.format(
        client=escape(state.config.client_id),
        location=escape(state.config.location_name),
        city=escape(state.config.location_id),
        scopes="\n".join(f"<li><code>{escape(scope)}</code></li>" for scope in ask.scopes),
        hidden=fields,
    )
    page = _PAGE.format(title="Allow access to your location", content=content)
    return Answer(200, page.encode(), dict(_HTML))


def decide(state: State, call: Call) -> Answer:
    """``POST`` of the form: back to the app with ``code``, or with ``error=access_denied``."""
    sent = dict(parse_qsl(call.request.body.decode("utf-8", "replace"), keep_blank_values=True))
    asked = {**call.request.query, **sent}
    ask = _read(state.config, asked)
    if isinstance(ask, str):
        return _refused(ask)
    if asked.get("decision") == "allow":
        answer = {"code": state.grants.code_for(ask.scopes, ask.redirect_uri)}
        state.emit("INSTALL", state.config.location_id)
    else:
        answer = {"error": "access_denied"}  # not documented for this server; the word of RFC 6749
    if ask.state and state.config.passes_state:
        answer["state"] = ask.state
    mark = "&" if urlsplit(ask.redirect_uri).query else "?"
    return Answer(
        302, b"", {"location": f"{ask.redirect_uri}{mark}{urlencode(answer)}", "cache-control": "no-store"}
    )


def _read(config: HighLevelConfig, asked: dict[str, str]) -> _Ask | str:
    """The checked request, or a sentence that says what is wrong with it."""
    scopes = tuple(asked.get("scope", "").split()) or config.app_scopes
    strange = [scope for scope in scopes if scope not in config.app_scopes or scope not in ALL_SCOPES]
    redirect_uri = asked.get("redirect_uri", "")
    if asked.get("client_id") != config.client_id:
        return "No app has this client id."
    if not _may_return_to(config, redirect_uri):
        return "This redirect address is not registered for the app."
    if asked.get("response_type", "code") != "code":
        return "Only response_type=code is known."
    if strange:
        return f"The app has no such scope: {' '.join(strange)}"
    return _Ask(redirect_uri, scopes, asked.get("state", ""))


def _may_return_to(config: HighLevelConfig, redirect_uri: str) -> bool:
    if redirect_uri in config.redirect_uris:
        return True
    parts = urlsplit(redirect_uri)
    return config.loopback_redirects and parts.scheme == "http" and parts.hostname in _LOOPBACK


def _refused(sentence: str) -> Answer:
    page = _PAGE.format(title="This app cannot be connected", content=f"<p>{escape(sentence)}</p>")
    return Answer(400, page.encode(), dict(_HTML))


ROUTES = tuple(
    Route(method, path, operation, open=True)
    for path in ("/v2/oauth/chooselocation", "/oauth/chooselocation")
    for method, operation in (("GET", choose_location), ("POST", decide))
)
