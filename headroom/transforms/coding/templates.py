"""Exemplar templates: the first line of a kind shows its changing words in braces, later ones give only those.

    1|worker {7} took job {a1f} from queue mail
    1|8 b20

stands for `worker 7 took job a1f from queue mail` and `worker 8 took job b20 from queue mail`. A word that is as in
the first line is written `"`; `1|` alone is the first line again, and `3-5|` the first lines of kinds 3 to 5. Blanks
between columns are not given: the next column starts where it starts in the first line. A time of day comes first
in a later line and is cut short where it goes on from the line above (see `clock`). A line that could be taken for
one of a kind is led by the mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headroom.transforms.coding import clock
from headroom.transforms.coding.alignment import PAD, TIME, Template, aligned, words
from headroom.transforms.coding.clock import RunningClock
from headroom.transforms.coding.shapes import kinds, shapes

AS_FIRST = '"'
_BRACKETS = ("{}", "<>", "«»", "⟨⟩")
_MARKS = ("|", "~", "§", "¦")
LEAST = 12
"""Characters of the shortest line that can be a template."""
FEW = 0.05
"""Share of lines that warn or report an error up to which all of them stand whole."""
WHOLE = 20
"""Wordings that warn or report an error whose first line stands whole where such lines are many, at most."""
AT_ONCE = 1000
"""Lines of one template at most: what is set one below the other is held in memory word by word."""
_CHARS_A_TOKEN = 3.5
_LEAST_GAIN = 10
"""Tokens that a template must save, so that lines are taken apart for something."""


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters that mark template lines and changing words, chosen so that few lines of the text hold them."""

    mark: str = "|"
    brackets: str = "{}"
    clocked: bool = False

    @property
    def marked(self) -> str:
        """Pattern of the number or numbers, and the mark, that a line of a kind starts with; the rest follows."""
        return rf"([1-9]\d{{0,8}})(?:-([1-9]\d{{0,8}}))?{re.escape(self.mark)}"


def signs_for(text: str) -> Signs:
    """Choose the signs for a text."""
    brackets = min(_BRACKETS, key=lambda pair: text.count(pair[0]) + text.count(pair[1]))
    clashing = (re.search(rf"\n(?:\d++(?:-\d++)?)?{re.escape(mark)}", "\n" + text) for mark in _MARKS)
    mark = next((mark for mark, clash in zip(_MARKS, clashing, strict=True) if clash is None), _MARKS[0])
    return Signs(mark, brackets, clock.runs_in(text))


_Use = tuple[Template, str]
"""What a line says in the words of a template: the template, and the values of its places as they are written."""


def encode(
    lines: Sequence[str], signs: Signs, loud: Callable[[str], bool], check: Callable[[], None]
) -> list[str] | None:
    """Return the lines with every worthwhile kind written as a template, None if no kind is worth it.

    The first and the last line stand whole, and so do lines that `loud` recognises: all of them where they are few,
    else the first of each wording.
    """
    text = "\n".join(lines)
    shape_of = shapes(text)
    last = next((number for number in range(len(lines) - 1, 0, -1) if lines[number]), 0)
    for number in (0, last, *_whole(shape_of, loud)):
        shape_of[number] = ""
    if TIME in text or PAD in text:
        shape_of = ["" if TIME in line or PAD in line else shape for line, shape in zip(lines, shape_of, strict=True)]
    uses: dict[int, _Use] = {}
    for members in kinds(shape_of, LEAST):
        for start in range(0, len(members), AT_ONCE):
            check()
            uses.update(_uses(lines, members[start : start + AT_ONCE], signs))
    return _Writer(signs, re.compile(signs.marked)).written(lines, uses) if uses else None


def _whole(shape_of: Sequence[str], loud: Callable[[str], bool]) -> list[int]:
    """Return the numbers of the lines that `loud` recognises and that stand whole.

    All of them if they are few, else those where one of the first wordings is first used: at most `WHOLE`, and at
    most twice as many as are few.
    """
    numbers_of: dict[str, list[int]] = {}
    for number, shape in enumerate(shape_of):
        numbers_of.setdefault(shape, []).append(number)
    wordings = [numbers for shape, numbers in numbers_of.items() if loud(shape)]
    if sum(map(len, wordings)) <= FEW * len(shape_of):
        return [number for numbers in wordings for number in numbers]
    most = min(WHOLE, int(2 * FEW * len(shape_of)))
    return [numbers[0] for numbers in wordings[:most]]


