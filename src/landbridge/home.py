"""The folder of one installation: made on first use, and locked against a restore while anybody uses it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landbridge.store.database import StoreFailure

LOCK = "in-use.lock"
PRIVATE = 0o600


def make_home(home: Path) -> None:
    """Make the folder, for its owner only; raises ``StoreFailure`` where that cannot be."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreFailure(
            f"The folder {home} cannot be made.", "Set LANDBRIDGE_HOME to a folder you may write to."
        ) from error


@contextmanager
def home_in_use(home: Path) -> Iterator[None]:
    """Make the folder if need be; while the block runs nobody restores. The kernel ends it with the process.

    Raises ``StoreFailure`` while a restore is under way, or for a folder that cannot be used.
    """
    make_home(home)
    with _locked(home, fcntl.LOCK_SH) as free:
        if not free:
            raise StoreFailure(
                "A backup is being restored in this home right now.", "Try again when that is done."
            )
        yield


@contextmanager
def home_alone(home: Path) -> Iterator[None]:
    """Nobody else uses the folder while the block runs; raises ``StoreFailure`` where somebody does."""
    make_home(home)
    with _locked(home, fcntl.LOCK_EX) as free:
        if not free:
            raise StoreFailure(
                "Landbridge is running in this home, and a restore needs it alone.",
                "Stop `landbridge serve` and every other command first, then restore again.",
            )
        yield


@contextmanager
def _locked(home: Path, how: int) -> Iterator[bool]:
    try:
        descriptor = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, PRIVATE)
    except OSError as error:
        raise StoreFailure(
            f"The folder {home} cannot be written to.", "Set LANDBRIDGE_HOME to a folder you may write to."
        ) from error
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
