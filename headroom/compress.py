"""The library door: the pipeline over JSON values instead of bytes.

Importing the package imports this module, so it loads the rest of the house on first use.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from headroom.blocks import Decision, Payload
    from headroom.pipeline import CompressionHooks, Pipeline
    from headroom.proxy.config import ProxyConfig

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
    tools: list[Any] | None = None,
) -> CompressResult:
    """Shorten the tool outputs of a conversation, losing nothing.

    `messages` is a list in OpenAI chat, Anthropic, Responses (`input`) or Gemini (`contents`) shape, or a whole
    request body of one of them. It is never mutated. Input of any other shape comes back as it is. `tools` are
    the tool definitions of the request, for hooks that want to see them.
    """
    from headroom.pipeline import Exchange
    from headroom.pipeline.run import Rewritten
    from headroom.providers import recognise

    payload, key = _payload_of(messages, model, tools)
    wire = recognise(payload)
    if wire is None:
        return CompressResult(messages, 0, 0)
    exchange = Exchange(request_id=uuid.uuid4().hex, wire=wire.name, model=model)
    pipeline = _pipeline_of(config, hooks)
    unchanged = (payload, Rewritten((), (), {}))
    after, rewritten = pipeline.guard.run("compress", lambda: pipeline.run_payload(payload, wire, exchange), unchanged)
    result = messages if not rewritten.edits else after if key is None else after[key]
    return result_of(result, rewritten.decisions)


async def acompress(
    messages: Any,
    model: str = DEFAULT_MODEL,
    *,
    config: ProxyConfig | None = None,
    hooks: CompressionHooks | None = None,
    tools: list[Any] | None = None,
) -> CompressResult:
    """Do what `compress` does without keeping the event loop."""
    import asyncio

    return await asyncio.to_thread(compress, messages, model, config=config, hooks=hooks, tools=tools)


def result_of(messages: Any, decisions: tuple[Decision, ...]) -> CompressResult:
    """Sum up decisions about messages."""
    from headroom.blocks import Outcome

    sums = Outcome(b"", decisions)
    return CompressResult(messages, sums.tokens_before, sums.tokens_after, sums.transforms, (), decisions)


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
            if item.get("type") in _RESPONSES_ITEMS:
                return "input"
    return "messages"


def _pipeline_of(config: ProxyConfig | None, hooks: CompressionHooks | None) -> Pipeline:
    """Return the pipeline of a configuration; one without hooks keeps its memory between calls."""
    from headroom.pipeline import Pipeline

    if config is None:
        return _default() if hooks is None else Pipeline(hooks=hooks)
    if hooks is None:
        return _configured(config)
    return Pipeline.of(config.model_copy(update={"hooks": hooks}))


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
