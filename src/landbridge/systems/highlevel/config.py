"""Where HighLevel is, who we are there, and what we ask to be allowed (highlevel.md 1.2 to 1.4, 1.9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

READ_SCOPES = (
    "contacts.readonly",
    "locations.readonly",
    "locations/tags.readonly",
    "locations/customFields.readonly",
    "locations/tasks.readonly",
    "calendars.readonly",
    "calendars/events.readonly",
    "users.readonly",
)
WRITE_SCOPES = (
    "contacts.write",
    "locations/tags.write",
    "locations/customFields.write",
    "calendars/events.write",
)


@dataclass(frozen=True, slots=True)
class HighLevelConfig:
    """Addresses, the marketplace app, and how records are read; a blank ``token_url`` is the API's own.

    ``task_page_size``: 100 is safe, a larger one unproved (highlevel.md 2.3.1). ``calendar_window`` is the
    earliest and the latest start of the appointments that are read, in epoch milliseconds: from 1970 to
    2100, which worked live with few appointments (highlevel.md 2.2).

    ``rescue`` allows ``POST /oauth/reconnect`` when the refresh token is lost: the help centre describes
    it, the specification does not (highlevel.md 1.7).
    """

    api_url: str = "https://services.leadconnectorhq.com"
    authorise_url: str = "https://marketplace.gohighlevel.com/v2/oauth/chooselocation"
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""
    version: str = "2021-07-28"
    page_size: int = 500
    task_page_size: int = 100
    calendar_window: tuple[int, int] = (0, 4_102_444_800_000)
    read_only: bool = False
    refresh_margin_seconds: float = 300.0
    rescue: bool = True

    @property
    def token_address(self) -> str:
        """Where codes and refresh tokens are exchanged."""
        return self.token_url or f"{self.api_url.rstrip('/')}/oauth/token"


def scopes_for(*, read_only: bool, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The least scopes a bridge needs, and ``more``: none that writes for a read-only one."""
    scopes = tuple(dict.fromkeys((*READ_SCOPES, *WRITE_SCOPES, *more)))
    return tuple(scope for scope in scopes if scope.endswith(".readonly")) if read_only else scopes


def authorise_url(config: HighLevelConfig, state: str, scopes: tuple[str, ...]) -> str:
    """The consent page for one connect; the caller binds ``state`` to the browser's session.

    ``state`` is not documented (highlevel.md 1.3): a missing one in the answer is to be expected.
    """
    query = {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": config.redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
    }
    return f"{config.authorise_url}?{urlencode(query, quote_via=quote)}"
