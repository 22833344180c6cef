"""The plainest choice of what stays of a text: its first and its last lines, whatever they say.

first lines
[lines 41-360 left out]
last lines
"""

from __future__ import annotations

from collections.abc import Sequence

from headroom.transforms.coding import notes

KEPT = 40
"""Lines that stay at either end."""


def ends(lines: Sequence[str]) -> tuple[str, str] | None:
    """Return the ends of a text and a note on what is missing, or None if they are all of it."""
    missing = range(KEPT + 1, len(lines) - KEPT + 1)
    if not missing:
        return None
    gap = notes.bracketed(notes.left_out("lines", missing))
    text = "\n".join([*lines[:KEPT], gap, *lines[-KEPT:]])
    return text, f"{len(missing)} of {len(lines)} lines left out: all between the first and the last {KEPT}"
