"""The documentation in the product: its pages and a search; open to all, as it tells no secret."""

from __future__ import annotations

from functools import lru_cache

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from landbridge.handbook import INDEX, Finding, Handbook
from landbridge.web.pages import Pages, Problem
from landbridge.web.prose import DOCS, Prose, line, prose

NO_PAGE = Problem(
    "The documentation has no page of this name.", "Look for it in the list of all pages, or search for it."
)
LONGEST_SEARCH = 300  # letters; a sentence that the product showed fits


class EntryFacts(BaseModel):
    """One page of the documentation."""

    name: str
    chapter: str
    title: str
    answers: str = Field(description="What the page answers, as Markdown.")


class FindingFacts(BaseModel):
    """One section that a search found."""

    name: str
    page: str
    title: str
    anchor: str
    snippet: str


class DocsPages:
    """The pages under /docs, and the same under /api/v1/docs as Markdown."""

    def __init__(self, handbook: Handbook, pages: Pages) -> None:
        self._handbook = handbook
        self._pages = pages
        self._known = frozenset(handbook.titles)
        self._prose = lru_cache(len(self._known) + 1)(self._rendered)

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter()
        for path, page in ((DOCS, self.first), (DOCS + "/{name:path}", self.show)):
            router.add_api_route(path, page, methods=["GET"], include_in_schema=False)
        router.add_api_route("/api/v1/docs", self.entries, methods=["GET"], summary="All pages")
        router.add_api_route("/api/v1/docs-search", self.find, methods=["GET"], summary="Search the pages")
        router.add_api_route(
            "/api/v1/docs/{name:path}",
            self.markdown,
            methods=["GET"],
            summary="One page, as Markdown",
            response_class=PlainTextResponse,
            responses={404: {"description": "There is no page of this name."}},
        )
        return router

    async def first(self, q: str = "") -> Response:
        """All pages by chapter, or what was searched for."""
        asked = " ".join(q.split())[:LONGEST_SEARCH]
        found = self._handbook.search(asked) if asked else []
        return self._page(INDEX, asked=asked, found=found)

    async def show(self, request: Request, name: str) -> Response:
        """One page, or a picture of one."""
        picture = self._handbook.picture(name)
        if picture:
            return FileResponse(picture[0], media_type=picture[1])
        if name not in self._known:
            return self._pages.problem(request, NO_PAGE, 404)
        return self._page(name, shown=self._prose(name))

    async def entries(self) -> list[EntryFacts]:
        """In the order in which they are meant to be read."""
        return [
            EntryFacts(name=entry.name, chapter=chapter.title, title=entry.title, answers=entry.answers)
            for chapter in self._handbook.chapters
            for entry in chapter.entries
        ]

    async def find(self, q: str = Query(min_length=2, max_length=LONGEST_SEARCH)) -> list[FindingFacts]:
        """Sections that fit, the fittest first; a sentence that the product showed may be given whole."""
        return [_facts(finding) for finding in self._handbook.search(q)]

    async def markdown(self, name: str) -> PlainTextResponse:
        """As it is written."""
        text = self._handbook.text(name)
        if text is None:
            raise HTTPException(404)
        return PlainTextResponse(text, media_type="text/markdown")

    def _rendered(self, name: str) -> Prose:
        return prose(self._handbook.text(name) or "", name, self._known)

    def _page(
        self, name: str, *, asked: str = "", found: list[Finding] | None = None, shown: Prose | None = None
    ) -> Response:
        return self._pages.page(
            "docs.html",
            here="docs",
            name=name,
            title=self._handbook.titles.get(name, "Documentation"),
            chapters=self._handbook.chapters,
            answers=lambda text: line(text, INDEX, self._known),
            asked=asked,
            found=found or [],
            prose=shown,
        )


def _facts(finding: Finding) -> FindingFacts:
    return FindingFacts(
        name=finding.name,
        page=finding.page,
        title=finding.title,
        anchor=finding.anchor,
        snippet=finding.snippet,
    )
