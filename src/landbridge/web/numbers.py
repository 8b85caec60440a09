"""Numbers that a request may name: ids as long as the database has them, and how many of something."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Id = Annotated[int, Field(ge=0, le=10**18 - 1)]
"""An id, or 0 for none; a longer one would be an error inside of the database."""

Many = Annotated[int, Field(ge=1, le=1000)]
"""How many of a list; without a limit one request could ask for all there ever was."""
