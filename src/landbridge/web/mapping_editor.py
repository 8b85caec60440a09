"""The editor of a mapping, on the page of a bridge and in its set-up: rows, examples, a test, and saving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
from landbridge.web import mapping_draft as drafts
from landbridge.web.mapping_draft import Draft, draft_of, edited, print_of
from landbridge.web.mapping_trial import FoundLine, found_lines
from landbridge.web.pages import Pages, Problem
from landbridge.web.ports import Product
from landbridge.web.problems import FAILURES, problem_of, status_of
from landbridge.web.status import find_bridge
from landbridge.web.who import asking

TRIED, SAVED, BACK = "tried", "saved", "back"
TRIED_EVENT = "mappingTried"  # told to the page when a test has ended: what was read is there for examples
NOT_TEXT = Problem("File: this is no text in UTF-8.", "Choose the mapping file that the download gave you.")
MEANWHILE = Problem(
    "Somebody else saved this mapping while you were editing; nothing of yours is lost.",
    "Compare with the newest version below, then save again to replace it, or open the page anew.",
)

Keep = Callable[[str, str], Awaitable[None]]
"""Remembers a text that is being edited, and the print of the saved one it began with; blanks: nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an editor stands: its address and templates, what its page has around it, and where it leads.

    In a set-up ``keep`` remembers what was typed, and ``before`` is the step that *Back* goes to.
    """

    bridge: Bridge
    base: str
    table: str
    source: str
    saved: str
    around: Mapping[str, object] = field(default_factory=dict)
    keep: Keep | None = None
    before: str = ""

    @property
    def setup(self) -> bool:
        """Is it a step of the set-up?"""
        return self.keep is not None


@dataclass(frozen=True, slots=True)
class MappingView:
    """What the page shows; ``changes`` are sentences about what a save would change."""

    place: Place
    draft: Draft
    own: list[OwnField] | None
    suggested: Sequence[Suggestion]
    samples: Samples
    versions: Sequence[MappingVersion]
    changes: Sequence[str]
    synced: bool
    after: str = ""
    told: str = ""
    trial: Trial | None = None

    @property
    def changed(self) -> bool:
        """Is it another text than the one in force?"""
        return self.draft.text != self.place.bridge.policy

    @property
    def tried(self) -> bool:
        """Was exactly this text tried?"""
        return self.trial is not None and self.trial.mapping == self.draft.text

    @property
    def found(self) -> list[FoundLine]:
        """What the test found."""
        return found_lines(self.trial)


class Editor:
    """Takes and shows mappings that are being edited, at whatever place."""

    def __init__(self, product: Product, pages: Pages) -> None:
        self._product = product
        self._pages = pages

    def draft(self, bridge: Bridge, text: str, base: str) -> Draft:
        """A text with what is wrong with it; ``base`` tells which saved one it began with."""
        try:
            return draft_of(text, base, self._product.mappings.check(bridge, text))
        except MappingError as error:
            return draft_of(text, base, error)
        except NotPossible as failure:
            return draft_of(text, base, MappingError([f"{failure.sentence} {failure.fix}"]))

    async def edit(self, request: Request, place: Place) -> Response:
        """Whatever the buttons of the table ask for: what was typed is never lost."""
        form = await request.form()
        types = {one.native: one.type for one in own_fields(place.bridge) or ()}
        try:
            text = edited(form, types, self._suggested(place.bridge, _text(form)))
        except MappingError:
            text = _text(form)
        return await self._take(request, place, form, text, place.table)

    async def edit_text(self, request: Request, place: Place) -> Response:
        """The text as it was typed, or a file that was sent."""
        async with request.form(max_files=1, max_part_size=4 * LONGEST) as form:  # a file is closed again
            text, file = _text(form), form.get("file")
            try:
                if str(form.get("do")) == "upload":
                    raw = await file.read(4 * LONGEST) if isinstance(file, UploadFile) else b""
                    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
            except UnicodeDecodeError:
                draft = self.draft(place.bridge, text, str(form.get("base", "")))
                return await self.shown(place, draft, problem=NOT_TEXT, status=422, template=place.source)
            return await self._take(request, place, form, text, place.source)

    async def read_own(self, request: Request, place: Place) -> Response:
        """Ask HighLevel for the fields of its owner, once; what else was typed stays."""
        form = await request.form()
        problem, status = None, 200
        types = {one.native: one.type for one in own_fields(place.bridge) or ()}
        try:
            text = edited(form, types, ())
        except MappingError:
            text = _text(form)
        try:
            await self._product.mappings.read_own_fields(place.bridge)
        except FAILURES as failure:
            problem, status = problem_of(failure), status_of(failure)
        place = replace(place, bridge=await find_bridge(self._product, place.bridge.id))
        base = str(form.get("base", "")) or print_of(place.bridge.policy)
        draft = self.draft(place.bridge, text or place.bridge.policy, base)
        await _keep(place, draft)
        return await self.shown(place, draft, problem=problem, status=status)

    async def trial(self, place: Place) -> Response:
        """The region of the page that tells how the test goes."""
        trial = self._product.trials.state(place.bridge)
        found = found_lines(trial)
        answer = self._pages.page(
            "mapping_trial.html", bridge=place.bridge, base=place.base, trial=trial, found=found
        )
        if trial is not None and not trial.running:
            answer.headers["HX-Trigger"] = TRIED_EVENT
        return answer

    def stop(self, place: Place) -> Response:
        """End the test; it has written nothing."""
        self._product.trials.stop(place.bridge)
        return go(place, TRIED)

    async def shown(
        self,
        place: Place,
        draft: Draft,
        *,
        told: str = "",
        after: str = "",
        problem: Problem | None = None,
        status: int = 200,
        template: str = "",
    ) -> Response:
        """The page with a draft on it."""
        book, bridge, policy = self._product.mappings, place.bridge, draft.policy
        versions = await book.versions(bridge)
        saved = told in (SAVED, BACK)
        earlier = versions[1].text if saved and len(versions) > 1 else bridge.policy
        view = MappingView(
            place,
            draft,
            own_fields(bridge),
            book.suggestions(bridge, policy) if policy else (),
            await book.samples(bridge, policy, after) if policy else Samples(),
            versions,
            between(earlier, bridge.policy if saved else draft.text) if policy else (),
            await book.synced(bridge),
            after,
            told,
            self._product.trials.state(bridge),
        )
        around = {"bridge": bridge, "view": view, "problem": problem, "drafts": drafts, **place.around}
        return self._pages.page(template or place.table, status=status, **around)

    async def _take(
        self, request: Request, place: Place, form: FormData, text: str, template: str
    ) -> Response:
        """Save, try, go elsewhere, or show what it means."""
        do = str(form.get("do", ""))
        draft = self.draft(place.bridge, text, str(form.get("base", "")))
        await _keep(place, draft)
        if do == "back" and place.before:
            return RedirectResponse(place.before, 303)
        if do in ("save", "try") and draft.policy is not None:
            return await self._carry_out(do, place, draft, template)
        after = str(form.get("after", ""))[:64] if do != "others" else str(form.get("following", ""))[:64]
        refused = do in ("save", "try") and "hx-request" not in request.headers
        template = {"text": place.source, "table": place.table}.get(do, template)
        return await self.shown(place, draft, after=after, status=422 if refused else 200, template=template)

    async def _carry_out(self, do: str, place: Place, draft: Draft, template: str) -> Response:
        """Save or try a draft with which nothing is wrong."""
        try:
            if do == "try":
                self._product.trials.start(place.bridge, draft.text, asking().name)
                return go(place, TRIED)
            if draft.base != print_of(place.bridge.policy) and draft.text != place.bridge.policy:
                mine = replace(draft, base=print_of(place.bridge.policy))
                return await self.shown(place, mine, problem=MEANWHILE, status=409, template=template)
            await self._product.mappings.save(place.bridge, draft.text, by=asking().name)
        except NotPossible as failure:
            return await self.shown(place, draft, problem=problem_of(failure), status=409, template=template)
        if place.keep is not None:
            await place.keep("", "")
        return RedirectResponse(place.saved, 303)

    def _suggested(self, bridge: Bridge, text: str) -> Sequence[Suggestion]:
        try:
            return self._product.mappings.suggestions(bridge, read_policy(text))
        except MappingError:
            return ()


async def _keep(place: Place, draft: Draft) -> None:
    """A text too long to be a mapping is not remembered."""
    if place.keep is not None and len(draft.text) <= LONGEST:
        await place.keep(draft.text, draft.base)


def _text(form: FormData) -> str:
    return str(form.get("text", "")).replace("\r\n", "\n")


def between(before: str, after: str) -> list[str]:
    """What another text changes; nothing is said of one that cannot be read."""
    try:
        return mapping_changes(read_policy(before), read_policy(after))
    except MappingError:
        return []


def go(place: Place, told: str) -> Response:
    """To the editor, with a word about what was done."""
    return RedirectResponse(f"{place.base}?told={told}{'#trial' if told == TRIED else ''}", 303)
