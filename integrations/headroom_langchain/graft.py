"""A chat model of the same class that sends shorter messages.

The class is a subclass made for the occasion, under the name of the original: what asks `isinstance`, binds tools,
builds structured output, serialises or traces finds what it knows. Overridden are the methods that reach the provider,
and of those only the ones that the class defines itself, as LangChain asks classes by them what they can do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import wraps
from types import new_class
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from langchain_core.language_models import BaseChatModel

from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom_langchain.shortener import Shortener

Model = TypeVar("Model", bound=BaseChatModel)
Method = Callable[..., Any]

_SHORTENERS: WeakKeyDictionary[type, Shortener] = WeakKeyDictionary()


def compress_model(model: Model, config: ProxyConfig | None = None) -> Model:
    """Return a copy of a chat model that sends what tools returned in a shorter form. The model stays as it was.

    Nothing is left out, unless the configuration names a channel by which the model gets it back. Raises TypeError for
    what is no chat model (a model with bound tools, for one: bind them afterwards), and ConfigError or StoreError for
    settings that cannot be used.
    """
    if not isinstance(model, BaseChatModel):
        raise TypeError(f"compress_model takes a chat model, not a {type(model).__name__}: bind tools afterwards")
    return _of_class(model, _grafted(type(model), config))


def stats_of(model: BaseChatModel) -> dict[str, int]:
    """Return the counts of a model that `compress_model` made, or a HeadroomChatModel; see `Adapter.stats`.

    Raises TypeError for a model of any other kind.
    """
    shortener = _SHORTENERS.get(type(model)) or _SHORTENERS.get(type(getattr(model, "_led", None)))
    if shortener is None:
        raise TypeError(f"this {type(model).__name__} sends everything as it is: give it to compress_model first")
    return shortener.adapter.stats()


def _of_class(model: Model, kind: type[BaseChatModel]) -> Model:
    copy = model.model_copy()
    object.__setattr__(copy, "__class__", kind)
    return copy


def _grafted(kind: type[BaseChatModel], config: ProxyConfig | None) -> type[BaseChatModel]:
    """Return a subclass whose models shorten what they send. It belongs to it, so that copies of a model have it."""
    shortener = Shortener(Adapter(config))

    def reduce(model: BaseChatModel) -> tuple[Any, ...]:
        """Say how to pickle a model whose class has no place of its own."""
        return compress_model, (_of_class(model, kind), config)

    methods = {name: wrap(shortener, getattr(kind, name)) for name, wrap in _SEAMS.items() if _defines(kind, name)}
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    body = {**names, **methods, "__reduce__": reduce}
    graft = new_class(kind.__name__, (kind,), exec_body=lambda namespace: namespace.update(body))
    _SHORTENERS[graft] = shortener
    return cast("type[BaseChatModel]", graft)


def _defines(kind: type[BaseChatModel], name: str) -> bool:
    method = getattr(kind, name, None)
    return method is not None and method is not getattr(BaseChatModel, name, None)


def _sync(shortener: Shortener, method: Method) -> Method:
    """Lead a method that returns an answer, or an iterator over its parts."""

    @wraps(method)
    def led(self: BaseChatModel, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, shortener.short(messages, self, kwargs), *args, **kwargs)

    return led


def _awaited(shortener: Shortener, method: Method) -> Method:
    @wraps(method)
    async def led(self: BaseChatModel, messages: Any, *args: Any, **kwargs: Any) -> Any:
        short = await shortener.short_async(messages, self, kwargs)
        return await method(self, short, *args, **kwargs)

    return led


def _streamed(shortener: Shortener, method: Method) -> Method:
    @wraps(method)
    async def led(self: BaseChatModel, messages: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        short = await shortener.short_async(messages, self, kwargs)
        parts = method(self, short, *args, **kwargs)
        try:
            async for part in parts:
                yield part
        finally:
            if hasattr(parts, "aclose"):  # whoever stops listening has the provider's stream closed, too
                await parts.aclose()

    return led


_SEAMS: dict[str, Callable[[Shortener, Method], Method]] = {
    "_generate": _sync,
    "_agenerate": _awaited,
    "_stream": _sync,
    "_astream": _streamed,
    "_stream_chat_model_events": _sync,
    "_astream_chat_model_events": _streamed,
}
