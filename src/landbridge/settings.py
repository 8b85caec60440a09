"""Settings: where each comes from, and the only place that reads the environment."""

from __future__ import annotations

import difflib
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from platformdirs import user_data_path
from pydantic import Field, PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from landbridge.allowed import (
    Address,
    Addresses,
    ApiVersion,
    Count,
    Database,
    Domains,
    Ed25519Keys,
    Folder,
    Format,
    Host,
    Hours,
    Key,
    Level,
    MaybeUrl,
    Minutes,
    Newcomer,
    RecordPage,
    RsaKeys,
    Seconds,
    Secret,
    Security,
    Shown,
    Text,
    Url,
    Webhook,
    Words,
    allowed,
    is_this_machine,
    words,
)

PREFIX = "LANDBRIDGE_"
FILE_NAME = "landbridge.toml"
CONFIG = f"{PREFIX}CONFIG"  # names another settings file; not a setting itself
_SLIP = 0.85  # likeness at which an unknown variable is taken for a slip of the pen, not for somebody else's


class SettingsError(Exception):
    """Settings that cannot be used; ``problems`` holds one sentence each, with its fix."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting as people see it; ``value`` never shows a secret, ``origin`` says where it stands."""

    name: str
    value: str
    origin: str
    description: str
    unit: str
    env_name: str


