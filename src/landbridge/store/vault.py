"""Credentials at rest: AES-256-GCM, with the key outside the database."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.database import Database, StoreFailure
from landbridge.store.tables import pepper, secret

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = b"\x01"
_PEPPER = 0  # sealed as of an account that cannot be

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Key:
    """The master key; its repr shows nothing of it."""

    raw: bytes

    def __repr__(self) -> str:
        return "Key(…)"

    @property
    def id(self) -> bytes:
        """Four bytes that tell one key from another, for rotation."""
        return hashlib.blake2b(self.raw, digest_size=4, person=b"landbridge-key").digest()


def load_key(home: Path, given: str = "") -> Key:
    """The key from ``LANDBRIDGE_KEY`` (base64 of 32 bytes), else from ``home/key``, made on first start.

    The file has mode 0600. Raises ``StoreFailure`` for a key of the wrong form, or a file others can read.
    """
    if given:
        return _decoded(given, "LANDBRIDGE_KEY")
    path = home / "key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise StoreFailure(
                f"The key file {path} can be read by other users.", f"Run `chmod 600 {path}`, then try again."
            ) from None
        return _decoded(path.read_text(encoding="ascii").strip(), f"the key file {path}")
    with os.fdopen(descriptor, "wb") as file:
        raw = secrets.token_bytes(KEY_BYTES)
        file.write(base64.b64encode(raw) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return Key(raw)


def _decoded(text: str, origin: str) -> Key:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise StoreFailure(
            f"The key from {origin} is not {KEY_BYTES} bytes in base64.",
            'Make one with: python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"',
        )
    return Key(raw)


class Vault:
    """Seals and opens the credential of one account at a time; safe between processes.

    The account's id and the save's version are authenticated with the text (AAD), so a row
    copied to another account, or an older row put back, does not open.
    """

    def __init__(self, database: Database, key: Key) -> None:
        self._database = database
        self._key = key
        self._cipher = AESGCM(key.raw)

    async def pepper(self) -> bytes:
        """The secret under which addresses are hashed, made once, sealed like a credential.

        It is not the master key itself, so that turning that key does not lose who opted out.
        """
        async with self._database.write() as connection:
            sealed = (await connection.execute(select(pepper.c.sealed))).scalar_one_or_none()
            if sealed is None:
                sealed = self._seal(secrets.token_bytes(KEY_BYTES), _PEPPER, 1)
                await connection.execute(insert(pepper).values(id=1, sealed=sealed))
        try:
            return self._open(sealed, _PEPPER, 1)
        except StoreFailure:
            raise StoreFailure(
                "The list of addresses that opted out was sealed with another key.",
                "Put the old LANDBRIDGE_KEY or key file back: without it, who opted out would be forgotten.",
            ) from None

    async def load(self, account_id: int, kind: type[Body]) -> tuple[Body, int] | None:
        """The credential and its version, None when there is none."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(secret.c.sealed, secret.c.version).where(secret.c.account_id == account_id)
                )
            ).one_or_none()
        if row is None:
            return None
        return msgspec.json.decode(self._open(row.sealed, account_id, row.version), type=kind), row.version

    async def save(self, account_id: int, body: object, expected_version: int) -> int | None:
        """Store if the version is still the expected one (0: none yet); the new version, or None."""
        async with self._database.write() as connection:
            return await self.save_in(connection, account_id, body, expected_version)

    async def save_in(
        self, connection: AsyncConnection, account_id: int, body: object, expected_version: int
    ) -> int | None:
        """The same inside the caller's transaction."""
        version = expected_version + 1
        sealed = self._seal(msgspec.json.encode(body), account_id, version)
        found = (
            await connection.execute(select(secret.c.version).where(secret.c.account_id == account_id))
        ).scalar_one_or_none()
        if found is None and expected_version == 0:
            await connection.execute(
                insert(secret).values(account_id=account_id, sealed=sealed, version=version)
            )
            return version
        if found != expected_version:
            return None
        await connection.execute(
            update(secret).where(secret.c.account_id == account_id).values(sealed=sealed, version=version)
        )
        return version

    async def replace(self, account_id: int, body: object) -> int:
        """Store whatever was there before: a person connected again."""
        async with self._database.write() as connection:
            found = (
                await connection.execute(select(secret.c.version).where(secret.c.account_id == account_id))
            ).scalar_one_or_none()
            version = await self.save_in(connection, account_id, body, found or 0)
        if version is None:  # cannot happen inside one write transaction
            raise StoreFailure("The credential could not be stored.", "Try again.")
        return version

    async def begin_refresh(self, account_id: int, owner: str, now: float, seconds: float) -> bool:
        """Take the account's one refresh slot; False while another owner holds it."""
        async with self._database.write() as connection:
            result = await connection.execute(
                update(secret)
                .where(secret.c.account_id == account_id)
                .where((secret.c.refresh_until <= now) | (secret.c.refresh_owner == owner))
                .values(refresh_until=now + seconds, refresh_owner=owner)
            )
        return result.rowcount == 1

    async def end_refresh(self, account_id: int, owner: str) -> None:
        """Give the slot back."""
        async with self._database.write() as connection:
            await connection.execute(
                update(secret)
                .where(secret.c.account_id == account_id, secret.c.refresh_owner == owner)
                .values(refresh_until=0.0, refresh_owner="")
            )

    def seal(self, body: object, purpose: str) -> bytes:
        """Seal something that is kept elsewhere; it opens for the same purpose only."""
        return self._seal(msgspec.json.encode(body), purpose, 1)

    def opened(self, sealed: bytes, purpose: str, kind: type[Body]) -> Body:
        """Open it again; raises ``StoreFailure`` for another key or purpose."""
        return msgspec.json.decode(self._open(sealed, purpose, 1), type=kind)

    def code(self, purpose: str) -> str:
        """Ten letters that only the keeper of the key can tell, the same in every process (50 bits)."""
        digest = hashlib.blake2b(
            purpose.encode(), key=self._key.raw, digest_size=10, person=b"landbridge-code"
        )
        return base64.b32encode(digest.digest()).decode().lower()[:10]

    def _seal(self, text: bytes, account_id: int | str, version: int) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + self._key.id + nonce + self._cipher.encrypt(nonce, text, _aad(account_id, version))

    def _open(self, sealed: bytes, account_id: int | str, version: int) -> bytes:
        key_id, nonce = sealed[1:5], sealed[5 : 5 + NONCE_BYTES]
        if sealed[:1] != FORMAT or key_id != self._key.id:
            raise StoreFailure(
                "The stored credential was sealed with another key.",
                "Put the old LANDBRIDGE_KEY or key file back, or connect the account again.",
            )
        try:
            return self._cipher.decrypt(nonce, sealed[5 + NONCE_BYTES :], _aad(account_id, version))
        except InvalidTag:
            raise StoreFailure(
                "The stored credential was altered and is not used.", "Connect the account again."
            ) from None


def _aad(account_id: int | str, version: int) -> bytes:
    return f"landbridge:account:{account_id}:{version}".encode()
