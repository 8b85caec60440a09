"""The API of the set-up: what the wizard does, for programs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from landbridge.engine.answers import NotPossible
from landbridge.engine.examples import WHATS, Example
from landbridge.engine.samples import Sample
from landbridge.store.bridges import Account, Bridge
from landbridge.sync.scope import Scope
from landbridge.web.ports import Product
from landbridge.web.status import find_bridge
from landbridge.web.who import asking

PAGE = 25


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TokenOrder(_Order):
    """A HighLevel location by its Private Integration Token."""

    token: SecretStr
    location: str = Field(max_length=200)
    read_only: bool = Field(False, description="Write nothing there, whatever the token would allow.")


class LoginOrder(_Order):
    """A Rezora account by its API user name and password."""

    username: str = Field(max_length=200)
    password: SecretStr


class PairOrder(_Order):
    """Two connected accounts, by the location id and the API user name."""

    highlevel: str
    rezora: str


class ScopeOrder(_Order):
    """Whom the bridge is about: contacts with one of these tags; everybody where there is none."""

    tags: list[str] = Field(default_factory=list, max_length=200)


class SampleOrder(_Order):
    """From one to five contacts of the test sync, by their id on either side."""

    contacts: list[str] = Field(max_length=5)


class ConnectedFacts(BaseModel):
    """An account that was connected, and what it can do."""

    id: str
    title: str
    capability: dict[str, Any]


class BegunFacts(BaseModel):
    """A bridge in its set-up, or one that was switched on."""

    bridge: int
    name: str
    live: bool = Field(description="Whether it was switched on.")


class ChangeFacts(BaseModel):
    """One field of one side; ``before`` and ``after`` are its values there."""

    side: str
    field: str
    before: list[str]
    after: list[str]


class ExampleFacts(BaseModel):
    """What would happen to one contact."""

    highlevel_id: str
    rezora_id: str
    name: str
    what: list[str] = Field(description=f"Some of: {', '.join(WHATS)}.")
    changes: list[ChangeFacts]
    linked_by: str = Field(description="marker, email or phone; empty where nothing is linked.")
    reasons: list[str]


class TrialFacts(BaseModel):
    """A test sync: how far it is, or what it found. Counts are exact, of contacts at most 2,000 are kept."""

    state: str = Field(description="none, reading, planning, done or failed")
    doing: str = ""
    done: int = 0
    total: int = 0
    sentence: str = ""
    fix: str = ""
    counts: dict[str, int] = Field(default_factory=dict, description="Of the run.")
    contacts: dict[str, int] = Field(default_factory=dict, description="Contacts by what would happen.")
    calls: int = 0
    seconds: float = Field(default=0.0, description="How long so many calls take at the quota.")
    examples: list[ExampleFacts] = Field(default_factory=list, description="25 a page.")


class CheckFacts(ChangeFacts):
    """One planned change, and what its side shows now."""

    now: list[str]
    state: str = Field(description="same, differs or not there")


class CheckedFacts(BaseModel):
    """One contact after its sync."""

    highlevel_id: str
    rezora_id: str
    name: str
    good: bool
    checks: list[CheckFacts]


class SampleFacts(BaseModel):
    """A few contacts synced for real and read back."""

    state: str = Field(description="none, running, done or failed")
    good: bool = False
    sentence: str = ""
    fix: str = ""
    checked: list[CheckedFacts] = Field(default_factory=list)


class SetupApi:
    """The routes of the set-up."""

    def __init__(self, product: Product) -> None:
        self._product = product

    def router(self) -> APIRouter:
        """All routes."""
        router = APIRouter()
        one = "/api/v1/bridges/{bridge_id:int}"
        for method, path, do, summary in (
            ("POST", "/api/v1/accounts/highlevel", self.highlevel, "Connect a HighLevel location by a token"),
            ("POST", "/api/v1/accounts/rezora", self.rezora, "Connect a Rezora account"),
            ("GET", "/api/v1/setups", self.unfinished, "Bridges that are not switched on yet"),
            ("POST", "/api/v1/setups", self.pair, "Make a bridge of two accounts, to be switched on later"),
            ("PUT", f"{one}/scope", self.scope, "Say whom a bridge is about"),
            ("POST", f"{one}/test", self.test, "Start a test sync, which writes nothing"),
            ("GET", f"{one}/test", self.tested, "What the test sync found"),
            ("DELETE", f"{one}/test", self.stop, "Stop the test sync"),
            ("POST", f"{one}/sample", self.sample, "Sync up to five contacts before the bridge is on"),
            ("GET", f"{one}/sample", self.sampled, "What is there now, compared with the plan"),
            ("POST", f"{one}/switch-on", self.switch_on, "Switch a bridge on"),
        ):
            router.add_api_route(path, do, methods=[method], summary=summary)
        return router

    async def highlevel(self, order: TokenOrder) -> ConnectedFacts:
        """Tried before it is stored, and never shown again."""
        token = order.token.get_secret_value()
        found = await self._product.connect_highlevel(
            token=token, location=order.location, read_only=order.read_only
        )
        return _connected(found)

    async def rezora(self, order: LoginOrder) -> ConnectedFacts:
        """Tried before they are stored, and never shown again."""
        return _connected(
            await self._product.connect_rezora(order.username, order.password.get_secret_value())
        )

    async def unfinished(self) -> list[BegunFacts]:
        """Oldest first."""
        return [_begun(bridge) for bridge in await self._product.all_bridges() if not bridge.live]

    async def pair(self, order: PairOrder) -> BegunFacts:
        """With the default mapping; nothing runs before the bridge is switched on."""
        accounts = await self._product.accounts()
        chosen = [
            next((one for one in accounts if (one.side, one.external_id) == each), None)
            for each in (("highlevel", order.highlevel), ("rezora", order.rezora))
        ]
        setup = None
        for account, name in zip(chosen, (order.highlevel, order.rezora), strict=True):
            if account is None:
                raise NotPossible(f"There is no connected account {name!r}.", "Connect it first.")
        for account in chosen:
            if account is not None:
                setup = await self._product.setups.attach(
                    setup or await self._product.setups.begin(), account
                )
        assert setup is not None  # noqa: S101  # two accounts were there
        return _begun(await find_bridge(self._product, setup.bridge_id or 0))

    async def scope(self, bridge_id: int, order: ScopeOrder) -> BegunFacts:
        """The rest of the mapping stays as it is."""
        bridge = await find_bridge(self._product, bridge_id)
        return _begun(await self._product.setups.set_scope(bridge, Scope(tags=tuple(order.tags))))

    async def test(self, bridge_id: int) -> TrialFacts:
        """Answers at once; ask for it until it is done."""
        bridge = await find_bridge(self._product, bridge_id)
        self._product.trials.start(bridge, bridge.policy, asking().name)
        return await self.tested(bridge_id)

    async def tested(self, bridge_id: int, what: str = "", page: int = 1) -> TrialFacts:
        """Details are kept for half an hour."""
        trial = self._product.trials.state(await find_bridge(self._product, bridge_id))
        if trial is None:
            return TrialFacts(state="none")
        facts = TrialFacts(
            state=trial.state,
            doing=trial.doing,
            done=trial.done,
            total=trial.total,
            sentence=trial.sentence,
            fix=trial.fix,
        )
        if trial.result is not None:
            counts, examples = trial.result.run.counts, trial.result.examples
            facts.counts, facts.contacts = dict(counts), dict(examples.counts)
            facts.calls = counts.get("calls", 0)
            facts.seconds = self._product.forecast_seconds(facts.calls)
            first = (max(page, 1) - 1) * PAGE
            facts.examples = [_example(one) for one in examples.of(what)[first : first + PAGE]]
        return facts

    async def stop(self, bridge_id: int) -> None:
        """It has written nothing, so nothing is left of it."""
        self._product.trials.stop(await find_bridge(self._product, bridge_id))

    async def sample(self, bridge_id: int, order: SampleOrder) -> SampleFacts:
        """Answers at once; ask for it until it is done."""
        bridge = await find_bridge(self._product, bridge_id)
        trial = self._product.trials.state(bridge)
        if trial is None or trial.result is None:
            raise NotPossible("There is no test sync to go by.", "Start one and wait until it is done.")
        found = {each: trial.result.examples.find(each) for each in order.contacts}
        for each, example in found.items():
            if example is None:
                raise NotPossible(
                    f"{each[:40]!r} is none of the contacts of the test sync.",
                    "Name contacts that GET …/test shows.",
                )
        self._product.setups.samples.start(bridge, [one for one in found.values() if one is not None])
        return await self.sampled(bridge_id)

    async def sampled(self, bridge_id: int) -> SampleFacts:
        """The newest one of this process."""
        return _sample(self._product.setups.samples.state(await find_bridge(self._product, bridge_id)))

    async def switch_on(self, bridge_id: int) -> BegunFacts:
        """The first whole sync starts at once."""
        bridge = await find_bridge(self._product, bridge_id)
        return _begun(await self._product.setups.switch_on(bridge))


def _connected(account: Account) -> ConnectedFacts:
    return ConnectedFacts(id=account.external_id, title=account.title, capability=account.capability)


def _begun(bridge: Bridge) -> BegunFacts:
    return BegunFacts(bridge=bridge.id, name=bridge.name, live=bridge.live)


def _example(one: Example) -> ExampleFacts:
    changes = [
        ChangeFacts(side=each.side, field=each.title, before=list(each.before), after=list(each.after))
        for each in one.changes
    ]
    return ExampleFacts(
        highlevel_id=one.highlevel_id,
        rezora_id=one.rezora_id,
        name=one.name,
        what=list(one.whats),
        changes=changes,
        linked_by=one.why,
        reasons=list(one.reasons),
    )


def _sample(sample: Sample | None) -> SampleFacts:
    if sample is None:
        return SampleFacts(state="none")
    checked = [
        CheckedFacts(
            highlevel_id=one.highlevel_id,
            rezora_id=one.rezora_id,
            name=one.example.name,
            good=one.good,
            checks=[
                CheckFacts(
                    side=check.change.side,
                    field=check.change.title,
                    before=list(check.change.before),
                    after=list(check.change.after),
                    now=list(check.shows),
                    state=check.state,
                )
                for check in one.checks
            ],
        )
        for one in sample.checked
    ]
    return SampleFacts(
        state=sample.state, good=sample.good, sentence=sample.sentence, fix=sample.fix, checked=checked
    )
