"""Parts of the application made from the settings: database address, durable engine, receiver."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import make_url

from landbridge.access.doors import Doors
from landbridge.access.people import People
from landbridge.access.provider import Provider, ProviderConfig
from landbridge.access.provider_calls import ask
from landbridge.access.roles import Role
from landbridge.engine.calendar_feed import Reminders
from landbridge.engine.durable import Driver, Drives, Durable
from landbridge.engine.feeds import Feeds
from landbridge.engine.fleet import MakeDurable
from landbridge.engine.receiver import Receiver, ReceiverConfig
from landbridge.engine.work import EngineConfig
from landbridge.letters import Letters
from landbridge.settings import Settings
from landbridge.store.database import Database
from landbridge.store.vault import Vault
from landbridge.systems.base import Clock
from landbridge.systems.highlevel.webhooks import Keys


def receiver_for(
    settings: Settings,
    database: Database,
    clock: Clock,
    wake: Callable[[int], None],
    wanted: Callable[[str], bool],
) -> Receiver:
    """The receiver of webhooks, with the keys and the app of the settings; ``wanted`` events are kept too."""
    keys = Keys(settings.highlevel_webhook_keys.split(), settings.highlevel_webhook_rsa_keys.split())
    config = ReceiverConfig(
        window_seconds=settings.highlevel_webhook_window_seconds,
        gather_seconds=0.003,
        app_id=settings.highlevel_client_id.partition("-")[0],  # highlevel.md 1.2
    )
    return Receiver(database, clock, keys, config, wake, wanted)


def feeds_for(settings: Settings, database: Database, vault: Vault, clock: Clock) -> Feeds:
    """The calendars, with the reminders of the settings."""
    chosen = (settings.calendar_appointment_reminders, settings.calendar_task_reminders)
    appointments, tasks = (() if each == "none" else tuple(map(int, each.split(","))) for each in chosen)
    return Feeds(database, vault, clock, settings.public_url, Reminders(appointments, tasks))


def dbos_for(settings: Settings) -> MakeDurable:
    """Runs as DBOS workflows, in tables beside ours."""

    def make(driver: Driver, executor: str) -> Drives:
        return Durable(workflows_url(settings), driver, executor=executor)

    return make


def workflows_url(settings: Settings) -> str:
    """DBOS keeps its tables beside ours: a second SQLite file, or the same PostgreSQL."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return settings.database_url
    return f"sqlite:///{settings.home / 'workflows.sqlite3'}"


def access_for(
    settings: Settings, database: Database, vault: Vault, clock: Clock
) -> tuple[Doors, People, Letters, Provider | None]:
    """Who gets in, who there is, how links reach them, and the identity provider where one is configured."""
    doors = Doors(database, clock)
    provider = _provider(settings, doors, vault, clock)
    return doors, People(database, clock), Letters(settings, clock), provider


def _provider(settings: Settings, doors: Doors, vault: Vault, clock: Clock) -> Provider | None:
    if not settings.oidc_issuer:
        return None
    config = ProviderConfig(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        domains=tuple(settings.oidc_domains.split(", ")) if settings.oidc_domains else (),
        newcomers=Role(settings.oidc_role),
        back=f"{settings.public_url}/login/provider/back",
    )
    return Provider(config, doors, vault, clock, ask)


def async_url(url: str) -> str:
    """The same database through its asyncio driver."""
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    parsed = make_url(url)
    return parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername)).render_as_string(
        hide_password=False
    )


def engine_config(settings: Settings) -> EngineConfig:
    """How hard the engine works, as set."""
    return EngineConfig(
        concurrency=settings.concurrency, sweep_seconds=float(settings.activities_sweep_seconds)
    )
