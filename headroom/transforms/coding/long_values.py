r"""Long strings within a value, cut short in their place: what is data to no reader goes, texts keep their beginning.

    "iVBORw0KGgoAAAANSU..."    ->   "[base64, 18,432 characters, starts iVBORw0KGgo]"
    "sha512-z0MjUYpGvyq..."    ->   "[sha512, 95 characters]"
    "# Widgets\n\nA way..."    ->   "# Widgets\n\nA way to make [4,912 of 5,120 characters left out]"

What a failure says keeps its end as well, where stack traces name the error.
"""

from __future__ import annotations

import re

from headroom.transforms.coding.notes import bracketed

SHORTEST = 95
"""Characters below which a string is never cut: the length of the shortest kind that goes, a SHA-512 digest."""
_LONG_TEXT = 400
_HEAD = 240
_FAILURE_HEAD, _FAILURE_TAIL = 600, 1_200
_LEAST_OPAQUE = 160
_STARTS = 12
# W3C Subresource Integrity: one or more digests by the name of their algorithm.
_DIGEST = re.compile(r"(sha(?:256|384|512))-[A-Za-z0-9+/]{43,88}={0,2}")
_DATA_URL = re.compile(r"data:([\w.+/-]{1,60})[\w;=.-]{0,60};base64,")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_WORD = re.compile(r"[a-z]{4,}[_/-]|[_/-][a-z]{4,}")


def shortened(text: str, *, failure: bool = False) -> str:
    """Return a string cut short if it is long, else the string itself. `failure` says that it tells of one."""
    if len(text) < SHORTEST:
        return text
    opaque = _opaque(text)
    if opaque:
        return bracketed(opaque)
    if len(text) < _LONG_TEXT:
        return text
    if not failure:
        return _without_middle(text, _border(text), 0)
    return (
        text
        if len(text) <= _FAILURE_HEAD + _FAILURE_TAIL + _HEAD
        else _without_middle(text, _FAILURE_HEAD, _FAILURE_TAIL)
    )


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


def _without_middle(text: str, head: int, tail: int) -> str:
    end = text[len(text) - tail :]
    note = bracketed(f"{len(text) - head - tail:,} of {len(text):,} characters left out")
    return f"{text[:head]}{note}{end}"