class Settings(BaseSettings):
    """All settings, checked; made by ``load_settings``. Reading one never touches the environment."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", validate_default=True)
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    home: Annotated[Folder, Shown("the user's data folder; on Linux `~/.local/share/landbridge`")] = Field(
        default_factory=lambda: user_data_path("landbridge", appauthor=False),
        description="The one directory that holds all state: database, key file, settings file.",
    )
    key: Key = Field(
        SecretStr(""),
        description="The key that encrypts stored tokens and passwords."
        " Without it a key file of mode 0600 is made in `home` on first start.",
    )
    database_url: Annotated[Database, Shown("`landbridge.sqlite3` in `home`")] = Field(
        default_factory=lambda known: f"sqlite:///{known['home']}/landbridge.sqlite3",
        description="The database.",
    )

    highlevel_api_url: Url = Field(
        "https://services.leadconnectorhq.com", description="Address of the HighLevel API."
    )
    highlevel_authorise_url: Url = Field(
        "https://marketplace.gohighlevel.com/v2/oauth/chooselocation",
        description="Page on which an admin grants access; white-label agencies have their own.",
    )
    highlevel_token_url: Annotated[Url, Shown("`highlevel_api_url` + `/oauth/token`")] = Field(
        default_factory=lambda known: f"{known['highlevel_api_url']}/oauth/token",
        description="Where codes and refresh tokens are exchanged.",
    )
    highlevel_client_id: Text = Field(
        "", description="Client id of your marketplace app; not needed with a token."
    )
    highlevel_client_secret: Secret = Field(
        SecretStr(""), description="Client secret of your marketplace app."
    )
    highlevel_version: ApiVersion = Field(
        "2021-07-28", description="The `Version` header sent with every call."
    )
    highlevel_page_size: Annotated[Count, Field(ge=1, le=500), Words("contacts")] = Field(
        500, description="Contacts asked for in one page of the contact search."
    )
    highlevel_contact_page: RecordPage = Field(
        "https://app.gohighlevel.com/v2/location/{location}/contacts/detail/{contact}",
        description="Where a contact is opened in HighLevel, for links on our pages; white-label agencies"
        " have their own address. The default is an assumption: no documentation names it.",
    )
    highlevel_read_only: bool = Field(
        False,
        description="Ask for read scopes only, and refuse every write to HighLevel before it leaves: the"
        " bridge is then one-way, towards Rezora.",
    )
    highlevel_more_scopes: Text = Field(
        "",
        description="Scopes to ask for when HighLevel is connected, beyond those of the sync, with blanks"
        " between, for operations (docs/operations.md). A read-only one asks only for those that read.",
    )
    highlevel_quota_burst: Annotated[Count, Field(ge=0), Words("calls")] = Field(
        100,
        description="Calls that may start within one quota interval; 0 switches the limit off, for test"
        " servers only. Tokens of trial accounts are given 25.",
    )
    highlevel_quota_interval_seconds: Seconds = Field(10, description="Length of the quota interval.")
    highlevel_quota_daily: Annotated[Count, Field(ge=0), Words("calls")] = Field(
        200_000, description="Calls that may be made in a day; 0 switches the limit off."
    )
    highlevel_webhook_keys: Ed25519Keys = Field(
        "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=",
        description="Public keys that HighLevel signs webhooks with (`X-GHL-Signature`); each is tried. The"
        " default is the key of the vendor's Webhook Integration Guide, taken from two repositories that"
        " quote it: compare it with the guide.",
    )
    highlevel_webhook_rsa_keys: RsaKeys = Field(
        "",
        description="Public keys of the legacy signature (`x-wh-signature`), which the vendor announced to"
        " end on 2026-07-01. Without one that signature is not accepted.",
    )
    highlevel_webhook_window_seconds: Seconds = Field(
        7200,
        description="A webhook whose time is further from now has no effect. HighLevel sends again for up to"
        " 70 minutes, with the first time.",
    )

    rezora_api_url: Url = Field(
        "https://api.rezora.com/v1",
        description="Address of the Rezora API; ask your account manager for yours.",
    )
    rezora_put_partial: bool = Field(
        True,
        description="Send only changed fields in an update. Set to false when your account's API blanks the"
        " fields that an update leaves out; then all fields are read, merged and sent.",
    )
    rezora_quota_burst: Annotated[Count, Field(ge=0), Words("calls")] = Field(
        100,
        description="Calls that may start within one quota interval. Rezora publishes no limit but asks for"
        " few, spread calls: this one is our own politeness. 0 switches it off.",
    )
    rezora_quota_interval_seconds: Seconds = Field(10, description="Length of that interval.")
    rezora_poll_seconds: Seconds = Field(
        900, description="Pause between two full reads of Rezora, which has no change feed."
    )

    http_timeout_seconds: Seconds = Field(30, description="Longest wait for one answer.")
    http_attempts: Annotated[Count, Field(ge=1, le=20), Words("attempts")] = Field(
        5, description="Attempts for a call that is safe to repeat. Creates are never repeated blindly."
    )
    backoff_base_seconds: Seconds = Field(
        0.5, description="Ceiling of the first random pause; it doubles each time."
    )
    backoff_cap_seconds: Seconds = Field(60, description="Ceiling of the longest random pause.")
    concurrency: Annotated[Count, Field(ge=1, le=64), Words("calls")] = Field(
        16, description="Calls of one bridge under way at the same time."
    )
    refresh_margin_seconds: Seconds = Field(
        300, description="How long before its end an access token is refreshed."
    )
    scan_interval_seconds: Seconds = Field(3600, description="Pause between two scheduled full scans.")
    activities_sweep_seconds: Seconds = Field(
        86_400,
        description="After so long a sync reads notes of everybody again, one call a contact"
        " (docs/activities.md); what events name is read at once.",
    )

    web_host: Host = Field(
        "127.0.0.1", description="Address to listen on. Keep it unless a TLS proxy stands before."
    )
    web_port: Annotated[Count, Field(ge=1, le=65535)] = Field(8780, description="Port to listen on.")
    public_url: Annotated[Url, Shown("`http://127.0.0.1:` + `web_port`")] = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known['web_port']}",
        description="The address under which browsers reach Landbridge; the OAuth redirect is built on it.",
    )

    oidc_issuer: MaybeUrl = Field(
        "",
        description="The identity provider by which people may log in (docs/people.md): the address of its"
        " issuer.",
    )
    oidc_client_id: Text = Field("", description="The client id that the provider gave Landbridge.")
    oidc_client_secret: Secret = Field(SecretStr(""), description="The client secret that belongs to it.")
    oidc_domains: Domains = Field(
        "",
        description="Mail domains of the people who may log in so, newcomers too. Without one only people who"
        " are here already may.",
    )
    oidc_role: Newcomer = Field("viewer", description="The role of such newcomers; an owner can change it.")

    calendar_appointment_reminders: Minutes = Field(
        "1440, 60",
        description="How long before an appointment the calendar feed reminds (docs/calendar-feed.md).",
    )
    calendar_task_reminders: Minutes = Field(
        "0", description="How long before a task is due the calendar feed reminds."
    )

    alert_email_to: Addresses = Field(
        "",
        description="Who is told by e-mail when a bridge needs somebody (docs/alerts.md).",
    )
    alert_email_from: Address = Field("", description="The sender of these messages.")
    smtp_host: Annotated[str, Field(pattern=r"^[^\s/@]*$"), Words(allowed="a host name or an IP address")] = (
        Field("", description="The mail server that takes them.")
    )
    smtp_port: Annotated[Count, Field(ge=1, le=65535)] = Field(
        587, description="Its port: mostly 587 for starttls, 465 for tls."
    )
    smtp_user: Text = Field("", description="User name at the mail server; no login if blank.")
    smtp_password: Secret = Field(SecretStr(""), description="Password at the mail server.")
    smtp_security: Security = Field(
        "starttls", description="How the connection is encrypted; none is for a mail server on this machine."
    )
    alert_webhook_url: Webhook = Field(
        SecretStr(""),
        description="The incoming webhook of a chat (Slack and alike) that is told the same. Whoever knows it"
        " can write there; it must be on the public internet.",
    )
    alert_hold_hours: Hours = Field(
        24, description="How long something may wait for a person before an alert says so."
    )

    log_level: Level = Field("info", description="The least severe lines to write.")
    log_format: Format = Field("console", description="Lines for people, or one JSON object a line.")

    @model_validator(mode="after")
    def _cap_is_not_below_base(self) -> Settings:
        if self.backoff_cap_seconds < self.backoff_base_seconds:
            raise ValueError(
                "backoff_cap_seconds is below backoff_base_seconds; raise the one or lower the other."
            )
        return self

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Settings:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_issuer needs oidc_client_id; set it, or remove oidc_issuer.")
        return self

    @model_validator(mode="after")
    def _mail_is_whole(self) -> Settings:
        if self.alert_email_to and not (self.alert_email_from and self.smtp_host):
            raise ValueError(
                "alert_email_to needs alert_email_from and smtp_host; set them, or remove alert_email_to."
            )
        if self.smtp_security == "none" and self.smtp_host and not is_this_machine(self.smtp_host):
            raise ValueError(
                "smtp_security is none and smtp_host is another machine; use starttls or tls, so that nobody"
                " reads the password and the messages on their way."
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is passed in: the environment is read by ``load_settings`` alone."""
        return (init_settings,)


