"""How we say that something is left out: one phrase, in the units of the source.

    lines 12-240 left out: 229 of level INFO                  a gap, told in its place
    373 of 412 rows left out, all but 1-3, 17, 410-412: ...   gaps all over a text, told at its end

Within a text a phrase stands in square brackets; at its end the marker puts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def ranges(numbers: Iterable[int]) -> str:
    """Return ascending numbers as people write them: `1-3, 17, 410-412`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def left_out(unit: str, numbers: Sequence[int], what: str = "") -> str:
    """Say which units (`lines`, `rows`), counted from 1 and ascending, are missing here, and what they are."""
    return _with(f"{unit if len(numbers) != 1 else unit.removesuffix('s')} {ranges(numbers)} left out", what)


def all_but(unit: str, kept: Sequence[int], total: int, what: str = "") -> str:
    """Say which units, counted from 1 and ascending, are all that is left of a total, and what the others are."""
    return _with(f"{total - len(kept)} of {total} {unit} left out, all but {ranges(kept)}", what)


def bracketed(phrase: str) -> str:
    """Return a phrase as a note that stands in the text."""
    return f"[{phrase}]"


def is_gap(line: str) -> bool:
    """Say whether a line has the form of a note on what is missing in its place."""
    return line.startswith("[") and line.endswith("left out]")


def _with(phrase: str, what: str) -> str:
    return f"{phrase}: {what}" if what else phrase
