"""Headroom for MCP: a server whose tools shorten texts and give originals back, and middleware for servers of others.

`HeadroomMCPMiddleware` is for FastMCP, `HeadroomServerMiddleware` for the official SDK from release 2 on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    import mcp as _framework  # noqa: F401 - asked for here, so that its absence is said in one sentence
except ImportError as e:
    raise ImportError("headroom_mcp needs the MCP SDK: pip install 'headroom[mcp]'") from e

from headroom_mcp.server import create_server
from headroom_mcp.tools import HeadroomTools

if TYPE_CHECKING:
    from headroom_mcp.fastmcp_middleware import HeadroomMCPMiddleware
    from headroom_mcp.server_middleware import HeadroomServerMiddleware

__all__ = ["HeadroomMCPMiddleware", "HeadroomServerMiddleware", "HeadroomTools", "create_server"]

_LATER = {
    "HeadroomMCPMiddleware": "headroom_mcp.fastmcp_middleware",
    "HeadroomServerMiddleware": "headroom_mcp.server_middleware",
}
"""What is loaded when it is asked for: each needs something that the server does not."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(_LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
