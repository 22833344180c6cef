"""Exemplar templates: the first line of a kind shows its changing words in braces, later ones give only those.

    1|worker {7} took job {a1f} from queue mail
    1|8 b20

stands for `worker 7 took job a1f from queue mail` and `worker 8 took job b20 from queue mail`. A word that is as in
the first line is written `"`, or left out at the end. `3-5|` repeats the first lines 3 to 5 as they are. Blanks
between columns are not given: the next column starts where it starts in the first line. A time of day comes first
in a later line and is cut short where it goes on from the line above (see `clock`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from headroom.transforms.coding import clock
from headroom.transforms.coding.shapes import kinds, shapes

AS_FIRST = '"'
_TIME = "\x01"
_PAD = "\x02"
_GAP = re.compile(r"(?<=[^ ]) {2,}")
_WORDS = re.compile(r"(\W+)")
_PARTING = re.compile(r"[\"'=()\[\]{}<>\x01]")
_BRACKETS = ("{}", "<>", "«»", "⟨⟩")
_MARKS = ("|", "~", "§", "¦")
LEAST = 12
"""Characters of the shortest line that can be a template."""
REMINDED = 20
"""A time is written whole again after this many short ones, so that no reader has far to look."""
WHOLE = 16
"""Wordings that err or warn whose first line stands whole."""
_STATIC_RUN = 8
"""Characters that words must have in common to part two changing pieces of one word group."""
_CHARS_A_TOKEN = 3.5


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters that mark template lines and changing words, chosen so that the text does not hold them."""

    mark: str = "|"
    brackets: str = "{}"
    clocked: bool = False


@dataclass(slots=True)
class Template:
    """A line with places: `fixed[0] place fixed[1] place ... fixed[-1]`.

    `first` are the values of the first line; a place whose first value is blank is a gap that ends at the column
    where it ends there. `\\x01` in a fixed piece stands for the time.
    """

    fixed: list[str]
    first: list[str]

    def places(self) -> list[str]:
        """Return the first line's values that later lines give, gaps left out."""
        return [value for value in self.first if not value.isspace()]

    def marked(self, brackets: str) -> str:
        """Return the first line with its places in brackets, the time still as placeholder."""
        opening, closing = brackets
        parts = [f"{fixed}{opening}{value}{closing}" for fixed, value in zip(self.fixed, self.first, strict=False)]
        return "".join(parts) + self.fixed[-1]

    def filler(self, stamp: str) -> Callable[[Sequence[str], str], str]:
        """Return a function from the values of a line and its time to the line. `stamp` is the first line's time."""
        if not any(map(str.isspace, self.first)):
            form = "%s".join(piece.replace("%", "%%") for piece in self.fixed)
            return lambda values, time: (form % tuple(values)).replace(_TIME, time, 1)
        ends = self._gap_ends(stamp)
        return lambda values, time: self._laid_out(iter(values), time, ends)

    def _gap_ends(self, stamp: str) -> list[int]:
        ends, at = [], 0
        for fixed, value in zip(self.fixed, self.first, strict=False):
            at += len(fixed.replace(_TIME, stamp)) + len(value)
            ends.append(at)
        return ends

    def _laid_out(self, values: Iterator[str], time: str, ends: Sequence[int]) -> str:
        line = ""
        for fixed, first, end in zip(self.fixed, self.first, ends, strict=False):
            line += fixed.replace(_TIME, time)
            line = line.ljust(end) if first.isspace() else line + next(values)
        return line + self.fixed[-1].replace(_TIME, time)


def signs_for(text: str) -> Signs | None:
    """Choose the signs for a text, None if it holds every one of them or control characters."""
    if _TIME in text or _PAD in text:
        return None
    for mark in _MARKS:
        if re.search(rf"^\d+(?:-\d+)?{re.escape(mark)}", text, re.MULTILINE) is None:
            break
    else:
        return None
    brackets = min(_BRACKETS, key=lambda pair: text.count(pair[0]) + text.count(pair[1]))
    return Signs(mark, brackets, clocked=clock.CLOCK.search(text) is not None)


# --- encoding ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """What becomes of a text's lines: which template a line follows, with which values."""

    template_of: dict[int, Template]
    values_of: dict[int, Sequence[str]]
    stamp_of: dict[int, re.Match[str] | None]


