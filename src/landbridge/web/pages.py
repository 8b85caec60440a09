"""Templates to answers: the one place that renders, and how a problem is shown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from landbridge import __version__
from landbridge.systems.base import Clock
from landbridge.web import who, words
from landbridge.web.shell import TABS

HERE = Path(__file__).parent
STATIC = HERE / "static"
API = "/api/"


@dataclass(frozen=True, slots=True)
class Problem:
    """One sentence, and what to do; ``more`` is where the documentation goes on, below /docs/."""

    sentence: str
    fix: str
    more: str = "troubleshooting"


class Pages:
    """Renders templates; every text is escaped, and a name that a template does not get is an error."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def page(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """A whole page, or the fragment of one."""
        text = _templates().get_template(template).render(now=self.clock.now(), **context)
        return HTMLResponse(text, status)

    def problem(self, request: Request, problem: Problem, status: int) -> Response:
        """A problem as a page; as JSON under /api; a fragment's page is loaded again as a whole."""
        if request.url.path.startswith(API):
            return JSONResponse({"error": problem.sentence, "fix": problem.fix}, status)
        answer = self.page("problem.html", status=status, problem=problem, code=status, here="")
        if "hx-request" in request.headers and request.method == "POST":
            answer.headers["HX-Refresh"] = "true"
        return answer


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so browsers may keep it for ever."""
    path = STATIC / name
    content = path.read_bytes() if path.exists() else b""  # `landbridge doctor` tells what is missing
    return f"/static/{name}?v={blake2b(content, digest_size=6).hexdigest()}"


@cache
def _templates() -> Environment:
    """The environment in which templates are compiled, once a process."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        words.number,
        words.plural,
        words.coded,
        words.took,
        words.exact,
        words.machine,
        words.clock_time,
        words.local_time,
    )
    templates.filters |= {function.__name__: function for function in filters}
    templates.globals |= {
        "ago": words.ago,
        "until": words.until,
        "asset": asset,
        "words": words,
        "tabs": TABS,
        "asking": who.asking,
        "may": who.may,
        "version": __version__,
    }
    return templates