class _Layer(PydanticBaseSettingsSource):
    """One place that settings come from: values by name, and how that place is called."""

    def __init__(self, values: Mapping[str, object], origin: Callable[[str], str]) -> None:
        super().__init__(Settings)
        # Blank means "not set", in a form, a shell and a container file alike.
        self.values = {name: value for name, value in values.items() if value is not None and value != ""}
        self.origin = origin

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[object, str, bool]:
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in self.values.items() if name in Settings.model_fields}


def load_settings(
    environ: Mapping[str, str], overrides: Mapping[str, object] = MappingProxyType({})
) -> Settings:
    """Settings from the command line, else the environment, else the file, else the defaults.

    ``overrides`` holds values by setting name, with None for options that were not given; ``config`` names
    another settings file. Raises ``SettingsError`` with all problems at once.
    """
    command = {name: value for name, value in overrides.items() if name != "config"}
    variables = {
        name.removeprefix(PREFIX).lower(): value for name, value in environ.items() if name.startswith(PREFIX)
    }
    named = str(overrides.get("config") or variables.pop("config", "") or "")
    above = [
        _Layer(command, lambda _: "command line"),
        _Layer(variables, lambda name: f"environment {_env_name(name)}"),
    ]
    fallback = _Layer({"home": _default_home(environ)}, lambda _: "default")
    folder = next(layer.values["home"] for layer in (*above, fallback) if "home" in layer.values)
    path = Path(named or Path(str(folder)) / FILE_NAME).expanduser().absolute()
    file = _Layer(_read_file(path, must_exist=bool(named)), lambda _: f"file {path}")
    problems = [*_unknown(above[0]), *_slips(above[1]), *_unknown(file)]
    if "home" in file.values and not named:
        problems.append(
            f"home is set in {path}, which itself lies in the home folder; set LANDBRIDGE_HOME instead."
        )
    return _checked((*above, file, fallback), problems)


