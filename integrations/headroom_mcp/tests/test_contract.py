"""The suite that every adapter has to pass: an agent whose tool a server with the middleware runs.

The agent's model reads the texts of results; what the application keeps is their structured content.
"""

from contextlib import asynccontextmanager

import pytest
from contracts.adapters import AdapterContract
from fastmcp import Client, FastMCP
from mcp.server import lowlevel

from headroom_mcp import HeadroomMCPMiddleware
from headroom_mcp.tests.mcp_running import Result, seen

HAS_SEAM = not hasattr(lowlevel.Server("probe"), "request_handlers")


class TestFastMCP(AdapterContract):
    modes = ("async",)

    def run(self, script, mode, *, layers):
        @asynccontextmanager
        async def connected(look_up):
            server = FastMCP("records", middleware=[HeadroomMCPMiddleware() for _ in range(layers)])
            server.tool(look_up)
            async with Client(server) as client:

                async def call(name, arguments):
                    return Result.of(await client.call_tool_mcp(name, arguments))

                yield call

        return seen(script, connected)


@pytest.mark.skipif(not HAS_SEAM, reason="release 1 of the SDK has no middleware")
class TestServerOfTheSDK(AdapterContract):
    modes = ("async",)

    def run(self, script, mode, *, layers):
        from mcp import Client
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError

        from headroom_mcp import HeadroomServerMiddleware

        @asynccontextmanager
        async def connected(look_up):
            server = MCPServer("records", middleware=[HeadroomServerMiddleware() for _ in range(layers)])
            server.tool()(look_up)
            async with Client(server) as client:

                async def call(name, arguments):
                    return Result.of(await client.call_tool(name, arguments))

                yield call

        return seen(script, connected, ToolError)
