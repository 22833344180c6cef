"""Code as tools print it with line numbers: the numbers out, the first and every 25th kept as landmarks.

    [code: 60 numbered lines; the number is shown on the first and on every 25th]
         1	import os
    import sys
    ...
        25	def main() -> None:

The first line shows how the tool writes its numbers (width and separator), which is all that is needed to put
them back. What a tool prints above or below the numbered lines stays; code without numbers is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.view import View

LANDMARK = 25
"""Lines whose number is a multiple of this keep it."""
_MIN_LINES = 8
_MAX_HEAD = 5
_NUMBER = re.compile(r"( {0,11})([1-9]\d{0,7})(\t| {0,8}[→:|│])")
_NOTE = re.compile(rf"\[code: (\d{{1,8}}) numbered lines; the number is shown on the first and on every {LANDMARK}th\]")


class CodeAwareCompressor(Compressor):
    """Takes regular line numbers off code."""

    name: ClassVar[str] = "code_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of the text that is one regular run of numbered lines."""
        found = _found(view)
        return 0.0 if found is None else (found.end - found.start) / len(view.lines)

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the text with all but the landmark numbers taken off."""
        context.check()
        found = _found(view)
        if found is not None:
            yield Lossless(_without_numbers(view.lines, found), Fidelity.BYTES, "code.numbers", Tier.LEGEND)

    def decode(self, text: str) -> str:
        """Put the numbers back."""
        lines = text.split("\n")
        for at, line in enumerate(lines[: _MAX_HEAD + 1]):
            note = _NOTE.fullmatch(line)
            if note is not None:
                return "\n".join([*lines[:at], *_with_numbers(lines[at + 1 :], int(note[1]))])
        raise ValueError("no note on line numbers")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a tool writes line numbers: right-aligned to a width, followed by a separator."""

    first: int
    width: int
    separator: str

    @classmethod
    def of(cls, line: str) -> _Style | None:
        """Read the style off the first numbered line."""
        found = _NUMBER.match(line)
        return cls(int(found[2]), len(found[1] + found[2]), found[3]) if found else None

    def prefix(self, offset: int) -> str:
        """Return what stands before the text of the line `offset` lines below the first."""
        return str(self.first + offset).rjust(self.width) + self.separator

    def is_shown(self, offset: int) -> bool:
        """Say whether that line keeps its number."""
        return offset == 0 or (self.first + offset) % LANDMARK == 0


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Lines `start` to `end` (exclusive) of a text carry consecutive numbers in one style."""

    start: int
    end: int
    style: _Style


def _found(view: View) -> _Numbered | None:
    return view.once("code.numbered", lambda _: _numbered(view.lines))


def _numbered(lines: list[str]) -> _Numbered | None:
    """Find the run of numbered lines; it begins within the first lines of the text."""
    for start in range(min(_MAX_HEAD + 1, len(lines))):
        style = _Style.of(lines[start])
        if style is not None:
            end = start + sum(1 for _ in _regular(lines, start, style))
            if end - start >= _MIN_LINES:
                return None if _is_table(lines[:start], style) else _Numbered(start, end, style)
        if _NOTE.fullmatch(lines[start]):
            return None
    return None


def _regular(lines: list[str], start: int, style: _Style) -> Iterator[int]:
    for at in range(start, len(lines)):
        if not lines[at].startswith(style.prefix(at - start)):
            return
        yield at


def _is_table(head: list[str], style: _Style) -> bool:
    """Say whether the numbers are a column of a table: a heading above uses the same separator."""
    separator = style.separator.strip(" ")
    return separator != ":" and any(separator in line for line in head)


def _without_numbers(lines: list[str], found: _Numbered) -> str:
    style, start = found.style, found.start
    out = [*lines[:start], _note(found.end - start)]
    for offset, line in enumerate(lines[start : found.end]):
        out.append(line if style.is_shown(offset) else line[len(style.prefix(offset)) :])
    return "\n".join(out + lines[found.end :])


def _note(count: int) -> str:
    return f"[code: {count} numbered lines; the number is shown on the first and on every {LANDMARK}th]"


def _with_numbers(lines: list[str], count: int) -> Iterator[str]:
    style = _Style.of(lines[0]) if lines else None
    if style is None or count > len(lines):
        raise ValueError("no numbered line below the note")
    for offset, line in enumerate(lines):
        yield line if offset >= count or style.is_shown(offset) else style.prefix(offset) + line
