"""Which lines of a text are alike: the same words around different numbers, or the same but for a few words."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import eq

from headroom.transforms.coding.prefix import shared

_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_NUMBER = re.compile(r"0[A-Za-z0-9_]++")
_GAP = re.compile(r"   +")
_QUOTES = "`'\"\u2018\u2019\u201c\u201d"
_QUOTED = re.compile(rf"[{_QUOTES}][^ \n{_QUOTES}]++(?=[{_QUOTES}])")
"""Quoted words."""
_VARYING = re.compile(
    rf"/[^/:( \n]++(?=[:( \n]|\Z)|:[^/: \n]++(?=[ \n]|\Z)|\.\w++(?=[) \n]|\Z)|^\w++(?= \()|{_QUOTED.pattern}",
    re.MULTILINE,
)
"""Last parts of paths and names, and quoted words: what varies most in lines that are alike otherwise."""
_PUNCTUATION = "0.,:;-+/()[]{}<>#%=*_\x00"
_OPEN = "\x00"
"""Ends a word of which only the beginning is common."""

FREQUENT = 8
"""A shape seen this often is a kind of its own; rarer ones join a similar kind."""
ALIKE = 0.5
"""Share of its words or of its letters that a small kind must have in common with another to be joined to it."""
AT_ONCE = 4000
"""Lines that are looked at, and rare shapes that are compared with each other: all that is held in memory twice."""
_OWN_COST = 12
"""Characters that it costs to show a further kind."""

Group = tuple[str, list[int]]
"""A shape and the numbers of its lines."""


def shapes(lines: Sequence[str]) -> Iterator[str]:
    """Yield one shape a line: numbers as `0`, gaps between columns as two blanks, all else as it is."""
    for start in range(0, len(lines), AT_ONCE):
        # Digits become zeros byte by byte, so that the slower expressions see each wording once.
        raw = "\n".join(lines[start : start + AT_ONCE]).encode("utf-8", "surrogatepass")
        zeroed = raw.translate(_ZEROS).decode("utf-8", "surrogatepass").split("\n")
        distinct = list(dict.fromkeys(zeroed))
        masked = _NUMBER.sub("0", "\n".join(distinct))
        if "   " in masked:
            masked = _GAP.sub(_narrowed, masked)
        shape_of = dict(zip(distinct, masked.split("\n"), strict=True))
        yield from map(shape_of.__getitem__, zeroed)


def _narrowed(gap: re.Match[str]) -> str:
    """Return two blanks for a gap between columns; an indent stays as it is."""
    start = gap.start()
    return gap.group() if start == 0 or gap.string[start - 1] == "\n" else "  "


def grouped(shape_of: Iterable[str]) -> dict[str, list[int]]:
    """Return the numbers of the lines of each shape, in order of first appearance."""
    groups: dict[str, list[int]] = {}
    for number, shape in enumerate(shape_of):
        if shape in groups:
            groups[shape].append(number)
        else:
            groups[shape] = [number]
    return groups


def kinds(groups: Iterable[Group]) -> list[list[int]]:
    """Return the line numbers of each kind of line that has at least two members, in order of first member.

    Linear in the number of lines: a rare shape is compared with a few kinds only, found by words that it begins or
    ends with.
    """
    found: list[list[int]] = []
    rare: list[Group] = []
    for shape, members in groups:
        if len(members) >= FREQUENT:
            found.append(members)
        else:
            rare.append((shape, members))
    for start in range(0, len(rare), AT_ONCE):
        for kind in _kinds_of(rare[start : start + AT_ONCE]):
            found.extend(kind.parted())
    return sorted((members for members in found if len(members) > 1), key=lambda members: members[0])


def _kinds_of(rare: Sequence[Group]) -> Iterator[_Kind]:
    """Yield the kinds of rare shapes: families that are near and many, wider ones of the rest, and what is alike."""
    near = _families([shape for shape, _ in rare], [[group] for group in rare], _QUOTED)
    many, few = _by_size(near)
    yield from map(_Kind.of, many)
    many, few = _by_size(_families(few, few.values(), _VARYING))
    yield from map(_Kind.of, many)
    yield from _joined(map(_Kind.whole, few.values()))


def _families(keys: Iterable[str], families: Iterable[list[Group]], varying: re.Pattern[str]) -> dict[str, list[Group]]:
    """Unite the families whose keys differ but in what `varying` finds, by the key without it."""
    united: dict[str, list[Group]] = {}
    # Not strict: no keys at all are read as one empty key.
    for key, family in zip(varying.sub(_OPEN, "\n".join(keys)).split("\n"), families, strict=False):
        if key in united:
            united[key] += family
        else:
            united[key] = family
    return united


def _by_size(families: dict[str, list[Group]]) -> tuple[list[list[Group]], dict[str, list[Group]]]:
    """Return the families of many lines, and the others by their keys."""
    many, few = [], {}
    for key, family in families.items():
        # A single shape is rare by itself.
        if len(family) > 1 and sum(len(members) for _, members in family) >= FREQUENT:
            many.append(family)
        else:
            few[key] = family
    return many, few


@dataclass(slots=True, eq=False)
class _Kind:
    """Lines of the same number of words, blank where blank; `common` are the words that all of them share.

    `parts` are the lines that it was joined from: what they share, and their numbers.
    """

    common: list[str]
    parts: list[Group]

    @classmethod
    def of(cls, family: Sequence[Group]) -> _Kind:
        """Return the kind of a family, each of its shapes a part."""
        return cls(_common([shape for shape, _ in family]), list(family))

    @classmethod
    def whole(cls, family: Sequence[Group]) -> _Kind:
        """Return the kind of a family that is not to be parted."""
        if len(family) == 1:
            return cls(family[0][0].split(" "), list(family))
        common = _common([shape for shape, _ in family])
        return cls(common, [(" ".join(common), sorted(number for _, part in family for number in part))])

    def join(self, other: _Kind) -> None:
        """Take in another kind of the same layout: words that it does not share are common no more."""
        if self.common != other.common:
            pairs = zip(self.common, other.common, strict=True)
            self.common = [mine if mine == word else _beginning((mine, word)) for mine, word in pairs]
        self.parts.extend(other.parts)

    def parted(self) -> Iterator[list[int]]:
        """Yield the line numbers of the kind, and apart those of parts that save more on their own."""
        if len(self.parts) == 1:
            yield self.parts[0][1]
            return
        common = _letters(" ".join(self.common))
        together: list[int] = []
        for own, members in self.parts:
            size = len(members)
            if size > 1 and (size - 1) * _letters(own) - _OWN_COST > size * common:
                yield members
            else:
                together.extend(members)
        yield sorted(together)


def _common(alike: Sequence[str]) -> list[str]:
    """Return the words of shapes of the same layout, only the beginnings of those that they do not share."""
    columns = zip(*[shape.split(" ") for shape in alike], strict=True)
    return [column[0] if column.count(column[0]) == len(column) else _beginning(column) for column in columns]


def _beginning(words: Sequence[str]) -> str:
    """Return the common beginning of different words, marked as such."""
    low, high = min(words), max(words)
    return low[: shared(low, high)] + _OPEN


def _letters(shape: str) -> int:
    return len(shape) - shape.count("0") - shape.count(" ")


class _Plainness(dict[str, bool]):
    """Whether a word is more than numbers and punctuation; each is looked at once."""

    def __missing__(self, word: str) -> bool:
        plain = self[word] = bool(word.strip(_PUNCTUATION) or (word and "0" not in word))
        return plain


def _joined(rare: Iterable[_Kind]) -> list[_Kind]:
    """Join kinds that have enough in common, each with the first such one among a few."""
    joined: list[_Kind] = []
    by_layout: dict[Hashable, dict[Hashable, _Kind]] = {}
    is_plain = _Plainness()
    for kind in rare:
        words = kind.common
        plain = [word for word in words if is_plain[word]]
        if not plain:
            joined.append(kind)
            continue
        seen = by_layout.setdefault(_layout(words), {})
        anchors = _anchors(plain)
        homes = list(map(seen.get, anchors))
        home = _home(words, plain, homes) if any(homes) else None
        if home is None:
            home = kind
            joined.append(kind)
        else:
            home.join(kind)
        if homes.count(home) < len(homes):
            seen.update(dict.fromkeys(anchors, home))
    return joined


def _layout(words: Sequence[str]) -> Hashable:
    """Return what kinds must have in common to be joined: how many words they have, and where there are blanks."""
    if "" in words:
        return len(words), tuple(at for at, word in enumerate(words) if not word)
    return len(words)


def _home(words: Sequence[str], plain: Sequence[str], homes: Iterable[_Kind | None]) -> _Kind | None:
    """Return the first kind that is alike; the same one met again is not looked at twice."""
    refused: _Kind | None = None
    for home in homes:
        if home is not None and home is not refused:
            if _is_alike(home.common, words, plain):
                return home
            refused = home
    return None


def _anchors(plain: Sequence[str]) -> list[Hashable]:
    """Return the keys under which similar kinds may be found: some of the words that are no numbers."""
    middle = len(plain) // 2
    return [
        ("middle", *plain[middle - 1 : middle + 1]),
        ("first", *plain[:2]),
        ("last", *plain[-2:]),
        plain[-1],
    ]


def _is_alike(common: Sequence[str], words: Sequence[str], plain: Sequence[str]) -> bool:
    """Say whether enough of the words that are no numbers, or of their letters, stand in the same places of a kind."""
    telling = set(plain)
    shared = [word for word in compress(words, map(eq, common, words)) if word in telling]
    return len(shared) >= ALIKE * len(plain) or len("".join(shared)) >= ALIKE * len("".join(plain))
