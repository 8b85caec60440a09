"""The API about people and the keys of programs; rights.py lets only owners in."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.access.people import DoorLink
from landbridge.access.roles import Role
from landbridge.store.logins import KeyRow
from landbridge.store.people import PersonRow
from landbridge.web.ports import Product
from landbridge.web.who import asking


class PersonFacts(BaseModel):
    """Somebody who can log in; times are epoch seconds, UTC."""

    id: int
    name: str
    email: str
    role: Role
    invited: bool = Field(description="Has not chosen a password yet.")
    disabled_at: float | None
    created_at: float


class LinkFacts(BaseModel):
    """A link by which somebody chooses a password, once; it is shown this once."""

    email: str
    url: str
    ends_at: float
    mailed: str = Field(description="What became of mailing it; blank where no mail server is configured.")


class LoginFacts(BaseModel):
    """One attempt to log in; name and e-mail are blank unless it was for somebody of this installation."""

    at: float
    outcome: str
    name: str
    email: str


class Invitation(BaseModel):
    """Who is invited."""

    model_config = ConfigDict(extra="forbid")

    name: str
    email: str
    role: Role = Role.VIEWER


class PersonOrder(BaseModel):
    """What becomes of a person; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = None
    role: Role | None = None
    enabled: bool | None = None


class KeyFacts(BaseModel):
    """A key of a program; ``shown`` is how it begins."""

    id: int
    shown: str
    name: str
    role: Role
    made_by: str
    created_at: float
    used_at: float | None
    revoked_at: float | None


class KeyOrder(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What it is for.")
    role: Role = Role.VIEWER


class NewKeyFacts(BaseModel):
    """A new key; it is shown this once."""

    key: str
    name: str
    role: Role


class PeopleApi:
    """``/api/v1/people`` and ``/api/v1/keys``."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1", tags=["people"])
        router.add_api_route("/people", self.everybody, methods=["GET"])
        router.add_api_route("/people", self.invite, methods=["POST"])
        router.add_api_route("/people/logins", self.logins, methods=["GET"])
        router.add_api_route("/people/{person_id:int}", self.change, methods=["PATCH"])
        router.add_api_route("/people/{person_id:int}", self.remove, methods=["DELETE"], status_code=204)
        router.add_api_route("/people/{person_id:int}/link", self.link, methods=["POST"])
        router.add_api_route(
            "/people/{person_id:int}/log-out", self.log_out, methods=["POST"], status_code=204
        )
        router.add_api_route("/keys", self.keys, methods=["GET"])
        router.add_api_route("/keys", self.make_key, methods=["POST"])
        router.add_api_route("/keys/{key_id:int}", self.revoke, methods=["DELETE"], status_code=204)
        return router

    async def everybody(self) -> list[PersonFacts]:
        """Everybody who can log in."""
        return [_facts(one) for one in await self._product.people.everybody()]

    async def invite(self, order: Invitation) -> LinkFacts:
        """Invite somebody; they choose a password by the link."""
        return await self._linked(await self._product.people.invite(order.name, order.email, order.role))

    async def link(self, person_id: int) -> LinkFacts:
        """A new link for somebody: the invitation again, or to choose another password."""
        return await self._linked(await self._product.people.new_link(person_id))

    async def log_out(self, person_id: int) -> None:
        """End every session of somebody."""
        await self._product.people.log_out(person_id)

    async def logins(self) -> list[LoginFacts]:
        """The newest 200 attempts to log in, the newest first; kept for a year."""
        found = await self._product.doors.logins()
        return [LoginFacts(at=one.at, outcome=one.outcome, name=one.name, email=one.email) for one in found]

    async def _linked(self, made: DoorLink) -> LinkFacts:
        return LinkFacts(
            email=made.email,
            url=f"{self._product.settings.public_url}{made.path}",
            ends_at=made.ends_at,
            mailed=await self._product.letters.send(made),
        )

    async def change(self, person_id: int, order: PersonOrder) -> PersonFacts:
        """Give somebody another name or role, or let them in no more, or again."""
        people = self._product.people
        if order.name is not None:
            await people.rename(person_id, order.name)
        if order.role is not None:
            await people.set_role(person_id, order.role)
        if order.enabled is not None:
            await (people.enable if order.enabled else people.disable)(person_id)
        return _facts(await people.one(person_id))

    async def remove(self, person_id: int) -> None:
        """Forget somebody; what they did stays written down."""
        await self._product.people.remove(person_id)

    async def keys(self) -> list[KeyFacts]:
        """All keys, those that were taken away too."""
        return [_key(one) for one in await self._product.doors.keys()]

    async def make_key(self, order: KeyOrder) -> NewKeyFacts:
        """A new key."""
        made = await self._product.doors.make_key(order.name, order.role, by=asking().name)
        return NewKeyFacts(key=made.secret, name=made.name, role=made.role)

    async def revoke(self, key_id: int) -> None:
        """Take a key away."""
        await self._product.doors.revoke_key(key_id)


def _facts(row: PersonRow) -> PersonFacts:
    return PersonFacts(
        id=row.id,
        name=row.name,
        email=row.email,
        role=Role(row.role),
        invited=not row.password,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
    )


def _key(row: KeyRow) -> KeyFacts:
    return KeyFacts(
        id=row.id,
        shown=row.shown,
        name=row.name,
        role=Role(row.role),
        made_by=row.made_by,
        created_at=row.created_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
