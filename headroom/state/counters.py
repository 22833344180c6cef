"""Counters that several processes share: rates, slots and sums, claimed together or not at all.

A counter is a small record. What a claim does to its record is a pure function and stands here; the backends keep the
records and let one claimant at them at a time. Redis does the same in Lua, see `counters_scripts`.

What is held, is held for `LEASE_SECONDS` and renewed while the work goes on: what a worker that died has held falls
back by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from headroom.state.record import address_of

LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
"""How often a holder renews: two renewals may fail before anything falls back."""

Record = dict[str, Any]
"""What is known of one counter, as JSON values. An empty record is one that nobody has used."""

_SLACK = 1e-6
_ASTRAY = 60.0
"""What is dated further into the future than this was written before the clock was put back, nobody knows when."""
_MOMENT = 1.0
"""Seconds after which something that others hold may be free."""
_KEPT_AFTER_END = 3600.0
"""Seconds for which the sum of a period is kept after it, for requests that are still to be settled."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Take `amount` out of a bucket that holds `burst` and fills by `per_minute`.

    More than the bucket can hold is taken from a full one, and owed: it must be possible at some time.
    """

    kind: ClassVar[str] = "rate"
    tenant: str
    name: str
    amount: float
    per_minute: float
    burst: float

    @property
    def address(self) -> bytes:
        """The place of the record."""
        return address_of(self.tenant, self.kind, self.name)

    def wait(self, record: Record, now: float) -> float:
        """Return the seconds until this can be granted, 0 for now."""
        lacking = min(self.amount, self.burst) - self._level(record, now)
        return max(0.0, lacking - _SLACK) * 60.0 / self.per_minute

    def take(self, record: Record, grant: str, now: float) -> None:  # noqa: ARG002 - every claim has the same form
        """Take the amount."""
        record.update(level=self._level(record, now) - self.amount, at=now)

    def settle(self, record: Record, grant: str, actual: float, now: float) -> None:  # noqa: ARG002 - likewise
        """Let what was taken have been `actual`."""
        record.update(level=min(self.burst, self._level(record, now) + self.amount - actual), at=now)

    def until(self, record: Record, now: float) -> float:
        """Return when the record says no more than an empty one: when the bucket is full again."""
        return now + (self.burst - self._level(record, now)) * 60.0 / self.per_minute

    def _level(self, record: Record, now: float) -> float:
        elapsed = now - record.get("at", now)
        if elapsed < -_ASTRAY:
            return self.burst
        level: float = record.get("level", self.burst) + max(0.0, elapsed) * self.per_minute / 60.0
        return min(self.burst, level)


@dataclass(frozen=True, slots=True)
class Slot:
    """Hold one of `most` places."""

    kind: ClassVar[str] = "slot"
    tenant: str
    name: str
    most: int
    amount: float = 1

    @property
    def address(self) -> bytes:
        """The place of the record."""
        return address_of(self.tenant, self.kind, self.name)

    def wait(self, record: Record, now: float) -> float:
        """Return the seconds after which to ask again, 0 if there is a place."""
        return 0.0 if len(_alive(record, now)) < self.most else _MOMENT

    def take(self, record: Record, grant: str, now: float) -> None:
        """Hold a place, or go on holding it."""
        record["held"] = {**_alive(record, now), grant: [1, now + LEASE_SECONDS]}

    def settle(self, record: Record, grant: str, actual: float, now: float) -> None:  # noqa: ARG002 - as above
        """Give the place back."""
        record["held"] = {one: held for one, held in _alive(record, now).items() if one != grant}

    def until(self, record: Record, now: float) -> float:
        """Return when the last place falls back."""
        return max((expires for _, expires in record["held"].values()), default=now)


@dataclass(frozen=True, slots=True)
class Share:
    """Reserve `amount` of the `limit` for a `period` that `ends` at some time (seconds since the epoch).

    Amounts and limits are whole numbers below 2**52, of whatever unit. A limit that is used up refuses even an amount
    of 0.
    """

    kind: ClassVar[str] = "share"
    tenant: str
    name: str
    period: str
    amount: float
    limit: float
    ends: float

    @property
    def address(self) -> bytes:
        """The place of the record: each period has its own."""
        return address_of(self.tenant, self.kind, f"{self.name}:{self.period}")

    def wait(self, record: Record, now: float) -> float:
        """Return the seconds until the amount may be left, 0 if it is.

        If only others' reservations are in the way that is a moment, else it is the rest of the period.
        """
        spent, reserved = standing(record, now)
        if self._fits(spent + reserved):
            return 0.0
        return _MOMENT if self._fits(spent) else max(_MOMENT, self.ends - now)

    def take(self, record: Record, grant: str, now: float) -> None:
        """Reserve the amount, or go on reserving it."""
        record["held"] = {**_alive(record, now), grant: [self.amount, now + LEASE_SECONDS]}

    def settle(self, record: Record, grant: str, actual: float, now: float) -> None:
        """Put `actual` in the place of what was reserved, also if that has fallen back."""
        record["held"] = {one: held for one, held in _alive(record, now).items() if one != grant}
        record["spent"] = record.get("spent", 0) + actual

    def _fits(self, used: float) -> bool:
        return used < self.limit and used + self.amount <= self.limit

    def until(self, record: Record, now: float) -> float:
        """Return how long the record is needed: one that holds nothing and has spent nothing is not."""
        return max(now, self.ends) + _KEPT_AFTER_END if any(standing(record, now)) else now


Claim = Rate | Slot | Share


def standing(record: Record, now: float) -> tuple[float, float]:
    """Return what of a share is spent, and what is reserved."""
    return record.get("spent", 0), sum(amount for amount, _ in _alive(record, now).values())


def _alive(record: Record, now: float) -> dict[str, list[float]]:
    latest = now + LEASE_SECONDS + _ASTRAY
    return {grant: held for grant, held in record.get("held", {}).items() if now < held[1] <= latest}


@dataclass(frozen=True, slots=True)
class Grant:
    """Claims that were all granted, under one name."""

    name: str
    claims: tuple[Claim, ...]

    @property
    def is_held(self) -> bool:
        """Say whether something falls back unless it is renewed."""
        return any(not isinstance(claim, Rate) for claim in self.claims)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first claim that could not be granted, and the seconds after which it may be worth another try."""

    claim: Claim
    wait: float


