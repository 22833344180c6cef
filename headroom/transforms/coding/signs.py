"""The characters by which a reader tells template lines and changing words from all else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headroom.transforms.coding import clock

AS_FIRST = '"'
"""Stands for a value that is as in the first line of its kind."""
_BRACKETS = ("{}", "<>", "«»", "⟨⟩")
_MARKS = ("|", "~", "§", "¦")


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
    unused = (pair for pair in _BRACKETS if pair[0] not in text and pair[1] not in text)
    brackets = next(unused, None) or min(_BRACKETS, key=lambda pair: text.count(pair[0]) + text.count(pair[1]))
    mark = next((mark for mark in _MARKS if not _clashes(mark, text)), _MARKS[0])
    return Signs(mark, brackets, clock.runs_in(text))


def _clashes(mark: str, text: str) -> bool:
    """Say whether a line of the text could be taken for a marked one."""
    return mark in text and re.search(rf"\n(?:\d++(?:-\d++)?)?{re.escape(mark)}", "\n" + text) is not None