def _checked(layers: tuple[_Layer, ...], problems: list[str]) -> Settings:
    origins = {name: layer.origin(name) for layer in reversed(layers) for name in layer()}
    try:
        settings = Settings(_build_sources=(layers, {}))  # type: ignore[call-arg]  # a keyword of BaseSettings that mypy loses
    except ValidationError as error:
        details = (dict(detail) for detail in error.errors(include_url=False))
        problems.extend(
            _sentence(detail, origins) for detail in details if detail["type"] != "default_factory_not_called"
        )  # left out: a default that follows another setting is not made when one is wrong
    if problems:
        raise SettingsError(*problems)
    settings._origins.update(origins)
    return settings


def _default_home(environ: Mapping[str, str]) -> Path:
    """XDG where it is set (the specification ignores relative paths), else what the platform uses."""
    data = Path(environ.get("XDG_DATA_HOME", ""))
    return data / "landbridge" if data.is_absolute() else user_data_path("landbridge", appauthor=False)


def _read_file(path: Path, *, must_exist: bool) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not must_exist:
            return {}
        raise SettingsError(f"There is no settings file {path}; create it or correct {CONFIG}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} cannot be read as UTF-8 text; correct that."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file {path} is not TOML: {error}; correct that line.") from error


def _unknown(layer: _Layer) -> Iterator[str]:
    for name, value in layer.values.items():
        if name in Settings.model_fields:
            continue
        if isinstance(value, dict):
            yield f"[{name}] ({layer.origin(name)}) is a table; write `{name}_… = …` lines without a table."
            continue
        near = difflib.get_close_matches(name, Settings.model_fields, 1)
        hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists all names."
        yield f"{name} ({layer.origin(name)}) is not a setting; {hint}"


def _slips(layer: _Layer) -> Iterator[str]:
    """Unknown variables are left alone (Kubernetes adds LANDBRIDGE_PORT and others) unless nearly right."""
    for name in layer.values:
        near = difflib.get_close_matches(name, Settings.model_fields, 1, _SLIP)
        if near and name not in Settings.model_fields:
            yield f"{_env_name(name)} is not a setting; did you mean {_env_name(near[0])}?"


def _sentence(detail: dict[str, Any], origins: Mapping[str, str]) -> str:
    if not detail["loc"]:
        return str(detail["ctx"]["error"])
    name = str(detail["loc"][0])
    info = Settings.model_fields[name]
    hidden = is_secret(info) or "@" in str(detail["input"])  # an address may carry a password
    value = "not usable" if hidden else f"{detail['input']!r}"
    default = default_words(info)
    remedy = f"correct it, or remove it for the default {default}" if default else "correct it, or remove it"
    return f"{name} is {value} ({origins.get(name, 'default')}); allowed is {allowed(info)}: {remedy}."


def origins(settings: Settings) -> list[SettingRow]:
    """Every setting with its value, secrets redacted, and where that value comes from."""
    return [
        SettingRow(
            name=name,
            value=_shown(info, getattr(settings, name)),
            origin=settings._origins.get(name, "default"),
            description=str(info.description),
            unit=words(info).unit,
            env_name=_env_name(name),
        )
        for name, info in Settings.model_fields.items()
    ]


def _env_name(name: str) -> str:
    return PREFIX + name.upper()


def is_secret(info: FieldInfo) -> bool:
    """Whether a setting is never shown."""
    return info.annotation is SecretStr


def _shown(info: FieldInfo, value: object) -> str:
    if isinstance(value, SecretStr):
        return "set, not shown" if value.get_secret_value() else ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def default_words(info: FieldInfo) -> str:
    """The default as people see it; blank where there is none."""
    shown = next((item.default for item in info.metadata if isinstance(item, Shown)), None)
    return shown if shown is not None else _shown(info, info.default)


if __name__ == "__main__":
    from landbridge.settings_page import settings_page

    sys.stdout.write(settings_page())
