"""The first two steps of the set-up: the accounts, each tried before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from landbridge.engine.contact_book import kept_where
from landbridge.store.bridges import Account, Bridge
from landbridge.sync.model import ACTIVITIES, Side
from landbridge.systems.base import stored_kinds
from landbridge.systems.highlevel.config import READ_SCOPES, WRITE_SCOPES
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.setup_frame import NEW, Frame, Frames, go

READ_ONLY = "read"
NO_TOKEN = Problem(
    "Token and location id are both needed.",
    "Copy both from HighLevel: the token is shown once, when it is made; the location id is in the address of"
    " the location’s pages.",
)
NO_LOGIN = Problem(
    "User name and password are both needed.", "Enter the API credentials that Rezora gave you, then connect."
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was found out about an account; ``good`` is False where something is missing."""

    title: str
    sentence: str
    good: bool = True


class AccountSteps:
    """``/setup/KEY/highlevel`` and ``/setup/KEY/rezora``."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._frames = Frames(product, pages)

    def add_to(self, router: APIRouter) -> None:
        """The routes of these steps."""
        router.add_api_route("/setup/{key}/highlevel", self.highlevel, methods=["GET"])
        router.add_api_route("/setup/{key}/highlevel", self.token, methods=["POST"])
        router.add_api_route("/setup/{key}/rezora", self.rezora, methods=["GET"])
        router.add_api_route("/setup/{key}/rezora", self.login, methods=["POST"])
        router.add_api_route("/setup/{key}/{side}/use", self.use, methods=["POST"])

    async def highlevel(self, key: str) -> Response:
        """Choose what may be done, then connect."""
        return await self.show(await self._frames.frame(key, "highlevel"))

    async def rezora(self, key: str) -> Response:
        """User name and password."""
        return await self.show(await self._frames.frame(key, "rezora"))

    async def token(
        self,
        key: str,
        token: Annotated[str, Form()] = "",
        location: Annotated[str, Form()] = "",
        access: Annotated[str, Form()] = "",
    ) -> Response:
        """Try a Private Integration Token; it is never shown again, whatever happens."""
        typed = {"location": location.strip()[:200], "access": access[:10]}
        frame = await self._typed(key, "highlevel", typed)
        if not token.strip() or not typed["location"]:
            return await self.show(replace(frame, problem=NO_TOKEN, status=422))
        try:
            account = await self._product.connect_highlevel(
                token=token.strip(), location=typed["location"], read_only=access == READ_ONLY
            )
            return await self._attached(frame, account)
        except FAILURES as failure:
            return await self.show(replace(frame, problem=problem_of(failure), status=status_of(failure)))

    async def login(
        self, key: str, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
    ) -> Response:
        """Try the credentials; the password is never shown again, whatever happens."""
        name = username.strip()[:200]
        frame = await self._typed(key, "rezora", {"username": name})
        if not name or not password:
            return await self.show(replace(frame, problem=NO_LOGIN, status=422))
        try:
            return await self._attached(frame, await self._product.connect_rezora(name, password))
        except FAILURES as failure:
            return await self.show(replace(frame, problem=problem_of(failure), status=status_of(failure)))

    async def use(self, key: str, side: str, account: Annotated[str, Form()] = "") -> Response:
        """Take an account that is connected already and belongs to no bridge."""
        frame = await self._typed(key, side if side in list(Side) else Side.HIGHLEVEL, {})
        try:
            found = next(one for one in await self._free(frame.at) if one.external_id == account)
        except StopIteration:
            gone = Problem("This account is not free any more.", "Choose another one, or connect it again.")
            return await self.show(replace(frame, problem=gone, status=409))
        return await self._attached(frame, found)

    async def show(self, frame: Frame) -> Response:
        """The page of one of the two, with what was found and what can be done."""
        away = await self._frames.gone_live(frame)
        if away is not None:
            return away
        account = frame.accounts.get(Side(frame.at))
        settings = self._product.settings
        return self._frames.draw(
            frame,
            account=account,
            facts=facts_of(account, frame.bridge) if account else [],
            free=await self._free(frame.at) if account is None else [],
            app=bool(settings.highlevel_client_id and settings.highlevel_client_secret.get_secret_value()),
            only_reads=settings.highlevel_read_only,
            scopes={"read": READ_SCOPES, "write": WRITE_SCOPES},
        )

    async def attach(self, key: str, account: Account) -> Response:
        """An account came back from HighLevel's consent page."""
        frame = await self._typed(key, account.side, {})
        try:
            return await self._attached(frame, account)
        except FAILURES as failure:
            return await self.show(replace(frame, problem=problem_of(failure), status=status_of(failure)))

    async def _typed(self, key: str, at: str, values: Mapping[str, str]) -> Frame:
        """The frame of a form, with its set-up begun if it is not yet, and what was typed kept."""
        setup = await self._product.setups.begin() if key == NEW else None
        frame = await self._frames.frame(setup.key if setup else key, at)
        kept = await self._product.setups.keep(frame.the_setup, at, values)
        return replace(frame, setup=kept)

    async def _attached(self, frame: Frame, account: Account) -> Response:
        setup = await self._product.setups.attach(frame.the_setup, account)
        return go(await self._frames.of(setup, frame.at), frame.at)

    async def _free(self, side: str) -> list[Account]:
        """Connected accounts of one side that no bridge has yet."""
        bridges = await self._product.all_bridges()
        taken = {account.id for bridge in bridges for account in (bridge.highlevel, bridge.rezora)}
        accounts = await self._product.accounts()
        return [one for one in accounts if one.side == side and one.id not in taken]


