"""How the server is reached: over standard input and output, or over HTTP behind the guard of the proxy.

serve_stdio   one client, which has started this process
serve_http    Doorkeeper ─► /mcp (MCP 2025-06-18, Streamable HTTP), one exchange a request, no sessions
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, redirect_stdout
from typing import Any

import anyio
import uvicorn
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Route

from headroom.integrations.body import ASGIApp, Receive, Scope, Send
from headroom.proxy.config import ProxyConfig
from headroom.proxy.security import Doorkeeper
from headroom.proxy.workers import listener
from headroom_mcp.server import server_of
from headroom_mcp.tools import HeadroomTools

PATH = "/mcp"

# Release 1 of the SDK tells of every request.
logging.getLogger("mcp").setLevel(logging.WARNING)


def serve_stdio(config: ProxyConfig) -> None:
    """Serve until standard input ends. Standard output carries the protocol only: what is printed goes to the error.

    Raises ConfigError or StoreError for settings that cannot be used.
    """
    with redirect_stdout(sys.stderr):
        tools = HeadroomTools(config)  # before there is a reader of standard input, which nothing could stop
    with closing(tools):
        anyio.run(_on_stdio, tools)


async def _on_stdio(tools: HeadroomTools) -> None:
    server = server_of(tools)
    async with stdio_server() as (incoming, outgoing):
        with redirect_stdout(sys.stderr):
            await server.run(incoming, outgoing, server.create_initialization_options())


def serve_http(config: ProxyConfig) -> bool:
    """Serve on `config.host` and `config.port` until told to stop; say whether the server came up.

    The address is said on standard error. Raises ConfigError for an address that others reach without a token, one
    that cannot be had, or other settings that cannot be used, and StoreError if the store cannot be opened.
    """
    with closing(HeadroomTools(config)) as tools, closing(listener(config)) as bound:
        app = http_app(tools, config)
        host, port, *_ = bound.getsockname()
        print(f"listening on http://{f'[{host}]' if ':' in host else host}:{port}{PATH}", file=sys.stderr, flush=True)  # noqa: T201
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="on",
                log_level="warning",
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,  # a client's stream for notices of ours, of which there are none
            )
        )
        server.run([bound])
        return server.started


def http_app(tools: HeadroomTools, config: ProxyConfig) -> ASGIApp:
    """Return the tools as an ASGI application behind the guard. Raises ConfigError as `serve_http` does."""
    # Its own check of hosts and origins is off by default; the guard in front knows tokens and addresses too.
    manager: Any = StreamableHTTPSessionManager(server_of(tools), stateless=True, json_response=True)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        async with manager.run():
            yield

    return Doorkeeper(Starlette(routes=[Route(PATH, _Endpoint(manager))], lifespan=running), config)


class _Endpoint:
    """An ASGI application for any method of one path."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)
