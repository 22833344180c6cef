"""Which lines of a text are alike: the same words around different numbers, or the same but for a few words."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"[0-9][A-Za-z0-9_]*+")
_GAP = re.compile(r"(?<=[^ \n]) {2,}")

FREQUENT = 8
"""A shape seen this often is a kind of its own; rarer ones join a similar kind."""
ALIKE = 0.5
"""Share of the words that two shapes must have in common to be one kind."""


def shapes(text: str) -> list[str]:
    """Return one shape a line: numbers as `0`, gaps between columns as two blanks, all else as it is."""
    masked = _NUMBER.sub("0", text)
    if "   " in masked:
        masked = _GAP.sub("  ", masked)
    return masked.split("\n")


def kinds(shape_of: Sequence[str], least: int) -> list[list[int]]:
    """Return the line numbers of each kind of line that has at least two members, in order of first member.

    Lines whose shape is shorter than `least` characters belong to no kind. Linear in the number of lines: a rare
    shape is compared with at most three kinds, found by the words it begins or ends with.
    """
    exact: dict[str, list[int]] = {}
    for number, shape in enumerate(shape_of):
        if len(shape) >= least:
            exact.setdefault(shape, []).append(number)
    merged: list[list[int]] = []
    seen: dict[tuple[object, ...], tuple[list[str], list[int]]] = {}
    for shape, members in exact.items():
        if len(members) >= FREQUENT:
            merged.append(members)
            continue
        words = shape.split(" ")
        anchors = _anchors(words)
        home = next((kind for kind in map(seen.get, anchors) if kind and _alike(kind[0], words)), None)
        if home is None:
            home = (words, [])
            merged.append(home[1])
        home[1].extend(members)
        for anchor in anchors:
            seen.setdefault(anchor, home)
    found = [sorted(members) for members in merged if len(members) > 1]
    found.sort(key=lambda members: members[0])
    return found


def _anchors(words: Sequence[str]) -> list[tuple[object, ...]]:
    """Return the keys under which a similar kind may be found: its first, last and middle words without a number."""
    plain = [word for word in words if word and "0" not in word]
    if len(plain) < 2:
        return []
    size, middle = len(words), len(plain) // 2
    return [
        (size, "first", plain[0], plain[1]),
        (size, "last", plain[-2], plain[-1]),
        (size, "middle", plain[middle - 1], plain[middle]),
    ]


def _alike(these: Sequence[str], those: Sequence[str]) -> bool:
    """Say whether two shapes of the same number of words, blank where blank, share enough of their words."""
    common = filled = 0
    for a, b in zip(these, those, strict=True):
        if (not a) != (not b):
            return False
        filled += bool(a)
        common += a == b and bool(a)
    return common >= ALIKE * filled
