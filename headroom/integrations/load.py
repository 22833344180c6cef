"""How much work is in hand: a body in work takes several times its size in memory, so there is a limit to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headroom.errors import OverloadedError


class Load:
    """Bytes of bodies in work at a time, at most `most`; one body may be larger, if it is alone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.in_hand = 0

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """Hold the load of one body while the block runs. Raises OverloadedError if that would be too much."""
        if self.in_hand and self.in_hand + size > self.most:
            raise OverloadedError("This gateway has too much in hand at the moment.")
        self.in_hand += size
        try:
            yield
        finally:
            self.in_hand -= size
