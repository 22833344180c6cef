"""What a browser shows of an HTML page, as plain text with a few marks that everybody knows.

Headings begin with `#`, list items with `-` or a number, cells of a table row stand apart by `|`, preformatted
text stands verbatim between fences, a link is `[text](address)`, a superscript follows `^`, what is struck out
stands between `~~`, a ticked box is `[x]`. A link within the page is its text, and so is a link that has been
shown before. Scripts, styles, comments and markup do not show.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from headroom.transforms.coding.html_tokens import attribute, tokens
from headroom.transforms.coding.html_writer import PageWriter

_PARAGRAPHS = """
    address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure
    footer form frameset head header hgroup hr html legend main menu nav noscript optgroup option p search
    section select summary tbody tfoot thead title
"""
_HEADINGS = tuple(f"h{level}" for level in range(1, 7))
_AROUND = {
    "sup": ("^", ""),
    **dict.fromkeys(("del", "s", "strike"), ("~~", "~~")),
    **dict.fromkeys(("button", "label", "textarea"), (" ", " ")),
}
_CHECKED_EVERY = 4096
_CHECKED = re.compile(r"\bchecked\b", re.IGNORECASE)

Step = Callable[[PageWriter, str], None]
"""What a tag does to the page; the second argument holds the attributes of the tag."""


def as_text(page: str, check: Callable[[], None] = lambda: None) -> str:
    """Return the text of a page. `check` is called now and then; what it raises goes on to the caller."""
    writer = PageWriter()
    for index, (kind, name, rest) in enumerate(tokens(page)):
        if index % _CHECKED_EVERY == 0:
            check()
        if kind == "text":
            writer.text(rest)
        elif writer.preformatted is not None:
            if name == "pre" and kind == "close":
                writer.close_preformatted()
            elif name == "br":
                writer.preformatted.append("\n")
        elif step := (_OPENED if kind == "open" else _CLOSED).get(name):
            step(writer, rest)
    return writer.finish()


def _link(writer: PageWriter, attributes: str) -> None:
    writer.open_link(attribute(attributes, "href"), attribute(attributes, "title"))


def _replaced(writer: PageWriter, attributes: str) -> None:
    """Show the text that stands for an image or a field."""
    kind = attribute(attributes, "type")
    if kind in ("checkbox", "radio"):
        writer.text(" [x] " if _CHECKED.search(attributes) else " [ ] ")
    elif kind != "hidden":
        texts = (attribute(attributes, name) for name in ("alt", "value", "placeholder"))
        writer.text(f" {next(filter(None, texts), '')} ")


def _heading(level: int) -> Step:
    return lambda writer, _: writer.heading("#" * level + " ")


def _shows(text: str) -> Step:
    return lambda writer, _: writer.text(text)


def _end_of_item(writer: PageWriter, _: str) -> None:
    writer.end_line()
    writer.prefix = ""


_OPENED: dict[str, Step] = {
    **dict.fromkeys(_PARAGRAPHS.split(), lambda writer, _: writer.end_paragraph()),
    **{name: _heading(level) for level, name in enumerate(_HEADINGS, 1)},
    **{name: _shows(before) for name, (before, _) in _AROUND.items()},
    **dict.fromkeys(("tr", "table"), lambda writer, _: writer.row()),
    **dict.fromkeys(("td", "th"), lambda writer, _: writer.cell()),
    **dict.fromkeys(("img", "input"), _replaced),
    "a": _link,
    "li": lambda writer, _: writer.item(),
    "ul": lambda writer, _: writer.open_list(None),
    "ol": lambda writer, _: writer.open_list(1),
    "pre": lambda writer, _: writer.open_preformatted(),
}
_CLOSED: dict[str, Step] = {
    **dict.fromkeys(_PARAGRAPHS.split(), lambda writer, _: writer.end_paragraph()),
    **dict.fromkeys((*_HEADINGS, "li"), _end_of_item),
    **{name: _shows(after) for name, (_, after) in _AROUND.items()},
    **dict.fromkeys(("tr", "table"), lambda writer, _: writer.row()),
    **dict.fromkeys(("ul", "ol"), lambda writer, _: writer.close_list()),
    "a": lambda writer, _: writer.close_link(),
}
