"""An MCP server whose long results get short, and a client that asks for the rest. Runs offline: python example.py."""

import asyncio
import re
from typing import Any

from fastmcp import Client, FastMCP

from headroom.proxy.config import ProxyConfig
from headroom_mcp import HeadroomMCPMiddleware


def read_log(day: int) -> str:
    """Return the log of a day."""
    lines = (f"2026-03-{day:02d} 10:{n // 60:02d}:{n % 60:02d} INFO order {4711 + n} packed" for n in range(400))
    return "\n".join(lines)


async def main(config: ProxyConfig | None = None) -> tuple[str, str]:
    headroom = HeadroomMCPMiddleware(config, retrieval=True)
    server: FastMCP[Any] = FastMCP("records", middleware=[headroom])
    server.tool(read_log)
    server.tool(headroom.headroom_retrieve)
    async with Client(server) as client:
        result = await client.call_tool_mcp("read_log", {"day": 3})
        short = result.content[0].text
        (handle,) = re.findall(r"headroom_retrieve hash=([0-9a-f]{24})\]", short)
        original = await client.call_tool_mcp("headroom_retrieve", {"hash": handle})
    return short, original.content[0].text


if __name__ == "__main__":
    print(*(f"{len(text)} characters" for text in asyncio.run(main())), sep=", of ")
