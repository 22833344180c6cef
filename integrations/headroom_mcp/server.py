"""The tools as a server of the official SDK, whose two generations build servers in different ways.

One of them is installed: what the other has, a type checker cannot know. So the SDK's parts are `Any` here, and all
values are made from what stands on the wire, which both read alike.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import mcp.types
from mcp.server import lowlevel

from headroom import __version__
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom_mcp.tools import DEFINITIONS, Answer, HeadroomTools

NAME = "headroom"
INSTRUCTIONS = (
    "Long tool outputs may leave something out and say so in a line [... | headroom_retrieve hash=...]; "
    "headroom_retrieve returns it."
)

_sdk: Any = mcp.types
_Server: Any = lowlevel.Server


def create_server(config: ProxyConfig | None = None, *, store: Store | None = None) -> Any:
    """Return a low-level server of the SDK (`mcp.server.lowlevel.Server`) with the three tools.

    Raises ConfigError or StoreError for settings that cannot be used.
    """
    return server_of(HeadroomTools(config, store=store))


def server_of(tools: HeadroomTools) -> Any:
    """Return a server with these tools."""
    makes = _takes_handlers if "on_call_tool" in signature(_Server).parameters else _has_handlers
    return makes(tools)


def _takes_handlers(tools: HeadroomTools) -> Any:
    """Build a server of release 2: handlers are given when it is made."""

    async def list_tools(_context: Any, _params: Any) -> Any:
        return _list()

    async def call_tool(_context: Any, params: Any) -> Any:
        return result_of(await tools.call(params.name, params.arguments))

    return _Server(
        NAME, version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _has_handlers(tools: HeadroomTools) -> Any:
    """Build a server of release 1: handlers are put into it. Its decorators would check arguments by themselves."""

    async def list_tools(_request: Any) -> Any:
        return _sdk.ServerResult(_list())

    async def call_tool(request: Any) -> Any:
        answer = await tools.call(request.params.name, request.params.arguments)
        return _sdk.ServerResult(result_of(answer))

    server = _Server(NAME, version=__version__, instructions=INSTRUCTIONS)
    server.request_handlers[_sdk.ListToolsRequest] = list_tools
    server.request_handlers[_sdk.CallToolRequest] = call_tool
    return server


def _list() -> Any:
    return _sdk.ListToolsResult.model_validate({"tools": list(DEFINITIONS)})


def result_of(answer: Answer) -> Any:
    """Return an answer as the SDK's `CallToolResult`."""
    wire: dict[str, Any] = {
        "content": [{"type": "text", "text": text} for text in answer.texts],
        "isError": answer.is_error,
    }
    if answer.structured is not None:
        wire["structuredContent"] = answer.structured
    if answer.meta:
        wire["_meta"] = answer.meta
    return _sdk.CallToolResult.model_validate(wire)