def facts_of(account: Account, bridge: Bridge | None = None) -> list[Fact]:
    """What an account can do, in words."""
    found = _highlevel(account) if account.side is Side.HIGHLEVEL else _rezora(account)
    notes = [Fact("Note", note) for note in account.capability.get("notes", ())]
    trouble = [Fact("Trouble", f"{account.trouble} {account.trouble_fix}", good=False)]
    return (trouble if account.trouble else []) + found + notes


def _highlevel(account: Account) -> list[Fact]:
    known = account.capability
    writes, count = bool(known.get("can_write")), known.get("custom_fields")
    if writes:
        access = Fact("Access", "Read and write: changes go both ways.")
    else:
        access = Fact("Access", "Read only: changes go from HighLevel to Rezora, never back.")
    fields = (
        Fact("Custom fields", "Could not be read, so none of them can be mapped.", good=False)
        if count is None
        else Fact("Custom fields", f"{count:,} of your own; each can be mapped.")
    )
    found = [
        Fact("Location", account.title or account.external_id),
        Fact("Time zone", str(known.get("time_zone") or "not told; UTC is used")),
        access,
        fields,
        _activities(account),
    ]
    if writes:
        found.append(_marker(bool(known.get("marker_field"))))
    return found


def _marker(made: bool) -> Fact:
    if made:
        sentence = "The field “Landbridge: Rezora ID” is there, so a contact is found again by it."
    else:
        sentence = (
            "The field “Landbridge: Rezora ID” could not be made. It works without: contacts are found again"
            " by e-mail, phone and name."
        )
    return Fact("Marker", sentence, good=made)


def _activities(account: Account) -> Fact:
    reads, _ = stored_kinds(account.capability)
    have = [f"{kind.value}s" for kind in ACTIVITIES if kind in reads]
    lack = [f"{kind.value}s" for kind in ACTIVITIES if kind not in reads]
    words = f"Can be read: {', '.join(have)}." if have else "None can be read."
    return Fact("Activities", words + (f" Not: {', '.join(lack)}." if lack else ""), good=not lack)


def _rezora(account: Account) -> list[Fact]:
    reads, _ = stored_kinds(account.capability)
    pair = Bridge(0, "", account, account, "")  # only Rezora's side of it is asked
    return [
        Fact("Account", account.title or account.external_id),
        Fact("Contacts", "Read, created and updated. Contacts of other integrations are left alone."),
        Fact("Lists", "Read and kept in step with tags, as the mapping says."),
        Fact(
            "Tasks, notes, appointments",
            f"{kept_where(pair).sentence} How they look there is an assumption.",
            good=len(reads) == len(ACTIVITIES),
        ),
    ]