def encode(lines: Sequence[str], signs: Signs, loud: re.Pattern[str], check: Callable[[], None]) -> list[str] | None:
    """Return the lines with every worthwhile kind written as a template, None if no kind is worth it.

    The first and the last line stand whole, and so does the first line of each of the first wordings that `loud`
    recognises.
    """
    shape_of = shapes("\n".join(lines))
    last = next((number for number in range(len(lines) - 1, 0, -1) if lines[number]), 0)
    for number in (0, last, *_first_loud(shape_of, loud)):
        shape_of[number] = ""
    plan = _Plan({}, {}, {})
    for members in kinds(shape_of, LEAST):
        check()
        _plan_kind(lines, members, signs, plan)
    return list(_written(lines, signs, plan)) if plan.template_of else None


def _first_loud(shape_of: Sequence[str], loud: re.Pattern[str]) -> list[int]:
    """Return the numbers of the lines where a wording that `loud` recognises is first used, at most `WHOLE`."""
    first: dict[str, int] = {}
    for number, shape in enumerate(shape_of):
        first.setdefault(shape, number)
    wordings = (number for shape, number in first.items() if loud.search(shape))
    return list(islice(wordings, WHOLE))


def _plan_kind(lines: Sequence[str], members: list[int], signs: Signs, plan: _Plan) -> None:
    """Add one kind to the plan if that saves tokens."""
    stamps = [clock.find(lines[n]) if signs.clocked else None for n in members]
    timed = stamps[0] is not None
    opening, closing = signs.brackets
    rows: list[list[str]] = []
    kept: list[int] = []
    for number, stamp in zip(members, stamps, strict=True):
        line = lines[number]
        if (stamp is not None) != timed or (not rows and (opening in line or closing in line)):
            continue
        row = _words(line if stamp is None else line[: stamp.start()] + _TIME + line[stamp.end() :])
        if not rows or len(row) == len(rows[0]):
            rows.append(row)
            kept.append(number)
    if len(rows) < 2:
        return
    template, values = _aligned(rows)
    if template is None or not _worthwhile(template, len(rows)):
        return
    stamp_at = dict(zip(members, stamps, strict=True))
    stamp_of_first = stamp_at[kept[0]]
    fill = template.filler(stamp_of_first.group() if stamp_of_first else "")
    gapped = any(map(str.isspace, template.first))
    for number, given in zip(kept, values, strict=True):
        stamp = stamp_at[number]
        if AS_FIRST in given:
            continue
        if gapped and fill(given, stamp.group() if stamp else "") != lines[number]:
            continue
        plan.template_of[number] = template
        plan.values_of[number] = given
        plan.stamp_of[number] = stamp


def _words(line: str) -> list[str]:
    """Split at single blanks; a wider gap is one word of placeholders, two fewer than its blanks."""
    if "  " in line:
        line = _GAP.sub(lambda gap: " " + _PAD * (len(gap.group()) - 2) + " ", line)
    return line.split(" ")


def _aligned(rows: Sequence[Sequence[str]]) -> tuple[Template | None, list[Sequence[str]]]:
    """Return the template of rows of words, and the values of each row."""
    fixed, first, columns = [""], [], []
    for at, column in enumerate(zip(*rows, strict=True)):
        glue = " " if at else ""
        head = column[0]
        if column.count(head) == len(column):
            fixed[-1] += glue + _blanks(head)
        elif not head.strip(_PAD):
            # of the two blanks around its placeholders one belongs to the gap, one to the next word
            first.append(" " * (len(head) + 1))
            fixed.append("")
        else:
            pieces, parts = _places(column)
            if any(_TIME in value for part in parts for value in part):
                return None, []
            fixed[-1] += glue + pieces[0]
            fixed.extend(pieces[1:])
            first.extend(part[0] for part in parts)
            columns.extend(parts)
    return Template(fixed, first), list(zip(*columns, strict=True)) if columns else [()] * len(rows)


def _blanks(word: str) -> str:
    return word.replace(_PAD, " ")


def _places(column: Sequence[str]) -> tuple[list[str], list[Sequence[str]]]:
    """Split one column of words into what is common and the places where its words differ."""
    if "".join(column).isalnum():
        return ["", ""], [column]
    parts = [_WORDS.split(word) for word in column]
    if len(set(map(len, parts))) > 1:
        return _trimmed(column)
    cells = list(zip(*parts, strict=True))
    groups = _groups(cells)
    values: list[Sequence[str]] = [["".join(part[a:b]) for part in parts] for a, b in groups]
    if not all(map(all, values)):
        return ["", ""], [column]
    borders = [0, *(border for group in groups for border in group), len(cells)]
    pieces = ["".join(parts[0][a:b]) for a, b in zip(borders[::2], borders[1::2], strict=True)]
    return pieces, values


