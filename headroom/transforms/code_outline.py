"""Whole source files as an outline: the lines that declare something, each with its number.

    1:import os
    4:class Shape:
    9:    def area(self, unit="cm"):
    49:    def scale(self, by):
    [marker: 61 of 68 lines left out: outline of python with line numbers; ...]

Comments, bodies of functions and blank lines are what is missing. Functions that the question or the call names stay
whole. Not among the transforms that run by themselves: who wants outlines says so (the interceptor `astgrep`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from headroom.blocks import Reduction
from headroom.transforms.base import Context, Hint
from headroom.transforms.code_compressor import CodeAwareCompressor, language_of, unnumbered
from headroom.transforms.coding import code_languages
from headroom.transforms.coding.code_levels import Level, Reduced
from headroom.transforms.coding.code_levels import reduced as reduced_source
from headroom.transforms.coding.code_reduction import names_in
from headroom.transforms.coding.code_source import Gap
from headroom.transforms.view import View

_SURE = 0.9
_LEAST_BODY = 1
_IN_PART = re.compile(
    r"\b(?:head|tail|sed|awk|grep|rg)\b|\"\w*(?:offset|limit|range|start|end|line)\w*\":", re.IGNORECASE
)
"""Calls that print some lines of a file: numbers counted from 1 would not be those of the file."""


class CodeOutline(CodeAwareCompressor):
    """Adds to the forms of code one that is an outline, where the text is a whole file and nothing else."""

    name: ClassVar[str] = "code_outline"

    def evidence(self, view: View, hint: Hint) -> float:
        """Return near certainty for a whole source file, else what the code has of itself."""
        return max(super().evidence(view, hint), _SURE if _language(view, hint) else 0.0)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterator[Reduction]:
        """Yield the outline, then the forms of code; the cheapest is taken."""
        language = _language(view, hint)
        text = unnumbered(view)
        level = Level.COMMENTS | Level.BODIES
        found = reduced_source(text, language, level, names_in(hint), context.check, _LEAST_BODY)
        if isinstance(found, Reduced):
            numbered = text != view.text
            kept = list(_kept(view.lines, text.split("\n"), found.gaps, numbered=numbered))
            note = f"{len(view.lines) - len(kept)} of {len(view.lines)} lines left out: outline of {found.language}"
            yield Reduction("\n".join(kept), f"{note} with line numbers", "code.outline")
        yield from super().reductions(view, hint, context)


def _language(view: View, hint: Hint) -> str:
    """Return the language of a text that is a whole source file as a call printed it, else nothing."""
    if not code_languages.named_language(hint.arguments) or _IN_PART.search(hint.arguments):
        return ""
    return language_of(view, View(unnumbered(view)), hint)


def _kept(shown: Sequence[str], bare: Sequence[str], gaps: Sequence[Gap], *, numbered: bool) -> Iterator[str]:
    """Yield the lines that are neither blank nor in a gap, as the tool numbered them or numbered from 1."""
    missing = {number for gap in gaps for number in range(gap.first, gap.last + 1)}
    for number, (line, text) in enumerate(zip(shown, bare, strict=True), 1):
        if text.strip() and number not in missing:
            yield line if numbered else f"{number}:{line}"
