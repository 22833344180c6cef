"""Middleware for servers that are built with FastMCP.

tool ─► ToolResult ─► HeadroomMCPMiddleware: a copy with shorter texts ─► client
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

try:
    from fastmcp.server.middleware import Middleware
except ImportError as e:
    raise ImportError("HeadroomMCPMiddleware needs FastMCP: pip install 'headroom[mcp]' fastmcp") from e
from mcp.types import CallToolResult, TextContent

from headroom_mcp.results import Shortener, is_for_models

if TYPE_CHECKING:
    from fastmcp.server.middleware import CallNext, MiddlewareContext


class HeadroomMCPMiddleware(Shortener, Middleware):
    """Shortens the texts of tool results: `FastMCP("name", middleware=[HeadroomMCPMiddleware()])`.

    Structured content stays as it is, and so do results that are errors. If anything of ours fails, the result goes on
    as it came.
    """

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Call the tool; return its result, or a copy with shorter texts."""
        result = await call_next(context)
        blocks = getattr(result, "content", None)
        if not isinstance(blocks, list) or getattr(result, "is_error", False):
            return result
        call = context.message
        short = await self.shortened(blocks, _Models(), call.name, call.arguments)
        return result if short is None else self._adapter.attempt(lambda: _with_content(result, short), result)


class _Models:
    """Blocks as the SDK's models."""

    def text_of(self, block: object) -> str | None:
        """Return the text of a block that a model reads."""
        is_text = isinstance(block, TextContent) and is_for_models(getattr(block.annotations, "audience", None))
        return block.text if is_text and isinstance(block, TextContent) else None

    def with_text(self, block: Any, text: str) -> Any:
        """Return a copy with another text."""
        return block.model_copy(update={"text": text})


def _with_content(result: Any, blocks: list[Any]) -> Any:
    """Return a copy of a result with other blocks. What came from another server holds that result as well."""
    wire = result.to_mcp_result()
    if isinstance(wire, CallToolResult) and hasattr(result, "from_mcp_result"):
        return type(result).from_mcp_result(wire.model_copy(update={"content": blocks}))
    changed = copy(result)
    changed.content = blocks
    return changed
