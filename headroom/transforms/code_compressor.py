"""Code as tools print it with line numbers: the numbers out, the first and every 25th kept as landmarks.

    [code: 60 numbered lines; the number is shown on the first and on every 25th]
         1	import os
    import sys
    ...
        25	def main() -> None:

The first line shows how the tool writes its numbers (width and separator), which is all that is needed to put
them back. What stands between runs of numbered lines stays as it is (a line that looks like our note is led by
`|`), code without numbers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding import code_reduction
from headroom.transforms.coding.probing import share
from headroom.transforms.content_router import ENOUGH
from headroom.transforms.view import View

LANDMARK = 25
"""Lines whose number is a multiple of this keep it."""
_MIN_LINES = 8
_WORTH_A_LOOK = 0.25
"""So many of a few lines must have a number, or the others are not looked at."""
VERBATIM = "|"
_NUMBER = re.compile(r"( {0,11})([1-9]\d{0,7})(\t| {0,8}[→:|│])")
_NOTE = re.compile(rf"\[code: (\d{{1,8}}) numbered lines; the number is shown on the first and on every {LANDMARK}th\]")


class CodeAwareCompressor(Compressor):
    """Takes regular line numbers off code; for readers that can ask for more, comments and bodies too."""

    name: ClassVar[str] = "code_compressor"
    reads_code: ClassVar[bool] = True

    def evidence(self, view: View, hint: Hint) -> float:
        """Return the share of the lines that are regularly numbered; just enough for code without numbers."""
        numbered = sum(run.count for run in _found(view)) / len(view.lines)
        return numbered or (ENOUGH if language_of(view, view, hint) else 0.0)

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the text with all but the landmark numbers taken off."""
        context.check()
        if _found(view):
            text = "\n".join(_without_numbers(view.lines, _found(view)))
            yield Lossless(text, Fidelity.BYTES, "code.numbers", Tier.LEGEND)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterator[Reduction]:
        """Yield the code without comments and bodies of functions, unless the question asks for the exact text."""
        bare = View(unnumbered(view))
        reduced = code_reduction.reduced(bare.text, view.lines, language_of(view, bare, hint), hint, context.check)
        if reduced is not None:
            yield Reduction(*reduced, "code.folded")

    def decode(self, text: str) -> str:
        """Put the numbers back."""
        lines = text.split("\n")
        if not any(map(_NOTE.fullmatch, lines)):
            raise ValueError("no note on line numbers")
        return "\n".join(_with_numbers(lines))


def language_of(view: View, bare: View, hint: Hint) -> str:
    """Return the language of code, empty if it is none, or if its grammar is not there. `bare` has no numbers."""
    return view.once("code.language", lambda _: code_reduction.language_of(bare.text, bare.sample, hint))


def unnumbered(view: View) -> str:
    """Return the text without its line numbers, if they number all of it."""
    runs = _found(view)
    if len(runs) != 1 or any(line.strip() for line in (*view.lines[: runs[0].start], *view.lines[runs[0].end :])):
        return view.text
    [run] = runs
    numbered = [line[len(run.style.prefix(at)) :] for at, line in enumerate(view.lines[run.start : run.end])]
    return "\n".join([*view.lines[: run.start], *numbered, *view.lines[run.end :]])


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
class _Run:
    """So many lines from `start` on carry consecutive numbers in one style."""

    start: int
    count: int
    style: _Style

    @property
    def end(self) -> int:
        """The line below the run."""
        return self.start + self.count


def _found(view: View) -> list[_Run]:
    return view.once("code.runs", lambda _: list(_runs(view.lines)) if _is_numbered(view) else [])


def _is_numbered(view: View) -> bool:
    return share(view.sample, _NUMBER.match) >= _WORTH_A_LOOK


def _runs(lines: list[str]) -> Iterator[_Run]:
    at = 0
    while at < len(lines):
        style = _Style.of(lines[at])
        count = 0 if style is None else _regular(lines, at, style)
        if style is not None and count >= _MIN_LINES and not _is_table(lines[max(0, at - 2) : at], style):
            yield _Run(at, count, style)
        at += count if count >= _MIN_LINES else 1


def _regular(lines: list[str], start: int, style: _Style) -> int:
    """Return how many lines from `start` on have the numbers that the style calls for."""
    end = start
    while end < len(lines) and lines[end].startswith(style.prefix(end - start)):
        end += 1
    return end - start


def _is_table(above: list[str], style: _Style) -> bool:
    """Say whether the numbers are a column of a table: a heading above uses the same separator."""
    separator = style.separator.strip(" ")
    return separator != ":" and any(separator in line for line in above)


def _without_numbers(lines: list[str], runs: list[_Run]) -> Iterator[str]:
    end = 0
    for run in runs:
        yield from map(_escaped, lines[end : run.start])
        yield _note(run.count)
        end = run.start + run.count
        for offset, line in enumerate(lines[run.start : end]):
            yield line if run.style.is_shown(offset) else line[len(run.style.prefix(offset)) :]
    yield from map(_escaped, lines[end:])


def _note(count: int) -> str:
    return f"[code: {count} numbered lines; the number is shown on the first and on every {LANDMARK}th]"


def _escaped(line: str) -> str:
    return VERBATIM + line if _NOTE.fullmatch(line.lstrip(VERBATIM)) else line


def _with_numbers(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        note = _NOTE.fullmatch(line)
        at += 1
        if note is None:
            yield line[1:] if line != _escaped(line) else line
            continue
        count = int(note[1])
        style = _Style.of(lines[at]) if count and at < len(lines) else None
        if style is None or at + count > len(lines):
            raise ValueError("no numbered lines below the note")
        for offset in range(count):
            yield lines[at + offset] if style.is_shown(offset) else style.prefix(offset) + lines[at + offset]
        at += count
