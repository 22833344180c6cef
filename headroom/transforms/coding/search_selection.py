"""Which search results stay: of every file the first, the last, and those that say something new or are asked for.

src/app.py:1:import os
[12 more left out, lines 3-40 of this file]
src/app.py:44:from typing import Any

Results with a text that came twice before, and more results of a file than a budget allows, go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from headroom.transforms.base import Hint
from headroom.transforms.coding import notes
from headroom.transforms.coding.focus import Focus

_FIRST, _LAST = 2, 1
"""Results of a file that stay at its beginning and its end."""
_SEEN = 2
"""A text that has come so often is not new."""
_RELEVANT = 24
_OF_A_FILE, _IN_ALL = 12, 240
"""So many new texts stay at most."""
_GAP_LINES = 3
_GAP_CHARS = 160
"""Fewer lines or characters are not worth a note in their place."""
_REST = re.compile(r"(?:([:=-])(\d+))?([:=-])")


@dataclass(frozen=True, slots=True)
class Result:
    """A line of a file: its number as the tool gives it (empty: none), its text, and whether it is a match."""

    number: str
    text: str
    is_match: bool

    @classmethod
    def of(cls, line: str, path: str) -> Result:
        """Read a line that leads with a path."""
        rest = line[len(path) :]
        found = _REST.match(rest)
        if found is None:
            return cls("", rest, is_match=True)
        return cls(found[2] or "", rest[found.end() :].strip(), is_match=found[3] == ":")


def reduced(lines: Sequence[str], paths: Sequence[str | None], hint: Hint) -> tuple[str, str] | None:
    """Return what stays of search results, and what does not in a phrase; None if nothing is worth leaving out.

    `paths` has for each line the path that it leads with, None for what stands between results.
    """
    results = [None if path is None else Result.of(line, path) for line, path in zip(lines, paths, strict=True)]
    files = list(_files(paths))
    stay = _stays(lines, results, files, hint)
    hidden = stay.count(False)
    if not hidden:
        return None
    kept = "\n".join(_written(lines, results, stay, files))
    named = len({path for path in paths if path is not None})
    return (
        kept,
        f"{hidden} of {len(lines)} lines left out; all {named} files are named",
    )


def _files(paths: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Yield runs of lines of one file, half open; what stands between two results of a file belongs to it."""
    own = [at for at, path in enumerate(paths) if path is not None]
    for _, run in groupby(own, lambda at: paths[at]):
        numbers = list(run)
        yield numbers[0], numbers[-1] + 1


def _stays(
    lines: Sequence[str], results: Sequence[Result | None], files: Sequence[tuple[int, int]], hint: Hint
) -> list[bool]:
    """Say of each line whether it stays."""
    chosen = set(Focus(hint).rank(lines)[:_RELEVANT])
    new = _new(results)
    for start, end in files:
        chosen.update((start, end - 1))
        matches = [at for at in range(start, end) if not _is_context(results[at])]
        chosen.update(matches[:_FIRST], matches[-_LAST:])
        chosen.update(_spread([at for at in matches if at in new], _OF_A_FILE))
    out = [
        at in chosen or (_is_context(results[at]) and (at - 1 in chosen or at + 1 in chosen))
        for at in range(len(lines))
    ]
    for start, end in gaps(out, files):
        if end - start < _GAP_LINES or sum(map(len, lines[start:end])) < _GAP_CHARS:
            out[start:end] = [True] * (end - start)
    return out


def _spread(numbers: Sequence[int], budget: int) -> list[int]:
    """Return at most `budget` of the numbers, spread over all of them."""
    if len(numbers) <= budget:
        return list(numbers)
    return [numbers[at * len(numbers) // budget] for at in range(budget)]


def _new(results: Sequence[Result | None]) -> set[int]:
    """Return the numbers of the matches whose text has not come often before."""
    seen: Counter[str] = Counter()
    out = []
    for at, result in enumerate(results):
        if result is not None and result.is_match:
            seen[result.text] += 1
            if seen[result.text] <= _SEEN:
                out.append(at)
    return set(_spread(out, _IN_ALL))


def _is_context(result: Result | None) -> bool:
    return result is None or not result.is_match


def gaps(stay: Sequence[bool], files: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the runs of lines that do not stay, half open, none of them across files."""
    for start, end in files:
        at = start
        for stays, run in groupby(stay[start:end]):
            length = sum(1 for _ in run)
            if not stays:
                yield at, at + length
            at += length


def _written(
    lines: Sequence[str],
    results: Sequence[Result | None],
    stay: Sequence[bool],
    files: Sequence[tuple[int, int]],
) -> Iterator[str]:
    at = 0
    for start, end in gaps(stay, files):
        yield from lines[at:start]
        numbers = [result.number for result in results[start:end] if result is not None and result.number]
        where = f", lines {numbers[0]}-{numbers[-1]} of this file" if numbers else ""
        yield notes.bracketed(f"{end - start} more left out{where}")
        at = end
    yield from lines[at:]
