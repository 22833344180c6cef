"""The forwarder: every request goes up as it came, every answer comes down as it is. A pure ASGI application.

Bodies are streamed both ways; nothing is parsed, decoded or buffered here. Errors of ours have the provider's
shape and no internal text. Who leaves or stalls ends both sides of the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from headroom.integrations.body import Receive, Scope, Send
from headroom.providers.vendors import Vendor
from headroom.proxy.client import Client
from headroom.proxy.config import ProxyConfig
from headroom.proxy.handlers import answering
from headroom.proxy.helpers import TO_CLIENT, TO_UPSTREAM, end_to_end, texts
from headroom.proxy.retries import Retries
from headroom.proxy.target import Answered, Targets, Upward, vendor_for
from headroom.proxy.upstream import Answer, NotConnectedError, Upstream
from headroom.proxy.websocket import WebSockets
from headroom.proxy.websocket_turn import TURN

_BODILESS = frozenset({204, 304})


class Forwarder:
    """Relays HTTP requests and WebSockets to the provider that handler name, header, path or credentials name.

    `upstream` is the client to send with; made from the configuration if not given.
    """

    def __init__(self, config: ProxyConfig, upstream: Upstream | None = None) -> None:
        self.targets = Targets(config)
        self.upstream = upstream or Upstream(config)
        self.sockets = WebSockets(config, self.targets, self.upstream)
        self._retries = Retries(config.retry_max_attempts)
        self._write_timeout = config.read_timeout
        self._policy = config.policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request or WebSocket, or a request that has come on a WebSocket."""
        if TURN in scope:
            await scope[TURN].ask(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self.sockets(scope, receive, send)
            return
        if scope["type"] != "http":
            raise ValueError(f"no ASGI scope that the forwarder serves: {scope['type']}")
        client = Client(scope, receive, send, self._write_timeout)
        vendor = vendor_for(scope)
        await client.run(self._serve(scope, client, vendor), vendor)

    async def _serve(self, scope: Scope, client: Client, vendor: Vendor) -> None:
        target = self.targets.of(scope, vendor)
        await client.open()
        if isinstance(target, Answered):
            await answering.answer(client, target.handler, self._policy)
            return
        answer = await self._ask(scope, client, target)
        try:
            await _relay(answer, client)
        finally:
            answer.close()

    async def _ask(self, scope: Scope, client: Client, target: Upward) -> Answer:
        """Return the upstream's answer; ask again while it was not accepted and the body is at hand."""
        headers = target.dressed(_request_headers(scope, client))
        self._retries.began()
        attempt = 0
        while True:
            try:
                answer = await self.upstream.request(
                    scope["method"], target.base, target.target, headers, client.body()
                )
            except NotConnectedError:
                pause = self._pause(client, attempt, 0, {})
                if pause is None:
                    raise
            else:
                pause = self._pause(client, attempt, answer.status, answer.headers)
                if pause is None:
                    return answer
                answer.close()
            attempt += 1
            await asyncio.sleep(pause)

    def _pause(self, client: Client, attempt: int, status: int, headers: Mapping[str, str]) -> float | None:
        return None if client.streams_body else self._retries.pause(attempt, status, headers)


def _request_headers(scope: Scope, client: Client) -> list[tuple[str, str]]:
    """Return the headers to send up; a body that is streamed keeps the length that the client gave it."""
    headers = texts(end_to_end(scope["headers"], TO_UPSTREAM))
    if client.streams_body:
        headers += texts([pair for pair in scope["headers"] if pair[0].lower() == b"content-length"])
    elif client.size:
        headers.append(("content-length", str(client.size)))
    return headers


async def _relay(answer: Answer, client: Client) -> None:
    """Send the answer down as it comes; the last part says so, where the end is already known."""
    dropped = frozenset({b"content-length"}) if answer.status in _BODILESS else TO_CLIENT
    await client.start(answer.status, end_to_end(answer.raw_headers, dropped))
    more = True
    while more:
        data, more = await answer.read()
        if data or not more:
            await client.write(data, more=more)
