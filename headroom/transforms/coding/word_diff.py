"""Changed lines as `git diff --word-diff` shows them: a removed and an added line that share most are one.

    -    "cookie": "0.6.0",
    +    "cookie": "0.7.1",      ->      ~    "cookie": "[-0.6.0-]{+0.7.1+}",

In a change all removed lines stand before all added ones, so the two sides of such a line find their places again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress, count, groupby
from operator import itemgetter, ne

MARK = "~"
_SIGNS = "-+"
_SIGN = itemgetter(slice(0, 1))
_WORDS = re.compile(r"[\w.]+|\s+|[^\w\s.]")
_BRACKETS = ("[-", "-]", "{+", "+}")
_CHANGED = re.compile(r"\[-((?:[^-\[]|-(?!\])|\[(?!-))++)-\]|\{\+((?:[^+{]|\+(?!\})|\{(?!\+))++)\+\}")
_ANCHOR = 4
"""So many words in a row, blanks and signs counted, show that two lines agree again."""
_REACH = 8
"""A removed line is compared with an added one at most so many lines further down."""
_SHARED_CHARS = 12
_SHARED_SHARE = 0.4
_ALIKE = 4
"""Lines that begin and end with fewer characters in common, blanks not counted, are taken for different ones."""
_WORTH_A_LOOK = 24
"""What is between the common ends of two lines is compared word by word from so many characters on."""
_LONGEST = 4_000
"""Characters of the longest line that is compared with another."""

Words = Sequence[str]


def encode(lines: Sequence[str]) -> list[str]:
    """Return the lines with like pairs of a removed and an added line made one. No line may begin with the mark."""
    out: list[str] = []
    for changed, block in _blocks(lines, _SIGNS):
        removed = [line for line in block if line[0] == "-"] if changed else []
        if removed and removed == block[: len(removed)] and len(removed) < len(block):
            out += _merged([line[1:] for line in removed], [line[1:] for line in block[len(removed) :]])
        else:
            out += block
    return out


def decode(lines: Sequence[str]) -> list[str]:
    """Restore both sides of every merged line."""
    out: list[str] = []
    for changed, block in _blocks(lines, _SIGNS + MARK):
        if not changed or not any(line[0] == MARK for line in block):
            out += block
            continue
        sides = [_sides(line[1:]) if line[0] == MARK else (line[1:], line[1:]) for line in block]
        out += ["-" + side[0] for line, side in zip(block, sides, strict=True) if line[0] != "+"]
        out += ["+" + side[1] for line, side in zip(block, sides, strict=True) if line[0] != "-"]
    return out


def _blocks(lines: Iterable[str], signs: str) -> Iterator[tuple[bool, list[str]]]:
    """Split lines into runs that begin with one of the signs (marked so) and runs that do not."""
    block: list[str] = []
    inside = False
    for sign, run in groupby(lines, _SIGN):
        changed = bool(sign) and sign in signs
        if changed != inside:
            yield inside, block
            inside, block = changed, []
        block += run
    yield inside, block


def _merged(removed: Sequence[str], added: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a change, each removed line beside the added line that it turned into, if there is one.

    Only the next added line that starts like it is looked at, so that the work grows with the lines.
    """
    starts: dict[str, list[int]] = {}
    for at in range(len(added) - 1, -1, -1):
        starts.setdefault(_start(added[at]), []).append(at)
    below = 0
    for old in removed:
        places = starts.get(_start(old), [])
        while places and places[-1] < below:
            places.pop()
        at = places[-1] if places else len(added)
        both = merged(old, added[at]) if at < min(below + _REACH, len(added)) else ""
        if not both:
            yield "-" + old
            continue
        yield from ("+" + new for new in added[below:at])
        yield MARK + both
        below = at + 1
    yield from ("+" + new for new in added[below:])


def _start(line: str) -> str:
    """Return the indentation and the first character."""
    return line[: len(line) - len(line.lstrip()) + 1]


