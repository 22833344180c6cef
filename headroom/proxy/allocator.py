"""Memory of large bodies goes back to the system as soon as they are done.

glibc learns from the first large block that is freed to keep the like of it in the arenas of its threads. Bodies of
megabytes that come and go on many threads then leave holes, and the process grows for hours without holding more.
"""

from __future__ import annotations

import ctypes
from typing import Final

# mallopt(3); the numbers are those of <malloc.h>.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_LARGE: Final = 512 * 1024
"""Bytes from which a block is mapped for itself; smaller ones are quicker from an arena."""
_KEPT: Final = 4 * 1024 * 1024
"""Bytes at the end of an arena that are kept for the next request."""
_ARENAS: Final = 4


def return_large_blocks() -> None:
    """Tell the C library of this process so. Where it is not glibc, nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for setting, value in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _KEPT), (_ARENA_MAX, _ARENAS)):
            mallopt(setting, value)
