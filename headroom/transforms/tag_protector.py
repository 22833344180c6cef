"""Regions that an application marks with its own XML-like tags are kept verbatim, tags included.

Only the configured tags protect, only their own span, and at most `MAX_KEPT_CHARS` a text: a tag that a tool
output brings along does not make its carrier immune.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from headroom.transforms.base import Transform

DEFAULT_TAGS = ("system-reminder", "thinking", "instructions", "user-prompt-submit-hook")
MAX_KEPT_CHARS = 8_192
MAX_INDENT = 64
"""Blanks that may stand before an opening tag on its line."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text; `kept` says that it stands in a protected region."""

    text: str
    kept: bool


class TagProtector(Transform):
    """Cuts texts into protected regions and the rest. `tags` are names without brackets, any case."""

    name: ClassVar[str] = "tag_protector"
    before: ClassVar[tuple[str, ...]] = ("content_router",)

    def __init__(self, tags: Iterable[str] = DEFAULT_TAGS) -> None:
        names = "|".join(re.escape(tag) for tag in sorted(tags, key=len, reverse=True))
        self._mark = re.compile(rf"<(/?)({names})(?=[\s>/])[^<>]{{0,512}}>", re.IGNORECASE) if names else None

    def segments(self, text: str) -> list[Segment]:
        """Return the text in order as segments; joined they are the text again.

        A region ends at the closing tag that matches its nesting. One that is never closed does not protect.
        """
        cut: list[Segment] = []
        done = budget = 0
        for start, end in self._regions(text):
            if budget + end - start > MAX_KEPT_CHARS:
                continue
            budget += end - start
            cut += (Segment(text[done:start], kept=False), Segment(text[start:end], kept=True))
            done = end
        cut.append(Segment(text[done:], kept=False))
        return [segment for segment in cut if segment.text]

    def _regions(self, text: str) -> list[tuple[int, int]]:
        """Return the outermost closed regions. One pass; an unclosed tag is forgotten when an outer one closes."""
        if self._mark is None or "<" not in text:
            return []
        regions: list[tuple[int, int]] = []
        open_tags: list[tuple[str, int]] = []
        depth: dict[str, int] = {}
        for mark in self._mark.finditer(text):
            name = mark[2].lower()
            if not mark[1]:
                start = _opened(text, mark.start())
                if start >= 0 and not mark[0].endswith("/>"):
                    open_tags.append((name, start))
                    depth[name] = depth.get(name, 0) + 1
            elif depth.get(name):
                start = _close(open_tags, depth, name)
                while regions and regions[-1][0] >= start:
                    regions.pop()
                # The line feed behind it goes along, so that what follows begins a line in any form.
                regions.append((start, mark.end() + text.startswith("\n", mark.end())))
        return regions


def _opened(text: str, tag: int) -> int:
    """Return where the line of an opening tag begins, -1 if more than blanks stands before the tag.

    One inside a line is part of a value, of JSON for example, not around it.
    """
    line = text.rfind("\n", max(0, tag - MAX_INDENT - 1), tag) + 1
    return line if tag - line <= MAX_INDENT and not text[line:tag].strip(" \t") else -1


def _close(open_tags: list[tuple[str, int]], depth: dict[str, int], name: str) -> int:
    """Take tags off the stack down to the newest open one of this name; return where it began."""
    while True:
        top, start = open_tags.pop()
        depth[top] -= 1
        if top == name:
            return start