def _groups(cells: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Return the stretches of cells that differ; cells are words and what stands between them by turns.

    Stretches with little between them are one, unless a bracket, quote or equals sign parts them; a dotted number
    is never cut.
    """
    fixed = [cell[0] if cell.count(cell[0]) == len(cell) else None for cell in cells]
    groups: list[tuple[int, int]] = []
    for at, cell in enumerate(fixed):
        if cell is not None:
            continue
        start, end = _whole_number(fixed, at)
        between = fixed[groups[-1][1] : start] if groups else []
        if groups and (start < groups[-1][1] or _is_close("".join(map(str, between)))):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    return groups


def _is_close(between: str) -> bool:
    return len(between) < _STATIC_RUN and not _PARTING.search(between)


def _whole_number(fixed: Sequence[str | None], at: int) -> tuple[int, int]:
    """Return the stretch around a differing cell that takes in the fixed parts of a dotted number."""
    start, end = at, at + 1
    while start > 1 and fixed[start - 1] == "." and (fixed[start - 2] or "").isdigit():
        start -= 2
    while end < len(fixed) - 1 and fixed[end] == "." and (fixed[end + 1] or "").isdigit():
        end += 2
    return start, end


def _trimmed(column: Sequence[str]) -> tuple[list[str], list[Sequence[str]]]:
    """Split off the common beginning and end, at word borders."""
    low, high = min(column), max(column)
    start = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    while start and _is_word(low[start - 1]):
        start -= 1
    shortest = min(map(len, column)) - start - 1
    mirrored = [word[: -shortest - 1 : -1] if shortest > 0 else "" for word in column]
    low, high = min(mirrored), max(mirrored)
    end = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    while end and _is_word(low[end - 1]):
        end -= 1
    whole = column[0]
    tail = len(whole) - end
    return [whole[:start], whole[tail:]], [[word[start : len(word) - end] for word in column]]


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _worthwhile(template: Template, lines: int) -> bool:
    """Estimate whether a template of this many lines saves tokens: what is fixed, less marks and separators."""
    places = len(template.places())
    fixed = sum(map(len, template.fixed)) / _CHARS_A_TOKEN
    return (lines - 1) * (fixed - 2 - 0.4 * places) > 3 + 2 * len(template.first)


def _written(lines: Sequence[str], signs: Signs, plan: _Plan) -> Iterator[str]:
    """Yield the lines as planned; templates are numbered in order of first appearance."""
    numbers: dict[int, int] = {}
    clocks = _Clocks(signs.clocked)
    pending: list[int] = []
    for number, line in enumerate(lines):
        template = plan.template_of.get(number)
        if template is None:
            yield from _drained(pending, signs)
            clocks.see(line)
            yield line
            continue
        stamp = plan.stamp_of[number]
        key = id(template)
        if key not in numbers:
            yield from _drained(pending, signs)
            numbers[key] = len(numbers) + 1
            clocks.see(line)
            marked = template.marked(signs.brackets)
            yield f"{numbers[key]}{signs.mark}{marked.replace(_TIME, stamp.group(), 1) if stamp else marked}"
            continue
        end = clocks.cut(stamp) if stamp else ""
        given = _given(plan.values_of[number], template.places())
        if end is None:
            yield from _drained(pending, signs)
            clocks.see(line)
            yield line
        elif end or given:
            yield from _drained(pending, signs)
            yield f"{numbers[key]}{signs.mark}{' '.join([end, *given] if end else given)}"
        elif pending and pending[-1] + 1 == numbers[key]:
            pending.append(numbers[key])
        else:
            yield from _drained(pending, signs)
            pending.append(numbers[key])
    yield from _drained(pending, signs)


def _drained(pending: list[int], signs: Signs) -> Iterator[str]:
    """Yield one line for a run of unchanged first lines, and forget the run."""
    if len(pending) > 1:
        yield f"{pending[0]}-{pending[-1]}{signs.mark}"
    elif pending:
        yield f"{pending[0]}{signs.mark}"
    pending.clear()


def _given(values: Sequence[str], first: Sequence[str]) -> list[str]:
    """Return the values to write: long ones that are as in the first line as a sign, at the end not at all."""
    end = len(values)
    while end and values[end - 1] == first[end - 1]:
        end -= 1
    return [
        AS_FIRST if value == as_first and len(value) > 2 else value
        for value, as_first in zip(values[:end], first[:end], strict=True)
    ]


@dataclass(slots=True)
class _Clocks:
    """The time of the line above, followed alike by writer and reader."""

    clocked: bool
    before: str = ""
    short: int = 0

    def see(self, line: str) -> None:
        """Take the time of a line that stands whole."""
        stamp = clock.find(line) if self.clocked else None
        if stamp is not None:
            self.before, self.short = stamp.group(), 0

    def cut(self, stamp: re.Match[str]) -> str | None:
        """Return the time as it is written after the one above, None if it cannot be written."""
        end = clock.cut(stamp, self.before)
        if end is None:
            return None
        self.short = self.short + 1 if len(end) < len(stamp.group()) else 0
        self.before = stamp.group()
        if self.short > REMINDED:
            self.short = 0
            return self.before
        return end

    def complete(self, end: str) -> str:
        """Return the time that `end` stands for."""
        self.before = clock.complete(end, self.before)
        return self.before


# --- decoding ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Known:
    """A template as read from its first line."""

    line: str
    places: list[str]
    timed: bool
    fill: Callable[[Sequence[str], str], str]


def decode(lines: Sequence[str], signs: Signs) -> list[str]:
    """Restore the lines. Raises ValueError if a line uses a template that no line above it shows."""
    known: dict[int, _Known] = {}
    clocks = _Clocks(signs.clocked)
    marked = re.compile(rf"([1-9]\d{{0,8}})(?:-([1-9]\d{{0,8}}))?{re.escape(signs.mark)}(.*)", re.DOTALL)
    out: list[str] = []
    for line in lines:
        match = marked.match(line)
        if match is None:
            clocks.see(line)
            out.append(line)
            continue
        number, last, rest = int(match[1]), int(match[2] or match[1]), match[3]
        if last != number:
            out.extend(_known(known, each).line for each in _range(number, last, len(known), rest))
        elif number in known:
            out.append(_restored(known[number], rest, clocks))
        elif number == len(known) + 1:
            known[number] = _read(rest, signs)
            clocks.see(known[number].line)
            out.append(known[number].line)
        else:
            raise ValueError("a template is used before it is shown")
    return out


def _range(number: int, last: int, size: int, rest: str) -> range:
    if rest or not number < last <= size:
        raise ValueError("not a range of templates")
    return range(number, last + 1)


def _known(known: dict[int, _Known], number: int) -> _Known:
    template = known[number]
    if template.timed or not template.line:
        raise ValueError("a timed line cannot be repeated as it is")
    return template


def _read(text: str, signs: Signs) -> _Known:
    """Read a template from its first line, marked."""
    parts = re.split(f"[{re.escape(signs.brackets)}]", text)
    line = "".join(parts)
    fixed, first = parts[::2], parts[1::2]
    if len(fixed) != len(first) + 1:
        raise ValueError("unbalanced places")
    stamp = clock.find(line) if signs.clocked else None
    if stamp is not None:
        fixed = _with_time(fixed, first, stamp)
    template = Template(fixed, first)
    return _Known(line, template.places(), stamp is not None, template.filler(stamp.group() if stamp else ""))


def _with_time(fixed: Sequence[str], first: Sequence[str], stamp: re.Match[str]) -> list[str]:
    """Put the placeholder where the time stands; it stands within one fixed piece."""
    at, out, found = 0, list(fixed), False
    for index, piece in enumerate(fixed):
        start, end = stamp.start() - at, stamp.end() - at
        if 0 <= start and end <= len(piece):
            out[index], found = piece[:start] + _TIME + piece[end:], True
        at += len(piece) + (len(first[index]) if index < len(first) else 0)
    if not found:
        raise ValueError("a time stands in a place")
    return out


def _restored(template: _Known, rest: str, clocks: _Clocks) -> str:
    """Return the line that a template and the rest of a marked line stand for."""
    time = ""
    if template.timed:
        end = clock.written(rest)
        time, rest = clocks.complete(end), rest[len(end) + 1 :]
    values = rest.split(" ") if rest else []
    if len(values) > len(template.places):
        raise ValueError("more words than places")
    values += template.places[len(values) :]
    return template.fill([a if v == AS_FIRST else v for v, a in zip(values, template.places, strict=True)], time)
