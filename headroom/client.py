"""A client of a provider's SDK, wrapped: the same calls, shorter requests.

Any SDK client that takes `messages`, `input` or `contents` as keyword arguments will do: OpenAI, Anthropic and
google-genai, sync or async. Nothing of the SDK is imported here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, Literal

from headroom.compress import CompressResult, compress
from headroom.errors import ConfigError
from headroom.pipeline import CompressionHooks

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

    `mode` is `optimize`, or `audit` to measure and send everything as it is. Raises ConfigError for another mode.
    """

    def __init__(
        self, client: Any, *, mode: Mode = "optimize", config: Any = None, hooks: CompressionHooks | None = None
    ) -> None:
        if mode not in ("optimize", "audit"):
            raise ConfigError(f"mode {mode!r} is not one of: optimize, audit")
        self._client = client
        self._mode = mode
        self._config = config
        self._hooks = hooks
        self._lock = Lock()
        self._stats = {"requests": 0, "tokens_before": 0, "tokens_after": 0, "tokens_saved": 0}

    def __getattr__(self, name: str) -> Any:
        return _wrapped(self, getattr(self._client, name), name)

    def simulate(self, messages: Any, model: str) -> CompressResult:
        """Return what would be sent, and why, without sending or counting it."""
        return compress(messages, model, config=self._config, hooks=self._hooks)

    def get_stats(self) -> dict[str, int]:
        """Return requests made and their tokens. In `audit` mode the savings are what they would have been."""
        with self._lock:
            return dict(self._stats)

    def close(self) -> Any:
        """Close the SDK client; for an async one, return what has to be awaited."""
        return self._client.close()

    def shortened(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the keyword arguments of a call with the conversation in them shortened."""
        key = next((key for key in _CONVERSATIONS if isinstance(arguments.get(key), list)), None)
        if key is None:
            return arguments
        known = {name: arguments[name] for name in ("model", "system", key) if name in arguments}
        result = compress(known, str(arguments.get("model", "")), config=self._config, hooks=self._hooks)
        with self._lock:
            self._stats["requests"] += 1
            for name in ("tokens_before", "tokens_after", "tokens_saved"):
                self._stats[name] += getattr(result, name)
        return arguments if self._mode == "audit" else {**arguments, key: result.messages[key]}


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
