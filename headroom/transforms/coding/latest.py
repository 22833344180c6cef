"""A result for the text that was worked on last, so that proving a form does not do its work again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LONGEST = 1 << 19
"""Longer texts, in characters, are not held on to."""


class Latest(Generic[T]):
    """A function of a text that remembers its last result. Threads may replace each other's, never mix them."""

    __slots__ = ("_build", "_last")

    def __init__(self, build: Callable[[str], T]) -> None:
        self._build = build
        self._last: tuple[str, T] | None = None

    def __call__(self, text: str) -> T:
        """Return what is remembered of this very text, or build it."""
        last = self._last
        return last[1] if last is not None and last[0] is text else self.keep(text, self._build(text))

    def keep(self, text: str, result: T) -> T:
        """Remember and return a result."""
        self._last = (text, result) if len(text) <= LONGEST else None
        return result
