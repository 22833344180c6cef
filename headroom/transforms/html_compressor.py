"""HTML pages as the text that a browser shows of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding import page_selection
from headroom.transforms.coding.html_text import as_text
from headroom.transforms.coding.latest import Latest
from headroom.transforms.view import View

NOTE = "[web page as text; markup left out]\n"

_SAMPLE = 20_000
_RESPONSE = re.compile(r"HTTP/[0-9.]+ [0-9]{3}[^\n]*\n(?:[^\n<]+\n)*\r?\n")
_PAGE = re.compile(
    r"(?:\ufeff|\s|<\?xml[^>]*+>|<!--(?:[^-]|-(?!->))*+-->)*+<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE
)
_FRAGMENT = re.compile(
    r"\s*+<(?:article|div|h[1-6]|header|footer|main|nav|ol|p|section|span|table|ul|dl)[\s>]", re.IGNORECASE
)
_TAGS = re.compile(r"</?([a-zA-Z][\w.:-]*+)")
_NAMES = """
    a abbr address article aside audio b base bdi bdo big blockquote body br button canvas caption center cite code
    col colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure font footer
    form h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map mark
    menu meta meter nav noscript object ol optgroup option output p param picture pre progress q rp rt ruby s samp
    script search section select slot small source span strike strong style sub summary sup svg table tbody td
    template textarea tfoot th thead time title tr track tt u ul var video wbr
    circle defs ellipse g line path polygon polyline rect symbol use
"""
_KNOWN = frozenset(_NAMES.split())
_VERBATIM = re.compile(r"<(script|style|pre|code)\b.*?(?:</\1|\Z)", re.IGNORECASE | re.DOTALL)
_TEMPLATE = re.compile(
    r"\{\{|\{%|\{#(?:if|each|await)|<%|<\?(?:php|=)|\sclassName=|\s\w+=\{|\sv-(?:if|for|model|bind|on|show|html)\b"
    r"|\s\*ng[A-Z]|\s\[\(ngModel\)\]|\s\(click\)=|\son:click="
)
_MARKDOWN = re.compile(r"^(?:#{1,6} |```|[-*] \S)|\]\(", re.MULTILINE)
_READER = re.compile(r"\b(?:cat|head|tail|sed|less|more|bat|nl|awk|type|Get-Content)\b")
_FILE = re.compile(r"\.x?html?\b")


class HtmlCompressor(Compressor):
    """Shows an HTML page or fragment as text. Fidelity DISPLAY: the text comes back, the markup does not."""

    name: ClassVar[str] = "html_compressor"

    def __init__(self) -> None:
        self._shown = Latest(_shown)

    def evidence(self, view: View, hint: Hint) -> float:
        """Return how surely the text is a page to be read; sources of pages, and XML, are not."""
        if "<" not in view.text or _reads_file(hint.arguments):
            return 0.0
        share: float = view.once("html", _share_of_markup)
        return share

    def candidates(self, view: View, context: Context) -> Iterator[Lossless]:
        """Yield the page as text under a note."""
        shown = view.once("html.shown", lambda text: self._shown.keep(text, _shown(text, context.check)))
        yield Lossless(NOTE + shown, Fidelity.DISPLAY, "html.text", Tier.PLAIN)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterator[Reduction]:  # noqa: ARG002 - nothing is priced here
        """Yield the page as text without the middles of long lists and without addresses that nobody reads."""
        reduced = page_selection.reduced(f"{NOTE}{self._shown(view.text)}".split("\n"), hint)
        if reduced is not None:
            yield Reduction(*reduced, "html.selected")

    def decode(self, text: str) -> str:
        """Return the text of the page. Raises ValueError if there is no note of ours above it."""
        if not text.startswith(NOTE):
            raise ValueError("no note of a web page")
        return text.removeprefix(NOTE)

    def normal(self, text: str, of: Fidelity) -> str:
        """Return what a browser shows of the page."""
        return self._shown(text) if of is Fidelity.DISPLAY else super().normal(text, of)


def _start(text: str) -> int:
    """Return where the page starts below the head of an HTTP response, or below a note that is not ours."""
    start = 0
    while text.startswith(NOTE, start):
        start += len(NOTE)
    head = _RESPONSE.match(text, start)
    return head.end() if head else start


def _shown(text: str, check: Callable[[], None] = lambda: None) -> str:
    start = _start(text)
    return text[:start] + as_text(text[start:], check)


def _reads_file(arguments: str) -> bool:
    """Say whether a command prints a page's source: it names the file before its output goes on elsewhere."""
    for command in arguments.split("|"):
        reader = _READER.search(command)
        if reader is not None and _FILE.search(command, reader.end()):
            return True
    return False


def _share_of_markup(text: str) -> float:
    """Recognise a page by how it begins, by its tags being those of HTML, and by not being a page's source."""
    start = _start(text)
    is_page = _PAGE.match(text, start) is not None
    if not is_page and _FRAGMENT.match(text, start) is None:
        return 0.0
    sample = _VERBATIM.sub("", text[start : start + _SAMPLE])
    may_be_text = not is_page or text.startswith(NOTE)
    if _TEMPLATE.search(sample) or (may_be_text and _MARKDOWN.search(sample)):
        return 0.0
    names = _TAGS.findall(sample)
    known = sum(name.lower() in _KNOWN or "-" in name for name in names)
    if len(names) < 6 or known < 0.95 * len(names):
        return 0.0
    return 0.95 if is_page else 0.8
