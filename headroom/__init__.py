"""Headroom makes the context of LLM applications smaller without making the answers worse.

`compress` is loaded with the package, since a module of the same name would hide it; the other names are loaded
on first use, so that importing the package costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headroom.compress import CompressResult, acompress, compress

if TYPE_CHECKING:
    from headroom.client import HeadroomClient
    from headroom.memory import SharedContext
    from headroom.pipeline import CompressionHooks, PipelineEvent, PipelineExtension, PipelineStage

__version__ = "0.1.0"

_HOMES = {
    "CompressionHooks": "headroom.pipeline",
    "HeadroomClient": "headroom.client",
    "PipelineEvent": "headroom.pipeline",
    "PipelineExtension": "headroom.pipeline",
    "PipelineStage": "headroom.pipeline",
    "SharedContext": "headroom.memory",
}

__all__ = [
    "CompressResult",
    "CompressionHooks",
    "HeadroomClient",
    "PipelineEvent",
    "PipelineExtension",
    "PipelineStage",
    "SharedContext",
    "acompress",
    "compress",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
