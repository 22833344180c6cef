"""Logs, build and test output, stack traces: lines that say the same thing with other values.

    [log: N|text shows line kind N, its changing words in {}; later N|words gives only those words, ...]
    1|10:00:01 INFO worker {7} took job {a1f} from queue mail
    1|:02 8 b20
    1|:05 7 c33

Whatever a terminal would not show is left out first; lines that warn or err stand whole where they are rare, and so
do every line of no kind, the first and the last line. In the plain tier there are no kinds: what neighbouring lines
begin with is set above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms import log_formats
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding import headings, line_reduction, prefix, repeats, signs, template_reader, templates
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.display import as_displayed
from headroom.transforms.coding.signs import Signs
from headroom.transforms.content_router import ENOUGH
from headroom.transforms.view import View

_LOUD = re.compile(
    r"(?:errors?|warn(?:ings?)?|exception|fatal|critical|severe|panic|traceback|fail(?:ed|ure)?|denied|refused"
    r"|timed ?out|timeout|invalid|assert(?:ion)?|cannot|unable|not found)(?![a-z])"
)
"""Words of lines that warn or report an error, in lower case. No word border before them: `ValueError` is one."""
_STRETCH = 32
"""Lines of each of the stretches that are looked at."""
_LOOKED_AT = 400
"""Characters of each of these lines that are looked at."""
_MOSTLY = 0.8
"""Share of a text that a terminal must show at most for the text to be terminal output of any kind."""
_AT_LEAST = 16 << 20
"""Characters that any form may stand for: equal lines without end take no more than one note."""
SHORTEST = 200
"""Characters below which no form can be cheaper than its legend."""

_LEGEND = (
    "N{mark}text shows line kind N, its changing words in {brackets}; later N{mark}words gives only those words in "
    'order, " = as shown; N{mark} or 2-4{mark} alone = the lines as shown'
)
_OPENING = "[log: "
_CLOCK = "a time comes first and, cut short, goes on from the line above"
_REPEATS = "repeats are counted"
_DISPLAY = "as a terminal shows it"
_PREFIX = 'each line that does not start with a blank starts with "'
_PREFIX_OF_ALL = 'each line starts with "'
_CLAUSE_OF_PREFIX = re.compile(rf"{_PREFIX}|{_PREFIX_OF_ALL}")
_SIGNS = re.compile(r"N(.)text shows line kind N, its changing words in (..);")


@dataclass(frozen=True, slots=True)
class Header:
    """What was done to a text, as its first line says."""

    displayed: bool = False
    signs: Signs | None = None
    repeated: bool = False
    headed: str = ""
    prefix: str = ""

    def __str__(self) -> str:
        parts = [_DISPLAY] if self.displayed else []
        if self.signs is not None:
            parts.append(_LEGEND.format(mark=self.signs.mark, brackets=self.signs.brackets))
            parts.extend([_CLOCK] if self.signs.clocked else [])
        parts.extend([_REPEATS] if self.repeated else [])
        parts.extend([headings.clause(self.headed)] if self.headed else [])
        clause = _PREFIX_OF_ALL if self.prefix.startswith(prefix.BLANKS) else _PREFIX
        parts.extend([f'{clause}{self.prefix}"'] if self.prefix else [])
        return f"{_OPENING}{'; '.join(parts)}]"

    @property
    def encoding(self) -> str:
        """The name of the form."""
        named = {
            "log.templates": self.signs,
            "log.headings": self.headed,
            "log.prefix": self.prefix,
            "log.repeats": self.repeated,
        }
        return next((name for name, value in named.items() if value), "log.display")

    @staticmethod
    def read(line: str) -> Header:
        """Read a header. Raises ValueError if the line is not exactly one that we write."""
        clause = _CLAUSE_OF_PREFIX.search(line)
        known, front = (line[: clause.start()], line[clause.end() :]) if clause else (line, "")
        signs = _SIGNS.search(known)
        header = Header(
            displayed=_DISPLAY in known,
            signs=Signs(signs[1], signs[2], clocked=_CLOCK in known) if signs else None,
            repeated=_REPEATS in known,
            headed=headings.sign_in(known),
            prefix=front[: -len('"]')],
        )
        if header == Header() or str(header) != line:
            raise ValueError("no log form")
        return header


class LogCompressor(Compressor):
    """Shortens line-structured records: templates for like lines, counts for repeats, terminal display."""

    name: ClassVar[str] = "log_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of known log, build, test and trace lines.

        Just enough for a text of which a terminal shows much less, or whose lines repeat their wording.
        """
        if len(view.text) < SHORTEST:
            return 0.0
        raw = "\n".join(line[:_LOOKED_AT] for line in _thinned(view.sample))
        shown = as_displayed(raw)
        sample = shown.split("\n")
        known = log_formats.share(sample)
        if known < ENOUGH and (len(shown) < _MOSTLY * len(raw) or log_formats.repeats(sample)):
            return ENOUGH
        return known

    def candidates(self, view: View, context: Context) -> Iterator[Lossless]:
        """Yield the text as displayed, without its common front and repeats, and with templates if the tier allows."""
        text = as_displayed(view.text)
        displayed = text != view.text
        if text.startswith(_OPENING) and self._is_own(text, context):
            return
        of = Fidelity.DISPLAY if displayed else Fidelity.BYTES
        lines = text.split("\n") if displayed else view.lines
        for header, form in _forms(text, lines, context, displayed=displayed):
            yield Lossless(form, of, header.encoding, Tier.LEGEND if header.signs else Tier.PLAIN)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterator[Reduction]:
        """Yield what stays of the text where more of what is shown is left out."""
        reduced = line_reduction.reduced(as_displayed(view.text).split("\n"), hint, context.check)
        if reduced is not None:
            yield Reduction(*reduced, "log.selected")

    def _is_own(self, text: str, context: Context) -> bool:
        """Say whether a text is the cheapest form of what it stands for; one that merely begins like it is not."""
        try:
            displayed = Header.read(text.partition("\n")[0]).displayed
            original = _decoded(text, Budget(text))
        except ValueError:
            return False
        forms = [form for _, form in _forms(original, original.split("\n"), context, displayed=displayed)]
        return bool(forms) and text == min(forms, key=context.count)

    def decode(self, text: str) -> str:
        """Restore the displayed text. Raises ValueError if `text` is not a form of ours."""
        budget = Budget(text)
        budget.left += _AT_LEAST
        return _decoded(text, budget)


