"""Rate limits and budgets: whether a request may go on, and what it has used when it is over. Pure ASGI.

    Doorkeeper(Limits(HeadroomASGIMiddleware(Proxy(...))))

What a request may use is claimed before anything is sent, all of it or nothing, and settled by what its provider has
reported. Metered are all POSTs that are forwarded, requests on Responses sockets among them (they come here as POSTs),
and the handshakes of other WebSockets. Management is free.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from headroom.errors import BodyError, BodyTooLargeError
from headroom.integrations.body import ASGIApp, BodyReader, Message, Receive, Scope, Send
from headroom.providers.routes import route_of
from headroom.providers.wire import Usage
from headroom.proxy.asked import Asked, asked_of
from headroom.proxy.budget import Budget, cost
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import header
from headroom.proxy.management import is_management
from headroom.proxy.meter import CURRENT, Meter
from headroom.proxy.quota import Quota
from headroom.proxy.refusals import BudgetSpentError, LimitError, RateLimitedError, refuse
from headroom.proxy.stats import Stats
from headroom.proxy.target import vendor_for
from headroom.proxy.websocket_turn import TURN
from headroom.state.counters import Claim, Rate, Refusal, Share, Slot
from headroom.state.counters_opening import open_counters
from headroom.state.tenant import tenant_of
from headroom.wire.codings import codings_of, decode_body

_INLINE_BYTES = 262_144
"""Bodies up to this size are looked through in less than a millisecond; larger ones in a thread."""

_UPLOADS = ("multipart/", "audio/", "image/", "video/", "application/octet-stream")
"""On paths that no row of the route table has, these are not read but go up as they come; their length counts."""

_REQUESTS, _TOKENS = "requests", "tokens"
_PEER = b"peer:"
_OFF: dict[str, Any] = {"rate_limiter": {"enabled": False}, "cost": {"budget": None}}
_DIGITS = 32
_LENGTH_DIGITS = 18


@dataclass(slots=True)
class _Body:
    """A request's body: what hands it on, itself as far as it was read, and its size, all decoded."""

    receive: Receive
    content: bytes | None
    size: int
    is_gone: bool = False


