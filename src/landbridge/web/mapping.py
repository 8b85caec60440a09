"""The mapping of a bridge as a page: rows to edit, what they mean for three contacts, a test, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from landbridge.engine.answers import NotPossible
from landbridge.engine.mapping_book import LONGEST, own_fields
from landbridge.engine.mapping_samples import Samples
from landbridge.engine.trials import Trial
from landbridge.store.bridges import Bridge
from landbridge.store.mapping_versions import MappingVersion
from landbridge.sync.mapping import MappingError, read_policy
from landbridge.sync.mapping_changes import mapping_changes
from landbridge.sync.suggestions import OwnField, Suggestion
from landbridge.systems.base import SystemFailure
from landbridge.web import mapping_draft as drafts
from landbridge.web.mapping_draft import Draft, draft_of, edited, print_of
from landbridge.web.mapping_trial import FoundLine, found_lines
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import problem_of, status_of
from landbridge.web.status import find_bridge
from landbridge.web.who import asking

TRIED, SAVED, BACK = "tried", "saved", "back"
NOT_TEXT = Problem("File: this is no text in UTF-8.", "Choose the mapping file that the download gave you.")
MEANWHILE = Problem(
    "Somebody else saved this mapping while you were editing; nothing of yours is lost.",
    "Compare with the newest version below, then save again to replace it, or open the page anew.",
)


@dataclass(frozen=True, slots=True)
class MappingView:
    """What the page shows; ``changes`` are sentences about what a save would change."""

    bridge: Bridge
    draft: Draft
    own: list[OwnField] | None
    suggested: Sequence[Suggestion]
    samples: Samples
    versions: Sequence[MappingVersion]
    changes: Sequence[str]
    synced: bool
    setup: bool
    after: str = ""
    told: str = ""
    trial: Trial | None = None

    @property
    def changed(self) -> bool:
        """Is it another text than the one in force?"""
        return self.draft.text != self.bridge.policy

    @property
    def tried(self) -> bool:
        """Was exactly this text tried?"""
        return self.trial is not None and self.trial.mapping == self.draft.text

    @property
    def found(self) -> list[FoundLine]:
        """What the test found."""
        return found_lines(self.trial)


class MappingPages:
    """``/bridges/ID/mapping``, its text, its test and its versions."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def router(self) -> APIRouter:
        """The routes of these pages."""
        router = APIRouter(include_in_schema=False)
        path = "/bridges/{bridge_id:int}/mapping"
        for tail, function, method in (
            ("", self.page, "GET"),
            ("", self.edit, "POST"),
            ("/text", self.text, "GET"),
            ("/text", self.edit_text, "POST"),
            ("/file", self.download, "GET"),
            ("/fields", self.read_fields, "POST"),
            ("/trial", self.trial, "GET"),
            ("/trial/stop", self.stop, "POST"),
            ("/versions/{version_id:int}", self.version, "GET"),
            ("/versions/{version_id:int}", self.go_back, "POST"),
        ):
            router.add_api_route(f"{path}{tail}", function, methods=[method])
        return router

    async def page(self, bridge_id: int, setup: str = "", told: str = "", after: str = "") -> Response:
        """The mapping in force; after a test, the text that was tried."""
        bridge = await find_bridge(self._product, bridge_id)
        trial = self._product.trials.state(bridge)
        text = trial.mapping if told == TRIED and trial and trial.mapping else bridge.policy
        draft = self._draft(bridge, text, print_of(bridge.policy))
        return await self._shown(bridge, draft, setup=setup == "yes", told=told, after=after[:64])

    async def edit(self, request: Request, bridge_id: int) -> Response:
        """Whatever the buttons of the table ask for: what was typed is never lost."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        own = own_fields(bridge)
        types = {one.native: one.type for one in own or ()}
        try:
            text = edited(form, types, self._suggested(bridge, _text(form)))
        except MappingError:
            text = _text(form)
        return await self._take(request, bridge, form, text, "mapping.html")

    async def text(self, bridge_id: int, setup: str = "") -> Response:
        """The mapping as text."""
        bridge = await find_bridge(self._product, bridge_id)
        draft = self._draft(bridge, bridge.policy, print_of(bridge.policy))
        return await self._shown(bridge, draft, setup=setup == "yes", template="mapping_text.html")

    async def edit_text(self, request: Request, bridge_id: int) -> Response:
        """The text as it was typed, or a file that was sent."""
        bridge = await find_bridge(self._product, bridge_id)
        async with request.form(max_files=1, max_part_size=4 * LONGEST) as form:  # a file is closed again
            text, file = _text(form), form.get("file")
            try:
                if str(form.get("do")) == "upload":
                    raw = await file.read(4 * LONGEST) if isinstance(file, UploadFile) else b""
                    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
            except UnicodeDecodeError:
                draft = self._draft(bridge, text, str(form.get("base", "")))
                return await self._shown(
                    bridge, draft, problem=NOT_TEXT, status=422, template="mapping_text.html"
                )
            return await self._take(request, bridge, form, text, "mapping_text.html")

    async def download(self, bridge_id: int) -> Response:
        """The mapping file, to the letter."""
        bridge = await find_bridge(self._product, bridge_id)
        name = f"mapping-{bridge.id}.toml"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(bridge.policy, media_type="application/toml; charset=utf-8", headers=headers)

    async def read_fields(self, request: Request, bridge_id: int) -> Response:
        """Ask HighLevel for the fields of its owner, once; the draft stays as it was typed."""
        bridge = await find_bridge(self._product, bridge_id)
        form = await request.form()
        problem, status = None, 200
        try:
            await self._product.mappings.read_own_fields(bridge)
        except (SystemFailure, NotPossible) as failure:
            problem, status = problem_of(failure), status_of(failure)
        bridge = await find_bridge(self._product, bridge_id)
        text = _text(form) or bridge.policy
        draft = self._draft(bridge, text, str(form.get("base", "")) or print_of(bridge.policy))
        setup = form.get("setup") == "yes"
        return await self._shown(bridge, draft, setup=setup, problem=problem, status=status)

    async def trial(self, bridge_id: int) -> Response:
        """The region of the page that tells how the test goes."""
        bridge = await find_bridge(self._product, bridge_id)
        trial = self._product.trials.state(bridge)
        return self._pages.page("mapping_trial.html", bridge=bridge, trial=trial, found=found_lines(trial))

    async def stop(self, bridge_id: int) -> Response:
        """End the test; it has written nothing."""
        bridge = await find_bridge(self._product, bridge_id)
        self._product.trials.stop(bridge)
        return _go(bridge, TRIED)

    async def version(self, bridge_id: int, version_id: int) -> Response:
        """An earlier mapping, and what taking it again would change."""
        bridge = await find_bridge(self._product, bridge_id)
        version = await self._product.mappings.version(bridge, version_id)
        changes = _changes(bridge, version.text)
        return self._pages.page(
            "mapping_version.html", bridge=bridge, version=version, changes=changes, here="mapping"
        )

    async def go_back(self, bridge_id: int, version_id: int) -> Response:
        """Save an earlier mapping again."""
        bridge = await find_bridge(self._product, bridge_id)
        await self._product.mappings.go_back(bridge, version_id, by=asking().name)
        return _go(bridge, BACK)

    async def _take(
        self, request: Request, bridge: Bridge, form: FormData, text: str, template: str
    ) -> Response:
        """Save, try, or show what it means."""
        do, setup = str(form.get("do", "")), form.get("setup") == "yes"
        draft = self._draft(bridge, text, str(form.get("base", "")))
        after = str(form.get("after", ""))[:64] if do != "others" else str(form.get("following", ""))[:64]
        if do not in ("save", "try") or draft.policy is None:
            refused = do in ("save", "try") and "hx-request" not in request.headers
            status = 422 if refused else 200
            return await self._shown(
                bridge, draft, setup=setup, after=after, status=status, template=template
            )
        try:
            if do == "try":
                self._product.trials.start(bridge, draft.text, asking().name)
                return _go(bridge, TRIED, setup=setup)
            if draft.base != print_of(bridge.policy) and draft.text != bridge.policy:
                mine = replace(draft, base=print_of(bridge.policy))
                return await self._shown(
                    bridge, mine, setup=setup, problem=MEANWHILE, status=409, template=template
                )
            await self._product.mappings.save(bridge, draft.text, by=asking().name)
        except NotPossible as failure:
            problem = problem_of(failure)
            return await self._shown(
                bridge, draft, setup=setup, problem=problem, status=409, template=template
            )
        return RedirectResponse(f"/setup/{bridge.id}/scope", 303) if setup else _go(bridge, SAVED)

    def _draft(self, bridge: Bridge, text: str, base: str) -> Draft:
        try:
            return draft_of(text, base, self._product.mappings.check(bridge, text))
        except MappingError as error:
            return draft_of(text, base, error)
        except NotPossible as failure:
            return draft_of(text, base, MappingError([f"{failure.sentence} {failure.fix}"]))

    def _suggested(self, bridge: Bridge, text: str) -> Sequence[Suggestion]:
        try:
            return self._product.mappings.suggestions(bridge, read_policy(text))
        except MappingError:
            return ()

    async def _shown(
        self,
        bridge: Bridge,
        draft: Draft,
        *,
        setup: bool = False,
        told: str = "",
        after: str = "",
        problem: Problem | None = None,
        status: int = 200,
        template: str = "mapping.html",
    ) -> Response:
        book = self._product.mappings
        policy = draft.policy
        versions = await book.versions(bridge)
        earlier = versions[1].text if told in (SAVED, BACK) and len(versions) > 1 else bridge.policy
        now = bridge.policy if told in (SAVED, BACK) else draft.text
        view = MappingView(
            bridge,
            draft,
            own_fields(bridge),
            book.suggestions(bridge, policy) if policy else (),
            await book.samples(bridge, policy, after) if policy else Samples(),
            versions,
            _between(earlier, now) if policy else (),
            await book.synced(bridge),
            setup,
            after,
            told,
            self._product.trials.state(bridge),
        )
        return self._pages.page(
            template, status=status, bridge=bridge, view=view, problem=problem, drafts=drafts, here="mapping"
        )


def _text(form: FormData) -> str:
    return str(form.get("text", "")).replace("\r\n", "\n")


def _changes(bridge: Bridge, text: str) -> list[str]:
    return _between(bridge.policy, text)


def _between(before: str, after: str) -> list[str]:
    """What another text changes; nothing is said of one that cannot be read."""
    try:
        return mapping_changes(read_policy(before), read_policy(after))
    except MappingError:
        return []


def _go(bridge: Bridge, told: str, *, setup: bool = False) -> Response:
    asked: Mapping[str, str] = {"told": told} | ({"setup": "yes"} if setup else {})
    anchor = "#trial" if told == TRIED else ""
    return RedirectResponse(f"/bridges/{bridge.id}/mapping?{urlencode(asked)}{anchor}", 303)
