"""A text of several kinds, cut where one kind ends and another begins.

Cuts are made only at marks that people and tools put between kinds: fences around quoted output, headings of files
printed one after another, prompts with a command.
"""

from __future__ import annotations

import re
from itertools import pairwise

MAX_CUTS = 64
"""A text with more marks than this is one of a kind of its own and is left whole."""

_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_HEADING = re.compile(r"==> .{1,400} <==$|(?:[\w.-]{1,40}@[\w.-]{1,80}[: ][^$\n]{0,200})?\$ \S")
_SIGNS = ("```", "~~~", "==> ", "$ ")
"""What stands in every fence and heading; most texts have none of it."""


def sections(text: str) -> list[str]:
    """Return the text in order as sections; joined they are the text again. One section: nothing to cut at.

    Marks are sections of their own or end a section, so that what stands between them begins and ends with it.
    """
    if not any(sign in text for sign in _SIGNS):
        return [text]
    lines = text.split("\n")
    cuts = _cuts(lines, may_have_fences="```" in text or "~~~" in text)
    if not cuts or len(cuts) > MAX_CUTS:
        return [text]
    edges = sorted({0, *cuts, len(lines)})
    parts = ["\n".join(lines[start:end]) for start, end in pairwise(edges)]
    return [part + "\n" for part in parts[:-1]] + parts[-1:]


def _cuts(lines: list[str], *, may_have_fences: bool) -> list[int]:
    """Return the indices of lines before which a section begins."""
    fences = [at for at, line in enumerate(lines) if _FENCE.match(line)] if may_have_fences else []
    if fences:
        return [at if inside else at + 1 for inside, at in zip(_alternating(len(fences)), fences, strict=True)]
    headings = [at for at, line in enumerate(lines) if ("$ " in line or line[:4] == "==> ") and _HEADING.match(line)]
    return [cut for at in headings for cut in (at, at + 1)]


def _alternating(length: int) -> list[bool]:
    """Say for each fence whether it closes: opening and closing ones take turns."""
    return [number % 2 == 1 for number in range(length)]
