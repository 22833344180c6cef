r"""Long strings within a value, cut short in their place: what is data to no reader goes, texts keep their beginning.

    "iVBORw0KGgoAAAANSU..."    ->   "[base64, 18,432 characters, starts iVBORw0KGgo]"
    "sha512-z0MjUYpGvyq..."    ->   "[sha512, 95 characters]"
    "# Widgets\n\nA way..."    ->   "# Widgets\n\nA way to make [4,912 of 5,120 characters left out]"

What a failure says keeps its end as well, where stack traces name the error, and any text the traces within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from headroom.transforms import log_formats
from headroom.transforms.coding.notes import bracketed

SHORTEST = 95
"""Characters below which a string is never cut: the length of the shortest kind that goes, a SHA-512 digest."""
_LONG_TEXT = 400
_HEAD = 240
_LONG_HEAD, _LONG_TAIL = 800, 1_200
_MOST, _MUCH = 0.5, 0.1
"""A text with more than the first share of all characters stays; with more than the second it keeps its end, too."""
_MOST_TRACES = 4
_TRACE_HEAD, _TRACE_TAIL = 300, 500
_TRACE_LINES = 60
_LEAST_LINES = 3
_LEAST_GAP = 80
_LOG = 0.5
_LEAST_OPAQUE = 160
_STARTS = 12

Span = tuple[int, int]
"""Start and end of characters, half open."""

# W3C Subresource Integrity: one or more digests by the name of their algorithm.
_DIGEST = re.compile(r"(sha(?:256|384|512))-[A-Za-z0-9+/]{43,88}={0,2}")
_DATA_URL = re.compile(r"data:([\w.+/-]{1,60})[\w;=.-]{0,60};base64,")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_\r\n-]+={0,2}\s?")
_WORD = re.compile(r"(?<![a-z])[a-z]{4,}+[_/-]|[_/-][a-z]{4,}+")


def shortened(text: str, whole: int, *, failure: bool = False) -> str:
    """Return a string cut short if it is long, else the string itself.

    `whole` are the characters of all that the reader gets: a text that is most of it, like a file that was read, is
    what was asked for and stays. `failure` says that the string tells of one.
    """
    if len(text) < SHORTEST:
        return text
    opaque = _opaque(text)
    if opaque:
        return bracketed(opaque)
    if len(text) < _LONG_TEXT or len(text) > _MOST * whole:
        return text
    if failure or len(text) > _MUCH * whole:
        return _only(text, [(0, _LONG_HEAD), (len(text) - _LONG_TAIL, len(text))])
    return _only(text, [(0, _border(text)), *islice(_traces(text), _MOST_TRACES)])


def _opaque(text: str) -> str:
    """Return what to say of a string that no reader can read, empty if it is none."""
    size = f"{len(text):,} characters"
    if digest := _DIGEST.fullmatch(text):
        return f"{digest[1]}, {size}"
    if len(text) < _LEAST_OPAQUE:
        return ""
    if url := _DATA_URL.match(text):
        return f"{url[1]} in base64, {size}"
    if _HEX.fullmatch(text):
        return f"hex, {size}, starts {text[:_STARTS]}"
    if _BASE64.fullmatch(text) and len(_WORD.findall(text)) * _LEAST_OPAQUE < len(text):
        return f"base64, {size}, starts {text[:_STARTS]}"
    return ""


def _border(text: str) -> int:
    """Return where the beginning of a text ends: behind a word, if one ends in its last eighth."""
    return max(text.rfind(blank, 7 * _HEAD // 8, _HEAD) for blank in " \n") + 1 or _HEAD


def _traces(text: str) -> Iterator[Span]:
    """Yield the paragraphs that are output of a tool (stack traces, diagnostics, logs), the middle of long ones out."""
    start = 0
    while start < len(text):
        end = text.find("\n\n", start)
        end = len(text) if end < 0 else end
        lines = [line.strip() for line in text[start:end].split("\n", _TRACE_LINES)[:_TRACE_LINES]]
        if len(lines) >= _LEAST_LINES and log_formats.share(lines) >= _LOG:
            yield (start, min(end, start + _TRACE_HEAD))
            yield (max(start, end - _TRACE_TAIL), end)
        start = end + 2


def _only(text: str, spans: Sequence[Span]) -> str:
    """Return the ascending spans of a text, with a note in each gap that is worth one."""
    out, reached = "", 0
    for start, end in [*spans, (len(text), len(text))]:
        if start - reached < _LEAST_GAP:
            out += text[reached:end]
        else:
            out += bracketed(f"{start - reached:,} of {len(text):,} characters left out") + text[start:end]
        reached = max(reached, end)
    return out
