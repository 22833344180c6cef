"""The response cache: the same request of the same caller gets the same answer again, and nobody is asked. Pure ASGI.

    Doorkeeper(ResponseCache(Limits(HeadroomASGIMiddleware(Proxy(...)))))

Behind the door, so that whoever may not come in gets nothing; in front of limits and budgets, because an answer that
nobody is asked for costs nothing: it takes no place, no tokens and no money. It sees requests as clients send them and
answers as clients get them. Exact: what differs in anything on which an answer may depend is another request.

Streams pass by, as do requests with tools (`--cache-tools`) and those that do not ask for the same answer each time by
`temperature: 0` or a `seed` (`--cache-all`). A cache that fails is as none: requests go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from headroom.errors import BodyError, BodyTooLargeError, RequestError, StoreError
from headroom.integrations.asgi import INLINE_BYTES
from headroom.integrations.body import ASGIApp, BodyReader, Receive, Scope, Send
from headroom.integrations.threads import in_thread
from headroom.providers.routes import Route
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import header
from headroom.proxy.response_cache_answer import Copier, Pairs, give, kept_of
from headroom.proxy.response_cache_request import cached_route, is_cached, key_of, wants_fresh
from headroom.proxy.response_cache_shelf import Shelf, open_shelf
from headroom.proxy.stats import Stats
from headroom.proxy.target import Targets, Upward
from headroom.wire.codings import decode_body

T = TypeVar("T")

_log = logging.getLogger("headroom.proxy")
_GLANCED_AT = 1_048_576
"""Bytes of a body up to which a look at a few of its fields takes less than handing it to a thread."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the answer to a request is kept, and in which wire it is."""

    tenant: str
    key: str
    wire: str


class ResponseCache:
    """Answers requests to `app` that it has seen answered before."""

    def __init__(self, app: ASGIApp, config: ProxyConfig, stats: Stats, shelf: Shelf) -> None:
        self.app = app
        self._config = config
        self._stats = stats
        self._shelf = shelf
        self._targets = Targets(config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        row = cached_route(scope)
        if row is not None:
            await self._serve(row, scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self._shelf.close()

    async def clear(self, headers: Mapping[bytes, bytes], query: bytes) -> None:
        """Forget the answers of the caller with these credentials. Raises `StoreError`."""

        def work() -> None:
            self._shelf.clear(self._shelf.tenant(headers, query))

        await self._off_loop(work)

    async def view(self) -> dict[str, Any]:
        """Return what is held for `/stats`; of whole entries, also of those that cannot be found any more."""
        held = await self._or_none(self._shelf.stats)
        known = {} if held is None else {"entries": held.entries, "bytes": held.bytes}
        return {"enabled": True, "status": "unavailable" if held is None else "ok", **known}

    async def _serve(self, row: Route, scope: Scope, receive: Receive, send: Send) -> None:
        again, place = await self._read(row, scope, receive)
        if place is None:
            await self.app(scope, again, send)
            return
        kept = None if wants_fresh(scope) else await self._or_none(partial(self._shelf.find, place.tenant, place.key))
        if kept is not None:
            self._stats.spared(kept.input_tokens, kept.output_tokens)
            await give(kept, send)
            return
        self._stats.not_spared()
        await self.app(scope, again, Copier(send, partial(self._keep, place)).send)

    async def _read(self, row: Route, scope: Scope, receive: Receive) -> tuple[Receive, _Place | None]:
        """Take the body off; return what gives it again, and the place of the answer if the cache is for it."""
        reader = BodyReader(receive, self._config.max_body_bytes)
        body = await reader.read()
        if body is None:
            return reader.replay, None
        again = reader.replaced(body)
        coded = header(scope["headers"], b"content-encoding")
        asked = partial(self._asked, row, body, coded)
        plain = asked() if len(body) <= (INLINE_BYTES if coded else _GLANCED_AT) else await in_thread(asked)
        if plain is None:
            return again, None
        return again, await self._or_none(partial(self._place, row, scope, plain), is_long=len(plain) > INLINE_BYTES)

    def _asked(self, row: Route, body: bytes, coded: str) -> bytes | None:
        """Return the decoded body of a request that the cache is for."""
        try:
            plain = decode_body(body, coded, self._config.max_body_bytes)
        except (BodyError, BodyTooLargeError):  # whoever comes next says what is wrong with it
            return None
        return plain if is_cached(plain, row.wire, self._config) else None

    def _place(self, row: Route, scope: Scope, plain: bytes) -> _Place | None:
        try:
            target = self._targets.of(scope, row.vendor)
        except RequestError:  # likewise
            return None
        if not isinstance(target, Upward):
            return None
        headers = {bytes(name).lower(): bytes(value) for name, value in scope["headers"]}
        tenant = self._shelf.tenant(headers, scope.get("query_string", b""))
        key = key_of(row, tenant, target.base + target.target, scope, plain)
        return _Place(tenant, self._shelf.place(tenant, key), row.wire) if key else None

    async def _keep(self, place: _Place, headers: Pairs, body: bytes) -> None:
        def work() -> None:
            kept = kept_of(headers, body, place.wire, self._shelf.clock() + self._config.cache_ttl_seconds)
            if kept is not None:
                self._shelf.keep(place.tenant, place.key, kept)

        await self._or_none(work, is_long=len(body) > INLINE_BYTES)

    async def _or_none(self, work: Callable[[], T], *, is_long: bool = False) -> T | None:
        """Return what the work returns, None if the store has failed."""
        try:
            return await self._off_loop(work, is_long=is_long)
        except StoreError as error:
            _log.warning("the response cache is left out: %s", error)
            self._stats.cache_failed()
            self._shelf.renew()
            return None

    async def _off_loop(self, work: Callable[[], T], *, is_long: bool = False) -> T:
        return await in_thread(work) if is_long or self._shelf.is_blocking else work()


def cache_of(
    app: ASGIApp, config: ProxyConfig, stats: Stats, clock: Callable[[], float] = time.time
) -> ResponseCache | None:
    """Return the cache that a configuration asks for in front of an application, None if it asks for none.

    Raises `ConfigError` or `StoreError` if its store cannot be used.
    """
    return ResponseCache(app, config, stats, open_shelf(config, clock)) if config.cache else None


async def view_of(cache: ResponseCache | None) -> dict[str, Any]:
    """Return what is held for `/stats` by a cache that there may be."""
    return {"enabled": False} if cache is None else await cache.view()
