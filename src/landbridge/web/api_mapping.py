"""The API about the mapping: its text, a check, versions, suggestions, own fields, a test of another one."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from landbridge.engine.mapping_book import own_fields
from landbridge.engine.trials import Trial
from landbridge.store.bridges import Bridge
from landbridge.store.mapping_versions import MappingVersion
from landbridge.sync.mapping import MappingError, read_policy
from landbridge.sync.mapping_changes import mapping_changes
from landbridge.web.api_routes import Responses, add_routes
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge
from landbridge.web.who import asking


class MappingText(BaseModel):
    """A mapping file as TOML (docs/mapping.md)."""

    model_config = ConfigDict(extra="forbid")

    text: str


class MappingFacts(BaseModel):
    """The mapping in force, and the next ones that could be taken again."""

    text: str
    changes: list[str] = Field(description="After a save: what differs from the one before, in sentences.")


class CheckFacts(BaseModel):
    """What is wrong with a text, and what it would change; nothing is stored."""

    problems: list[str]
    changes: list[str]


class VersionFacts(BaseModel):
    """A mapping as it was saved; the newest is in force."""

    id: int
    saved_at: float
    saved_by: str = Field(description="Empty where that was not noted.")
    text: str


class SuggestionFacts(BaseModel):
    """Two fields that are alike and that no rule names."""

    name: str
    highlevel: str
    rezora: str
    converter: str
    direction: str
    score: float = Field(description="How alike their names are, up to 100.")


class OwnFieldFacts(BaseModel):
    """A field that the owner of the HighLevel location made."""

    id: str
    name: str
    type: str


class MappingTrial(BaseModel):
    """A dry run under another mapping; without a text under the one in force."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None


class MappingTrialFacts(BaseModel):
    """How a dry run goes, and what it found; kept for half an hour."""

    state: str = Field(description="reading, planning, done or failed")
    doing: str
    done: int
    total: int
    sentence: str
    fix: str
    started_at: float
    ended_at: float | None
    counts: dict[str, int] = Field(description="Exact, once it is done.")


