"""One text on its way through detectors and compressors, parsed at most once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

SAMPLE_LINES = 240


class View:
    """A text with memoised derived forms, so that detector and compressor parse it once."""

    __slots__ = ("_memo", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._memo: dict[str, Any] = {}

    def once(self, name: str, build: Callable[[str], T]) -> T:
        """Return `build(text)`, computed on first use of `name` and kept for the life of the view."""
        if name not in self._memo:
            self._memo[name] = build(self.text)
        value: T = self._memo[name]
        return value

    def forget(self, name: str) -> None:
        """Drop a form that takes much memory; it is built again if it is asked for again."""
        self._memo.pop(name, None)

    def tokens(self, count: Callable[[str], int]) -> int:
        """Return the tokens of the text. A view belongs to one request, hence to one way of counting."""
        return self.once("tokens", count)

    @property
    def lines(self) -> list[str]:
        """The text split at line feeds; joined by line feeds they are the text again."""
        return self.once("lines", lambda text: text.split("\n"))

    @property
    def sample(self) -> list[str]:
        """Non-empty lines from head, middle and tail, at most `SAMPLE_LINES`, in order."""
        return self.once("sample", lambda _: _spread(list(filter(str.strip, self.lines))))


def let_go(lines: list[str]) -> Iterator[str]:
    """Yield lines in order and take each off the list, so that what is made of them takes their room."""
    lines.reverse()
    while lines:
        yield lines.pop()


def _spread(lines: list[str]) -> list[str]:
    if len(lines) <= SAMPLE_LINES:
        return lines
    third = SAMPLE_LINES // 3
    middle = (len(lines) - third) // 2
    return lines[:third] + lines[middle : middle + third] + lines[-third:]
