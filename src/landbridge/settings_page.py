"""The page docs/settings.md, written from the settings themselves."""

from __future__ import annotations

from types import MappingProxyType

from landbridge.allowed import allowed, words
from landbridge.settings import Settings, default_words, is_secret

_GROUPS = MappingProxyType(
    {
        "home": "Place and key",
        "highlevel_api_url": "HighLevel",
        "rezora_api_url": "Rezora",
        "http_timeout_seconds": "Calls and pauses",
        "web_host": "Web page",
        "oidc_issuer": "Logging in through an identity provider",
        "calendar_appointment_reminders": "Calendar feed",
        "alert_email_to": "Alerts",
        "log_level": "Log",
    }
)

_PAGE_HEAD = """# Settings

<!-- Written by `make docs` from src/landbridge/settings.py; edit it there. -->

A value is taken from the first place that has it:

1. the command line,
2. the environment: the name in capitals after `LANDBRIDGE_`, such as `LANDBRIDGE_WEB_PORT=8790`,
3. the file `landbridge.toml` in `LANDBRIDGE_HOME`, or the file that `LANDBRIDGE_CONFIG` names:
   one `name = value` a line, no tables,
4. the default.

`landbridge settings` prints every value in force and the place it comes from; secrets are never shown.
A blank value counts as not set. A name that does not exist is an error in the file and on the command line;
in the environment, where other programs set variables too, only a near miss is.
Addresses must be `https://`; `http://` is accepted for this machine only, for test servers.
Every address can be changed, so Landbridge can be pointed at any test server.
"""


def settings_page() -> str:
    """The whole of docs/settings.md."""
    lines = [_PAGE_HEAD.rstrip("\n")]
    for name, info in Settings.model_fields.items():
        if name in _GROUPS:
            lines += [
                "",
                f"## {_GROUPS[name]}",
                "",
                "| setting | what it does | allowed | default |",
                "|---|---|---|---|",
            ]
        unit = words(info).unit
        may_be = allowed(info) + (f" ({unit})" if unit else "")
        secret = " Secret." if is_secret(info) else ""
        default = default_words(info)
        quoted = default if "`" in default or not default else f"`{default}`"
        lines.append(f"| `{name}` | {info.description}{secret} | {may_be} | {quoted or 'none'} |")
    return "\n".join(lines) + "\n"
