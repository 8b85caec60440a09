"""Templates to answers: the one place that renders, and how a problem is shown."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from landbridge import __version__
from landbridge.systems.base import Clock
from landbridge.web import words

HERE = Path(__file__).parent
STATIC = HERE / "static"
API = "/api/"


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence, and what to do."""

    sentence: str
    fix: str


class Pages:
    """Renders templates; every text is escaped, and a name that a template does not get is an error."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._assets: dict[str, str] = {}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "number": words.number,
            "plural": words.plural,
            "coded": words.coded,
            "took": words.took,
            "exact": words.exact,
            "machine": words.machine,
            "clock_time": words.clock_time,
        }
        self._templates.globals |= {
            "ago": words.ago,
            "asset": self.asset,
            "words": words,
            "version": __version__,
        }

    def page(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A whole page, or the fragment of one."""
        text = self._templates.get_template(template).render(now=self.clock.now(), **context)
        return HTMLResponse(text, status)

    def problem(self, request: Request, problem: Problem, status: int) -> Response:
        """A problem as a page; as JSON under /api; a fragment's page is loaded again as a whole."""
        if request.url.path.startswith(API):
            return JSONResponse({"error": problem.sentence, "fix": problem.fix}, status)
        answer = self.page("problem.html", status=status, problem=problem, code=status, here="")
        if "hx-request" in request.headers and request.method == "POST":
            answer.headers["HX-Refresh"] = "true"
        return answer

    def asset(self, name: str) -> str:
        """The address of a static file; it changes with the file, so browsers may keep it for ever."""
        if name not in self._assets:
            path = STATIC / name
            content = path.read_bytes() if path.exists() else b""  # `landbridge doctor` tells what is missing
            self._assets[name] = f"/static/{name}?v={blake2b(content, digest_size=6).hexdigest()}"
        return self._assets[name]
