"""Bodies of functions: which of them can be folded, and what lines they take."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from headroom.transforms.coding.code_grammars import Grammar
from headroom.transforms.coding.code_source import COMMENTS, Function, Gap, Part, Rows, last_row

if TYPE_CHECKING:
    from tree_sitter import Node

LEAST_FOLDED = 3
"""Bodies of fewer lines stay: the placeholder is a line itself."""

_DEEPEST = 2
"""Functions within so many others are folded with what is around them."""
_TYPES = frozenset(
    {
        "class_definition",
        "class_declaration",
        "class_specifier",
        "decorated_definition",
        "enum_item",
        "impl_item",
        "interface_declaration",
        "struct_item",
        "struct_specifier",
        "type_declaration",
    }
)
_IMPORTS = frozenset({"import_declaration", "import_from_statement", "import_statement", "use_declaration"})
"""What a body takes from elsewhere stays: it tells what the body is about."""
_SHORTEST = 3
"""Functions and types of fewer lines are folded with what is around them."""
_BODIES = frozenset({"block", "body_statement", "compound_statement", "constructor_body", "statement_block"})
_LISTS = _BODIES | {"statement_list"}
"""What holds the statements of a body."""


def folds(functions: list[Function], rows: Rows, grammar: Grammar, keep: AbstractSet[str], least: int) -> Iterator[Gap]:
    """Yield what to fold: bodies of functions that neither are nor hold one to keep, but for functions within them.

    Bodies of fewer than `least` lines stay. Of a function within another the signature stays, unless it stands deeper
    in a statement that is folded.
    """
    kept = sorted(one.node.start_byte for one in functions if one.name in keep)
    around: list[int] = []  # where the functions end that the one at hand is within
    folded = -1
    for one in sorted(functions, key=lambda one: one.node.start_byte):
        start, end = one.node.start_byte, one.node.end_byte
        around = [other for other in around[-_DEEPEST:] if other > start]
        deep, at = len(around) == _DEEPEST, bisect_left(kept, start)
        around.append(end)
        holds_kept = at < len(kept) and kept[at] < end
        if one.node.start_point.row <= folded or holds_kept or not one.name or one.node.has_error:
            continue
        for piece in _pieces(one.node, rows, grammar, least, whole=deep):
            line = rows.placeholder(piece.indented_as, piece.first, piece.last, grammar)
            if len(line) < len(rows.text(piece.first, piece.last)):
                folded = max(folded, piece.last)
                yield Gap(piece.first + 1, piece.last + 1, Part.BODY, one.name, line)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows `first` to `last` of a body, indented as the row `indented_as`."""

    first: int
    last: int
    indented_as: int


@dataclass(slots=True)
class _Body:
    """What stands between the last token of a signature and the token that closes the body, if one does."""

    opener: Node
    inside: list[Node]
    closer: Node | None

    @classmethod
    def of(cls, function: Node) -> _Body | None:
        """Return the body of a function: within braces, up to `end`, or indented."""
        body = function.child_by_field_name("body")
        if body is None or body.type not in _BODIES:
            return None
        children = body.children
        if children and children[0].type == "{":
            nodes, begin = children, 0
        else:
            nodes = function.children
            begin = _before(nodes, body)
        closer = nodes[-1] if nodes[-1].type in {"}", "end"} else None
        inside = nodes[begin + 1 : -1 if closer else None]
        return cls(nodes[begin], inside, closer) if inside else None

    @property
    def inner(self) -> Node:
        """The first statement, or what stands for it."""
        return next((node for node in self.inside if node.type not in COMMENTS), self.inside[0])

    @property
    def first(self) -> int:
        """The first row below the signature."""
        return last_row(self.opener) + 1

    @property
    def last(self) -> int:
        """The last row above the closing token, or of the body."""
        return self.closer.start_point.row - 1 if self.closer is not None else last_row(self.inside[-1])

    def can_go(self, rows: Rows, least: int) -> bool:
        """Say whether the body is long enough and shares no line with the signature and the closing token."""
        beside = [node for node in self.inside if node.start_point.row < self.first]
        return (
            self.last - self.first + 1 >= least
            and all(node.type in COMMENTS and last_row(node) < self.first for node in beside)
            and (self.closer is None or rows.begins(self.closer))
            and rows.begins(self.inner)
        )


def _pieces(function: Node, rows: Rows, grammar: Grammar, least: int, *, whole: bool) -> Iterator[_Piece]:
    """Yield the rows to fold: all of the body, or unless `whole` what stands between the functions within it."""
    body = _Body.of(function)
    if body is None or not body.can_go(rows, least):
        return
    statements = [part for node in body.inside for part in (node.children if node.type in _LISTS else [node])]
    stays = [not whole and _is_within(node, grammar) for node in statements]
    if not any(stays):
        yield _Piece(body.first, body.last, body.inner.start_point.row)
        return
    for stay, run in groupby(zip(statements, stays, strict=True), itemgetter(1)):
        nodes = [node for node, _ in run]
        first, last = nodes[0].start_point.row, last_row(nodes[-1])
        if not stay and last - first + 1 >= LEAST_FOLDED and all(map(rows.whole, nodes)):
            yield _Piece(first, last, first)


def _is_within(node: Node, grammar: Grammar) -> bool:
    """Say whether a statement of a body is a function, type or import that stays."""
    length = last_row(node) - node.start_point.row + 1
    return node.type in _IMPORTS or (length >= _SHORTEST and (node.type in _TYPES or node.type in grammar.functions))


def _before(nodes: list[Node], body: Node) -> int:
    """Return the index of the last token of the signature: the one before the body and its comments."""
    at = nodes.index(body) - 1
    while at > 0 and nodes[at].type in COMMENTS:
        at -= 1
    return at
