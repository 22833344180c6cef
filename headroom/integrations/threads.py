"""Work that would hold up an event loop is done in a thread; where there is none to hold up, at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_AT_ONCE: ContextVar[bool] = ContextVar("headroom_at_once", default=False)


@contextmanager
def at_once() -> Iterator[None]:
    """Do work for a thread at once: the caller waits anyway, and may be called from within somebody's loop."""
    token = _AT_ONCE.set(True)
    try:
        yield
    finally:
        _AT_ONCE.reset(token)


async def in_thread(work: Callable[..., T], *arguments: object) -> T:
    """Return what the work returns. Event loops other than asyncio's have no threads for us."""
    if _AT_ONCE.get() or not in_asyncio():
        return work(*arguments)
    return await asyncio.to_thread(work, *arguments)


def in_asyncio() -> bool:
    """Say whether an event loop of asyncio runs here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
