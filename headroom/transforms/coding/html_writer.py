"""The lines of a page under construction: where lines end, what they begin with, which links have been shown."""

from __future__ import annotations

import re
from html import unescape

_CELL_BORDER = " | "
_MAX_INDENT = 8
_TICKS = re.compile("`{3,}+")
_IN_PAGE = ("#", "javascript:", "data:")


class PageWriter:
    """Finished lines, the line that is being written, and the state of what is open around it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.prefix = ""
        self.lists: list[int | None] = []
        self.preformatted: list[str] | None = None
        self.link: _Link | None = None
        self.after_link = -1
        self.cells = 0
        self.paragraph_ended = False
        self.shown: set[tuple[str, str]] = set()

    def text(self, raw: str) -> None:
        """Add text; runs of white space are one blank, as on screen."""
        text = unescape(raw) if "&" in raw else raw
        if self.preformatted is not None:
            self.preformatted.append(text)
            return
        words = " ".join(text.split())
        if words and self.paragraph_ended:
            self.end_line()
        if text[:1].isspace():
            self.gap()
        if words:
            self.line.append(words)
            if text[-1].isspace():
                self.line.append(" ")

    def end_line(self, prefix: str = "") -> None:
        """Finish the current line, if anything stands on it; the next one begins with `prefix`."""
        line = "".join(self.line).strip()
        if line.strip(" |"):
            self.lines.append(self.prefix + line)
            self.prefix = ""
        self.line, self.after_link, self.paragraph_ended = [], -1, False
        self.prefix = prefix or self.prefix

    def end_paragraph(self) -> None:
        """Finish the line, but within a cell of a table only if the cell goes on."""
        if not self.cells:
            self.end_line()
        elif self.line and self.line[-1] != _CELL_BORDER:
            self.paragraph_ended = True

    def row(self) -> None:
        """Begin a row of a table, or end one."""
        self.end_line()
        self.cells = 0

    def heading(self, prefix: str) -> None:
        """Begin a heading under an empty line."""
        self.end_line(prefix)
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def open_list(self, first: int | None) -> None:
        """Begin a list, numbered from `first` on or not numbered."""
        self.end_line()
        self.lists.append(first)

    def close_list(self) -> None:
        """End the innermost list."""
        self.end_line()
        if self.lists:
            self.lists.pop()

    def item(self) -> None:
        """Begin a list item."""
        number = self.lists[-1] if self.lists else None
        indent = "  " * min(len(self.lists) - 1, _MAX_INDENT)
        if number is None:
            self.end_line(f"{indent}- ")
        else:
            self.end_line(f"{indent}{number}. ")
            self.lists[-1] = number + 1

    def cell(self) -> None:
        """Begin a cell of a table row."""
        self.paragraph_ended = False
        if self.cells:
            self.line.append(_CELL_BORDER)
        self.cells += 1

    def gap(self) -> None:
        """Keep apart what stands side by side on screen without a blank between."""
        if self.line and not self.line[-1].endswith(" "):
            self.line.append(" ")

    def open_link(self, address: str, title: str) -> None:
        """Begin a link; one that is still open ends here. `title` names a link that shows no text."""
        self.close_link()
        if len(self.line) == self.after_link:
            self.gap()
        if address and not address.lower().startswith(_IN_PAGE):
            self.link = _Link(address, title, len(self.lines), len(self.line))

    def close_link(self) -> None:
        """Show the address of the link behind its text, unless this link has been shown before."""
        link, self.link = self.link, None
        self.after_link = len(self.line)
        if link is None:
            return
        if link.line != len(self.lines):
            self.line.append(f"({link.address})")
            return
        text = "".join(self.line[link.start :])
        label = text.strip() or link.title
        if (label, link.address) not in self.shown:
            self.shown.add((label, link.address))
            before = " " if text[:1] == " " else ""
            after = " " if text[-1:] == " " else ""
            self.line[link.start :] = [f"{before}[{label}]({link.address}){after}"]
            self.after_link = len(self.line)

    def open_preformatted(self) -> None:
        """Begin text that stands as it is."""
        self.end_line()
        self.preformatted = []

    def close_preformatted(self) -> None:
        """Show preformatted text between fences, verbatim."""
        content = "".join(self.preformatted or ()).removeprefix("\n").rstrip()
        self.preformatted = None
        if content:
            fence = "`" * max((len(run) + 1 for run in _TICKS.findall(content)), default=3)
            self.lines += [fence, *content.split("\n"), fence]

    def finish(self) -> str:
        """Return all lines; what is still open ends here."""
        self.close_preformatted()
        self.close_link()
        self.end_line()
        return "\n".join(self.lines).strip("\n")


class _Link:
    """A link that is open: its address, and where its text begins."""

    __slots__ = ("address", "line", "start", "title")

    def __init__(self, address: str, title: str, line: int, start: int) -> None:
        self.address, self.title, self.line, self.start = address, title, line, start
