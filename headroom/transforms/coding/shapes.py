"""Which lines of a text are alike: the same words around different numbers, or the same but for a few words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"[0-9][A-Za-z0-9_]*+")
_GAP = re.compile(r"(?<=[^ \n]) {2,}")

FREQUENT = 8
"""A shape seen this often is a kind of its own; rarer ones join a similar kind."""
CLOSE = 0.75
"""Share of its words and of its letters that a shape must have in common with a kind to be counted to it at once."""
ALIKE = 0.5
"""Share of its words or of its letters that a small kind must have in common with another to be joined to it."""
_OWN_COST = 12
"""Characters that it costs to show a further kind."""


def shapes(text: str) -> list[str]:
    """Return one shape a line: numbers as `0`, gaps between columns as two blanks, all else as it is."""
    masked = _NUMBER.sub("0", text)
    if "   " in masked:
        masked = _GAP.sub("  ", masked)
    return masked.split("\n")


@dataclass(slots=True)
class _Kind:
    """Lines of the same number of words, blank where blank; `common` are the words that all of them share.

    `parts` are the kinds it was joined from, each with the number of letters that its own lines share.
    """

    common: list[str]
    parts: list[tuple[int, list[int]]]

    @property
    def size(self) -> int:
        return sum(len(members) for _, members in self.parts)

    def likeness(self, words: Sequence[str]) -> tuple[float, float]:
        """Return the shares of words and of letters that a shape has in common with this kind."""
        count = shared = letters = shared_letters = 0
        for mine, word in zip(self.common, words, strict=True):
            if (not mine) != (not word):
                return 0.0, 0.0
            if _says(word):
                count += 1
                letters += len(word)
                if mine == word:
                    shared += 1
                    shared_letters += len(word)
        return (shared / count, shared_letters / letters) if count else (0.0, 0.0)

    def join(self, other: _Kind) -> None:
        """Take in another kind: words that it does not share are common no more."""
        self.common = list(map(_shared, self.common, other.common))
        self.parts.extend(other.parts)

    def united(self) -> _Kind:
        """Return this kind as one part."""
        members = sorted(number for _, part in self.parts for number in part)
        return _Kind(self.common, [(_letters(self.common), members)])

    def parted(self) -> Iterator[list[int]]:
        """Yield the line numbers of the kind, and apart those of parts that save more on their own."""
        shared = _letters(self.common)
        together: list[int] = []
        for own, members in self.parts:
            if (len(members) - 1) * own - _OWN_COST > len(members) * shared:
                yield members
            else:
                together.extend(members)
        yield sorted(together)


_OPEN = "\x00"
"""Ends a word of which only the beginning is common."""
_NUMERIC = "0.,:;-+/()[]{}<>#%=*_\x00"
_LAST_PART = re.compile(r"(?<=[/:])[^/: ]+(?= |$)")


def _says(word: str) -> bool:
    """Tell a word that says something from a number."""
    return bool(word.strip(_NUMERIC)) or (word != "" and "0" not in word)


def _shared(one: str, other: str) -> str:
    """Return what two words have in common: the word itself, or its beginning."""
    if one == other:
        return one
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:same] + _OPEN


def _letters(words: Sequence[str]) -> int:
    return sum(map(len, words)) - sum(word.count("0") for word in words)


def kinds(shape_of: Sequence[str], least: int) -> list[list[int]]:
    """Return the line numbers of each kind of line that has at least two members, in order of first member.

    Lines whose shape is shorter than `least` characters belong to no kind. Linear in the number of lines: a rare
    shape is compared with a few kinds only, found by words that it begins or ends with.
    """
    exact: dict[str, list[int]] = {}
    for number, shape in enumerate(shape_of):
        if len(shape) >= least:
            exact.setdefault(shape, []).append(number)
    found = [members for members in exact.values() if len(members) >= FREQUENT]
    families = _families((shape, members) for shape, members in exact.items() if len(members) < FREQUENT)
    close = _joined(families, _is_close)
    for kind in _joined([kind.united() for kind in close if kind.size < FREQUENT], _is_alike):
        found.extend(kind.parted())
    for kind in close:
        if kind.size >= FREQUENT:
            found.extend(kind.parted())
    return sorted((members for members in found if len(members) > 1), key=lambda members: members[0])


def _families(rare: Iterable[tuple[str, list[int]]]) -> list[_Kind]:
    """Return one kind for all shapes that differ but in the last part of a path or qualified name."""
    families: dict[str, _Kind] = {}
    for shape, members in rare:
        kind = _Kind(shape.split(" "), [(0, members)])
        home = families.setdefault(_LAST_PART.sub(_OPEN, shape), kind)
        if home is not kind:
            home.join(kind)
    return [kind.united() for kind in families.values()]


def _is_close(words: float, letters: float) -> bool:
    return min(words, letters) >= CLOSE


def _is_alike(words: float, letters: float) -> bool:
    return max(words, letters) >= ALIKE


def _joined(rare: Iterable[_Kind], enough: Callable[[float, float], bool]) -> list[_Kind]:
    """Join kinds that have enough in common, each with the first such one among a few."""
    joined: list[_Kind] = []
    seen: dict[tuple[object, ...], _Kind] = {}
    for kind in rare:
        anchors = _anchors(kind.common)
        home = next((k for k in map(seen.get, anchors) if k and enough(*k.likeness(kind.common))), None)
        if home is None:
            home = kind
            joined.append(kind)
        else:
            home.join(kind)
        for anchor in anchors:
            seen[anchor] = home
    return joined


def _anchors(words: Sequence[str]) -> list[tuple[object, ...]]:
    """Return the keys under which a similar kind may be found: its first, last and middle words of letters."""
    plain = [word for word in words if _says(word)]
    if not plain:
        return []
    size, middle = len(words), len(plain) // 2
    return [
        (size, "middle", *plain[middle - 1 : middle + 1]),
        (size, "first", *plain[:2]),
        (size, "last", *plain[-2:]),
        (size, "end", plain[-1]),
    ]
