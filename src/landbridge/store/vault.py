"""Credentials at rest: AES-256-GCM, with the key outside the database."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from landbridge.store.database import Database, StoreFailure
from landbridge.store.keyring import KEY_BYTES, Key, Keyring
from landbridge.store.tables import pepper, secret

NONCE_BYTES = 12
FORMAT = b"\x01"
PEPPER = 0  # sealed as of an account that cannot be

Body = TypeVar("Body")


class Vault:
    """Seals and opens the credential of one account at a time; safe between processes.

    The account's id and the save's version are authenticated with the text (AAD), so a row
    copied to another account, or an older row put back, does not open. What is sealed tells with
    which key: the newest key seals, and any key of the ring opens (``store/rotation.py``).
    """

    def __init__(self, database: Database, keys: Keyring | Key) -> None:
        self._database = database
        self.keys = keys if isinstance(keys, Keyring) else Keyring([keys])

    async def pepper(self) -> bytes:
        """The secret under which addresses are hashed, made once, sealed like a credential.

        It is not the master key itself, so that turning that key does not lose who opted out.
        """
        async with self._database.write() as connection:
            sealed = (await connection.execute(select(pepper.c.sealed))).scalar_one_or_none()
            if sealed is None:
                sealed = self._seal(secrets.token_bytes(KEY_BYTES), PEPPER, 1)
                await connection.execute(insert(pepper).values(id=1, sealed=sealed))
        return self.opened_pepper(sealed)

    def opened_pepper(self, sealed: bytes) -> bytes:
        """The secret from a row of the table ``pepper``; raises ``StoreFailure`` without its key."""
        try:
            return self._open(sealed, PEPPER, 1)
        except StoreFailure:
            raise StoreFailure(
                "The list of addresses that opted out was sealed with another key.",
                "Put the old LANDBRIDGE_KEY or key file back: without it, who opted out would be forgotten.",
            ) from None

    async def fits(self) -> bool:
        """Whether the key opens what is stored; true where nothing is. Nothing is written."""
        async with self._database.read() as connection:
            peppers = list((await connection.execute(select(pepper.c.sealed))).scalars())
            query = select(secret.c.account_id, secret.c.sealed, secret.c.version).limit(1)
            credentials = list(await connection.execute(query))
        try:
            for sealed in peppers:
                self._open(sealed, PEPPER, 1)
            for row in credentials:
                self._open(row.sealed, row.account_id, row.version)
        except StoreFailure:
            return False
        return True

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

    async def destroy(self, account_id: int) -> bool:
        """Overwrite the credential, then delete it; False where there was none."""
        here = secret.c.account_id == account_id
        async with self._database.erasing() as connection:
            sealed = (await connection.execute(select(secret.c.sealed).where(here))).scalar_one_or_none()
            if sealed is None:
                return False
            await connection.execute(update(secret).where(here).values(sealed=os.urandom(len(sealed))))
            await connection.execute(delete(secret).where(here))
        return True

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
            purpose.encode(), key=self.keys.newest.raw, digest_size=10, person=b"landbridge-code"
        )
        return base64.b32encode(digest.digest()).decode().lower()[:10]

    def sealed_again(self, sealed: bytes, account_id: int | str, version: int) -> bytes | None:
        """The same text under the newest key, None where it is under that key already."""
        if key_id_of(sealed) == self.keys.newest.id:
            return None
        return self._seal(self._open(sealed, account_id, version), account_id, version)

    def _seal(self, text: bytes, account_id: int | str, version: int) -> bytes:
        nonce, key = os.urandom(NONCE_BYTES), self.keys.newest
        return FORMAT + key.id + nonce + AESGCM(key.raw).encrypt(nonce, text, _aad(account_id, version))

    def _open(self, sealed: bytes, account_id: int | str, version: int) -> bytes:
        nonce, key = sealed[5 : 5 + NONCE_BYTES], self.keys.find(key_id_of(sealed))
        if sealed[:1] != FORMAT or key is None:
            raise StoreFailure(
                "The stored credential was sealed with another key.",
                "Put the old LANDBRIDGE_KEY or key file back, or connect the account again.",
            )
        try:
            return AESGCM(key.raw).decrypt(nonce, sealed[5 + NONCE_BYTES :], _aad(account_id, version))
        except InvalidTag:
            raise StoreFailure(
                "The stored credential was altered and is not used.", "Connect the account again."
            ) from None


def key_id_of(sealed: bytes) -> bytes:
    """Which key something was sealed with (``Key.id``)."""
    return sealed[1:5]


def _aad(account_id: int | str, version: int) -> bytes:
    return f"landbridge:account:{account_id}:{version}".encode()
