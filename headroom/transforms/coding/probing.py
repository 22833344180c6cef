"""A few lines of many, to see at little cost whether it is worth looking at all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_FEW = 24


def probe(lines: Sequence[str]) -> Sequence[str]:
    """Return lines spread evenly over all of them: all if they are few, else 24 to 47."""
    return lines[:: max(1, len(lines) // _FEW)]


def share(lines: Sequence[str], holds: Callable[[str], object]) -> float:
    """Return the share of the probed lines for which something holds, 0 where there are no lines."""
    probed = probe(lines)
    return sum(1 for line in probed if holds(line)) / max(1, len(probed))
