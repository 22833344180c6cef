"""HTML as a stream of tags and text: forgiving as browsers are, linear on any input, nothing is built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

# A quotation mark opens a value only after an equals sign; elsewhere it is a character like any other.
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)((?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?|[\"'])*+)>")
_BROKEN_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*+)([^>]*+)>")
_OTHER = re.compile(r"<!--.*?(?:-->|\Z)|<[!?/][^>]*+(?:>|\Z)", re.DOTALL)
_ATTRIBUTE = re.compile(r"(?<![a-zA-Z_:@-])([a-zA-Z_:@-]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")

_RAW_ENDS = {
    name: re.compile(rf"</{name}[\s>/]", re.IGNORECASE) for name in ("script", "style", "template", "iframe", "object")
}
"""Elements whose content does not show, and how they end."""

Token = tuple[str, str, str]
"""(kind, name, rest): `text` with its characters as `rest`, `open` with its attributes, or `close`."""


def tokens(page: str) -> Iterator[Token]:
    """Split a page into tags and the text between them; scripts, styles and comments are left out."""
    pattern, position, last = _TAG, 0, page.rfind(">")
    while (at := page.find("<", position)) >= 0 and at <= last:
        found = pattern.match(page, at)
        if found is None and pattern is _TAG and page[at + 1 : at + 2].isalpha():
            # A value that never closes: from here on a tag ends at the next `>`, or reading is not linear.
            pattern = _BROKEN_TAG
            found = pattern.match(page, at)
        if found is None:
            other = _OTHER.match(page, at)
            yield "text", "", page[position : at if other else at + 1]
            position = other.end() if other else at + 1
            continue
        if at > position:
            yield "text", "", page[position:at]
        slash, name, rest = found.groups()
        name = name.lower()
        yield ("close" if slash else "open"), name, rest
        position = found.end()
        if name in _RAW_ENDS and not slash and not rest.endswith("/"):
            end = _RAW_ENDS[name].search(page, position)
            position = end.start() if end else len(page)
    yield "text", "", page[position:]


def attribute(attributes: str, name: str) -> str:
    """Return the value of an attribute of a tag, empty if it has none."""
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            return unescape(found[2] or found[3] or found[4] or "")
    return ""
