"""What a browser shows of an HTML page, as plain text with a few marks that everybody knows.

Headings begin with `#`, list items with `-` or a number, cells of a table row stand apart by `|`, preformatted
text stands verbatim between fences, a link is `[text](address)`. A link within the page is its text, and so is
a link that has been shown before. Scripts, styles, comments and markup do not show.
"""

from __future__ import annotations

import re
from html import unescape

from headroom.transforms.coding.html_tokens import attribute, tokens

_BLOCK_NAMES = """
    address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure
    footer form frameset head header hgroup hr html legend main menu nav noscript ol optgroup option p search
    section select summary table tbody tfoot thead title tr ul
"""
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_CELL_BORDER = " | "
_MAX_INDENT = 8
_TICKS = re.compile("`{3,}+")
_IN_PAGE = ("#", "javascript:", "data:")


class _Writer:
    """Lines of text under construction: the current line, what it begins with, and the links shown so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.prefix = ""
        self.lists: list[int | None] = []
        self.preformatted: list[str] | None = None
        self.link: _Link | None = None
        self.shown: set[tuple[str, str]] = set()

    def text(self, raw: str) -> None:
        """Add text; runs of white space are one blank, as on screen."""
        text = unescape(raw) if "&" in raw else raw
        if self.preformatted is not None:
            self.preformatted.append(text)
            return
        words = " ".join(text.split())
        if text[:1].isspace() and self.line and not self.line[-1].endswith(" "):
            self.line.append(" ")
        if words:
            self.line.append(words)
            if text[-1].isspace():
                self.line.append(" ")

    def end_line(self, prefix: str = "") -> None:
        """Finish the current line, if anything stands on it; the next one begins with `prefix`."""
        line = "".join(self.line).rstrip()
        if line and self.line[-1] != _CELL_BORDER:
            self.lines.append(self.prefix + line)
            self.line, self.prefix = [], ""
        self.prefix = prefix or self.prefix

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
        if self.line and self.line[-1] != _CELL_BORDER:
            self.line.append(_CELL_BORDER)

    def open_link(self, address: str) -> None:
        """Begin a link; one that is still open ends here."""
        self.close_link()
        if address and not address.lower().startswith(_IN_PAGE):
            self.link = _Link(address, len(self.lines), len(self.line))

    def close_link(self) -> None:
        """Show the address of the link behind its text, unless this link has been shown before."""
        link, self.link = self.link, None
        if link is None:
            return
        if link.line != len(self.lines):
            self.line.append(f"({link.address})")
            return
        text = "".join(self.line[link.start :])
        label = text.strip()
        if (label, link.address) not in self.shown:
            self.shown.add((label, link.address))
            around = text.split(label) if label else ["", text]
            self.line[link.start :] = [f"{around[0]}[{label}]({link.address})", around[-1]]

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

    __slots__ = ("address", "line", "start")

    def __init__(self, address: str, line: int, start: int) -> None:
        self.address, self.line, self.start = address, line, start


def as_text(page: str) -> str:
    """Return the text of a page."""
    writer = _Writer()
    for kind, name, rest in tokens(page):
        if kind == "text":
            writer.text(rest)
        elif writer.preformatted is not None:
            if name == "pre" and kind == "close":
                writer.close_preformatted()
            elif name == "br":
                writer.preformatted.append("\n")
        elif kind == "open":
            _open(writer, name, rest)
        else:
            _close(writer, name)
    return writer.finish()


def _open(writer: _Writer, name: str, attributes: str) -> None:
    match name:
        case "a":
            writer.open_link(attribute(attributes, "href"))
        case "li":
            writer.item()
        case "td" | "th":
            writer.cell()
        case "pre":
            writer.open_preformatted()
        case "ul" | "ol":
            writer.open_list(1 if name == "ol" else None)
        case "img" | "input":
            _replaced(writer, attributes)
        case _ if name in _HEADINGS:
            writer.heading(_HEADINGS[name])
        case _ if name in _BLOCKS:
            writer.end_line()


def _replaced(writer: _Writer, attributes: str) -> None:
    """Show the text that stands for an image or a field."""
    for name in ("alt", "value", "placeholder"):
        if text := attribute(attributes, name).strip():
            writer.text(f" {text} ")
            return


def _close(writer: _Writer, name: str) -> None:
    if name == "a":
        writer.close_link()
    elif name in ("ul", "ol"):
        writer.close_list()
    elif name in _BLOCKS or name in _HEADINGS or name == "li":
        writer.end_line()
        if name != "li" and name not in _HEADINGS:
            return
        writer.prefix = ""
