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

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat

from headroom.transforms.coding import clock
from headroom.transforms.coding.alignment import PAD, TIME, Column, Template, aligned, rows_of
from headroom.transforms.coding.clock import Time
from headroom.transforms.coding.notes import is_gap
from headroom.transforms.coding.shapes import Group, grouped, kinds, shapes
from headroom.transforms.coding.signs import AS_FIRST, Signs
from headroom.transforms.coding.template_writer import Use, written

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


def encode(
    lines: Sequence[str], signs: Signs, loud: Callable[[str], bool], check: Callable[[], None]
) -> list[str] | None:
    """Return the lines with every worthwhile kind written as a template, None if no kind is worth it.

    The first and the last line stand whole, and so do lines that `loud` recognises: all of them where they are few,
    else the first of each wording.
    """
    uses: list[Use] = []
    for members in kinds(_groups(lines, loud)):
        for start in range(0, len(members), AT_ONCE):
            check()
            use = _use(lines, members[start : start + AT_ONCE], signs)
            if use is not None:
                uses.append(use)
    return written(lines, uses, signs) if uses else None


def _groups(lines: Sequence[str], loud: Callable[[str], bool]) -> list[Group]:
    """Return the lines of each shape, but those that are too short for a template and those that stand whole.

    So do notes on what is missing: nobody should have to put them together.
    """
    groups = grouped(shapes(lines))
    whole = {0, next((number for number in range(len(lines) - 1, 0, -1) if lines[number]), 0)}
    whole.update(_loud(groups, loud, len(lines)))
    found = []
    for shape, numbers in groups.items():
        if len(shape) >= LEAST and TIME not in shape and PAD not in shape and not is_gap(lines[numbers[0]]):
            kept = numbers if whole.isdisjoint(numbers) else [number for number in numbers if number not in whole]
            found.append((shape, kept))
    return [group for group in found if group[1]]


def _loud(groups: dict[str, list[int]], loud: Callable[[str], bool], lines: int) -> Iterable[int]:
    """Return the numbers of the lines that `loud` recognises and that stand whole.

    All of them if they are few, else those where one of the first wordings is first used: at most `WHOLE`, and at
    most twice as many as are few.
    """
    wordings = [numbers for shape, numbers in groups.items() if loud(shape)]
    if sum(map(len, wordings)) <= FEW * lines:
        return [number for numbers in wordings for number in numbers]
    most = min(WHOLE, int(2 * FEW * lines))
    return [numbers[0] for numbers in wordings[:most]]


def _use(lines: Sequence[str], members: Sequence[int], signs: Signs) -> Use | None:
    """Return how the lines of one kind use a common template, None if it is not worth it."""
    first = lines[members[0]]
    opening, closing = signs.brackets[0], signs.brackets[1]
    if opening in first or closing in first or not _is_worthwhile(Template([first], []), len(members)):
        return None
    rows = [lines[number] for number in members]
    times: list[Time] = []
    stamp = clock.find(first) if signs.clocked else None
    if stamp is not None:
        timed, times, rows = clock.taken_out(rows, stamp, TIME)
        members = [members[at] for at in timed]
    cut = rows_of(rows)
    found = aligned(cut)
    if found is None or not _is_worthwhile(found[0], len(cut.fitting)):
        return None
    template, values = found
    numbers = [members[at] for at in cut.fitting]
    use = Use(template, numbers, _given(values, len(numbers)), [times[at] for at in cut.fitting] if times else [])
    refused = _refused(use, values, lines)
    if 0 in refused:
        return None
    return use.without(refused) if refused else use


def _refused(use: Use, columns: Sequence[Column], lines: Sequence[str]) -> set[int]:
    """Return the places of the lines that would not be restored from what is given.

    One of their values is the sign, or the last would leave a blank at the end of the line, or a gap of theirs ends
    at another column.
    """
    refused = {at for column in columns if AS_FIRST in column for at, value in enumerate(column) if value == AS_FIRST}
    if columns and any(map(str.endswith, columns[-1], repeat("\t"))):
        refused.update(at for at, value in enumerate(columns[-1]) if value.endswith("\t"))
    if use.template.has_gaps:
        filled = use.template.filled(columns, [time.text for time in use.times], use.stamp, len(use.numbers))
        pairs = zip(use.numbers, filled, strict=True)
        refused.update(at for at, (number, line) in enumerate(pairs) if lines[number] != line)
    return refused


def _given(columns: Sequence[Column], count: int) -> list[str]:
    """Return the values of each line as they are written, nothing for a line that is as the first.

    A longer value that is as in the first line is written as a sign.
    """
    if not columns:
        return [""] * count
    given = list(map(" ".join, zip(*map(_signed, columns), strict=True)))
    as_first = given[0]
    return ["" if line == as_first else line for line in given]


def _signed(column: Column) -> Column:
    """Return the values with those that are as the first written as a sign, where the sign is shorter."""
    first = column[0]
    if len(first) < 2 or column.count(first) < 2:
        return column
    return [AS_FIRST if value == first else value for value in column]


def _is_worthwhile(template: Template, lines: int) -> bool:
    """Estimate whether a template of this many lines saves tokens: what is fixed, less marks and separators."""
    fixed = sum(map(len, template.fixed)) / _CHARS_A_TOKEN
    return (lines - 1) * (fixed - 2 - 0.4 * len(template.places)) > _LEAST_GAIN + 2 * len(template.first)
