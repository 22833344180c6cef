"""Records of `key: value` lines that repeat (cpuinfo, smaps, expanded query results): the keys once.

> processor: *; model name: Xeon; cpu MHz: *      keys; a value that is the same in all records stands here
= 0; 2400.1                                       a record: the values for the stars
= 1; 2399.8
|> anything else                                  any other line, led by a bar if it looks like one of these

Records are told apart by the lines between them, which are none of the form `key: value`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from headroom.transforms.coding.budget import Budget

STAR = "*"
KEYS = "> "
VALUES = "= "
VERBATIM = "|"
SEPARATORS = ("; ", " | ", "\t", " ;; ")
_KEY = re.compile(r"([A-Za-z_][^:=|*]{0,48}+[:=|][ \t]?)(.*)", re.DOTALL)

Shape = tuple[str, ...]
"""The keys of a record, each with what separates it from its value."""


@dataclass(frozen=True, slots=True)
class Run:
    """Lines from `start` on that are all of the form `key: value`; no keys if the one line is not."""

    start: int
    keys: Shape
    values: Shape

    @property
    def end(self) -> int:
        """The line after the run."""
        return self.start + max(1, len(self.keys))


def has_key(line: str) -> bool:
    """Say whether a line is of the form `key: value`."""
    return _KEY.match(line) is not None


def runs(lines: Sequence[str]) -> Iterator[Run]:
    """Split lines into runs of `key: value` lines and single other lines."""
    start, keys, values = 0, [], []
    for at, line in enumerate(lines):
        found = _KEY.fullmatch(line)
        if found is not None:
            keys.append(found[1])
            values.append(found[2])
            continue
        if keys:
            yield Run(start, tuple(keys), tuple(values))
        yield Run(at, (), ())
        start, keys, values = at + 1, [], []
    if keys:
        yield Run(start, tuple(keys), tuple(values))


def repeated(found: Sequence[Run], least: int) -> set[Shape]:
    """Return the shapes of two keys or more, all different, that at least so many runs have."""
    counts = Counter(run.keys for run in found if 1 < len(run.keys) == len(set(run.keys)))
    return {keys for keys, count in counts.items() if count >= least}


def tabulate(lines: Sequence[str], least: int = 2) -> tuple[str, list[str]] | None:
    """Write repeated records as rows; return the separator of cells and the lines, None if nothing repeats."""
    found = list(runs(lines))
    shapes = repeated(found, least)
    separator = _separator([run for run in found if run.keys in shapes])
    if not shapes or separator is None:
        return None
    templates = _templates(found, shapes)
    out: list[str] = []
    last: Shape = ()
    for run in found:
        if run.keys not in shapes:
            out += (VERBATIM + line if _is_ours(line) else line for line in lines[run.start : run.end])
            continue
        if run.keys != last:
            out.append(KEYS + separator.join(map("".join, zip(run.keys, templates[run.keys], strict=True))))
            last = run.keys
        stars = (v for v, shown in zip(run.values, templates[run.keys], strict=True) if shown == STAR)
        out.append(VALUES + separator.join(stars))
    return separator, out


def untabulate(separator: str, body: Sequence[str], budget: Budget) -> Iterator[str]:
    """Restore the lines. Raises ValueError if a record does not fill its stars, or at too many characters."""
    keys: list[str] = []
    length = 0
    for line in body:
        if line.startswith(KEYS):
            keys = line[len(KEYS) :].split(separator)
            length = len(line)
        elif line.startswith(VALUES):
            budget.spend(length)
            yield from _record(keys, line[len(VALUES) :].split(separator))
        else:
            yield line.removeprefix(VERBATIM)


def _record(keys: list[str], values: list[str]) -> Iterator[str]:
    stars = sum(key.endswith(STAR) for key in keys)
    if not keys or len(values) != max(1, stars):
        raise ValueError("a record that does not fill its keys")
    given = iter(values)
    for key in keys:
        yield key[:-1] + next(given) if key.endswith(STAR) else key


def _templates(found: Sequence[Run], shapes: set[Shape]) -> dict[Shape, list[str]]:
    """Return for each shape what stands behind its keys: the value that all its records share, or a star."""
    columns: dict[Shape, list[set[str]]] = {keys: [set() for _ in keys] for keys in shapes}
    for run in found:
        for seen, value in zip(columns.get(run.keys, ()), run.values, strict=False):
            seen.add(value)
    return {
        keys: [next(iter(seen)) if len(seen) == 1 and not any(STAR in v for v in seen) else STAR for seen in sets]
        for keys, sets in columns.items()
    }


def _separator(found: Sequence[Run]) -> str | None:
    """Return a separator that stands in no key and no value."""
    texts = [text for run in found for text in (*run.keys, *run.values)]
    return next((s for s in SEPARATORS if not any(s.strip(" ") in text for text in texts)), None)


def _is_ours(line: str) -> bool:
    return line.startswith((KEYS, VALUES, VERBATIM))
