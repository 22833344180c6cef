"""Headroom in LangChain and LangGraph: models read what tools returned in a shorter form, applications keep it whole.

`HeadroomMiddleware` is loaded on first use: it alone needs the package `langchain` beside `langchain-core`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headroom_langchain.requirement import MISSING

try:
    import langchain_core as _framework  # noqa: F401 - asked for here, so that its absence is said in one sentence
except ImportError as e:
    raise ImportError(MISSING) from e

from headroom_langchain.callback import HeadroomCallbackHandler
from headroom_langchain.chat_model import HeadroomChatModel
from headroom_langchain.documents import HeadroomDocumentCompressor
from headroom_langchain.graft import compress_model, stats_of
from headroom_langchain.node import headroom_node

if TYPE_CHECKING:
    from headroom_langchain.middleware import HeadroomMiddleware

__all__ = [
    "HeadroomCallbackHandler",
    "HeadroomChatModel",
    "HeadroomDocumentCompressor",
    "HeadroomMiddleware",
    "compress_model",
    "headroom_node",
    "stats_of",
]


def __getattr__(name: str) -> Any:
    if name != "HeadroomMiddleware":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return import_module("headroom_langchain.middleware").HeadroomMiddleware
    except ImportError as e:
        raise ImportError(MISSING) from e
