"""Hunks of a diff: a heading said once, common indentation taken off, the sign of a long run at its ends.

    @@ -3,4 +3,4 @@ class Order:          @@ -3,4 +3,4 @@ class Order: >4
         total: int                        total: int
         lines: list                       lines: list
    -    def close(self):             ->  -def close(self):
    +    def close(self) -> None:         +def close(self) -> None:
             self.open = False                 self.open = False
    @@ -50,2 +50,3 @@ class Order:        @@ -50,2 +50,3 @@ "

Each of the three is a pair of functions from lines to lines. Lines that `is_like_ours` tells must be led by
something else before, or they would be taken for what these functions write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from headroom.transforms.coding import file_headers
from headroom.transforms.coding.budget import Budget

HUNK = re.compile(r"(@@@? -\d[-+,\d ]* @@@?)(.*)")
_SAME_HEADING = ' "'
_OUTDENTED = re.compile(r"(@@.*) >([1-9]\d?)(t?)")
_ENOUGH_LINES = 4
"""Only lines without further indentation gain by losing theirs; fewer do not pay for being told so."""
_MARKS = "@d="
"""What headers of hunks and of files begin with."""
_FILE = ("diff ", file_headers.MARK)
_WIDEST = 99
_MEMBERS = "+- ~"
"""What the lines of a hunk begin with; an empty line is one that has lost its blank."""
_RUNS = {"+": ("<+", "+>"), "-": ("<-", "->")}
_OPENS = {opens: (sign, closes) for sign, (opens, closes) in _RUNS.items()}
_CLOSES = frozenset(closes for _, closes in _RUNS.values())
_LIKE_A_CLOSE = {sign + closes for sign, (_, closes) in _RUNS.items()}
_LONG_RUN = 6
_LONG_LINE = 120
"""A line of more characters gains next to nothing by losing its sign, and is easier to place with it."""
_SIGN = itemgetter(slice(0, 1))


def shortened(lines: Sequence[str]) -> list[str]:
    """Say once what can be said once."""
    return without_signs(outdented(without_headings(lines)))


def restored(lines: Sequence[str], budget: Budget) -> list[str]:
    """Undo `shortened`. Raises ValueError if lines are not what it writes, or at too many characters."""
    return with_headings(indented(with_signs(lines)), budget)


def is_like_ours(line: str) -> bool:
    """Say whether a line of a diff could be taken for one that is written here."""
    return opens_run(line) or repeats_heading(line) or is_outdented(line)


def opens_run(line: str) -> bool:
    """Say whether the lines below stand without their signs."""
    return line in _OPENS


def is_mark(line: str) -> bool:
    """Say whether a run without signs opens or ends with this line."""
    return line in _OPENS or line in _CLOSES


def repeats_heading(line: str) -> bool:
    """Say whether a hunk has the heading of the hunk before."""
    return line[:2] == "@@" and (line.endswith(_SAME_HEADING) or f"{_SAME_HEADING} >" in line)


def is_outdented(line: str) -> bool:
    """Say whether a hunk header tells what was taken off the lines of the hunk."""
    return line[:2] == "@@" and _OUTDENTED.fullmatch(line) is not None


def without_headings(lines: Sequence[str]) -> list[str]:
    """Leave out the headings of hunks that are those of the hunk before in the same file."""
    out, heading = list(lines), ""
    for at, hunk in _headers(lines):
        if hunk is not None and hunk[2] and hunk[2] == heading:
            out[at] = hunk[1] + _SAME_HEADING
        heading = hunk[2] if hunk else ""
    return out


def with_headings(lines: Sequence[str], budget: Budget) -> list[str]:
    """Undo `without_headings`. Raises ValueError at too many characters."""
    out, heading = list(lines), ""
    for at, hunk in _headers(lines):
        if hunk is not None and hunk[2] == _SAME_HEADING:
            budget.spend(len(heading))
            out[at] = hunk[1] + heading
        else:
            heading = hunk[2] if hunk else ""
    return out


def _headers(lines: Iterable[str]) -> Iterator[tuple[int, re.Match[str] | None]]:
    """Yield the headers of hunks and their places, and None where another file begins."""
    for at, line in [(at, line) for at, line in enumerate(lines) if line[:1] in _MARKS]:
        if line[:2] == "@@":
            hunk = HUNK.fullmatch(line)
            if hunk is not None:
                yield at, hunk
        elif line.startswith(_FILE):
            yield at, None


def outdented(lines: Sequence[str]) -> list[str]:
    """Take off the indentation that all lines of a hunk share, blank ones apart; its header tells how much."""
    out = list(lines)
    for at, end in _bodies(lines):
        char = _first_char(lines[at + 1 : end])
        width = _worthwhile([line for line in lines[at + 1 : end] if line[1:].strip()], char) if char else 0
        if width and HUNK.fullmatch(lines[at]):
            out[at] += f" >{width}{'t' if char != ' ' else ''}"
            out[at + 1 : end] = [x[0] + x[1 + width :] if x[1:].strip() else x for x in out[at + 1 : end]]
    return out


def indented(lines: Sequence[str]) -> list[str]:
    """Undo `outdented`."""
    out = list(lines)
    for at, end in _bodies(lines):
        found = _OUTDENTED.fullmatch(lines[at])
        if found is not None:
            margin = int(found[2]) * ("\t" if found[3] else " ")
            out[at] = found[1]
            out[at + 1 : end] = [x[0] + margin + x[1:] if x[1:].strip() else x for x in out[at + 1 : end]]
    return out


def _bodies(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield for each hunk where its header stands and where its lines end."""
    others = [at for at, line in enumerate(lines) if line[:1] not in _MEMBERS]
    return (span for span in pairwise([*others, len(lines)]) if lines[span[0]][:2] == "@@")


