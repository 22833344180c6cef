"""Probes of JSON: keys, rare values, outliers, what sounds like an error, the ends of the longest list."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_ALARM = re.compile(r"(?i)error|exception|fail|denied|refused|timeout|invalid|critical")
_FEW = 12
"""A field that occurs less often than this has no usual values."""

Leaf = tuple[str, Any]
"""The nearest key above a scalar, and the scalar."""


def json_probes(text: str, rng: random.Random) -> tuple[list[str], list[str]]:
    """Return critical probes and the pool of needles."""
    del rng
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return [], text.split()
    leaves = list(_leaves(document))
    keys = Counter(key for key, _ in leaves if len(key) > 2)
    columns: dict[str, list[Any]] = {}
    for key, value in leaves:
        columns.setdefault(key, []).append(value)
    usual = [values for values in columns.values() if len(values) >= _FEW]
    odd = [probe for values in usual for probe in (*_rare(values), *_outliers(values))]
    alarms = [value for _, value in leaves if isinstance(value, str) and _ALARM.search(value)][:12]
    critical = [key for key, _ in keys.most_common(8)] + odd[:16] + alarms + _ends(document)
    return critical, [spelled(value) for _, value in leaves if 4 <= len(spelled(value)) <= 160]


def spelled(value: Any) -> str:
    """Return a scalar as JSON spells it, strings without quotes."""
    return value if isinstance(value, str) else json.dumps(value)


def _leaves(document: Any) -> Iterator[Leaf]:
    """Yield all scalars in order; a document nests no deeper than the decoder's own bound."""
    todo: list[Leaf] = [("", document)]
    while todo:
        key, node = todo.pop()
        if isinstance(node, dict):
            todo += [(str(name), child) for name, child in reversed(node.items())]
        elif isinstance(node, list):
            todo += [(key, child) for child in reversed(node)]
        else:
            yield key, node


def _rare(values: list[Any]) -> list[str]:
    """Return values that a field with few different values has only once."""
    counts = Counter(map(spelled, values))
    if not 2 <= len(counts) <= max(4, len(values) // 6):
        return []
    return [value for value, count in counts.items() if count == 1 and value not in ("true", "false", "null")][:2]


def _outliers(values: list[Any]) -> list[str]:
    """Return the ends of a field of numbers if they lie far outside its quartiles."""
    ranked = sorted(v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool))
    if len(ranked) < _FEW:
        return []
    low, high = ranked[len(ranked) // 4], ranked[3 * len(ranked) // 4]
    reach = 3 * (high - low)
    return [spelled(v) for v in (ranked[0], ranked[-1]) if reach > 0 and not low - reach <= v <= high + reach]


def _ends(document: Any) -> list[str]:
    """Return what names the first and the last record of the longest list of objects."""
    longest: list[Any] = []
    todo = [document]
    while todo:
        node = todo.pop()
        children = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
        if isinstance(node, list) and len(node) > len(longest) and all(isinstance(child, dict) for child in node):
            longest = node
        todo += children
    ends = [longest[0], longest[-1]] if len(longest) > 3 else []
    return [name for record in ends if (name := _named(record))]


def _named(record: Any) -> str:
    return next((spelled(v) for _, v in _leaves(record) if len(spelled(v)) >= 4), "")