class Limits:
    """Lets requests on to `app` within the limits of a configuration."""

    def __init__(self, config: ProxyConfig, stats: Stats, quota: Quota, clock: Callable[[], float] = time.time) -> None:
        self.app: ASGIApp = _nowhere
        self.quota = quota
        self.budget = Budget(config, clock)
        self._config = config
        self._stats = stats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._living(send))
        elif not _is_metered(scope):
            await self.app(scope, receive, send)
        else:
            await self._meter(scope, receive, send)

    def before(self, app: ASGIApp) -> Limits:
        """Let requests on to this application."""
        self.app = app
        return self

    async def view(self) -> dict[str, Any]:
        """Return the figures for `/stats`."""
        whole = self.budget.whole()
        standing = None if whole is None else await self.quota.standing(whole)
        limits = {name: getattr(self._config, name) for name in ("rpm", "tpm", "max_concurrent")}
        return {
            "rate_limiter": {
                "enabled": self._config.rate_limit and any(limits.values()),
                "status": self.quota.status,
                **limits,
            },
            "cost": {"budget": self.budget.view(standing) if self.budget.is_on else None},
        }

    async def _meter(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._body(scope, receive)
        if body.is_gone:
            await self.app(scope, body.receive, send)
            return
        asked = await _asked(scope, body)
        body.content = None  # it is the receiver's, and held there alone
        try:
            claims = self._claims(await self._tenant(scope), asked)
            held = await self.quota.claim(claims)
            if isinstance(held, Refusal):
                raise _error_of(held)
        except LimitError as error:
            self._stats.refused(error.code)
            await refuse(error, scope, send)
            return
        meter = Meter(asked, reads=_read_here(scope))
        end: list[Message] = []
        try:
            await self._passed(meter, scope, body.receive, send, end)
        finally:
            await self.quota.settle(held, self._actual(held.grant.claims, asked, meter.used()))
            for message in end:
                await send(message)

    async def _passed(self, meter: Meter, scope: Scope, receive: Receive, send: Send, end: list[Message]) -> None:
        """Pass a request on, and its answer back but for its end, which is put into `end`.

        A client that has its whole answer may ask again at once, and must not meet what it had claimed itself. On
        Responses sockets requests wait for those before them anyway, and events must not overtake each other.
        """

        async def watched(message: Message) -> None:
            meter.feed(message)
            if meter.is_complete and TURN not in scope:
                end.append(message)
            else:
                await send(message)

        token = CURRENT.set(meter)
        try:
            await self.app(scope, receive, watched)
        finally:
            CURRENT.reset(token)

    async def _body(self, scope: Scope, receive: Receive) -> _Body:
        """Take the body off, as far as it has to be known and may be held."""
        if scope["type"] == "websocket":
            return _Body(receive, None, 0)
        length = header(scope["headers"], b"content-length")
        size = int(length[:_LENGTH_DIGITS]) if length.isdecimal() else 0
        is_upload = header(scope["headers"], b"content-type").lower().startswith(_UPLOADS)
        if is_upload and route_of(scope["method"], scope["path"]) is None:
            return _Body(receive, None, size)
        most = self._config.max_body_bytes
        reader = BodyReader(receive, most)
        body = await reader.read()
        if body is None:
            return _Body(reader.replay, None, max(size, most), reader.gone)
        coding = header(scope["headers"], b"content-encoding")
        plain = await _decoded(body, coding, most) if codings_of(coding) else body
        return _Body(reader.replaced(body), plain, most if plain is None else len(plain))

    async def _tenant(self, scope: Scope) -> str:
        """Return whose request it is: that of a credential, or, without one, of an address."""
        key = await self.quota.secret()
        headers = {name.lower(): value for name, value in scope["headers"]}
        tenant = tenant_of(headers, key, scope.get("query_string", b""))
        if tenant != tenant_of({}, key):
            return tenant
        address, _ = scope.get("client") or ("", 0)
        return hmac.new(key, _PEER + address.encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    def _claims(self, tenant: str, asked: Asked) -> list[Claim]:
        """Return what a request has to be granted. Raises `PriceUnknownError`."""
        config = self._config
        claims: list[Claim] = []
        if config.rate_limit and config.rpm:
            claims.append(Rate(tenant, _REQUESTS, 1, config.rpm, config.rpm))
        if config.rate_limit and config.tpm:
            claims.append(Rate(tenant, _TOKENS, asked.input_tokens, config.tpm, config.tpm))
        if config.rate_limit and config.max_concurrent:
            claims.append(Slot(tenant, _REQUESTS, config.max_concurrent))
        return [*claims, *self.budget.claims(tenant, asked)]

    def _actual(self, claims: Sequence[Claim], asked: Asked, used: Usage) -> list[float]:
        """Return what each claim was in the end."""
        price = self.budget.price(asked)
        spent = 0 if price is None else cost(price, asked, used)
        tokens = (used.input or 0) + (used.output or 0)
        return [
            spent if isinstance(claim, Share) else tokens if claim.name == _TOKENS else claim.amount for claim in claims
        ]

    def _living(self, send: Send) -> Send:
        """Tie the counters to the life of the server: after all else has started, and until all else has stopped."""

        async def living(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self.quota.watch()
            elif message["type"].startswith("lifespan.shutdown"):
                await self.quota.aclose()
            await send(message)

        return living


def limits_of(config: ProxyConfig, stats: Stats) -> Limits | None:
    """Return the limits that a configuration asks for, None if it asks for none. Raises ConfigError."""
    has_rates = config.rate_limit and any((config.rpm, config.tpm, config.max_concurrent))
    if not (has_rates or config.budget or config.budget_per_key):
        return None
    quota = Quota(open_counters(config.store), is_local_when_down=config.limits_when_down == "local")
    return Limits(config, stats, quota)


async def view_of(limits: Limits | None) -> dict[str, Any]:
    """Return the figures for `/stats` of limits that there may be."""
    return _OFF if limits is None else await limits.view()


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 - the form of an application
    raise RuntimeError("the limits have no application to let requests on to")


def _is_metered(scope: Scope) -> bool:
    if scope["type"] == "websocket":
        row = route_of("POST", scope["path"])
        return row is None or row.wire != "openai-responses"  # of those the requests are metered
    return bool(scope["method"] == "POST") and not is_management(scope["path"])


def _read_here(scope: Scope) -> str:
    """Return the vendor whose usage has to be read here, because the middleware does not read the answer."""
    is_row = scope["type"] == "http" and route_of(scope["method"], scope["path"]) is not None
    is_json = "json" in header(scope["headers"], b"content-type").lower()
    return "" if is_row and is_json else vendor_for(scope).name


async def _asked(scope: Scope, body: _Body) -> Asked:
    if scope["type"] == "websocket":
        return Asked()
    route = route_of(scope["method"], scope["path"])
    if body.size <= _INLINE_BYTES:
        return asked_of(route, scope["path"], body.content, body.size)
    return await asyncio.to_thread(asked_of, route, scope["path"], body.content, body.size)


async def _decoded(body: bytes, coding: str, most: int) -> bytes | None:
    try:
        return await asyncio.to_thread(decode_body, body, coding, most)
    except (BodyError, BodyTooLargeError):
        return None


def _error_of(refusal: Refusal) -> LimitError:
    claim, wait = refusal.claim, refusal.wait
    if isinstance(claim, Share):
        whose = "" if not claim.tenant else " of this key"
        return BudgetSpentError(f"The budget{whose} for this period ({claim.period}) does not hold this request.", wait)
    if isinstance(claim, Slot):
        return RateLimitedError(f"At most {claim.most} requests at a time are let through.", wait)
    return RateLimitedError(f"At most {claim.per_minute:g} {claim.name} a minute are let through.", wait)
