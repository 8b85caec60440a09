"""A HighLevel location in memory: OAuth, contacts, search, tasks, notes, calendars and quota."""

from landbridge.sandbox.highlevel.config import HighLevelConfig
from landbridge.sandbox.highlevel.world import HighLevelWorld

__all__ = ["HighLevelConfig", "HighLevelWorld"]
