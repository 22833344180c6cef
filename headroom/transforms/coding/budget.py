"""How much a text of ours may unfold to, so that nobody can make a decoder write without end."""

from __future__ import annotations

MAX_GROWTH = 200
"""A text stands for at most this many times its own length."""


class Budget:
    """Characters that may still be written."""

    __slots__ = ("left",)

    def __init__(self, text: str) -> None:
        """Allow what an honest text of this length can stand for."""
        self.left = MAX_GROWTH * len(text)

    def spend(self, characters: int) -> None:
        """Take characters from the budget. Raises ValueError once there are none."""
        self.left -= characters
        if self.left < 0:
            raise ValueError("a text that stands for too much")
