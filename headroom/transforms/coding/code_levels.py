"""Two lossy levels of source code: comments and docstrings out; bodies of functions folded to their signature.

    def area(self, unit="cm²"):
        ...  # [lines 12-48 left out]

Only whole lines are left out, so that every line that stays is a line of the source, but for the placeholder of a
folded body. Which lines those are is read off the syntax tree, and the result is parsed again: it has no more errors
than the source. What was left out is told in lines of the source; how the reader gets it back is the caller's part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import Flag, auto
from functools import partial
from typing import TYPE_CHECKING

from headroom.transforms.coding.code_comments import comments, docstrings, middles
from headroom.transforms.coding.code_folds import LEAST_FOLDED, folds
from headroom.transforms.coding.code_grammars import Grammar, Refusal, RefusedError, grammar_of, parsed
from headroom.transforms.coding.code_source import Found, Gap, Rows, errors

if TYPE_CHECKING:
    from tree_sitter import Tree

_TOLERATED_ERRORS = 2
_LINES_PER_ERROR = 5
"""Macros make errors in sound C: up to one in five lines of system headers. Text that is no code has more."""


class Level(Flag):
    """What may be left out: comments, or the middles of long ones; bodies of functions. Levels can be joined."""

    COMMENTS = auto()
    MIDDLES = auto()
    BODIES = auto()


@dataclass(frozen=True, slots=True)
class Reduced:
    """A source with lines left out, and which ones, in order."""

    text: str
    language: str
    gaps: tuple[Gap, ...]


def reduced(
    text: str,
    language: str | None,
    level: Level,
    keep: AbstractSet[str] = frozenset(),
    check: Callable[[], None] = lambda: None,
    least: int = LEAST_FOLDED,
) -> Reduced | Refusal:
    """Return a source without what the level names, or why it stays as it is.

    Functions whose name is in `keep` stay whole, and those around them are not folded; bodies of fewer than `least`
    lines stay. `check` is called now and then;
    what it raises passes through. Nothing else is raised, whatever the text.
    """
    try:
        return _reduced(text, grammar_of(language), check, partial(_gaps, level=level, keep=keep, least=least))
    except RefusedError as refused:
        return refused.reason


def _reduced(text: str, grammar: Grammar, check: Callable[[], None], gaps_of: Callable[..., list[Gap]]) -> Reduced:
    source = text.encode("utf-8", "surrogatepass")
    tree = parsed(source, grammar, check)
    before = errors(tree)
    if before > _TOLERATED_ERRORS + source.count(b"\n") // _LINES_PER_ERROR:
        raise RefusedError(Refusal.PARSE_ERRORS)
    rows = Rows(source)
    gaps = gaps_of(tree, rows, grammar)
    result = rows.without(gaps)
    if len(result) >= len(source):
        raise RefusedError(Refusal.NOT_SHORTER)
    after = parsed(result, grammar, check)
    # Around an error, leaving a line out can make the rest read differently: then more could go, and none does.
    if errors(after) > before or (before and gaps_of(after, Rows(result), grammar)):
        raise RefusedError(Refusal.PARSE_ERRORS)
    return Reduced(result.decode("utf-8", "surrogatepass"), grammar.name, tuple(gaps))


def _gaps(tree: Tree, rows: Rows, grammar: Grammar, *, level: Level, keep: AbstractSet[str], least: int) -> list[Gap]:
    """Return what the level leaves out, in order."""
    found = Found.in_tree(tree, rows.source, grammar)
    words: list[Gap] = []
    if Level.COMMENTS in level:
        words += [*comments(found.comments, rows), *docstrings(found.blocks, rows, grammar)]
    if Level.MIDDLES in level:
        words += middles(found.comments, found.blocks, rows, grammar)
    asked = bytearray(len(rows.lines) + 2)
    for one in found.functions:
        if one.name in keep:
            first, last = one.node.start_point.row, one.node.end_point.row
            asked[first + 1 : last + 2] = b"\1" * (last - first + 1)
    gaps = [gap for gap in words if not asked[gap.first]]
    gaps += folds(found.functions, rows, grammar, keep, least) if Level.BODIES in level else []
    return _joined(rows.with_blanks(_outermost(gaps)))


def _outermost(gaps: list[Gap]) -> list[Gap]:
    """Return the gaps in order, without those within another."""
    result: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: (gap.first, -gap.last)):
        if not result or gap.first > result[-1].last:
            result.append(gap)
    return result


def _joined(gaps: Iterable[Gap]) -> list[Gap]:
    """Join gaps of one part that follow one another without a line between them; a placeholder stands alone."""
    result: list[Gap] = []
    for gap in gaps:
        above = result[-1] if result else None
        same = above is not None and above.part is gap.part and above.placeholder is None and gap.placeholder is None
        if above is not None and same and above.last + 1 == gap.first:
            result[-1] = replace(above, last=gap.last)
        else:
            result.append(gap)
    return result
