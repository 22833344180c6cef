"""Bodies of functions: which of them can be folded, and what lines they take."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headroom.transforms.coding.code_grammars import Grammar
from headroom.transforms.coding.code_source import COMMENTS, Function, Gap, Part, Rows, last_row

if TYPE_CHECKING:
    from tree_sitter import Node

LEAST_FOLDED = 3
"""Bodies of fewer lines stay: the placeholder is a line itself."""

_BODIES = frozenset({"block", "body_statement", "compound_statement", "constructor_body", "statement_block"})


def folds(functions: list[Function], rows: Rows, grammar: Grammar, keep: AbstractSet[str]) -> Iterator[Gap]:
    """Yield the bodies to fold: the outermost ones that neither are nor hold a function to keep."""
    kept = sorted(one.node.start_byte for one in functions if one.name in keep)
    end = 0
    for one in sorted(functions, key=lambda one: one.node.start_byte):
        at = bisect_left(kept, one.node.start_byte)
        holds_kept = at < len(kept) and kept[at] < one.node.end_byte
        if one.node.start_byte < end or holds_kept or not one.name or one.node.has_error:
            continue
        body = _Body.of(one.node)
        if body is not None and body.can_go(rows):
            line = rows.placeholder(body.inner.start_point.row, body.first, body.last, grammar)
            if len(line) < len(rows.text(body.first, body.last)):
                end = one.node.end_byte
                yield Gap(body.first + 1, body.last + 1, Part.BODY, one.name, line)


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

    def can_go(self, rows: Rows) -> bool:
        """Say whether the body is long enough and shares no line with the signature and the closing token."""
        beside = [node for node in self.inside if node.start_point.row < self.first]
        return (
            self.last - self.first + 1 >= LEAST_FOLDED
            and all(node.type in COMMENTS and last_row(node) < self.first for node in beside)
            and (self.closer is None or rows.begins(self.closer))
            and rows.begins(self.inner)
        )


def _before(nodes: list[Node], body: Node) -> int:
    """Return the index of the last token of the signature: the one before the body and its comments."""
    at = nodes.index(body) - 1
    while at > 0 and nodes[at].type in COMMENTS:
        at -= 1
    return at
