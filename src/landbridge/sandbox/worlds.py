"""The two worlds behind one protocol: how they are built from the sandbox's settings, seeded and reseeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import msgspec

from landbridge.sandbox.people import Person
from landbridge.sandbox.wire import Answer, Ids, Request, SandboxClock

if TYPE_CHECKING:
    from landbridge.sandbox.highlevel.config import HighLevelConfig
    from landbridge.sandbox.rezora.config import RezoraConfig

HIGHLEVEL, REZORA = "highlevel", "rezora"
SIDES = (HIGHLEVEL, REZORA)
# Each world draws its ids from its own stream, so that one side's traffic never moves the other's ids.
_ID_STREAM = {HIGHLEVEL: 0, REZORA: 1_000_003}


class World(Protocol):
    """One simulated product: answers requests, takes a user's edits, and can be saved."""

    def answer(self, request: Request) -> Answer:
        """Answer one request; its path is relative to the side's prefix."""
        ...

    def seed(self, people: Sequence[Person]) -> None:
        """Take in the people as if they had been there for years."""
        ...

    def seed_activities(self, count: int, seed: int) -> None:
        """Give the first ``count`` contacts notes, tasks and appointments."""
        ...

    def edit(self, command: Mapping[str, object]) -> dict[str, object]:
        """A user's edit in the product's own pages; raises ValueError or LookupError with a sentence."""
        ...

    def dump(self) -> dict[str, Any]:
        """The whole state, JSON-able."""
        ...

    def load(self, state: Mapping[str, Any]) -> None:
        """Become what ``dump`` gave."""
        ...

    def reset(self) -> None:
        """Empty the account."""
        ...


Maker = Callable[[SandboxClock, Ids, Any], World]


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """How a sandbox starts; quotas, token life and quirks are in the two systems' own settings.

    ``people`` is how many contacts HighLevel begins with; some of them are in Rezora already, unless
    ``empty_rezora``. The first ``activities`` of each side have notes, tasks and appointments, in Rezora
    where its account shows such things. ``file`` (SQLite) keeps the state over a restart,
    written at most every ``save_seconds``. ``history_limit`` counts requests, ``history_body_bytes`` limits
    the memory of their bodies. ``any_host`` allows to listen on more than the loopback interface.
    """

    seed: int = 7
    people: int = 2000
    highlevel: HighLevelConfig | None = None
    rezora: RezoraConfig | None = None
    file: Path | None = None
    save_seconds: float = 1.0
    history_limit: int = 100_000
    history_body_bytes: int = 64 * 1024 * 1024
    any_host: bool = False
    empty_rezora: bool = False
    activities: int = 0


class ConfigError(ValueError):
    """A setting as posted cannot be used; the text names it and what it may be."""


class KeptClock(SandboxClock):
    """A sandbox clock that can be saved and taken up again."""

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen_at is not None

    def dump(self) -> dict[str, float | None]:
        """Shift in seconds and the frozen time in epoch seconds."""
        return {"shift": self._shift, "frozen_at": self._frozen_at}

    def load(self, state: Mapping[str, float | None]) -> None:
        """Become what ``dump`` gave."""
        self._shift, self._frozen_at = state["shift"] or 0.0, state["frozen_at"]


class KeptIds(Ids):
    """Ids that go on after a restart where they stopped, so that none is given twice."""

    def dump(self) -> dict[str, object]:
        """The state of the stream, JSON-able."""
        version, internal, gauss = self._random.getstate()
        return {"random": [version, list(internal), gauss], "numbers": self._numbers}

    def load(self, state: Mapping[str, Any]) -> None:
        """Become what ``dump`` gave."""
        version, internal, gauss = state["random"]
        self._random.setstate((version, tuple(internal), gauss))
        self._numbers = dict(state["numbers"])


class Worlds:
    """Both worlds with their ids and settings, on one clock."""

    def __init__(self, config: SandboxConfig, makers: Mapping[str, Maker] | None = None) -> None:
        self.clock = KeptClock()
        self._starting: dict[str, object] = {HIGHLEVEL: config.highlevel, REZORA: config.rezora}
        self._makers = makers or _real_makers()
        if makers is None:
            self._starting |= {side: made() for side, made in _defaults().items() if not self._starting[side]}
        self._by_side: dict[str, World] = {}
        self.ids: dict[str, KeptIds] = {}
        self.configs: dict[str, object] = {}
        self.build(config.seed, {})

    def __getitem__(self, side: str) -> World:
        return self._by_side[side]

    def build(self, seed: int, overrides: Mapping[str, Mapping[str, object]]) -> None:
        """New, empty worlds with the starting settings and these on top; raises ConfigError."""
        configs = {side: changed(self._starting[side], overrides.get(side, {}), side) for side in SIDES}
        self.configs = configs
        for side in SIDES:
            self.ids[side] = KeptIds(seed + _ID_STREAM[side])
            self._by_side[side] = self._makers[side](self.clock, self.ids[side], configs[side])

    def change(self, side: str, settings: Mapping[str, object]) -> None:
        """Change settings of a running world; raises ConfigError."""
        config = self.configs[side]
        new = changed(config, settings, side)
        try:
            for name in settings:
                setattr(config, name, getattr(new, name))
        except FrozenInstanceError:
            self.configs[side] = new
            setattr(self._by_side[side], "config", new)  # noqa: B010 - World does not promise it; Rezora's has it

    def seed(self, people: Sequence[Person]) -> None:
        """Give both worlds their people."""
        for side in SIDES:
            self._by_side[side].seed(people)

    def seed_activities(self, count: int, seed: int) -> None:
        """Give the first contacts of both worlds notes, tasks and appointments."""
        for side in SIDES:
            self._by_side[side].seed_activities(count, seed)

    def dump(self, side: str) -> dict[str, object]:
        """One world with its ids."""
        return {"state": self._by_side[side].dump(), "ids": self.ids[side].dump()}

    def load(self, side: str, saved: Mapping[str, Any]) -> None:
        """Become what ``dump`` gave."""
        self._by_side[side].load(saved["state"])
        self.ids[side].load(saved["ids"])


def changed(config: object, overrides: Mapping[str, object], where: str) -> object:
    """A copy of a settings dataclass with some fields replaced; raises ConfigError naming a wrong one."""
    if config is None and not overrides:
        return None
    if not is_dataclass(config) or isinstance(config, type):
        raise ConfigError(f"{where} has no settings.")
    allowed = [item.name for item in fields(config) if item.init]
    for name in overrides:
        if name not in allowed:
            raise ConfigError(f"{where}.{name} is not a setting; allowed are {', '.join(allowed)}.")
    if not overrides:
        return replace(config)
    merged = {name: getattr(config, name) for name in allowed}
    merged = cast("dict[str, object]", msgspec.to_builtins(merged, enc_hook=str)) | dict(overrides)
    try:
        return msgspec.convert(merged, type(config))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.") from None


def _defaults() -> dict[str, Callable[[], object]]:
    from landbridge.sandbox.highlevel.config import HighLevelConfig
    from landbridge.sandbox.rezora.config import RezoraConfig

    return {HIGHLEVEL: HighLevelConfig, REZORA: RezoraConfig}


def _real_makers() -> dict[str, Maker]:
    from landbridge.sandbox.highlevel import HighLevelWorld
    from landbridge.sandbox.rezora import RezoraWorld

    return {HIGHLEVEL: HighLevelWorld, REZORA: RezoraWorld}
