"""One usage for several rounds: what the provider reported for each of them, added up, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from headroom.blocks import Payload
from headroom.providers.wire import records

_MAX_DEPTH = 8
_KIND = "modality"
"""Gemini counts by kind of content, in lists of objects with this key."""


def summed(usages: Sequence[Payload]) -> Payload:
    """Return the sum of usages: numbers are added, objects summed, of all else the last counts."""
    total: Payload = reduce(lambda one, other: _added(one, other, _MAX_DEPTH), usages, {})
    return total


def _added(one: Any, other: Any, depth: int) -> Any:
    if _is_number(one) and _is_number(other):
        return one + other
    if isinstance(one, dict) and isinstance(other, dict) and depth:
        keys = dict.fromkeys([*one, *other])
        return {key: _added(one.get(key), other.get(key), depth - 1) for key in keys}
    if isinstance(one, list) and isinstance(other, list) and depth:
        return _joined(one, other, depth)
    return one if other is None else other


def _joined(one: list[Any], other: list[Any], depth: int) -> list[Any]:
    """Add up counts of the same kind; lists of anything else are put one behind the other."""
    both = [*one, *other]
    if any(_KIND not in entry for _, entry in records(both)) or not all(isinstance(entry, dict) for entry in both):
        return both
    by_kind: dict[str, Any] = {}
    for entry in both:
        kind = str(entry[_KIND])
        by_kind[kind] = _added(by_kind.get(kind, {}), entry, depth - 1)
    return list(by_kind.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