def _first_char(lines: Iterable[str]) -> str:
    """Return the blank or tab that all lines have behind their sign, nothing if they have not."""
    found = {line[1:2] for line in lines} - {""}
    return found.pop() if found in ({" "}, {"\t"}) else ""


def _worthwhile(lines: Sequence[str], char: str) -> int:
    """Return how many blanks or tabs all lines have behind their sign; 0 if few lines have just so many."""
    texts = [line[1:] for line in lines]
    ends = (min(texts, default=""), max(texts, default=""))
    width = min(_WIDEST, *(len(text) - len(text.lstrip(char)) for text in ends))
    outermost = sum(1 for text in texts if text[width] != char)
    return width if outermost >= _ENOUGH_LINES and width > (char == " ") else 0


def without_signs(lines: Sequence[str]) -> list[str]:
    """Set the sign of every long run of added or removed lines at its two ends."""
    out: list[str] = []
    for sign, group in groupby(lines, _SIGN):
        run = list(group)
        if sign in _RUNS and len(run) >= _LONG_RUN:
            for unsigned, lines_alike in groupby(run, _may_lose_sign):
                part = list(lines_alike)
                out += _enclosed(sign, part) if unsigned else part
        else:
            out += run
    return out


def _may_lose_sign(line: str) -> bool:
    return len(line) <= _LONG_LINE and line[:4] not in ("--- ", "+++ ") and line not in _LIKE_A_CLOSE


def _enclosed(sign: str, run: list[str]) -> list[str]:
    if len(run) < _LONG_RUN:
        return run
    opens, closes = _RUNS[sign]
    return [opens, *(line[1:] for line in run), closes]


def with_signs(lines: Sequence[str]) -> list[str]:
    """Undo `without_signs`. Raises ValueError if a run has no end."""
    out: list[str] = []
    rest = iter(lines)
    for line in rest:
        if line in _OPENS:
            out += _signed(rest, *_OPENS[line])
        else:
            out.append(line)
    return out


def _signed(rest: Iterator[str], sign: str, closes: str) -> Iterator[str]:
    for line in rest:
        if line == closes:
            return
        yield sign + line
    raise ValueError("a run without an end")
