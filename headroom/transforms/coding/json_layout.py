"""How JSON was laid out, for JSON that breaks off: it is no value, so its very characters have to come back.

Writers of JSON lay it out in few ways: without blanks, with one behind each comma and colon, or one member a line and
indented; and some of them write all but ASCII as escapes. JSON in any other layout has none here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from headroom.transforms.coding.budget import Budget

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|\{\}|\[\]|[\[\]{},:]')
_STEP = re.compile(r"[\[{]\n( {1,16}|\t)(?=\S)")
_BEYOND_ASCII = re.compile(r"[^\x00-~]++")
"""What writers of nothing but ASCII escape; DEL, which no printer shows, is among it."""
_TAB = "\t"
_SPACED = "was spaced"
_INDENTED = re.compile(r"was indented by (?:([0-9]{1,2})|a tab)")
_ASCII = "was ASCII"


class Layout(NamedTuple):
    """How JSON differed from its canonical spelling: had it blanks, what indented its lines, was it all ASCII."""

    spaced: bool = False
    step: str = ""
    ascii_only: bool = False

    @property
    def clauses(self) -> list[str]:
        """What a note says of the layout; nothing of the canonical one."""
        by = "a tab" if self.step == _TAB else str(len(self.step))
        said = ((_SPACED, self.spaced), (f"was indented by {by}", self.step), (_ASCII, self.ascii_only))
        return [clause for clause, holds in said if holds]


def layout_of(spelled: str, canonical: str) -> Layout | None:
    """Return the layout of JSON, given its canonical spelling as well; None if it has another one than writers make.

    JSON is one value or more, one a line, of which the last may break off within a string, or behind a member.
    """
    ascii_only = bool(_BEYOND_ASCII.search(canonical)) and not _BEYOND_ASCII.search(spelled)
    step = _STEP.match(spelled)
    spacings = [(False, step[1])] if step else [(False, ""), (True, "")]
    ways = (Layout(spaced, indent, ascii_only) for spaced, indent in spacings)
    return next((way for way in ways if _is_made_of(spelled, _parts(canonical, way))), None)


def layout_said(note: str) -> Layout:
    """Return the layout of which a note says the clauses."""
    indented = _INDENTED.search(note)
    step = "" if indented is None else " " * int(indented[1]) if indented[1] else _TAB
    return Layout(_SPACED in note, step, _ASCII in note)


def laid_out(canonical: str, layout: Layout, budget: Budget) -> str:
    """Return JSON in a layout, given its canonical spelling. Raises ValueError beyond the budget."""
    parts = []
    for part in _parts(canonical, layout):
        budget.spend(len(part))
        parts.append(part)
    return "".join(parts)


def _is_made_of(text: str, parts: Iterable[str]) -> bool:
    """Say whether the parts make the text; what comes after the first that does not is not even asked for."""
    at = 0
    for part in parts:
        if not text.startswith(part, at):
            return False
        at += len(part)
    return at == len(text)


def _parts(canonical: str, layout: Layout) -> Iterator[str]:
    text = _BEYOND_ASCII.sub(_escaped, canonical) if layout.ascii_only else canonical
    if not layout.spaced and not layout.step:
        yield text
        return
    depth, done = 0, 0
    for found in _TOKEN.finditer(text):
        sign = found[0]
        yield text[done : found.start()]
        done = found.end()
        depth += (sign in "[{") - (sign in "]}")
        line = f"\n{layout.step * depth}" if layout.step else ""
        if sign in "]}":
            yield line + sign
        elif sign in "[{":
            yield sign + line
        elif sign in ",:":
            yield sign + (line if line and sign == "," else " ")
        else:
            yield sign
    yield text[done:]


def _escaped(characters: re.Match[str]) -> str:
    return encode_basestring_ascii(characters[0])[1:-1]
