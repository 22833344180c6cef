"""Search results (grep, ripgrep, git grep, ack, ag, IDE search): each path once, its lines below it.

The form is what `rg --heading` prints, with the directory that all paths share in the note:

    [search: 3 lines in 2 files under /srv/app/, grouped by file]
    api/views.py
    12:import os
    48:    return os.getcwd()
    cli.py
    7:import os

Grammar of a line below the note: a line number and `:` (match), `-` (context) or `=` (function) belongs to the
path above it, as does a text without line number behind one blank (match) or `-` (context). `--`, empty lines
and the notices of the tools stand for themselves, `|` leads any other line, all the rest are paths; a path that
could be taken for one of these is led by `> `.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding import search_selection
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.front import common_root
from headroom.transforms.coding.probing import share
from headroom.transforms.view import View

_NUMBERED = re.compile(r"((?:[A-Za-z]:[\\/])?[^:\t\n]++|[\w./^~@-]++:[^:\t\n]++):\d++:")
_PLAIN = re.compile(r"((?:[A-Za-z]:[\\/])?[^:\t\n]++):(?!:)")
# Compilers and linters print `path:line:column: message`: search results too, but better known to others.
_DIAGNOSTIC = re.compile(r":\d++:(?:\d++:)? [A-Za-z]")
_CONTEXT = re.compile(r"[-=]\d+[-=]")
_UNDER_PATH = re.compile(r"\d+([:=-])")
_CONTEXT_TRIES = 4
_NOT_IN_PATHS = re.compile(r"[\"<>|*?,;`]")
_NAME = re.compile(r"[A-Za-z_.][\w.+@-]*")
_EXTENSION = re.compile(r"\.[A-Za-z]\w{0,11}")
_BETWEEN = "--"
"""Stands between groups of lines, hence not below a path."""
_NOTICES = ("Binary file ", "grep: ", "rg: ", "ugrep: ")
_NOTE = re.compile(r"\[search: (\d+) lines in (\d+) files?(?: under (.+))?, grouped by file\]")
_MIN_LINES = 4
_WORTH_A_LOOK = 0.3
"""So many of a few lines must lead with a path, or the others are not looked at."""


class SearchCompressor(Compressor):
    """Groups search results by file."""

    name: ClassVar[str] = "search_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of sampled lines that are matches or context of a file that has matches."""
        lines = view.sample
        if len(lines) < _MIN_LINES:
            return 0.0
        numbered = _share_numbered(view)
        if numbered < 0.5:
            return _share_unnumbered(lines)
        diagnostics = sum(1 for line in lines if _DIAGNOSTIC.search(line))
        return min(numbered, 0.5) if diagnostics > len(lines) / 2 else numbered

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the results grouped by file, with line numbers where they have them."""
        numbered = _share_numbered(view) >= 0.5
        paths = _paths(view.lines, context, numbered=numbered)
        if any(path is not None for path in paths):
            text = "\n".join(_write(view.lines, paths))
            yield Lossless(text, Fidelity.BYTES, "search.grouped", Tier.PLAIN)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterator[Reduction]:
        """Yield the results without those that say nothing new; every file is named."""
        paths = _paths(view.lines, context, numbered=_share_numbered(view) >= 0.5)
        reduced = search_selection.reduced(view.lines, paths, hint)
        if reduced is not None:
            yield Reduction(*reduced, "search.selected")

    def decode(self, text: str) -> str:
        """Restore the results, the path on every line."""
        note, *body = text.split("\n")
        head = _NOTE.fullmatch(note)
        if head is None:
            raise ValueError("not grouped search results")
        return "\n".join(_read(body, head[3] or "", Budget(text)))


def _share_numbered(view: View) -> float:
    return view.once("search.numbered", lambda _: _share(view.sample, numbered=True))


def _share(lines: list[str], *, numbered: bool) -> float:
    if share(lines, partial(_leads_with_path, numbered=numbered)) < _WORTH_A_LOOK:
        return 0.0
    matches = _matches(lines, numbered=numbered)
    known = {path for path in matches if path is not None and _convincing(path)}
    hits = sum(
        1
        for line, match in zip(lines, matches, strict=True)
        if line == _BETWEEN or (match or _path_of_context(line, known, "", numbered=numbered)) in known
    )
    return hits / max(1, len(lines)) if known else 0.0


def _share_unnumbered(lines: list[str]) -> float:
    """Judge results without line numbers: nearly every line names a path, and paths recur in runs."""
    found = _share(lines, numbered=False)
    if found < 0.9:
        return 0.0
    paths = _matches(lines, numbered=False)
    runs = 1 + sum(1 for one, other in pairwise(paths) if one != other)
    return found if runs <= 0.7 * len(lines) else 0.0


def _leads_with_path(line: str, *, numbered: bool) -> bool:
    """Say whether a line can be a match, or context if lines are numbered, of a file that looks like one."""
    found = _NUMBERED.match(line) if numbered else _PLAIN.match(line)
    if found is not None:
        return _is_path(found[1]) and _convincing(found[1])
    context = _CONTEXT.search(line) if numbered else None
    return context is not None and _is_path(line[: context.start()]) and _convincing(line[: context.start()])


def _matches(lines: list[str], *, numbered: bool) -> list[str | None]:
    """Return for each line the path of the match that it is, if it is one."""
    pattern = _NUMBERED if numbered else _PLAIN
    verdicts: dict[str, bool] = {}
    out: list[str | None] = []
    for line in lines:
        found = pattern.match(line)
        if found is None:
            out.append(None)
            continue
        path = found[1]
        if path not in verdicts:
            verdicts[path] = _is_path(path)
        out.append(path if verdicts[path] else None)
    return out


def _is_path(text: str) -> bool:
    """Say whether a text can be a path; a name of its own counts, a time or an address does not."""
    if not text or text[0].isspace() or _NOT_IN_PATHS.search(text):
        return False
    return _NAME.fullmatch(text) is not None or _convincing(text)


def _convincing(path: str) -> bool:
    """Say whether a path has a directory or an extension, and a name that is not just numbers."""
    name = path.replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    if dot and _EXTENSION.fullmatch(dot + extension):
        return bool(stem) or len(extension) > 1
    return len(name) < len(path) and " " not in name and any(map(str.isalpha, name))


def _path_of_context(line: str, known: set[str], last: str, *, numbered: bool) -> str | None:
    """Return the known path that a line of context starts with; most likely it is the last one seen."""
    if not numbered:
        return last if last and line.startswith(last + "-") else None
    if last and _CONTEXT.match(line, len(last)) and line.startswith(last):
        return last
    for tries, found in enumerate(_CONTEXT.finditer(line)):
        if line[: found.start()] in known:
            return line[: found.start()]
        if tries >= _CONTEXT_TRIES:
            break
    return None


def _paths(lines: list[str], context: Context, *, numbered: bool) -> list[str | None]:
    """Return for each line the path that it leads with, None if it is neither a match nor context."""
    matches = _matches(lines, numbered=numbered)
    known = {path for path in matches if path is not None}
    context.check()
    paths: list[str | None] = []
    last = ""
    for line, match in zip(lines, matches, strict=True):
        path = match or _path_of_context(line, known, last, numbered=numbered)
        if path is not None and not line.startswith(_NOTICES) and line[len(path) :] != _BETWEEN:
            last = path
            paths.append(path)
        else:
            paths.append(None)
    return paths


def _write(lines: list[str], paths: list[str | None]) -> Iterator[str]:
    known = {path for path in paths if path is not None}
    root = common_root(known)
    yield _note(len(paths) - paths.count(None), len(known), root)
    last = None
    for line, path in zip(lines, paths, strict=True):
        if path is None:
            yield _escaped(line)
            continue
        if path != last:
            yield _heading(path[len(root) :])
            last = path
        yield _under_path(line[len(path) :])


def _note(lines: int, files: int, root: str) -> str:
    where = f"{files} file{'s' if files > 1 else ''}{f' under {root}' if root else ''}"
    return f"[search: {lines} lines in {where}, grouped by file]"


def _heading(path: str) -> str:
    return f"> {path}" if path[0] in " -|>0123456789" or _stands_for_itself(path) else path


def _stands_for_itself(line: str) -> bool:
    return line in ("", _BETWEEN) or line.startswith(_NOTICES)


def _escaped(line: str) -> str:
    return line if _stands_for_itself(line) else "|" + line


def _under_path(rest: str) -> str:
    separator, text = rest[0], rest[1:]
    numbered = _UNDER_PATH.match(text)
    if numbered is not None and numbered[1] == separator:
        return text
    return " " + text if separator == ":" else separator + text


def _read(body: list[str], root: str, budget: Budget) -> Iterator[str]:
    path = None
    for line in body:
        if _stands_for_itself(line):
            yield line
        elif line[0] == "|":
            yield line[1:]
        elif line[0] in " -0123456789":
            if path is None:
                raise ValueError("a match without a path")
            budget.spend(len(path))
            yield path + _rest(line)
        else:
            path = root + line.removeprefix("> ")


def _rest(line: str) -> str:
    numbered = _UNDER_PATH.match(line)
    if numbered is not None:
        return numbered[1] + line
    if line[0] == " ":
        return ":" + line[1:]
    if line[0] == "-":
        return line
    raise ValueError("neither a match nor a path")
