"""Front coding of paths: what many paths share is said once, always whole directories."""

from __future__ import annotations

from collections.abc import Iterable

_SEPARATORS = "/\\"


def common_root(paths: Iterable[str]) -> str:
    """Return the longest directory, with its final separator, that all paths start with; may be empty.

    No path equals its root: something is left of each when the root is taken off.
    """
    found = list(paths)
    if not found:
        return ""
    low, high = min(found), max(found)
    shared = 0
    for one, other in zip(low, high, strict=False):
        if one != other:
            break
        shared += 1
    shared = min(shared, len(low) - 1)
    return low[: last_separator(low, shared) + 1]


def last_separator(path: str, end: int | None = None) -> int:
    """Return the index of the last path separator before `end`, or -1."""
    end = len(path) if end is None else end
    return max(path.rfind(separator, 0, end) for separator in _SEPARATORS)