class Counters(Protocol):
    """What every backend does. All methods may be called from several threads, and raise `StoreError` if they cannot.

    `is_blocking` says that a call waits for a disk or a server, and so has no place on an event loop.
    """

    is_blocking: bool

    def claim(self, claims: Sequence[Claim]) -> Grant | Refusal:
        """Grant all claims in one step, or none."""

    def settle(self, grant: Grant, actual: Sequence[float]) -> None:
        """Say for each claim what it was in the end. To be done once a grant, and again if it has failed."""

    def renew(self, grants: Sequence[Grant]) -> None:
        """Go on holding what these grants hold."""

    def standing(self, share: Share) -> tuple[float, float]:
        """Return what of a share's limit is spent and what is reserved, by everybody."""

    def secret(self) -> bytes:
        """Return 32 random bytes, the same for everybody who uses these counters."""

    def close(self) -> None:
        """Let go of files and connections."""


Load = Callable[[bytes], Record]
Keep = Callable[[bytes, Record, float], None]
"""Writes a record down, with the time until which it is needed."""


def claim_all(claims: Sequence[Claim], grant: str, now: float, load: Load, keep: Keep) -> Grant | Refusal:
    """Grant all claims or none, by a backend's records. To be done in one step."""
    records = [load(claim.address) for claim in claims]
    for claim, record in zip(claims, records, strict=True):
        wait = claim.wait(record, now)
        if wait > 0:
            return Refusal(claim, wait)
    for claim, record in zip(claims, records, strict=True):
        claim.take(record, grant, now)
        keep(claim.address, record, claim.until(record, now))
    return Grant(grant, tuple(claims))


def settle_all(grant: Grant, actual: Sequence[float], now: float, load: Load, keep: Keep) -> None:
    """Settle the claims of a grant by a backend's records. To be done in one step."""
    for claim, amount in zip(grant.claims, actual, strict=True):
        record = load(claim.address)
        claim.settle(record, grant.name, amount, now)
        keep(claim.address, record, claim.until(record, now))


def renew_all(grants: Iterable[Grant], now: float, load: Load, keep: Keep) -> None:
    """Go on holding what is held, by a backend's records. To be done in one step."""
    for grant in grants:
        for claim in grant.claims:
            if not isinstance(claim, Rate):
                record = load(claim.address)
                claim.take(record, grant.name, now)
                keep(claim.address, record, claim.until(record, now))
