"""The counters as the event loop asks them: without being held up, and with an answer also when they are gone.

While requests are under way what they hold is renewed; what could not be settled is settled as soon as it can be.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from headroom.errors import StoreError
from headroom.proxy.refusals import LimitsUnavailableError
from headroom.state.counters import RENEW_SECONDS, Claim, Counters, Grant, Refusal, Share
from headroom.state.counters_memory import MemoryCounters

T = TypeVar("T")

_DOWN_SECONDS = 3.0
"""For how long after a failure the counters are taken to be gone, if nobody has asked them since."""
_LOOK_SECONDS = 2.0
_NOTHING = Share("", "nothing", "", 0, 0, 0)
_MAX_OWED = 10_000
_THREADS = 4
_log = logging.getLogger("headroom.proxy")


class Held:
    """A grant, and the counters that gave it."""

    __slots__ = ("counters", "grant")

    def __init__(self, counters: Counters, grant: Grant) -> None:
        self.counters = counters
        self.grant = grant


class Quota:
    """Claims and settles. With `is_local_when_down` a process counts for itself while the shared counters are gone."""

    def __init__(self, counters: Counters, *, is_local_when_down: bool = False) -> None:
        self.renew_seconds = RENEW_SECONDS
        self._counters = counters
        self._local = MemoryCounters() if is_local_when_down else None
        self._failed_at: float | None = None
        self._held: set[Held] = set()
        self._owed: deque[tuple[Held, Sequence[float]]] = deque(maxlen=_MAX_OWED)
        self._settling: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._secret = b""
        self._is_secret_old = True
        # Of their own: those of the event loop may be busy compressing for a second.
        self._threads = ThreadPoolExecutor(_THREADS, "headroom-counters")

    @property
    def status(self) -> str:
        """`ok`, or what is done while the counters are gone: `local` or `unavailable`."""
        if self._failed_at is None or time.monotonic() - self._failed_at > _DOWN_SECONDS:
            return "ok"
        return "unavailable" if self._local is None else "local"

    async def secret(self) -> bytes:
        """Return the key of the tenants' names. Raises `LimitsUnavailableError`."""
        if self._is_secret_old:
            counters, secret = await self._asked(lambda counters: counters.secret())
            if counters is not self._counters:
                return self._secret or secret
            self._secret, self._is_secret_old = secret, False
        return self._secret

    async def claim(self, claims: Sequence[Claim]) -> Held | Refusal:
        """Grant all claims, to be settled by `settle`, or none. Raises `LimitsUnavailableError`."""
        if not claims:
            return Held(self._counters, Grant("", ()))
        counters, answer = await self._asked(lambda counters: counters.claim(claims))
        if isinstance(answer, Refusal):
            return answer
        held = Held(counters, answer)
        if answer.is_held:
            self._held.add(held)
            self._keep()
        return held

    async def settle(self, held: Held, actual: Sequence[float]) -> None:
        """Say what the claims were in the end. Done also if the request's task is cancelled meanwhile."""
        self._held.discard(held)
        if not held.grant.claims:
            return
        if not held.counters.is_blocking:
            await self._settled(held, actual)
            return
        settling = asyncio.create_task(self._settled(held, actual))
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
        await asyncio.shield(settling)

    async def standing(self, share: Share) -> tuple[float, float] | None:
        """Return what of a share is spent and reserved, None if it cannot be asked."""
        with suppress(LimitsUnavailableError):
            return (await self._asked(lambda counters: counters.standing(share)))[1]
        return None

    def watch(self) -> None:
        """Look from time to time whether the counters are there, until `aclose`: readiness must not wait for requests.

        Those of this process always are.
        """
        if self._counters.is_blocking:
            self._watcher = asyncio.create_task(self._watched())

    async def _watched(self) -> None:
        while True:
            await self.standing(_NOTHING)
            await asyncio.sleep(_LOOK_SECONDS)

    async def aclose(self) -> None:
        """Settle what is owed, if that is possible, and let go of the counters."""
        beside = [task for task in (self._keeper, self._watcher) if task is not None]
        for task in beside:
            task.cancel()
        if tasks := {*beside, *self._settling}:
            await asyncio.wait(tasks)
        await self._settle_owed()
        self._threads.shutdown(wait=False)
        self._counters.close()

    async def _asked(self, work: Callable[[Counters], T]) -> tuple[Counters, T]:
        """Return what the counters answer, and which ones did. Raises `LimitsUnavailableError`."""
        try:
            answer = await self._done(self._counters, work)
        except StoreError as error:
            self._note(error)
            if self._local is None:
                raise LimitsUnavailableError("The gateway cannot count at this moment.", 1.0) from error
            return self._local, work(self._local)
        self._failed_at = None
        return self._counters, answer

    async def _settled(self, held: Held, actual: Sequence[float]) -> None:
        try:
            await self._done(held.counters, _settling(held, actual))
        except StoreError as error:
            self._note(error)
            self._owed.append((held, actual))
            self._keep()

    async def _done(self, counters: Counters, work: Callable[[Counters], T]) -> T:
        if not counters.is_blocking:
            return work(counters)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, counters)

    def _note(self, error: StoreError) -> None:
        if self.status == "ok":
            _log.warning("the counters of limits and budgets are gone: %s", error)
        self._failed_at = time.monotonic()
        self._is_secret_old = True  # a server that comes back may have a new one

    # ---- beside the requests

    def _keep(self) -> None:
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._kept())

    async def _kept(self) -> None:
        """Renew and settle from time to time, until nothing is held or owed any more."""
        while self._held or self._owed:
            await asyncio.sleep(self.renew_seconds)
            await self._settle_owed()
            await self._renew()

    async def _renew(self) -> None:
        for counters in (self._counters, self._local):
            grants = [held.grant for held in self._held if held.counters is counters]
            if counters is not None and grants:
                with suppress(StoreError):
                    await self._done(counters, _renewing(grants))

    async def _settle_owed(self) -> None:
        for _ in range(len(self._owed)):
            held, actual = self._owed.popleft()
            try:
                await self._done(held.counters, _settling(held, actual))
            except StoreError:
                self._owed.appendleft((held, actual))
                return


def _settling(held: Held, actual: Sequence[float]) -> Callable[[Counters], None]:
    return lambda counters: counters.settle(held.grant, actual)


def _renewing(grants: Sequence[Grant]) -> Callable[[Counters], None]:
    return lambda counters: counters.renew(grants)