def _uses(lines: Sequence[str], members: Sequence[int], signs: Signs) -> dict[int, _Use]:
    """Return how the lines of one kind use a common template, nothing if it is not worth it."""
    first = lines[members[0]]
    if any(bracket in first for bracket in signs.brackets):
        return {}
    stamps = [clock.find(lines[number]) if signs.clocked else None for number in members]
    rows = words([_untimed(lines[number], stamp) for number, stamp in zip(members, stamps, strict=True)])
    width, timed = len(rows[0]), stamps[0] is not None
    fitting = [at for at, row in enumerate(rows) if len(row) == width and (stamps[at] is not None) == timed]
    template, values = aligned([rows[at] for at in fitting])
    if template is None or not _is_worthwhile(template, len(fitting)):
        return {}
    said = _said(values)
    if said[0] is None:
        return {}
    fill = template.filler(_text(stamps[0])) if template.has_gaps else None
    return {
        members[at]: (template, given)
        for at, given, row in zip(fitting, said, values, strict=True)
        if given is not None and (fill is None or fill(row, _text(stamps[at])) == lines[members[at]])
    }


def _said(rows: Sequence[Sequence[str]]) -> list[str | None]:
    """Return the values of each line as they are written, the first line's as none.

    A longer value that is as in the first line is written as a sign. None stands for a line whose values cannot be
    written: one of them is that sign, or the last would leave a blank at the end of the line.
    """
    columns = list(zip(*rows, strict=True))
    if not columns:
        return [""] * len(rows)
    signed = [[AS_FIRST if len(value) > 1 and value == column[0] else value for value in column] for column in columns]
    said: list[str | None] = list(map(" ".join, zip(*signed, strict=True)))
    as_first = said[0]
    said = ["" if line == as_first else line for line in said]
    if any(AS_FIRST in column for column in columns) or any(value.endswith("\t") for value in columns[-1]):
        said = [
            None if AS_FIRST in row or row[-1].endswith("\t") else line for row, line in zip(rows, said, strict=True)
        ]
    return said


def _untimed(line: str, stamp: re.Match[str] | None) -> str:
    """Return the line with a placeholder for its time."""
    return line if stamp is None else line[: stamp.start()] + TIME + line[stamp.end() :]


def _text(stamp: re.Match[str] | None) -> str:
    return "" if stamp is None else stamp.group()


def _is_worthwhile(template: Template, lines: int) -> bool:
    """Estimate whether a template of this many lines saves tokens: what is fixed, less marks and separators."""
    fixed = sum(map(len, template.fixed)) / _CHARS_A_TOKEN
    return (lines - 1) * (fixed - 2 - 0.4 * len(template.places)) > _LEAST_GAIN + 2 * len(template.first)


@dataclass(slots=True)
class _Writer:
    """Writes lines in order; templates are numbered as they first appear."""

    signs: Signs
    marked: re.Pattern[str]
    out: list[str] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    pending: list[int] = field(default_factory=list)

    def written(self, lines: Sequence[str], uses: dict[int, _Use]) -> list[str]:
        """Return the lines, those that use a template as their mark and values."""
        running = RunningClock(self.signs.clocked)
        for number, line in enumerate(lines):
            use = uses.get(number)
            if use is None:
                self._put_whole(line, running)
            elif id(use[0]) not in self.numbers:
                self._show(line, use[0])
                running.see(line)
            else:
                self._give(line, use, running)
        self._drain()
        return self.out

    def _show(self, line: str, template: Template) -> None:
        """Write the first line of a kind."""
        number = self.numbers[id(template)] = len(self.numbers) + 1
        shown = template.marked(self.signs.brackets)
        self._put(f"{number}{self.signs.mark}{shown.replace(TIME, _text(clock.find(line)), 1)}")

    def _give(self, line: str, use: _Use, running: RunningClock) -> None:
        """Write a later line of a kind."""
        template, given = use
        number = self.numbers[id(template)]
        stamp = clock.find(line) if template.is_timed else None
        end = "" if stamp is None else running.cut(stamp)
        if end is None:
            self._put_whole(line, running)
        elif end or given:
            self._put(f"{number}{self.signs.mark}{end}{' ' if end and given else ''}{given}")
        else:
            if self.pending and self.pending[-1] + 1 != number:
                self._drain()
            self.pending.append(number)

    def _put_whole(self, line: str, running: RunningClock) -> None:
        """Write a line as it is, led by the mark if it could be taken for one of a kind."""
        self._put(self.signs.mark + line if line.startswith(self.signs.mark) or self.marked.match(line) else line)
        running.see(line)

    def _put(self, line: str) -> None:
        self._drain()
        self.out.append(line)

    def _drain(self) -> None:
        """Write one line for a run of first lines repeated as they are."""
        if self.pending:
            numbers = f"{self.pending[0]}-{self.pending[-1]}" if len(self.pending) > 1 else f"{self.pending[0]}"
            self.out.append(numbers + self.signs.mark)
            self.pending.clear()
