"""The master keys, outside the database: the first seals, all of them open."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from landbridge.store.database import StoreFailure

KEY_BYTES = 32
FILE_NAME = "key"
PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class Key:
    """A master key; its repr shows nothing of it."""

    raw: bytes

    def __repr__(self) -> str:
        return "Key(…)"

    @property
    def id(self) -> bytes:
        """Four bytes that tell one key from another; what is sealed begins with them."""
        return hashlib.blake2b(self.raw, digest_size=4, person=b"landbridge-key").digest()

    @property
    def name(self) -> str:
        """The same in letters, to be shown: nothing of the key can be told from it."""
        return self.id.hex()


class Keyring:
    """All keys of one installation, the newest first.

    Keys from a file are read again whenever the file was replaced, so that a process that runs on learns of a
    new key before it seals anything more, and opens what another process sealed with it.
    """

    def __init__(self, keys: Sequence[Key], file: Path | None = None) -> None:
        self._keys = tuple(keys)
        self.file = file
        self._seen = _print_of(file)

    @property
    def newest(self) -> Key:
        """The key that seals."""
        self._look_again()
        return self._keys[0]

    @property
    def keys(self) -> tuple[Key, ...]:
        """All of them, the newest first."""
        self._look_again()
        return self._keys

    def find(self, key_id: bytes) -> Key | None:
        """The key with that id, None where it is not here."""
        return next((key for key in self.keys if key.id == key_id), None)

    def replace(self, keys: Sequence[Key]) -> None:
        """Put these into the file, whole or not at all; durable when it returns.

        Raises ``StoreFailure`` where the keys come from no file.
        """
        if self.file is None:
            raise StoreFailure(
                "The keys come from LANDBRIDGE_KEY, which only you can change.",
                "Put the new key before the old one there, with a blank between (docs/security.md).",
            )
        new = self.file.with_name(FILE_NAME + ".new")
        new.unlink(missing_ok=True)
        _write(new, keys)
        new.replace(self.file)
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._look_again()

    def _look_again(self) -> None:
        if self.file is None or not self.file.exists() or (seen := _print_of(self.file)) == self._seen:
            return  # a file that is gone takes no key from a process that runs
        self._keys, self._seen = _from_file(self.file), seen


def new_key() -> Key:
    """32 random bytes."""
    return Key(secrets.token_bytes(KEY_BYTES))


def load_keys(home: Path, given: str = "", *, make: bool = True) -> Keyring:
    """The keys from ``LANDBRIDGE_KEY`` (base64 of 32 bytes each, blanks between), else from ``home/key``.

    The file is made on first start, with mode 0600, unless ``make`` is False. Raises ``StoreFailure`` for a
    key of the wrong form, a file that others can read, or one that is not there and must not be made.
    """
    if given:
        return Keyring(_decoded(given, "LANDBRIDGE_KEY"))
    path = home / FILE_NAME
    if make and not path.exists():
        with suppress(FileExistsError):  # another process was first
            _write(path, [new_key()])
    if not path.exists():
        raise StoreFailure(
            f"There is no key: neither LANDBRIDGE_KEY nor the file {path}.",
            "Put the key of this installation back; without it no credential and no opt-out can be read.",
        )
    return Keyring(_from_file(path), path)


def _from_file(path: Path) -> tuple[Key, ...]:
    if path.stat().st_mode & 0o077:
        raise StoreFailure(
            f"The key file {path} can be read by other users.", f"Run `chmod 600 {path}`, then try again."
        )
    return _decoded(path.read_text(encoding="ascii"), f"the key file {path}")


def _write(path: Path, keys: Sequence[Key]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(base64.b64encode(key.raw) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())


def _print_of(file: Path | None) -> tuple[int, int, int] | None:
    """Changes when the file is another one."""
    if file is None:
        return None
    stat = file.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _decoded(text: str, origin: str) -> tuple[Key, ...]:
    keys = []
    for part in text.split() or [""]:
        try:
            raw = base64.b64decode(part, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != KEY_BYTES:
            raise StoreFailure(
                f"The key from {origin} is not {KEY_BYTES} bytes in base64.",
                "Make one with: `openssl rand -base64 32`.",
            )
        keys.append(Key(raw))
    return tuple(dict.fromkeys(keys))
