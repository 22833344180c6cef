"""What a terminal would show of a text: the form that `Fidelity.DISPLAY` keeps."""

from __future__ import annotations

import re

# CSI sequences, OSC sequences (ended by BEL or ST) and two-byte escapes, as ECMA-48 defines them; a stray ESC.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])?")
# Erase in line: `K` and `0K` from the cursor to the end, `2K` the whole line.
_ERASE = re.compile(r"\x1b\[([02]?)K")
_TO_END, _ALL = "\x0e", "\x0f"
"""Stand for the two ways of erasing once escapes are removed; terminals show nothing for these controls."""


def as_displayed(text: str) -> str:
    """Return the text without colours, overwritten progress lines and trailing blanks. Idempotent, linear."""
    text = _without_placeholders(text)
    if "\x1b" in text:
        if "\r" in text:
            text = _ERASE.sub(lambda erase: _ALL if erase[1] == "2" else _TO_END, text)
        text = _ESCAPES.sub("", text)
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if "\r" in text or "\b" in text:
        text = "\n".join([_last_state(line) if "\r" in line or "\b" in line else line for line in text.split("\n")])
    text = _without_placeholders(text)
    if " \n" in text or "\t\n" in text or text.endswith((" ", "\t")):
        text = "\n".join([line.rstrip(" \t") for line in text.split("\n")])
    return text


def _without_placeholders(text: str) -> str:
    if _TO_END in text or _ALL in text:
        return text.replace(_TO_END, "").replace(_ALL, "")
    return text


def _last_state(line: str) -> str:
    """Return what remains on screen of a line whose carriage returns each start it over.

    Read from the last state back: an earlier one shows only beyond the end of those after it, and not at all beyond
    where one of them erased the line.
    """
    pieces: list[str] = []
    shown = 0
    for state in reversed(line.rstrip("\r").split("\r")):
        written = _written(state)
        if len(written) > shown:
            pieces.append(written[shown:])
            shown = len(written)
        if _ALL in state or _TO_END in state:
            break
    return "".join(pieces)


def _written(state: str) -> str:
    """Return what one state writes: what it erased itself is blank, what it overstruck is as written last."""
    gone, _, kept = state.rpartition(_ALL)
    written = " " * len(_without_placeholders(gone)) + _without_placeholders(kept)
    return _overstruck(written) if "\b" in written else written


def _overstruck(state: str) -> str:
    """Return what remains of a text whose backspaces move the cursor back over what is then overwritten."""
    cells: list[str] = []
    at = 0
    for char in state:
        if char == "\b":
            at = max(0, at - 1)
            continue
        cells[at : at + 1] = [char]
        at += 1
    return "".join(cells)