def merged(old: str, new: str) -> str:
    """Return both lines as one; nothing if they share too little or could not be told apart again."""
    most = min(len(old), len(new), _LONGEST)
    begin = _common_begin(old, new, most)
    end = _common_begin(old[::-1], new[::-1], most - begin)
    shared = len(old[:begin].strip()) + end
    if shared < _ALIKE or max(len(old), len(new)) > _LONGEST or any(b in old or b in new for b in _BRACKETS):
        return ""
    ours, theirs = old[begin : len(old) - end], new[begin : len(new) - end]
    middle = _change(ours, theirs)
    if min(len(ours), len(theirs)) >= _WORTH_A_LOOK:
        kept, middle = _middle(_WORDS.findall(ours), _WORDS.findall(theirs))
        needed = _SHARED_SHARE * max(len(old.strip()), len(new.strip())) if kept else 0
        shared = shared + kept if shared + kept >= needed else 0
    text = old[:begin] + middle + old[len(old) - end :]
    return text if shared >= _SHARED_CHARS and middle and _sides(text) == (old, new) else ""


def _common_begin(one: str, other: str, most: int) -> int:
    """Return the length of the common beginning of two texts, at most so long, that cuts no word."""
    same = min(most, next(compress(count(), map(ne, one, other)), most))
    if _is_word(one[same : same + 1]) or _is_word(other[same : same + 1]):
        while same and _is_word(one[same - 1]):
            same -= 1
    return same


def _is_word(char: str) -> bool:
    return char.isalnum() or char in ("_", ".")


def _change(old: str, new: str) -> str:
    return (f"[-{old}-]" if old else "") + (f"{{+{new}+}}" if new else "")


def _sides(text: str) -> tuple[str, str]:
    """Return the removed and the added side of a merged line."""
    removed = _CHANGED.split(text)  # by threes: what both share, what was removed, what was added
    added = removed.copy()
    del removed[2::3], added[1::3]
    return "".join(filter(None, removed)), "".join(filter(None, added))


def _middle(ours: Words, theirs: Words) -> tuple[int, str]:
    """Return two middles of lines as one, and how many characters of it they share."""
    pieces: list[str] = []
    at = over = shared = 0
    for start, other, length in _stretches(ours, theirs):
        pieces += _change("".join(ours[at:start]), "".join(theirs[over:other])), "".join(ours[start : start + length])
        shared += len(pieces[-1].strip())
        at, over = start + length, other + length
    return shared, "".join(pieces) + _change("".join(ours[at:]), "".join(theirs[over:]))


def _stretches(ours: Words, theirs: Words) -> Iterator[tuple[int, int, int]]:
    """Yield runs of words that stand in both in the same order, around anchors: words in a row that occur once."""
    places = _once(theirs)
    anchors = [(start, places[words]) for words, start in _once(ours).items() if words in places]
    at = over = 0
    for start, other in _rising(anchors):
        if start < at or other < over:
            continue
        first, last = start, start + _ANCHOR
        shift = other - start
        while first > at and first + shift > over and ours[first - 1] == theirs[first - 1 + shift]:
            first -= 1
        while last < len(ours) and last + shift < len(theirs) and ours[last] == theirs[last + shift]:
            last += 1
        yield first, first + shift, last - first
        at, over = last, last + shift


def _once(words: Words) -> dict[tuple[str, ...], int]:
    """Return where each row of words that occurs only once begins."""
    rows = list(zip(*(words[skipped:] for skipped in range(_ANCHOR)), strict=False))
    counts = Counter(rows)
    return {row: at for at, row in enumerate(rows) if counts[row] == 1}


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Of pairs in the order of their first place return the most whose second places are in order, too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for at, (_, other) in enumerate(pairs):
        size = bisect_left(ends, other)
        ends[size : size + 1] = [other]
        last[size : size + 1] = [at]
        before.append(last[size - 1] if size else -1)
    chain = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(pairs[at])
        at = before[at]
    return chain[::-1]
