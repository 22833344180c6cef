"""Which transforms an app runs, and switching them while it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")


class TransformSet:
    """The transforms of one app: the default list or the operator's own, each of which can be switched off.

    Names are those of the transforms, with or without `_compressor`.
    """

    def __init__(self, chosen: Iterable[Any] | None = None) -> None:
        self._chosen = None if chosen is None else tuple(chosen)
        self._off: frozenset[str] = frozenset()

    def enable(self, name: str) -> None:
        """Run the transform again, from the next request on."""
        self._off -= {_short(name)}

    def disable(self, name: str) -> None:
        """Leave the transform out, from the next request on."""
        self._off |= {_short(name)}

    def active(self, default: Iterable[T]) -> tuple[T, ...]:
        """Return the transforms to run, in order; `default` is used if the operator chose none."""
        chosen: Iterable[T] = default if self._chosen is None else self._chosen
        if not self._off:
            return tuple(chosen)
        return tuple(t for t in chosen if _short(getattr(t, "name", "")) not in self._off)


def _short(name: str) -> str:
    return name.removesuffix("_compressor")
