"""An in-memory Rezora v1 account: what its wiki documents, and switches for what it leaves open."""

from landbridge.sandbox.rezora.config import RezoraConfig
from landbridge.sandbox.rezora.world import RezoraWorld

__all__ = ["RezoraConfig", "RezoraWorld"]
