"""Notes of ours, read without the package."""

from __future__ import annotations


def numbers(text: str) -> list[int]:
    """Return the numbers that ranges such as `1-3, 17` name."""
    out: list[int] = []
    for part in text.split(", "):
        first, _, last = part.partition("-")
        out += range(int(first), int(last or first) + 1)
    return out
