"""Which lines of a text are alike: the same words around different numbers, or the same but for a few words."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import eq

_NUMBER = re.compile(r"[0-9][A-Za-z0-9_]*+")
_GAP = re.compile(r" {3,}")
_QUOTES = "`'\"\u2018\u2019\u201c\u201d"
_QUOTED = re.compile(rf"[{_QUOTES}][^ {_QUOTES}]+(?=[{_QUOTES}])")
"""Quoted words."""
_VARYING = re.compile(rf"/[^/:( ]+(?=[:( ]|$)|:[^/: ]+(?= |$)|\.\w+(?=\)| |$)|{_QUOTED.pattern}")
"""Last parts of paths and names, and quoted words: what varies most in lines that are alike otherwise."""
_PUNCTUATION = "0.,:;-+/()[]{}<>#%=*_\x00"
_OPEN = "\x00"
"""Ends a word of which only the beginning is common."""

FREQUENT = 8
"""A shape seen this often is a kind of its own; rarer ones join a similar kind."""
ALIKE = 0.5
"""Share of its words or of its letters that a small kind must have in common with another to be joined to it."""
AT_ONCE = 4000
"""Rare shapes that are compared with each other: all that is held in memory word by word."""
_OWN_COST = 12
"""Characters that it costs to show a further kind."""


def shapes(text: str) -> list[str]:
    """Return one shape a line: numbers as `0`, gaps between columns as two blanks, all else as it is."""
    masked = _NUMBER.sub("0", text)
    if "   " in masked:
        masked = _GAP.sub(_narrowed, masked)
    return masked.split("\n")


def _narrowed(gap: re.Match[str]) -> str:
    """Return two blanks for a gap between columns; an indent stays as it is."""
    start = gap.start()
    return gap.group() if start == 0 or gap.string[start - 1] == "\n" else "  "


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
    rare = [item for item in exact.items() if len(item[1]) < FREQUENT]
    for start in range(0, len(rare), AT_ONCE):
        for kind in _kinds_of(rare[start : start + AT_ONCE]):
            found.extend(kind.parted())
    return sorted((members for members in found if len(members) > 1), key=lambda members: members[0])


def _kinds_of(rare: Iterable[tuple[str, list[int]]]) -> Iterator[_Kind]:
    """Yield the kinds of rare shapes: families that are near and many, wider ones of the rest, and what is alike."""
    alone = ((shape, _Kind(words := shape.split(" "), [(words, members)])) for shape, members in rare)
    near = _families(alone, _QUOTED)
    yield from (kind for kind in near.values() if kind.size >= FREQUENT)
    wide = _families(((shape, kind) for shape, kind in near.items() if kind.size < FREQUENT), _VARYING)
    yield from (kind for kind in wide.values() if kind.size >= FREQUENT)
    small = (kind for kind in wide.values() if kind.size < FREQUENT)
    yield from _joined(_Kind(kind.common, [(kind.common, kind.members)]) for kind in small)


@dataclass(slots=True)
class _Kind:
    """Lines of the same number of words, blank where blank; `common` are the words that all of them share.

    `parts` are the lines that it was joined from: the words that they share, and their numbers.
    """

    common: list[str]
    parts: list[tuple[Sequence[str], list[int]]]

    @property
    def members(self) -> list[int]:
        return sorted(number for _, part in self.parts for number in part)

    @property
    def size(self) -> int:
        return sum(len(part) for _, part in self.parts)

    def join(self, other: _Kind) -> None:
        """Take in another kind of the same layout: words that it does not share are common no more."""
        if self.common != other.common:
            pairs = zip(self.common, other.common, strict=True)
            self.common = [mine if mine == word else _beginning(mine, word) for mine, word in pairs]
        self.parts.extend(other.parts)

    def parted(self) -> Iterator[list[int]]:
        """Yield the line numbers of the kind, and apart those of parts that save more on their own."""
        shared = _letters(self.common)
        together: list[int] = []
        for own, members in self.parts:
            size = len(members)
            if size > 1 and (size - 1) * _letters(own) - _OWN_COST > size * shared:
                yield members
            else:
                together.extend(members)
        yield sorted(together)


def _beginning(one: str, other: str) -> str:
    """Return the common beginning of two different words, marked as such."""
    if one.endswith(_OPEN) and other.startswith(one[:-1]):
        return one
    shorter = min(len(one), len(other))
    same = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    return one[:same] + _OPEN


def _letters(words: Sequence[str]) -> int:
    text = "".join(words)
    return len(text) - text.count("0")


def _families(named: Iterable[tuple[str, _Kind]], varying: re.Pattern[str]) -> dict[str, _Kind]:
    """Return one kind for all whose shapes differ but in what `varying` finds, by the shape without it."""
    families: dict[str, _Kind] = {}
    for shape, kind in named:
        home = families.setdefault(varying.sub(_OPEN, shape), kind)
        if home is not kind:
            home.join(kind)
    return families


def _joined(rare: Iterable[_Kind]) -> list[_Kind]:
    """Join kinds that have enough in common, each with the first such one among a few."""
    joined: list[_Kind] = []
    seen: dict[Hashable, _Kind] = {}
    for kind in rare:
        plain = [word for word in kind.common if word.strip(_PUNCTUATION) or (word and "0" not in word)]
        anchors = _anchors(kind.common, plain)
        homes = {id(seen[anchor]): seen[anchor] for anchor in anchors if anchor in seen}.values()
        home = next((home for home in homes if _is_alike(home.common, kind.common, plain)), kind)
        if home is kind:
            joined.append(kind)
        else:
            home.join(kind)
        for anchor in anchors:
            seen[anchor] = home
    return joined


def _anchors(words: Sequence[str], plain: Sequence[str]) -> list[Hashable]:
    """Return the keys under which similar kinds may be found: the layout, and some of the words that are no numbers."""
    if not plain:
        return []
    layout: Hashable = len(words)
    if "" in words:
        layout = len(words), tuple(at for at, word in enumerate(words) if not word)
    middle = len(plain) // 2
    return [
        (layout, "middle", *plain[middle - 1 : middle + 1]),
        (layout, "first", *plain[:2]),
        (layout, "last", *plain[-2:]),
        (layout, "end", plain[-1]),
    ]


def _is_alike(common: Sequence[str], words: Sequence[str], plain: Sequence[str]) -> bool:
    """Say whether enough of the words that are no numbers, or of their letters, stand in the same places of a kind."""
    telling = set(plain)
    shared = [word for word in compress(words, map(eq, common, words)) if word in telling]
    return len(shared) >= ALIKE * len(plain) or len("".join(shared)) >= ALIKE * len("".join(plain))
