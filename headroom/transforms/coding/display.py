"""What a terminal would show of a text: the form that `Fidelity.DISPLAY` keeps."""

from __future__ import annotations

import re

# CSI sequences, OSC sequences (ended by BEL or ST) and two-byte escapes, as ECMA-48 defines them.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def as_displayed(text: str) -> str:
    """Return the text without colours, overwritten progress lines and trailing blanks. Idempotent."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = "\n".join(_last_state(line) for line in text.split("\n"))
    return "\n".join(line.rstrip(" \t") for line in text.split("\n"))


def _last_state(line: str) -> str:
    """Return what remains on screen of a line whose carriage returns each start it over."""
    line = line.rstrip("\r")
    if "\r" not in line:
        return line
    shown = ""
    for state in line.split("\r"):
        shown = state + shown[len(state) :]
    return shown
