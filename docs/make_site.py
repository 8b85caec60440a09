"""Writes the navigation of the documentation site (zensical.toml) from the tables of docs/index.md."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from landbridge.handbook import Handbook

DOCS = Path(__file__).parent
CONFIG = DOCS.parent / "zensical.toml"
BETWEEN = re.compile(r"(?<=# BEGIN navigation\n).*?(?=# END navigation\n)", re.DOTALL)


def navigation(handbook: Handbook) -> str:
    """The navigation as TOML: the first page, then a section for each chapter."""
    lines = ["nav = [", '  {"Home" = "index.md"},']
    for chapter in handbook.chapters:
        lines.append(f"  {{{json.dumps(chapter.title)} = [")
        lines += [
            f"    {{{json.dumps(page.title)} = {json.dumps(page.name + '.md')}}}," for page in chapter.entries
        ]
        lines.append("  ]},")
    return "\n".join([*lines, "]"]) + "\n"


def main() -> int:
    """Write it; the exit code."""
    text = CONFIG.read_text(encoding="utf-8")
    written = navigation(Handbook(DOCS))
    CONFIG.write_text(BETWEEN.sub(lambda _: written, text), encoding="utf-8")
    print("zensical.toml is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