def _decoded(text: str, budget: Budget) -> str:
    first, *lines = text.split("\n")
    header = Header.read(first)
    if header.repeated:
        lines = repeats.decode(lines, budget)
    if header.signs is not None:
        lines = template_reader.decode(lines, header.signs, budget)
    if header.headed:
        lines = headings.decode(lines, header.headed, budget)
    if header.prefix:
        budget.spend(len(header.prefix) * len(lines))
        lines = prefix.put_back(header.prefix, lines)
    return "\n".join(lines)


def _forms(text: str, lines: list[str], context: Context, *, displayed: bool) -> Iterator[tuple[Header, str]]:
    """Yield the forms of a displayed text and their headers: with templates if the tier allows, and plain.

    What takes most memory comes first, while there is no other form to be kept.
    """
    if context.tier >= Tier.LEGEND:
        yield from _template_form(text, lines, context, displayed=displayed)
    yield from _plain_forms(lines, displayed=displayed, headed=context.tier is Tier.PLAIN)


def _template_form(text: str, lines: list[str], context: Context, *, displayed: bool) -> Iterator[tuple[Header, str]]:
    """Yield the form with templates and without repeats, if any template is worth it."""
    chosen = signs.signs_for(text)
    encoded = templates.encode(lines, chosen, _is_loud, context.check)
    if encoded is not None:
        counted = repeats.encode(encoded)
        header = Header(displayed, chosen, repeated=counted != encoded)
        yield header, "\n".join([str(header), *counted])


def _plain_forms(lines: list[str], *, displayed: bool, headed: bool) -> Iterator[tuple[Header, str]]:
    """Yield the form without common front and repeats, if there is any such thing or the text was displayed.

    Then, if asked for, the same under headings: where templates are to be had, they tell it more shortly.
    """
    front, rest = prefix.taken_off(lines)
    bare = Header(displayed, prefix=front)
    yield from _counted(bare, rest)
    sign, below = headings.encode(rest) if headed else ("", rest)
    if sign:
        yield from _counted(replace(bare, headed=sign), below)


def _counted(header: Header, lines: list[str]) -> Iterator[tuple[Header, str]]:
    """Yield the lines with repeats counted, under a header that says all that was done; nothing if nothing was."""
    counted = repeats.encode(lines)
    whole = replace(header, repeated=counted != lines)
    if whole != Header():
        yield whole, "\n".join([str(whole), *counted])


def _is_loud(line: str) -> bool:
    return _LOUD.search(line.lower()) is not None


def _thinned(sample: Sequence[str]) -> list[str]:
    """Return stretches from head, middle and tail of a sample, long enough to see which lines belong together."""
    if len(sample) <= 3 * _STRETCH:
        return list(sample)
    middle = (len(sample) - _STRETCH) // 2
    return [*sample[:_STRETCH], *sample[middle : middle + _STRETCH], *sample[-_STRETCH:]]
