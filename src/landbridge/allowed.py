"""What a setting may be: one type for each sort of value, with its unit and its limits in words."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from annotated_types import Ge, Gt, Le
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Words:
    """How a setting's type is described: its unit, and what is allowed (made from the limits if empty)."""

    unit: str = ""
    allowed: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The default in words, where it depends on the machine or on another setting."""

    default: str


def is_this_machine(host: str) -> bool:
    """Does traffic to this host never leave the machine?"""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url(text: str) -> str:
    """The address without a slash at its end; ``ValueError`` unless https, or http to this machine."""
    parts = urlsplit(text.strip())
    host = parts.hostname or ""
    sound = bool(host) and not re.search(r"\s", parts.netloc) and not (parts.query or parts.fragment)
    allowed = parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))
    if not sound or not allowed or "@" in parts.netloc or parts.port == 0:
        raise ValueError
    return urlunsplit(parts).rstrip("/")


def _addresses(text: str) -> str:
    """E-mail addresses, a comma and a space between them."""
    found = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(re.fullmatch(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+", part) for part in found):
        raise ValueError
    return ", ".join(found)


def _maybe_url(text: str) -> str:
    """Blank, or an address."""
    return _url(text) if text.strip() else ""


def _domains(text: str) -> str:
    """Mail domains in lower case, a comma and a space between them."""
    found = [part.strip().lower() for part in text.split(",")] if text.strip() else []
    if not all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", part) for part in found):
        raise ValueError
    return ", ".join(found)


def _address(text: str) -> str:
    """One e-mail address, or none."""
    found = _addresses(text)
    if "," in found:
        raise ValueError
    return found


def _minutes(text: str) -> str:
    """Minutes before something, a comma and a space between them, the longest first; ``none`` for none."""
    if text.strip().casefold() == "none":
        return "none"
    found = {int(part) for part in text.split(",")}
    if not found or min(found) < 0 or max(found) > 40_320 or len(found) > 5:
        raise ValueError
    return ", ".join(map(str, sorted(found, reverse=True)))


def _record_page(text: str) -> str:
    """An address with both places for ids; the rest of it is checked as any address."""
    if text.count("{location}") != 1 or text.count("{contact}") != 1:
        raise ValueError
    _url(text.replace("{location}", "l").replace("{contact}", "c"))
    return text.strip()


def _webhook(secret: SecretStr) -> SecretStr:
    """Unchanged, if it is blank or https; it may carry a query, as some chats have it."""
    parts = urlsplit(secret.get_secret_value())
    if secret.get_secret_value() and (parts.scheme != "https" or not parts.hostname or "@" in parts.netloc):
        raise ValueError
    return secret


def _database(text: str) -> str:
    """In the short form; which driver opens it is the product's own affair."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///(.+)", text)
    if not match:
        raise ValueError
    return f"sqlite:///{match[1]}"


def _key(secret: SecretStr) -> SecretStr:
    """Unchanged, if it is base64 of 32 bytes (or blank: use the key file)."""
    text = secret.get_secret_value()
    if text and len(base64.b64decode(text, validate=True)) != 32:  # binascii.Error is a ValueError too
        raise ValueError
    return secret


_ED25519 = bytes.fromhex("302a300506032b6570032100")  # how each such key begins (RFC 8410); 32 bytes follow


def _keys_ed25519(text: str) -> str:
    """The keys, separated by single spaces, if each is base64 of an Ed25519 public key."""
    keys = text.replace(",", " ").split()
    for key in keys:
        raw = base64.b64decode(key, validate=True)
        if len(raw) != len(_ED25519) + 32 or not raw.startswith(_ED25519):
            raise ValueError
    return " ".join(keys)


def _keys_rsa(text: str) -> str:
    """The keys, separated by single spaces, if each is base64 of an RSA public key."""
    keys = text.replace(",", " ").split()
    for key in keys:
        from landbridge.systems.highlevel.webhooks import Keys

        Keys(rsa=[key])
    return " ".join(keys)


