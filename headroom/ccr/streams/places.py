"""Where a block or item of a round stands in what the client sees: behind earlier rounds, without what is withheld."""

from __future__ import annotations

from bisect import bisect_left, insort


class Places:
    """The places of one stream, round by round."""

    def __init__(self) -> None:
        self._before = 0  # places of earlier rounds that the client has
        self._size = 0
        self._withheld: list[int] = []

    def add(self, index: int, *, withheld: bool) -> None:
        """Take notice of what stands at an index of this round."""
        self._size = max(self._size, index + 1)
        if withheld and not self.is_withheld(index):
            insort(self._withheld, index)

    def is_withheld(self, index: int) -> bool:
        """Say whether the client does not see what stands at an index of this round."""
        at = bisect_left(self._withheld, index)
        return at < len(self._withheld) and self._withheld[at] == index

    def of(self, index: int) -> int:
        """Return where the client sees it."""
        return self._before + index - bisect_left(self._withheld, index)

    def renew(self) -> None:
        """Begin with the next round."""
        self._before += self._size - len(self._withheld)
        self._size, self._withheld = 0, []
