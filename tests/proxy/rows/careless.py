"""How not to add a route: one with a way of its own, which knows nothing of what holds for all others.

It reads bodies and writes them anew, goes where the client says, keeps the last of two headers of one name, and has
never heard of tokens, limits, or clients that leave.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from headroom.integrations.body import Receive, Scope, Send
from headroom.proxy.config import ProxyConfig
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

PATH = "/v1/dummy"
_forgotten: set[Any] = set()
_ANEW = {"content-length", "host", "transfer-encoding", "connection", "upgrade"}


def made(config: ProxyConfig, pool: Pool) -> Any:
    """Return the proxy with such a route in front."""
    proxy = create_app(config, upstream=pool)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await _answered(config, scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] == PATH:
            await _talked(config, scope, receive, send)
        else:
            await proxy(scope, receive, send)

    return app


def _headers(scope: Scope) -> dict[str, str]:
    given = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    return {name: value for name, value in given.items() if name not in _ANEW and not name.startswith("sec-")}


def _url(config: ProxyConfig, scope: Scope) -> str:
    base = _headers(scope).get("x-headroom-upstream") or config.openai_api_url
    return f"{base}{scope['path']}"


async def _answered(config: ProxyConfig, scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    status, headers, said = 500, {}, b"upstream failed"
    with suppress(aiohttp.ClientError, ValueError, OSError):
        async with aiohttp.ClientSession(headers=_headers(scope)) as session:
            answer = await session.post(_url(config, scope), json=json.loads(body.decode("utf-8", "replace")))
            said = await answer.read()
            status, headers = answer.status, dict(answer.headers)
    lines = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    kept = [pair for pair in lines if pair[0].decode() not in _ANEW]
    await send({"type": "http.response.start", "status": status, "headers": kept})
    await send({"type": "http.response.body", "body": said})


async def _talked(config: ProxyConfig, scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    with suppress(WebSocketException, ValueError, OSError):
        url = _url(config, scope).replace("http", "ws", 1)
        socket = await connect(url, additional_headers=_headers(scope), user_agent_header="careless", open_timeout=1)
        _forgotten.add(socket)
        while message := (await receive()).get("text"):
            await socket.send(str(message).strip())
            await send({"type": "websocket.send", "text": str(await socket.recv())})
    await send({"type": "websocket.close", "code": 1000})
