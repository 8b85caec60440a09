"""The command line: parse, call, print."""

from landbridge.cli.commands import main

__all__ = ["main"]
