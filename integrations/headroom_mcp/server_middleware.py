"""Middleware for servers that are built with the official SDK, from release 2 on; earlier ones have no such seam.

tool ─► result, as it stands on the wire ─► HeadroomServerMiddleware: a copy with shorter texts ─► client
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

from headroom_mcp.results import Shortener, is_for_models

if find_spec("mcp.server.context") is None:
    raise ImportError("HeadroomServerMiddleware needs the MCP SDK 2 or later: pip install 'mcp>=2'")

_CALL = "tools/call"


class HeadroomServerMiddleware(Shortener):
    """Shortens the texts of tool results: `MCPServer("name", middleware=[HeadroomServerMiddleware()])`.

    A low-level server takes it by `server.middleware.append(...)`. Structured content stays as it is, and so do
    results that are errors. If anything of ours fails, the result goes on as it came.
    """

    async def __call__(self, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        """Handle a message (`ServerRequestContext`); of tool calls, return the result or a copy with shorter texts."""
        result = await call_next(ctx)
        if ctx.method != _CALL or not isinstance(result, dict) or result.get("isError"):
            return result
        blocks, params = result.get("content"), ctx.params or {}
        if not isinstance(blocks, list):
            return result
        short = await self.shortened(blocks, _OnTheWire(), params.get("name", ""), params.get("arguments"))
        return result if short is None else {**result, "content": short}


class _OnTheWire:
    """Blocks as JSON values."""

    def text_of(self, block: Any) -> str | None:
        """Return the text of a block that a model reads."""
        if not isinstance(block, dict) or block.get("type") != "text":
            return None
        text = block.get("text")
        annotations = block.get("annotations") or {}
        return text if isinstance(text, str) and is_for_models(annotations.get("audience")) else None

    def with_text(self, block: Any, text: str) -> Any:
        """Return a copy with another text."""
        return {**block, "text": text}
