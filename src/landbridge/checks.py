"""What the doctor looks at on the machine itself: settings, folder, key, browser files, address, disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from landbridge.allowed import is_this_machine
from landbridge.connections import CALLBACK
from landbridge.settings import Settings, origins

OK, NOTE, FAILS = "ok", "note", "fails"
LEAST_FREE, LITTLE_FREE = 200 * 2**20, 2**30  # bytes of disk below which it fails, below which it is noted

FreeBytes = Callable[[Path], int]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. ``state`` is ok, note (worth a look) or fails; ``fix`` is blank where it is ok."""

    name: str
    state: str
    sentence: str
    fix: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing has to be mended."""
        return self.state != FAILS


def free_bytes(folder: Path) -> int:
    """Free space where a folder is."""
    return shutil.disk_usage(folder).free


def machine_checks(settings: Settings, free: FreeBytes = free_bytes) -> Iterator[Check]:
    """All that needs neither the database nor a system."""
    yield _settings(settings)
    yield from _folder(settings)
    yield _key(settings)
    yield _browser_files()
    yield _public_url(settings)
    yield _listening(settings)
    yield _disk(settings.home, free)


def _settings(settings: Settings) -> Check:
    places: dict[str, int] = {}
    for row in origins(settings):
        place = row.origin.partition(" LANDBRIDGE_")[0]
        if place != "default":
            places[place] = places.get(place, 0) + 1
    told = ", ".join(f"{number} from the {place}" for place, number in places.items())
    if not settings.highlevel_quota_burst and not is_this_machine(_host(settings.highlevel_api_url)):
        return Check(
            "Settings", NOTE, "highlevel_quota_burst is 0, no limit is kept: HighLevel will refuse calls.",
            "Remove it from the settings; 0 is for test servers.",
        )  # fmt: skip
    return Check("Settings", OK, f"{told}; the others have their defaults." if told else "All are defaults.")


def _folder(settings: Settings) -> Iterator[Check]:
    """Others must neither read what is in it nor put something there."""
    home = settings.home
    if not home.is_dir():
        yield Check(
            "Home folder", FAILS, f"{home} is not there.", "Set LANDBRIDGE_HOME, or start Landbridge."
        )
        return
    mode = home.stat().st_mode
    if mode & 0o022:
        yield Check("Home folder", FAILS, f"Other users can write in {home}.", f"Run `chmod 700 {home}`.")
    elif mode & 0o055:
        yield Check(
            "Home folder", NOTE, f"Other users can look into {home}, where contacts are stored.",
            f"Run `chmod 700 {home}`.",
        )  # fmt: skip
    else:
        yield Check("Home folder", OK, f"{home} is there, for its owner only.")
    secret_in_file = [
        row.origin.removeprefix("file ")
        for row in origins(settings)
        if row.origin.startswith("file ") and isinstance(getattr(settings, row.name), SecretStr)
    ]
    for path in dict.fromkeys(secret_in_file):
        if Path(path).stat().st_mode & 0o077:
            yield Check(
                "Settings file", FAILS, f"Other users can read {path}, and there is a secret in it.",
                f"Run `chmod 600 {path}`.",
            )  # fmt: skip


def _key(settings: Settings) -> Check:
    if settings.key.get_secret_value():
        return Check("Key", OK, "Credentials are sealed with the key from LANDBRIDGE_KEY.")
    path = settings.home / "key"
    if not path.is_file():
        return Check("Key", NOTE, f"There is no key at {path} yet.", "Nothing: the first start makes it.")
    if path.stat().st_mode & 0o077:
        return Check("Key", FAILS, f"Other users can read the key {path}.", f"Run `chmod 600 {path}`.")
    return Check("Key", OK, f"Credentials are sealed with the key from {path}, for its owner only.")


def _browser_files() -> Check:
    vendor = files("landbridge.web").joinpath("static", "vendor")
    if all(vendor.joinpath(name).is_file() for name in ("htmx.min.js", "pico.min.css")):
        return Check("Browser files", OK, "htmx and Pico are in the package.")
    return Check(
        "Browser files", FAILS, "htmx and Pico are missing from the package.",
        "Install Landbridge again; the build fetches them (docs/install.md).",
    )  # fmt: skip


def _public_url(settings: Settings) -> Check:
    url = settings.public_url
    if is_this_machine(_host(url)):
        return Check(
            "Public address", NOTE, f"{url} is for this machine only: HighLevel can send no webhooks.",
            "If others shall reach it, put a TLS proxy before it and set public_url (docs/install.md).",
        )  # fmt: skip
    if urlsplit(url).path.strip("/"):
        return Check(
            "Public address", FAILS, f"{url} has a path, and Landbridge answers at the root of a host only.",
            "Give it a host name of its own.",
        )  # fmt: skip
    return Check("Public address", OK, f"{url}; the redirect address is {url}{CALLBACK}.")


def _listening(settings: Settings) -> Check:
    """Passwords and cookies in the clear are for this machine alone."""
    where = f"{settings.web_host}:{settings.web_port}"
    if is_this_machine(settings.web_host.strip("[]")):
        return Check("Listening", OK, f"On {where}, this machine only.")
    if settings.public_url.startswith("https://"):
        return Check("Listening", OK, f"On {where}; a TLS proxy is expected before it.")
    return Check(
        "Listening", FAILS, f"On {where}, and public_url is not https: passwords would travel in the clear.",
        "Set web_host to 127.0.0.1, or put a TLS proxy before it and set public_url to its address.",
    )  # fmt: skip


def _disk(home: Path, free: FreeBytes) -> Check:
    if not home.is_dir():
        return Check("Disk", NOTE, "Not looked at, as the home folder is not there.", "See above.")
    there = free(home)
    told = f"{there / 2**30:.1f} GB free at {home}."
    if there < LEAST_FREE:
        return Check("Disk", FAILS, told, "Free some space: without it nothing is stored, and syncs stop.")
    if there < LITTLE_FREE:
        return Check("Disk", NOTE, told, "Free some space soon.")
    return Check("Disk", OK, told)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
