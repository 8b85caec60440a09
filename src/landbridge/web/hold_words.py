"""Answers to holds as people read them: on a button, what they do, and what exactly is written."""

from __future__ import annotations

from dataclasses import dataclass

from landbridge.store.journal import OpenHold
from landbridge.sync.model import Kind, Side

TAKEN_BACK = "taken-back"
"""Stands in an address where an answer was taken back."""


@dataclass(frozen=True, slots=True)
class Way:
    """An answer as people read it: on its button, and what the next sync does for it."""

    button: str
    does: str


WAYS = {
    "use-highlevel": Way("Keep HighLevel’s value", "Rezora gets the value that HighLevel shows."),
    "use-rezora": Way("Keep Rezora’s value", "HighLevel gets the value that Rezora shows."),
    "edit": Way("Use this value", "Both sides get the value that you type."),
    "ignore": Way("Leave both as they are", "Nothing is written, or asked again while neither changes."),
    "link": Way("The same person", "The two are linked, and kept in agreement from then on."),
    "apart": Way("Two people", "The two stay apart, and are not asked about again."),
    "keep": Way("Keep the one that is left", "The link ends; the contact that is left stays as it is."),
    "delete": Way("Delete it there too", "The one that is left is deleted. The journal keeps what it said."),
    "create": Way("Create it", "It is created on the side where it is missing."),
    "retry": Way("Try again", "The next sync tries it once more."),
    "out": Way("Stop e-mail on both sides", "The opt-out is put back where it was taken away."),
    "allow": Way("The person asked for e-mail again", "The address is taken off the list of opt-outs."),
    "done": Way("Done", "It is closed."),
}

_ACTIVITY = {
    "keep": Way("Keep it where it is", "It stays on the side that still has it, and is not copied back."),
    "delete": Way("Delete it there too", "It is deleted on the other side. The journal keeps what it said."),
    "create": Way("Create it there too", "It is created on the side where it is missing."),
    "ignore": Way("Leave it as it is", "Nothing is written, or asked again while it stays so."),
    "use-highlevel": Way("Keep HighLevel’s text", "Rezora gets the text that HighLevel shows."),
    "use-rezora": Way("Keep Rezora’s text", "HighLevel gets the text that Rezora shows."),
}
_OWN = {
    ("keep", "several_candidates"): Way(
        "Keep the link as it is", "The two stay linked, although others could be meant."
    ),
    ("keep", "delete_waits"): Way(
        "Keep it", "The contact that is left stays as it is, and the link ends; nothing is deleted."
    ),
    ("delete", "delete_waits"): Way(
        "Delete it on the other side too",
        "The contact that is left is read once more and deleted. It cannot be brought back; the journal keeps"
        " what it said.",
    ),
    ("ignore", "restored_alone"): Way("Leave it there", "It is not created on the other side, now or later."),
}
"""One word means something else for one cause."""


def way_of(use: str, cause: str, kind: Kind = Kind.CONTACT) -> Way:
    """An answer in words; an unknown word stands for itself."""
    special = _ACTIVITY.get(use) if kind is not Kind.CONTACT else None
    return _OWN.get((use, cause)) or special or WAYS.get(use) or Way(use, "")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that an answer has the next sync write: where, what it shows now, what it gets."""

    side: Side
    before: str
    after: str

    @property
    def sentence(self) -> str:
        """In words; a tag or a list is there or it is not."""
        if {self.before, self.after} <= {"yes", "no"}:
            return f"It is {'put on' if self.after == 'yes' else 'taken off'} in {self.side.title}."
        before, after = (f"“{text}”" if text else "nothing" for text in (self.before, self.after))
        return f"{self.side.title} gets {after} in place of {before}."


def changes(hold: OpenHold, use: str, value: str = "") -> list[Change]:
    """What the next sync writes for an answer about values; empty for any other answer."""
    shows = {Side.HIGHLEVEL: hold.highlevel_shows, Side.REZORA: hold.rezora_shows}
    gets = {
        "use-highlevel": {Side.REZORA: hold.highlevel_shows},
        "use-rezora": {Side.HIGHLEVEL: hold.rezora_shows},
        "edit": dict.fromkeys(Side, value),
    }
    found = gets.get(use, {}).items()
    return [Change(side, shows[side], after) for side, after in found if shows[side] != after]
