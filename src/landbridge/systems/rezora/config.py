"""Where a Rezora account is, and how it likes its updates."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RezoraConfig:
    """Where the account's API is, and its credentials, which are not those of the app (rezora.md 1).

    ``put_partial``: send only changed fields. Whether a PUT blanks what it leaves out is not documented;
    when False, every update reads, merges and sends all writable fields. ``zone`` is the IANA name of the
    zone in which this account's clocks stand: the wire carries none (rezora.md 1.1), so it is assumed to be
    that of the HighLevel location.
    """

    api_url: str = "https://api.rezora.com/v1"
    username: str = ""
    password: str = field(default="", repr=False)
    put_partial: bool = True
    zone: str = "UTC"
