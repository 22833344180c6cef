"""A client of a provider's SDK, wrapped: the same calls, shorter requests, and answers to calls for originals.

Clients whose HTTP client can be replaced (OpenAI, Anthropic, google-genai; sync and async) are led through
`HeadroomTransport`. Of any other client the calls that take `messages`, `input` or `contents` as keyword arguments
are shortened without leaving anything out. Nothing of an SDK is imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from inspect import isawaitable
from typing import Any, Literal

from headroom.compress import CompressResult, compress_with
from headroom.errors import ConfigError
from headroom.integrations.door import TOKENS, Door, Tally
from headroom.integrations.sdk import seam_of
from headroom.pipeline import CompressionHooks, Pipeline
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom.state.memory import MemoryStore

Mode = Literal["optimize", "audit"]

_CONVERSATIONS = ("messages", "input", "contents")
# Method names under which SDKs send a conversation; everything else is the SDK's own business.
_CALLS = frozenset(
    {
        "create",
        "parse",
        "stream",
        "count_tokens",
        "generate_content",
        "generate_content_stream",
    }
)


class HeadroomClient:
    """Wraps an SDK client. Attributes are the SDK's own; calls that carry a conversation are shortened first.

    `mode` is `optimize`, or `audit` to measure and send everything as it is. With `retrieval`, calls that have tools
    get one more, with which the model asks for what was left out; its calls are answered on the way back. Calls
    without tools, and all calls without `retrieval`, have nothing left out. `store` keeps originals in place of the
    configured one. The wrapped client stays as it was, and is the one that `close` closes.

    Raises ConfigError for another mode or settings that cannot be used.
    """

    def __init__(
        self,
        client: Any,
        *,
        mode: Mode = "optimize",
        config: ProxyConfig | None = None,
        hooks: CompressionHooks | None = None,
        store: Store | None = None,
        retrieval: bool = True,
    ) -> None:
        if mode not in ("optimize", "audit"):
            raise ConfigError(f"mode {mode!r} is not one of: optimize, audit")
        self._client = client
        self._mode = mode
        seam = seam_of(client)
        settings = _settings(config, hooks, retrieval=retrieval and seam is not None)
        self._door = None if seam is None else Door(settings, store=store, audit=mode == "audit")
        self._led = None if seam is None or self._door is None else seam(self._door)
        self._settings = settings if self._door is None else self._door.config
        self._tally = Tally() if self._door is None else self._door.tally

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # ours; asked for before it is set, it would be looked for without end
            raise AttributeError(name)
        if self._led is not None:
            return getattr(self._led, name)
        return _wrapped(self, getattr(self._client, name), name)

    def simulate(self, messages: Any, model: str, *, tools: list[Any] | None = None) -> CompressResult:
        """Return what would be sent, and why, without sending or counting it. `tools` are those of the request."""
        return compress_with(self._pipeline, messages, model, tools=tools)

    def get_stats(self) -> dict[str, int]:
        """Return requests made and their tokens. In `audit` mode the savings are what they would have been.

        `retrievals` and `misses` count the model's calls for originals that were and were not found,
        `further_requests` how often the provider was asked again for them.
        """
        return self._tally.view()

    def close(self) -> Any:
        """Close the SDK client; for an async one, return what has to be awaited."""
        if self._door is not None:
            self._door.close()
        return self._client.close()

    def __enter__(self) -> HeadroomClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> HeadroomClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        awaited = getattr(self._client, "aio", None)  # google-genai has both in one
        if awaited is not None:
            await awaited.aclose()
        closing = self.close()
        if isawaitable(closing):
            await closing

    @cached_property
    def _pipeline(self) -> Pipeline:
        """Works on values, beside the way that requests take; what it stores nobody asks for."""
        return Pipeline.of(self._settings, MemoryStore())

    def shortened(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments of a call with the conversation in them shortened."""
        key = next((key for key in _CONVERSATIONS if isinstance(arguments.get(key), list)), None)
        if key is None:
            return arguments
        known = {name: arguments[name] for name in ("model", "system", key) if name in arguments}
        result = compress_with(self._pipeline, known, str(arguments.get("model", "")))
        self._tally.add(requests=1, **{name: getattr(result, name) for name in TOKENS})
        return arguments if self._mode == "audit" else {**arguments, key: result.messages[key]}


def _settings(config: ProxyConfig | None, hooks: CompressionHooks | None, *, retrieval: bool) -> ProxyConfig:
    """Return the configuration with what was given beside it."""
    given = config or ProxyConfig()
    changes: dict[str, Any] = {} if hooks is None else {"hooks": hooks}
    return given.model_copy(update=changes if retrieval else {**changes, "retrieval": "off"})


class _Resource:
    """A part of the SDK client that holds methods or further parts: `client.chat`, `client.chat.completions`."""

    def __init__(self, owner: HeadroomClient, inner: Any) -> None:
        self._owner = owner
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return _wrapped(self._owner, getattr(self._inner, name), name)


def _wrapped(owner: HeadroomClient, value: Any, name: str) -> Any:
    """Return an attribute of the SDK: calls that send conversations shorten them, plain values are themselves."""
    if callable(value):
        return _shortening(owner, value) if name in _CALLS else value
    if value is None or isinstance(value, (str, bytes, int, float, bool, dict, list, tuple)):
        return value
    return _Resource(owner, value)


def _shortening(owner: HeadroomClient, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def shortened(*args: Any, **kwargs: Any) -> Any:
        return call(*args, **owner.shortened(kwargs))

    return shortened