class MappingApi:
    """The routes under one bridge that speak of its mapping."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self, path: str, unknown: Responses, refused: Responses) -> APIRouter:
        """All routes; ``path`` is that of a bridge."""
        router = APIRouter()
        wrong: Responses = {409: refused[403], 422: refused[403], 502: refused[403], **refused}
        reads = (
            ("mapping", self.mapping, "The mapping in force"),
            ("mapping/versions", self.versions, "Mappings as they were saved, newest first"),
            ("mapping/suggestions", self.suggestions, "Fields that are alike and not mapped"),
            ("mapping/fields", self.fields, "Own fields of HighLevel, as read last"),
            ("mapping/trial", self.trial, "How the newest dry run goes"),
        )
        add_routes(router, path, "GET", reads, unknown)
        writes = (
            ("mapping", self.save, "Save a mapping; the former one is kept"),
            ("mapping/check", self.check, "What a text would change; nothing is stored"),
            ("mapping/versions/{version_id:int}/restore", self.go_back, "Save an earlier mapping again"),
            ("mapping/fields", self.read_fields, "Read own fields from HighLevel: one call"),
            ("mapping/trial", self.start, "Start a dry run in the background"),
            ("mapping/trial/stop", self.stop, "Stop it; nothing was written"),
        )
        add_routes(router, path, "POST", writes, wrong)
        return router

    async def mapping(self, bridge_id: int) -> MappingFacts:
        """To the letter."""
        bridge = await find_bridge(self._product, bridge_id)
        return MappingFacts(text=bridge.policy, changes=[])

    async def save(self, bridge_id: int, order: MappingText) -> MappingFacts:
        """Refused with every problem; nothing is changed then."""
        bridge = await find_bridge(self._product, bridge_id)
        saved = await self._product.mappings.save(bridge, order.text, by=asking().name)
        return _saved(bridge, saved)

    async def check(self, bridge_id: int, order: MappingText) -> CheckFacts:
        """Answers 200 with the problems, if there are any."""
        bridge = await find_bridge(self._product, bridge_id)
        try:
            self._product.mappings.check(bridge, order.text)
        except MappingError as error:
            return CheckFacts(problems=list(error.problems), changes=[])
        return CheckFacts(problems=[], changes=_changes(bridge.policy, order.text))

    async def versions(self, bridge_id: int) -> list[VersionFacts]:
        """The 50 newest; the first is in force."""
        bridge = await find_bridge(self._product, bridge_id)
        return [_version(one) for one in await self._product.mappings.versions(bridge)]

    async def go_back(self, bridge_id: int, version_id: int) -> MappingFacts:
        """It becomes the newest; what was saved since stays among the versions."""
        bridge = await find_bridge(self._product, bridge_id)
        return _saved(bridge, await self._product.mappings.go_back(bridge, version_id, by=asking().name))

    async def suggestions(self, bridge_id: int) -> list[SuggestionFacts]:
        """The most alike first."""
        bridge = await find_bridge(self._product, bridge_id)
        return [
            SuggestionFacts(
                name=one.rule.name,
                highlevel=one.rule.highlevel[0],
                rezora=one.rule.rezora[0],
                converter=one.rule.converter,
                direction=one.rule.direction.value,
                score=one.score,
            )
            for one in self._product.mappings.suggestions(bridge, read_policy(bridge.policy))
        ]

    async def fields(self, bridge_id: int) -> list[OwnFieldFacts]:
        """Empty also where they were never read."""
        bridge = await find_bridge(self._product, bridge_id)
        return [OwnFieldFacts(id=one.id, name=one.name, type=one.type) for one in own_fields(bridge) or ()]

    async def read_fields(self, bridge_id: int) -> list[OwnFieldFacts]:
        """They are kept until the next reading."""
        bridge = await find_bridge(self._product, bridge_id)
        found = await self._product.mappings.read_own_fields(bridge)
        return [OwnFieldFacts(id=one.id, name=one.name, type=one.type) for one in found]

    async def trial(self, bridge_id: int) -> MappingTrialFacts | None:
        """Null where there was none within half an hour."""
        trial = self._product.trials.state(await find_bridge(self._product, bridge_id))
        return None if trial is None else _trial(trial)

    async def start(self, bridge_id: int, order: MappingTrial) -> MappingTrialFacts | None:
        """Refused while one is under way, and with every problem of the text."""
        bridge = await find_bridge(self._product, bridge_id)
        if order.text is not None:
            self._product.mappings.check(bridge, order.text)
        self._product.trials.start(bridge, order.text, asking().name)
        return await self.trial(bridge_id)

    async def stop(self, bridge_id: int) -> MappingTrialFacts | None:
        """How it stood."""
        self._product.trials.stop(await find_bridge(self._product, bridge_id))
        return await self.trial(bridge_id)


def _saved(before: Bridge, after: Bridge) -> MappingFacts:
    return MappingFacts(text=after.policy, changes=_changes(before.policy, after.policy))


def _changes(before: str, after: str) -> list[str]:
    try:
        return mapping_changes(read_policy(before), read_policy(after))
    except MappingError:  # the one in force is of another version
        return []


def _version(one: MappingVersion) -> VersionFacts:
    return VersionFacts(id=one.id, saved_at=one.saved_at, saved_by=one.saved_by, text=one.text)


def _trial(trial: Trial) -> MappingTrialFacts:
    return MappingTrialFacts(
        state=trial.state,
        doing=trial.doing,
        done=trial.done,
        total=trial.total,
        sentence=trial.sentence,
        fix=trial.fix,
        started_at=trial.started_at,
        ended_at=trial.ended_at,
        counts=dict(trial.result.run.counts) if trial.result else {},
    )
