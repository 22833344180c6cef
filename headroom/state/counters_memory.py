"""The counters of one process. Never block, so they may be asked on the event loop."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from threading import Lock

from headroom.state.counters import Claim, Grant, Record, Refusal, Share, claim_all, renew_all, settle_all, standing
from headroom.state.workspace import SECRET_BYTES

_SWEEP_SECONDS = 60.0


class MemoryCounters:
    """Records in a dictionary. They end with the process."""

    is_blocking = False

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._records: dict[bytes, tuple[Record, float]] = {}
        self._swept = clock()
        self._secret = secrets.token_bytes(SECRET_BYTES)

    def claim(self, claims: Sequence[Claim]) -> Grant | Refusal:
        """Grant all claims or none; see `Counters.claim`."""
        with self._lock:
            now = self._clock()
            self._sweep(now)
            return claim_all(claims, secrets.token_hex(8), now, self._load, self._keep)

    def settle(self, grant: Grant, actual: Sequence[float]) -> None:
        """Say what the claims were in the end; see `Counters.settle`."""
        with self._lock:
            settle_all(grant, actual, self._clock(), self._load, self._keep)

    def renew(self, grants: Sequence[Grant]) -> None:
        """Go on holding; see `Counters.renew`."""
        with self._lock:
            renew_all(grants, self._clock(), self._load, self._keep)

    def standing(self, share: Share) -> tuple[float, float]:
        """Return what is spent and reserved; see `Counters.standing`."""
        with self._lock:
            return standing(self._load(share.address), self._clock())

    def secret(self) -> bytes:
        """Return the secret of this process."""
        return self._secret

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()

    def _load(self, address: bytes) -> Record:
        return self._records.get(address, ({}, 0.0))[0]

    def _keep(self, address: bytes, record: Record, until: float) -> None:
        self._records[address] = (record, until)

    def _sweep(self, now: float) -> None:
        if abs(now - self._swept) >= _SWEEP_SECONDS:
            self._swept = now
            self._records = {address: kept for address, kept in self._records.items() if kept[1] > now}
