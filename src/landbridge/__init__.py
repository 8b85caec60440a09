"""Landbridge keeps a HighLevel location and a Rezora account in agreement."""

__version__ = "0.1.0"
