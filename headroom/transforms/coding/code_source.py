"""A source as rows and nodes, and what was left out of it as gaps.

Rows and nodes count from 0, as the parser does; gaps count lines from 1, as people do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from headroom.transforms.coding import notes
from headroom.transforms.coding.code_grammars import Grammar

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

COMMENTS = frozenset({"comment", "line_comment", "block_comment"})
_BLOCKS = frozenset({"block", "module"})
_LONGEST_NAME = 200
_WORD = re.compile(r"\w+")


class Part(StrEnum):
    """What lines held that were left out."""

    COMMENT = "comment"
    DOCSTRING = "docstring"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines `first` to `last` of the source (counted from 1) are left out; `name` is that of a folded function.

    `placeholder` is the line that stands in their place, or None.
    """

    first: int
    last: int
    part: Part
    name: str = ""
    placeholder: str | None = None


class Rows:
    """The lines of a source and where their text begins and ends, in bytes; rows count from 0 as nodes do."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.lines = source.split(b"\n")
        self._begin = [len(line) - len(line.lstrip()) for line in self.lines]
        self._end = [len(line.rstrip()) for line in self.lines]

    def begins(self, node: Node) -> bool:
        """Say whether nothing stands before the node on its first line."""
        row, column = node.start_point
        return column <= self._begin[row]

    def whole(self, node: Node) -> tuple[int, int] | None:
        """Return the first and last row of a node that has its lines to itself."""
        last = last_row(node)
        ends = last < node.end_point.row or node.end_point.column >= self._end[last]
        return (node.start_point.row, last) if ends and self.begins(node) else None

    def is_blank(self, row: int) -> bool:
        """Say whether a row holds white space only."""
        return self._end[row] == 0

    def text(self, first: int, last: int) -> bytes:
        """Return the text of the rows."""
        return b"\n".join(self.lines[first : last + 1])

    def placeholder(self, row: int, first: int, last: int, grammar: Grammar) -> str:
        """Return what stands for rows `first` to `last`, indented and ended like the line of `row`."""
        return self.note(row, first, last, grammar.placeholder)

    def note(self, row: int, first: int, last: int, form: str = "{}") -> str:
        """Return the note that rows `first` to `last` are left out, indented and ended like the line of `row`."""
        line = self.lines[row]
        indent = line[: self._begin[row]].decode("utf-8", "surrogatepass")
        end = "\r" if line.endswith(b"\r") else ""
        return indent + form.format(notes.bracketed(notes.left_out("lines", range(first + 1, last + 2)))) + end

    def with_blanks(self, gaps: Iterable[Gap]) -> Iterator[Gap]:
        """Widen gaps by the blank lines below them where a blank line or nothing stands above."""
        for gap in gaps:
            last = gap.last  # as a row, this is the one below the gap
            if gap.placeholder is None and (gap.first == 1 or self.is_blank(gap.first - 2)):
                while last < len(self.lines) - 1 and self.is_blank(last):
                    last += 1
            yield replace(gap, last=last)

    def without(self, gaps: Iterable[Gap]) -> bytes:
        """Return the source without the lines of the gaps, placeholders put in."""
        kept, row = [], 0
        for gap in gaps:
            kept += self.lines[row : gap.first - 1]
            if gap.placeholder is not None:
                kept.append(gap.placeholder.encode("utf-8", "surrogatepass"))
            row = gap.last
        return b"\n".join(kept + self.lines[row:])


@dataclass(slots=True)
class Function:
    """A node with a body, and the name it is known by."""

    name: str
    node: Node


@dataclass(slots=True)
class Found:
    """What a syntax tree holds that the levels are about, each in the order of the source."""

    comments: list[Node] = field(default_factory=list)
    blocks: list[Node] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)

    @classmethod
    def in_tree(cls, tree: Tree, source: bytes, grammar: Grammar) -> Found:
        """Collect from the tree of a source in one pass."""
        found = cls()
        bindings = {kind: fields for kind, *fields in grammar.bindings}
        for node in _nodes(tree):
            kind = node.type
            if kind in COMMENTS:
                found.comments.append(node)
            elif kind in grammar.functions:
                found.functions.append(Function(_last_word(_own_name(node), source), node))
            elif kind in bindings:
                name, value = map(node.child_by_field_name, bindings[kind])
                if value is not None and value.child_by_field_name("body") is not None:
                    found.functions.append(Function(_last_word(name, source), value))
            elif kind in _BLOCKS:
                found.blocks.append(node)
        return found


def _nodes(tree: Tree) -> Iterator[Node]:
    """Yield the nodes in the order of the source, parents first, however deep they are nested."""
    cursor = tree.walk()
    while True:
        if cursor.node is not None:
            yield cursor.node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def errors(tree: Tree) -> int:
    """Return how many nodes of a tree are errors, or tokens that the parser misses."""
    return sum(node.is_error or node.is_missing for node in _nodes(tree)) if tree.root_node.has_error else 0


def last_row(node: Node) -> int:
    """Return the last row that a node has text on; some comments take their line end with them."""
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point.row else row


def _own_name(function: Node) -> Node | None:
    """Return the name of a function; in C it stands within declarators."""
    name = function.child_by_field_name("name")
    inner = function.child_by_field_name("declarator") if name is None else None
    while inner is not None:
        name, inner = inner, inner.child_by_field_name("declarator")
    return name


def _last_word(name: Node | None, source: bytes) -> str:
    """Return the last word of a qualified name, empty if there is none."""
    if name is None:
        return ""
    text = source[max(name.start_byte, name.end_byte - _LONGEST_NAME) : name.end_byte]
    words = _WORD.findall(text.decode("utf-8", "ignore"))
    return words[-1] if words else ""
