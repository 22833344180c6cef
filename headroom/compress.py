"""The library door: the pipeline over JSON values instead of bytes.

Importing the package imports this module, so it loads the rest of the house on first use.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from headroom.errors import ConfigError

if TYPE_CHECKING:
    from headroom.blocks import Channel, Decision, Payload
    from headroom.pipeline import CompressionHooks, Pipeline
    from headroom.proxy.config import ProxyConfig
    from headroom.state import Store

DEFAULT_MODEL = "gpt-4o"
_RESPONSES_ITEMS = frozenset(
    {"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output", "reasoning", "message"}
)


@dataclass(frozen=True, slots=True)
class CompressResult:
    """What came out: the messages to send and why each text came out as it did.

    `messages` has the type and shape of what was given; it is the very same object if nothing changed.
    `compression_ratio` is tokens after / tokens before, 1.0 when there are none.
    """

    messages: Any
    tokens_before: int
    tokens_after: int
    transforms_applied: tuple[str, ...] = ()
    ccr_hashes: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    lossless: bool = True

    @property
    def tokens_saved(self) -> int:
        """Tokens that need not be sent."""
        return self.tokens_before - self.tokens_after

    @property
    def compression_ratio(self) -> float:
        """Tokens after / tokens before."""
        return self.tokens_after / self.tokens_before if self.tokens_before else 1.0


def compress(
    messages: Any,
    model: str = DEFAULT_MODEL,
    *,
    config: ProxyConfig | None = None,
    hooks: CompressionHooks | None = None,
    store: Store | None = None,
    capability: Channel | None = None,
    tools: list[Any] | None = None,
) -> CompressResult:
    """Shorten the tool outputs of a conversation; without a `capability` nothing is left out.

    `messages` is a list in OpenAI chat, Anthropic, Responses (`input`) or Gemini (`contents`) shape, or a whole
    request body of one of them. It is never mutated. Input of any other shape comes back as it is. `tools` are
    the tool definitions of the request.

    `capability` says how the model gets back what is left out, and `store` where originals are kept for that. The
    caller vouches for the reader: with the channel `tool` it offers `headroom.ccr.tool.definition(wire)` itself and
    resolves the calls. Raises ConfigError for a capability without a store, and RequestError where an interceptor of
    the configuration that fails closed refuses.
    """
    return compress_with(_pipeline_of(config, hooks, store, capability), messages, model, tools=tools)


def compress_with(
    pipeline: Pipeline, messages: Any, model: str, *, tools: list[Any] | None = None, tenant: str = ""
) -> CompressResult:
    """Do what `compress` does with a pipeline that stands; `tenant` is whose originals are kept."""
    from headroom.pipeline import Exchange
    from headroom.pipeline.run import Rewritten
    from headroom.providers import recognise

    payload, key = _payload_of(messages, model, tools)
    wire = recognise(payload)
    if wire is None:
        return CompressResult(messages, 0, 0)
    exchange = Exchange(request_id=uuid.uuid4().hex, wire=wire.name, model=model, tenant=tenant)
    seen = pipeline.seen(payload)
    unchanged = (seen, Rewritten((), (), {}))
    after, rewritten = pipeline.guard.run("compress", lambda: pipeline.run_payload(seen, wire, exchange), unchanged)
    is_same = seen is payload and not rewritten.edits
    result = messages if is_same else after if key is None else after[key]
    return result_of(result, rewritten.decisions)


async def acompress(
    messages: Any,
    model: str = DEFAULT_MODEL,
    *,
    config: ProxyConfig | None = None,
    hooks: CompressionHooks | None = None,
    store: Store | None = None,
    capability: Channel | None = None,
    tools: list[Any] | None = None,
) -> CompressResult:
    """Do what `compress` does without keeping the event loop."""
    import asyncio

    return await asyncio.to_thread(
        compress, messages, model, config=config, hooks=hooks, store=store, capability=capability, tools=tools
    )


def result_of(messages: Any, decisions: tuple[Decision, ...]) -> CompressResult:
    """Sum up decisions about messages."""
    from headroom.blocks import Outcome

    sums = Outcome(b"", decisions)
    handles = tuple(dict.fromkeys(d.handle for d in decisions if d.handle))
    return CompressResult(
        messages, sums.tokens_before, sums.tokens_after, sums.transforms, handles, decisions, lossless=not handles
    )


def _payload_of(messages: Any, model: str, tools: list[Any] | None) -> tuple[Payload, str | None]:
    """Return a request body around the messages, and the key under which they stand; None if it was a body."""
    if isinstance(messages, dict):
        return messages, None
    key = _key_of(messages) if isinstance(messages, list) else "messages"
    payload: Payload = {"model": model, key: messages}
    if tools is not None:
        payload["tools"] = tools
    return payload, key


def _key_of(messages: list[Any]) -> str:
    """Tell by the items which field of a request body a list belongs to."""
    for item in messages:
        if isinstance(item, dict):
            if "parts" in item:
                return "contents"
            kind = item.get("type")
            if isinstance(kind, str) and kind in _RESPONSES_ITEMS:
                return "input"
    return "messages"


def _pipeline_of(
    config: ProxyConfig | None, hooks: CompressionHooks | None, store: Store | None, capability: Channel | None
) -> Pipeline:
    """Return the pipeline of these settings; one without hooks keeps its memory between calls."""
    from headroom.pipeline import Pipeline

    if store is None and capability is not None:
        raise ConfigError("a capability needs a store in which the originals are kept")
    if store is not None:
        kept: Any = store  # stores are told apart by identity, which their protocol does not say
        return _retrieving(config if hooks is None else _hooked(config, hooks), kept, capability)
    if config is None:
        return _default() if hooks is None else Pipeline(hooks=hooks)
    if hooks is None:
        return _configured(config)
    return Pipeline.of(_hooked(config, hooks))


def _hooked(config: ProxyConfig | None, hooks: CompressionHooks) -> ProxyConfig:
    from headroom.proxy.config import ProxyConfig

    return (config or ProxyConfig()).model_copy(update={"hooks": hooks})


@lru_cache(maxsize=1)
def _default() -> Pipeline:
    from headroom.pipeline import Pipeline

    return Pipeline()


_PIPELINES: WeakKeyDictionary[ProxyConfig, Pipeline] = WeakKeyDictionary()


def _configured(config: ProxyConfig) -> Pipeline:
    """Keep one pipeline for each configuration object, for as long as the object lives."""
    from headroom.pipeline import Pipeline

    if config not in _PIPELINES:
        _PIPELINES[config] = Pipeline.of(config)
    return _PIPELINES[config]


@lru_cache(maxsize=8)
def _retrieving(config: ProxyConfig | None, store: Any, capability: Channel | None) -> Pipeline:
    """Keep the pipelines of the newest few stores."""
    from headroom.pipeline import Pipeline
    from headroom.proxy.config import ProxyConfig

    return Pipeline.of(config or ProxyConfig(), store, capability)
