"""Which lines of a text are alike: the same words around different numbers, or the same but for a few words."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_NUMBER = re.compile(r"[0-9][A-Za-z0-9_]*+")
_GAP = re.compile(r"(?<=[^ \n]) {2,}")
_LAST_PART = re.compile(r"(?<=[/:])[^/: ]+(?= |$)")
_PUNCTUATION = "0.,:;-+/()[]{}<>#%=*_\x00"
_OPEN = "\x00"
"""Ends a word of which only the beginning is common."""

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
    close = _joined(_families(item for item in exact.items() if len(item[1]) < FREQUENT), _is_close)
    small = [kind.united() for kind in close if kind.size < FREQUENT]
    large = [kind for kind in close if kind.size >= FREQUENT]
    for kind in (*large, *_joined(small, _is_alike)):
        found.extend(kind.parted())
    return sorted((members for members in found if len(members) > 1), key=lambda members: members[0])


@dataclass(slots=True)
class _Kind:
    """Lines of the same number of words, blank where blank; `common` are the words that all of them share.

    `parts` are the kinds it was joined from, each with the number of letters that its own lines share.
    """

    common: list[str]
    parts: list[tuple[int, list[int]]]
    size: int
    plain: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.plain = [word for word in self.common if word.strip(_PUNCTUATION) or (word and "0" not in word)]

    @property
    def anchors(self) -> list[Hashable]:
        """The keys under which similar kinds may be found: layout, and some of the words that are no numbers."""
        if not self.plain:
            return []
        words, middle = self.plain, len(self.plain) // 2
        layout: Hashable = len(self.common)
        if "" in self.common:
            layout = tuple(at for at, word in enumerate(self.common) if not word), layout
        return [
            (layout, "middle", *words[middle - 1 : middle + 1]),
            (layout, "first", *words[:2]),
            (layout, "last", *words[-2:]),
            (layout, "end", words[-1]),
        ]

    def likeness(self, other: _Kind) -> tuple[float, float]:
        """Return the shares of the other's words and of their letters that it has in common with this kind."""
        plain = set(other.plain)
        same = [word for mine, word in zip(self.common, other.common, strict=True) if mine == word and word in plain]
        return len(same) / len(other.plain), len("".join(same)) / len("".join(other.plain))

    def join(self, other: _Kind) -> None:
        """Take in another kind of the same layout: words that it does not share are common no more."""
        self.common = [
            mine if mine == word else _beginning(mine, word)
            for mine, word in zip(self.common, other.common, strict=True)
        ]
        self.parts.extend(other.parts)
        self.size += other.size

    def united(self) -> _Kind:
        """Return this kind as one part."""
        members = sorted(number for _, part in self.parts for number in part)
        return _Kind(self.common, [(_letters(self.common), members)], self.size)

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


def _beginning(one: str, other: str) -> str:
    """Return the common beginning of two different words."""
    shorter = min(len(one), len(other))
    same = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    return one[:same] + _OPEN


def _letters(words: Sequence[str]) -> int:
    text = "".join(words)
    return len(text) - text.count("0")


def _families(rare: Iterable[tuple[str, list[int]]]) -> list[_Kind]:
    """Return one kind for all shapes that differ but in the last part of a path or qualified name."""
    families: dict[str, _Kind] = {}
    for shape, members in rare:
        words = shape.split(" ")
        kind = _Kind(words, [(_letters(words), members)], len(members))
        home = families.setdefault(_LAST_PART.sub(_OPEN, shape) if "/" in shape or ":" in shape else shape, kind)
        if home is not kind:
            home.join(kind)
    return [kind.united() if len(kind.parts) > 1 else kind for kind in families.values()]


def _is_close(words: float, letters: float) -> bool:
    return min(words, letters) >= CLOSE


def _is_alike(words: float, letters: float) -> bool:
    return max(words, letters) >= ALIKE


def _joined(rare: Iterable[_Kind], enough: Callable[[float, float], bool]) -> list[_Kind]:
    """Join kinds that have enough in common, each with the first such one among a few."""
    joined: list[_Kind] = []
    seen: dict[Hashable, _Kind] = {}
    for kind in rare:
        anchors = kind.anchors
        candidates = [seen[anchor] for anchor in anchors if anchor in seen]
        home = next((candidate for candidate in candidates if enough(*candidate.likeness(kind))), kind)
        if home is kind:
            joined.append(kind)
        else:
            home.join(kind)
        for anchor in anchors:
            seen[anchor] = home
    return joined
