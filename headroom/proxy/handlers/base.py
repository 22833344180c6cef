"""Handlers: who answers a request, by name.

A request names its handler by a bearer token equal to the name, by `X-Headroom-Upstream: <name>` or by a path that
begins with `/<name>/v1`. There are two kinds. A `ForwardingHandler` says where the bytes go; they are relayed, never
parsed. A `BaseHandlerMixin` answers itself, in JSON values; requests reach it compressed like any other.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import ClassVar

from headroom.blocks import Payload
from headroom.errors import ConfigError
from headroom.providers.vendors import Vendor

StreamEvent = Payload | str
"""An event of a streamed answer: an object, sent under the name in its `type` if it has one, or text like `[DONE]`."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class BaseHandlerMixin(ABC):
    """Answers requests in JSON values. Subclasses implement `call_provider`; the rest has useful defaults."""

    def prepare_request(self, request_body: Payload) -> Payload:
        """Return the request in the provider's own shape. The input must not be mutated."""
        return request_body

    @abstractmethod
    async def call_provider(self, request_body: Payload) -> Payload:
        """Return the provider's answer to a prepared request.

        Raise an `UpstreamError` if there is none; any other error ends as a 502 without its text.
        """

    def stream_provider(self, request_body: Payload) -> AsyncIterator[StreamEvent] | None:  # noqa: ARG002 - for subclasses
        """Return the events of the answer to a prepared request with `stream`, or None if this handler does not stream.

        Usually an async generator. Errors are raised as in `call_provider`; after the first event they cut the stream.
        """
        return None

    def postprocess_response(self, response: Payload) -> Payload:
        """Return the answer in the shape that the client expects."""
        return response


class ForwardingHandler:
    """Relays requests to `base_url`; if that is empty, to where the operator put the vendor."""

    vendor: ClassVar[Vendor]
    base_url: ClassVar[str] = ""


Handler = BaseHandlerMixin | ForwardingHandler

_handlers: dict[str, Handler] = {}


def register(name: str, handler: Handler | type[Handler]) -> None:
    """Make a handler known under a name (lower case letters, digits, `-`, `_`); a later one replaces an earlier.

    Raises `ConfigError` if the name cannot be part of a path, or if the object is no handler.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"handler name {name!r}: use lower case letters, digits, '-' and '_'")
    made = handler() if isinstance(handler, type) else handler
    if not isinstance(made, (BaseHandlerMixin, ForwardingHandler)):
        raise ConfigError(f"handler {name!r} must derive from BaseHandlerMixin or ForwardingHandler")
    _handlers[name] = made


def unregister(name: str) -> None:
    """Forget a handler; unknown names are ignored."""
    _handlers.pop(name, None)


def find(name: str) -> Handler | None:
    """Return the handler of that name, if any."""
    return _handlers.get(name)


def bases() -> list[str]:
    """Return the base URLs that handlers of the operator forward to."""
    return [one.base_url for one in _handlers.values() if isinstance(one, ForwardingHandler) and one.base_url]
