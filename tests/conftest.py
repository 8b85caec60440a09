"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no bug: nothing is judged by how long an example takes.
_usual = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("calm", _usual, deadline=None)
settings.load_profile("calm")
