"""What neighbouring lines begin with, set above them once: dates, seconds, hosts, levels, always whole words.

Two words at least are left of each line, so that it still says something.

    2026-05-20 16:49:14 status unpacked jq 1.6          > 2026-05-20 16:49:14
    2026-05-20 16:49:14 status installed jq 1.6    ->   status unpacked jq 1.6
    2026-05-20 16:49:15 startup packages configure      status installed jq 1.6
                                                        2026-05-20 16:49:15 startup packages configure

Empty lines and lines that start with a blank (frames, continuations) stay as they are, wherever they stand. A heading
without words says that the lines below it are whole again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.prefix import BLANKS, shared

SIGNS = (">", "»", "§", "#")
_CLAUSE = 'below a line "{} ..." each line that does not start with a blank goes on from it'
_GAP = re.compile(r"(?<=\S) (?=\S)")
_MOST_WORDS = 12
_COST = 12
"""About what a heading costs besides its words, in characters: the reader looks up, too."""
_NEVER = 1 << 60


def clause(sign: str) -> str:
    """Return what the note of a text says of headings led by a sign."""
    return _CLAUSE.format(sign)


def sign_in(note: str) -> str:
    """Return the sign that headings are led by, nothing if a note does not tell of any."""
    return next((sign for sign in SIGNS if clause(sign) in note), "")


def encode(lines: Sequence[str]) -> tuple[str, list[str]]:
    """Return the sign that headings are led by and the lines under headings; no sign if none is worth it."""
    text = "\n" + "\n".join(lines)
    sign = next((sign for sign in SIGNS if f"\n{sign}" not in text and f" {sign}" not in text), "")
    whole = [line for line in lines if _is_whole(line)]
    cuts = _cuts(whole) if sign else []
    if not any(cuts):
        return "", list(lines)
    return sign, list(_written(lines, iter(cuts), sign))


def decode(lines: Sequence[str], sign: str, budget: Budget) -> list[str]:
    """Undo `encode`. Raises ValueError at too many characters."""
    out: list[str] = []
    heading = ""
    for line in lines:
        if line[:1] == sign:
            heading = line[2:] + " " if line[2:] else ""
            continue
        front = heading if _is_whole(line) else ""
        budget.spend(len(front))
        out.append(front + line)
    return out


def _is_whole(line: str) -> bool:
    return bool(line) and not line.startswith(BLANKS)


def _written(lines: Sequence[str], cuts: Iterator[int], sign: str) -> Iterator[str]:
    written = ""
    for line in lines:
        if not _is_whole(line):
            yield line
            continue
        cut = next(cuts)
        heading = line[:cut]
        if heading != written:
            yield f"{sign} {heading}".rstrip(" ")
            written = heading
        yield line[cut:]


def _cuts(lines: Sequence[str]) -> list[int]:
    """Return how many characters of each line stand in its heading, so that all takes as little room as can be.

    One pass over the lines finds the cheapest way to have each number of words of a line in its heading: either
    the heading is that of the line before, or a new one after the cheapest way so far.
    """
    places: list[list[int]] = []
    came: list[bytes] = []
    costs, last, ends = [0], "", [0]
    for line in lines:
        own = _places(line)
        alike = shared(last, line)
        cheapest = min(range(len(costs)), key=costs.__getitem__)
        now, back = [], bytearray()
        for words, end in enumerate(own):
            goes_on = words < len(ends) and ends[words] == end <= alike
            stay = costs[words] if goes_on else _NEVER
            turn = costs[cheapest] + end + _COST
            back.append(words if stay <= turn else cheapest)
            now.append(min(stay, turn) - end)
        places.append(own)
        came.append(bytes(back))
        costs, last, ends = now, line, own
    return _traced(places, came, min(range(len(costs)), key=costs.__getitem__))


def _places(line: str) -> list[int]:
    """Return where a line may be cut: before its first word and behind later ones, but not before its last."""
    gaps = [gap.end() for gap in islice(_GAP.finditer(line), _MOST_WORDS + 1)]
    return [0, *gaps[:-1]]


def _traced(places: Sequence[Sequence[int]], came: Sequence[bytes], words: int) -> list[int]:
    """Return the places that the cheapest way cuts at, going back from where it ends."""
    cuts = []
    for own, back in zip(reversed(places), reversed(came), strict=True):
        cuts.append(own[words])
        words = back[words]
    return cuts[::-1]
