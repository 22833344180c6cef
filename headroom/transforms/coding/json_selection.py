"""Parts of a JSON value that can go: most rows of long arrays and long maps, and what is long within strings.

The largest arrays lose rows without a trace in the JSON, so that what stays is a table still; which rows stay is told
by a phrase each. Any other long array has a note in each of its gaps:

    [0.12,0.15,"[rows 3-1534 left out: -0.98 to 0.97]",0.11]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from headroom.transforms import log_formats
from headroom.transforms.base import Hint
from headroom.transforms.coding.column_profiles import spread
from headroom.transforms.coding.failure_fields import failure_field
from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.json_rows import rows_of
from headroom.transforms.coding.json_text import CONTAINERS, JsonText, Pairs, Value, children, scalar, write
from headroom.transforms.coding.line_reduction import reduced
from headroom.transforms.coding.long_values import SHORTEST, shortened
from headroom.transforms.coding.notes import all_but, bracketed, left_out
from headroom.transforms.coding.row_selection import MIN_ROWS
from headroom.transforms.view import SAMPLE_LINES

_MOST_TABLES = 4
_LEAST_CHARACTERS = 5_000
"""A table of fewer characters costs little as a table; to ask for its rows would cost more."""
_SAMPLED = 8
_MIN_MAP = 40
_MIN_SCALARS = 40
_LOG = 0.5
"""Share of lines that belong to a log in a string that is one."""
_LEAST_GAP = 80
"""Characters of values that are worth a note in their place."""
_SHOWN_KEY = re.compile(r"[\w.-]{1,40}")
_DEPENDENCIES = re.compile(r"(?:dev|peer|optional|build|bundled)?[_-]?dependencies|packages|requires", re.IGNORECASE)
"""Maps that are asked for their keys: they stay whole."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """An array or map that may lose rows: where it stands, and about how many characters it has."""

    path: Path
    value: Value
    size: int


def cut_short(source: JsonText, hint: Hint, check: Callable[[], None]) -> tuple[str, str] | None:
    """Return a text with less JSON in it and the note on what is missing, None if there is nothing worth cutting.

    The text around the JSON stays; JSON that breaks off still breaks off where it did.
    """
    cutter = _Cutter(hint, check)
    root = cutter.cut(source.root)
    if not cutter.note:
        return None
    values = root if len(source.values) > 1 else [root]
    body = "\n".join(map(write, values))
    if not body.endswith(source.closers):
        return None
    return source.before + body[: len(body) - len(source.closers)] + source.after, cutter.note


@dataclass
class _Cutter:
    """Cuts one value; `note` tells what was left out."""

    hint: Hint
    check: Callable[[], None]
    _tables: dict[int, Path] = field(default_factory=dict)
    _phrases: list[str] = field(default_factory=list)
    _short: int = 0

    def cut(self, root: Value) -> Value:
        """Return the value without what can go."""
        largest = sorted(_places(root, ()), key=lambda place: -place.size)[:_MOST_TABLES]
        self._tables = {id(place.value): place.path for place in largest}
        return self._cut(root, failure=False)

    @property
    def note(self) -> str:
        """What is missing, empty if nothing is."""
        short = [f"{self._short} long values cut short, each noted in its place"] if self._short else []
        return "; ".join([*self._phrases, *short])

    def _cut(self, value: Value, *, failure: bool) -> Value:
        kind = type(value)
        if kind is str:
            return value if len(value) < SHORTEST else self._string(value, failure=failure)
        if kind is dict:
            failure = failure or _is_failure(value)
            return {key: self._cut(inner, failure=failure) for key, inner in self._members(value)}
        if kind is Pairs:
            return Pairs((key, self._cut(inner, failure=failure)) for key, inner in value)
        return self._array(value, failure=failure) if kind is list else value

    def _string(self, text: str, *, failure: bool) -> str:
        short = "\n".join(self._log(text.split("\n"))) or shortened(text, failure=failure)
        self._short += short != text
        return short

    def _log(self, lines: list[str]) -> list[str]:
        """Return the lines of a log that stay, with notes between them; none if these are no log or all stay."""
        if len(lines) < MIN_ROWS or log_formats.share(spread(lines, SAMPLE_LINES)) < _LOG:
            return []
        short = reduced(lines, self.hint)
        return [] if short is None else short[0].split("\n")

    def _members(self, value: dict[str, Value]) -> list[tuple[str, Value]]:
        """Return the members of an object that stay."""
        pairs = list(value.items())
        if id(value) not in self._tables:
            return pairs
        return [pairs[at] for at in self._kept(value, [inner for _, inner in pairs], list(value))]

    def _array(self, value: list[Value], *, failure: bool) -> list[Value]:
        if id(value) in self._tables:
            return [self._cut(value[at], failure=failure) for at in self._kept(value, value, ())]
        if len(value) < (MIN_ROWS if value and type(value[0]) in CONTAINERS else _MIN_SCALARS):
            return [self._cut(item, failure=failure) for item in value]
        short: list[Value] = self._log(value) if set(map(type, value)) == {str} else []
        short = short or list(self._gapped(value, failure=failure))
        self._short += len(short) < len(value)
        return short

    def _kept(self, table: Value, members: Sequence[Value], keys: Sequence[str]) -> list[int]:
        """Return which members of a table stay, and note which do not."""
        self.check()
        rows = rows_of(members, keys)
        kept = rows.selected(Focus(self.hint))
        hidden = _others(kept, len(members))
        if hidden:
            unit = "members" if keys else "rows"
            phrase = all_but(unit, [at + 1 for at in kept], len(members), rows.told(hidden))
            self._phrases.append(_at(self._tables[id(table)]) + phrase)
        return kept

    def _gapped(self, value: list[Value], *, failure: bool) -> Iterator[Value]:
        """Yield what stays of an array, with a note in each gap that is worth one."""
        rows = rows_of(value)
        for above, here in pairwise([-1, *rows.landmarks(Focus(self.hint))]):
            gap = range(above + 1, here)
            if sum(rows.sizes[at] for at in gap) < _LEAST_GAP:
                yield from (self._cut(value[at], failure=failure) for at in gap)
            else:
                yield bracketed(left_out("rows", [at + 1 for at in gap], rows.told(gap)))
            yield self._cut(value[here], failure=failure)


def _others(kept: Sequence[int], total: int) -> list[int]:
    return sorted(set(range(total)).difference(kept))


def _at(path: Path) -> str:
    """Return what to write before a phrase about the array at a path; a key that is no plain name is a star."""
    shown = [part if _SHOWN_KEY.fullmatch(part) else "*" for part in path]
    return f"{'.'.join(shown)}: " if shown else ""


def _is_failure(value: dict[str, Value]) -> bool:
    """Say whether a field of an object tells of its failure."""
    for key, inner in value.items():
        told = failure_field(key) if type(inner) not in CONTAINERS else None
        if told is not None and told.tells and told.failed(inner if type(inner) is str else scalar(inner)):
            return True
    return False


def _places(value: Value, path: Path) -> Iterator[_Place]:
    """Yield the outermost arrays and maps that may lose rows."""
    if _is_table(value, path):
        members = list(children(value))
        sample = members[:: max(1, len(members) // _SAMPLED)]
        size = sum(len(write(member)) for member in sample) * len(members) // len(sample)
        if size >= _LEAST_CHARACTERS:
            yield _Place(path, value, size)
            return
    named = value.items() if type(value) is dict else ((str(at), inner) for at, inner in enumerate(children(value)))
    for key, inner in named:
        if type(inner) in CONTAINERS:
            yield from _places(inner, (*path, key))


def _is_table(value: Value, path: Path) -> bool:
    """Say whether a value is an array of objects or arrays, or a map: an object whose members are all of one kind."""
    if type(value) is list:
        return len(value) >= MIN_ROWS and sum(type(item) in CONTAINERS for item in value) * 2 > len(value)
    if type(value) is not dict or len(value) < _MIN_MAP or (path and _DEPENDENCIES.fullmatch(path[-1])):
        return False
    kinds = set(map(type, value.values()))
    return len(kinds) == 1 and (kinds != {dict} or _are_alike(value))


def _are_alike(value: dict[str, dict[str, Value]]) -> bool:
    """Say whether most objects of a map have a key in common."""
    members = list(value.values())
    first = set(members[0]).union(members[-1])
    return any(2 * sum(key in member for member in members) > len(members) for key in sorted(first))
