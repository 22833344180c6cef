"""What may be spent: USD in a period, by everybody and by each key.

Before a request is sent, what it may cost is reserved; afterwards what it did cost by the provider's own report takes
its place. So requests that run at the same time cannot spend the same dollar.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from headroom.providers.prices import DEAREST, NANO, Price, price_of
from headroom.providers.wire import Usage
from headroom.proxy.asked import Asked
from headroom.proxy.config import ProxyConfig
from headroom.proxy.refusals import PriceUnknownError
from headroom.state.counters import Share

_NAME = "budget"
_EVERYBODY = ""
_MAX_NAMED = 50
_NAME_LENGTH = 100
_log = logging.getLogger("headroom.proxy")


class Budget:
    """The budgets of a configuration. `clock` gives seconds since the epoch; periods are those of UTC."""

    def __init__(self, config: ProxyConfig, clock: Callable[[], float] = time.time) -> None:
        self.unpriced: set[str] = set()
        self._whole = math.ceil(config.budget * NANO)
        self._per_key = math.ceil(config.budget_per_key * NANO)
        self._kind = config.budget_period
        self._unknown = config.unknown_price
        self._clock = clock

    @property
    def is_on(self) -> bool:
        """Say whether there is a budget at all."""
        return bool(self._whole or self._per_key)

    def price(self, asked: Asked) -> Price | None:
        """Return the price to count a request with, None if it is not counted. Raises `PriceUnknownError`.

        That of a batch for several models is the price of the dearest.
        """
        prices = {model: price_of(model) for model in asked.models or ("",)}
        known = [price for price in prices.values() if price is not None]
        if len(known) == len(prices):
            return max(known, key=lambda price: (price.output, price.input))
        if not self.is_on:
            return None
        self._warn(next(model for model, price in prices.items() if price is None))
        if self._unknown == "block":
            raise PriceUnknownError("The price of this model is not known, and the gateway's budget needs one.")
        return DEAREST if self._unknown == "count" else None

    def claims(self, tenant: str, asked: Asked) -> list[Share]:
        """Return what a request has to reserve. Raises `PriceUnknownError`."""
        price = self.price(asked) if self.is_on else None
        if price is None:
            return []
        amount = cost(price, asked, asked.most)
        return [self._share(owner, limit, amount) for owner, limit in self._owners(tenant)]

    def whole(self) -> Share | None:
        """Return the budget of everybody in this period, as a claim to nothing; None if there is none."""
        return self._share(_EVERYBODY, self._whole, 0) if self._whole else None

    def view(self, standing: tuple[float, float] | None) -> dict[str, Any]:
        """Return the figures for `/stats`; `standing` is what everybody has spent and reserved, None if not known."""
        limit = self._whole
        view: dict[str, Any] = {
            "basis": "list prices and usage as the provider reports it",
            "period": period_of(self._kind, self._clock())[0],
            "limit_usd": _usd(limit) if limit else None,
            "limit_per_key_usd": _usd(self._per_key) if self._per_key else None,
            "unknown_price": self._unknown,
            "unknown_models": sorted(self.unpriced),
        }
        if limit and standing is not None:
            spent, reserved = standing
            left = max(0.0, limit - spent - reserved)
            view |= {"spent_usd": _usd(spent), "reserved_usd": _usd(reserved), "remaining_usd": _usd(left)}
        return view

    def _owners(self, tenant: str) -> list[tuple[str, int]]:
        owners = ((_EVERYBODY, self._whole), (tenant, self._per_key))
        return [(owner, limit) for owner, limit in owners if limit]

    def _share(self, owner: str, limit: int, amount: int) -> Share:
        period, ends = period_of(self._kind, self._clock())
        return Share(owner, _NAME, period, amount, limit, ends)

    def _warn(self, model: str) -> None:
        """Say once of each model that its price is not known."""
        name = model[:_NAME_LENGTH]
        if name not in self.unpriced and len(self.unpriced) < _MAX_NAMED:
            self.unpriced.add(name)
            _log.warning("the price of model %r is not known (--unknown-price %s)", name, self._unknown)


def cost(price: Price, asked: Asked, usage: Usage) -> int:
    """Return what a request costs that has used so much, in billionths of a dollar."""
    return round(price.cost(usage, for_an_hour=asked.for_an_hour) * asked.factor)


def period_of(kind: str, now: float) -> tuple[str, float]:
    """Return the name of the hour, day or month (UTC) of a time, and when it ends, in seconds since the epoch."""
    at = datetime.fromtimestamp(now, UTC)
    if kind == "hourly":
        begun = at.replace(minute=0, second=0, microsecond=0)
        return begun.strftime("%Y-%m-%dT%H"), (begun + timedelta(hours=1)).timestamp()
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "daily":
        return day.strftime("%Y-%m-%d"), (day + timedelta(days=1)).timestamp()
    month = day.replace(day=1)
    return month.strftime("%Y-%m"), (month + timedelta(days=32)).replace(day=1).timestamp()


def _usd(amount: float) -> float:
    return round(amount / NANO, 9)
