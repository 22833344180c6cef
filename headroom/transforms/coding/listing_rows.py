"""A long listing, folder by folder: the first and last entries of each, what stands out, and notes on the others.

    -rw-r--r-- 1 root root 1901 Jun 24 2025 api/views.py
    [lines 12-240 left out: 229 entries of api, .py x200, .txt x29]
    -rw-r--r-- 1 root root 90112 Jun 24 2025 api/zones.py

Folders are told apart down to the level on which there are few of them; where entries carry no folder, lines between
them (the headings of `ls -R`) do the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby

from headroom.transforms.coding.focus import Focus
from headroom.transforms.coding.notes import bracketed, left_out
from headroom.transforms.coding.table_rows import LineTable

LONG = 1_000
"""Lines of a listing that is read for its totals. In shorter ones names are what the reader came for: all stay."""
_MOST_FOLDERS = 40
_DEEPEST = 12
_FIRST, _LAST = 2, 1
_LEAST_GAP = 4
_SHOWN_KINDS = 3
_LONGEST_FOLDER = 60


def selected_entries(table: LineTable, focus: Focus) -> tuple[str, str] | None:
    """Return the lines that stay, with notes between them, and the note on all others; None if all stay.

    The last cell of each row is a path.
    """
    if len(table.lines) < LONG:
        return None
    folders = _folders(table)
    stays = [row is None for row in table.rows]
    for at in table.landmarks(focus):
        stays[at] = True
    for section in _sections(table, folders):
        for at in (*section[:_FIRST], *section[-_LAST:]):
            stays[at] = True
    out: list[str] = []
    hidden: list[int] = []
    for section in _sections(table, folders):
        for stay, run in groupby(section, key=stays.__getitem__):
            gap = list(run)
            if stay or len(gap) < _LEAST_GAP:
                out += (table.lines[at] for at in gap)
            else:
                out.append(bracketed(left_out("lines", [at + 1 for at in gap], _what(table, gap, folders))))
                hidden += gap
    if not hidden:
        return None
    return "\n".join(out), f"{len(hidden)} of {len(table.lines)} lines left out, each gap noted in its place"


def _sections(table: LineTable, folders: Sequence[str]) -> Iterator[list[int]]:
    """Yield runs of lines that are entries of one folder, and every other line by itself."""
    for folder, run in groupby(range(len(table.rows)), key=lambda at: folders[at] if table.rows[at] else None):
        lines = list(run)
        yield from [lines] if folder is not None else [[at] for at in lines]


def _folders(table: LineTable) -> list[str]:
    """Return the folder of each entry, cut off at the level above the first on which there are many."""
    parts = [_path(row).rstrip("/").split("/")[:-1][:_DEEPEST] for row in table.rows]
    seen = {folder for part in set(map(tuple, parts)) for folder in accumulate(part, "{}/{}".format)}
    levels = Counter(folder.count("/") for folder in seen)
    deep = next((level for level in range(_DEEPEST) if levels[level] > _MOST_FOLDERS), _DEEPEST)
    return ["/".join(part[:deep]) for part in parts]


def _path(row: Sequence[str] | None) -> str:
    """Return the path of an entry, without what a link points to."""
    return row[-1].partition(" -> ")[0] if row else ""


def _what(table: LineTable, gap: Sequence[int], folders: Sequence[str]) -> str:
    """Say how many entries of which folder are missing, and their extensions."""
    folder = folders[gap[0]] if folders[gap[0]].isprintable() else ""
    kinds = Counter(_extension(_path(table.rows[at])) for at in gap)
    del kinds[""]
    shown = sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))[:_SHOWN_KINDS]
    of = f" of {folder}" if 0 < len(folder) <= _LONGEST_FOLDER else ""
    return ", ".join([f"{len(gap)} entries{of}", *(f"{extension} x{count}" for extension, count in shown)])


def _extension(path: str) -> str:
    stem, dot, extension = path.rpartition("/")[2].rpartition(".")
    return dot + extension if stem and extension.isalnum() and len(extension) <= 6 else ""