def _number(value: object) -> object:
    """TOML's true is not the number 1."""
    if isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # pydantic turns a ValueError into a sentence, a TypeError into a crash
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _folder(path: Path) -> Path:
    return path.expanduser().absolute()


Url = Annotated[
    str,
    AfterValidator(_url),
    Words(allowed="an https:// address without a query (http:// only to this machine)"),
]
MaybeUrl = Annotated[
    str,
    AfterValidator(_maybe_url),
    Words(allowed="an https:// address without a query (http:// only to this machine)"),
]
Domains = Annotated[
    str, AfterValidator(_domains), Words(allowed="domains such as example.com with commas between")
]
Newcomer = Annotated[Literal["viewer", "operator"], BeforeValidator(_lower)]
Minutes = Annotated[
    str,
    AfterValidator(_minutes),
    Words("minutes", "up to five numbers from 0 to 40320 with commas between, or none"),
]
RecordPage = Annotated[
    str,
    AfterValidator(_record_page),
    Words(allowed="an https:// address with {location} and {contact} in it"),
]
Text = Annotated[str, Words(allowed="a text")]
Secret = Annotated[SecretStr, Words(allowed="a text")]
Addresses = Annotated[str, AfterValidator(_addresses), Words(allowed="e-mail addresses with commas between")]
Address = Annotated[str, AfterValidator(_address), Words(allowed="an e-mail address")]
Webhook = Annotated[SecretStr, AfterValidator(_webhook), Words(allowed="an https:// address")]
Security = Annotated[Literal["starttls", "tls", "none"], BeforeValidator(_lower)]
Key = Annotated[
    SecretStr,
    AfterValidator(_key),
    Words(allowed="base64 of 32 bytes, as `openssl rand -base64 32` prints it"),
]
Ed25519Keys = Annotated[
    str,
    AfterValidator(_keys_ed25519),
    Words(allowed="base64 of Ed25519 public keys (SPKI), separated by commas or spaces"),
]
RsaKeys = Annotated[
    str,
    AfterValidator(_keys_rsa),
    Words(allowed="base64 of RSA public keys (SPKI, without the PEM lines), separated by commas or spaces"),
]
Database = Annotated[
    str,
    AfterValidator(_database),
    Words(allowed="sqlite:/// and the path of a file (other databases come later)"),
]
Folder = Annotated[Path, AfterValidator(_folder), Words(allowed="the path of a folder")]
ApiVersion = Annotated[
    str, Field(pattern=r"^(\d{4}-\d{2}-\d{2}|v\d+)$"), Words(allowed="a version such as 2021-07-28 or v3")
]
Host = Annotated[str, Field(pattern=r"^[^\s/@]+$"), Words(allowed="a host name or an IP address")]
Seconds = Annotated[
    float, BeforeValidator(_number), Field(gt=0, le=7 * 86400, allow_inf_nan=False), Words("seconds")
]
Hours = Annotated[
    float, BeforeValidator(_number), Field(gt=0, le=366 * 24, allow_inf_nan=False), Words("hours")
]
Count = Annotated[int, BeforeValidator(_number)]
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)]
Format = Annotated[Literal["console", "json"], BeforeValidator(_lower)]


def words(info: FieldInfo) -> Words:
    """Unit and limits as declared; blank where the type says enough."""
    return next((item for item in info.metadata if isinstance(item, Words)), Words())


def allowed(info: FieldInfo) -> str:
    """What a setting may be, in words."""
    if words(info).allowed:
        return words(info).allowed
    if info.annotation is bool:
        return "true or false"
    choices = getattr(info.annotation, "__args__", ())
    if choices:
        return ", ".join(choices[:-1]) + f" or {choices[-1]}"
    least = next((item.ge for item in info.metadata if isinstance(item, Ge)), None)
    above = next((item.gt for item in info.metadata if isinstance(item, Gt)), None)
    most = next((item.le for item in info.metadata if isinstance(item, Le)), None)
    kind = "a whole number" if info.annotation is int else "a number"
    low = f" above {above}" if least is None else f" from {least}"
    return kind + low + (f" to {most}" if most is not None else "")
