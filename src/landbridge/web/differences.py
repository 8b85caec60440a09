"""Two values side by side with what differs marked, so that not one digit of a phone is overlooked."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from markupsafe import Markup, escape

LONGEST = 2_000  # letters that are compared; what is longer is shown without marks

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")


def marked(text: str, other: str) -> Markup:
    """Escaped text in which the words that the other one has not, or has elsewhere, are marked.

    Of two values that have nothing in common nothing is marked: it would be all of both.
    """
    if not text or not other or text == other or len(text) > LONGEST or len(other) > LONGEST:
        return escape(text)
    mine, theirs = _PIECES.findall(text), _PIECES.findall(other)
    blocks = SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks()
    same = {place for block in blocks for place in range(block.a, block.a + block.size)}
    if not any(mine[place].strip() and mine[place].isalnum() for place in same):
        return escape(text)
    made, place = Markup(), 0
    while place < len(mine):
        end = place
        while end < len(mine) and (end in same) == (place in same):
            end += 1
        piece = escape("".join(mine[place:end]))
        made += piece if place in same else Markup("<mark>{}</mark>").format(piece)
        place = end
    return made
