"""The one place where foreign and our own failures end: what fails is left out, logged once and counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from headroom.errors import ConfigError

T = TypeVar("T")

log = logging.getLogger("headroom")


class Guard:
    """Runs calls that may fail in any way; a failure becomes the fallback value.

    `failures` counts them by name. The first failure of a name is logged with its traceback, later ones are not.
    """

    __slots__ = ("failures",)

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()

    def run(self, name: str, call: Callable[[], T], fallback: T) -> T:
        """Return what the call returns, or the fallback if it raises."""
        try:
            return call()
        except Exception as error:
            self.failures[name] += 1
            if self.failures[name] == 1:
                log.warning("%s failed with %s and is left out", name, type(error).__name__, exc_info=error)
            return fallback


def demanded(what: str, call: Callable[[], T]) -> T:
    """Return what a call returns that must not fail. Raises ConfigError in the place of whatever it raises."""
    try:
        return call()
    except Exception as error:
        raise ConfigError(f"{what} cannot be used: {type(error).__name__}: {error}") from error
