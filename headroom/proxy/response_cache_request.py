"""Which requests the response cache is for, and the key under which the answer to one of them is kept.

The key is a digest of everything that an answer may depend on: who asks, where it goes, the headers, and the body as
the client sent it. A JSON body is known by what it says: the order of keys, white space and escapes make no difference,
the spelling of numbers does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from headroom.integrations.asgi import is_vouched_for
from headroom.integrations.body import Scope
from headroom.providers.routes import Route, route_of
from headroom.providers.wire import integer, record
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import text
from headroom.state.tenant import CREDENTIAL_HEADERS
from headroom.wire.long_strings import without_long_strings

_GENERATING = frozenset(
    {
        "openai.chat",
        "openai.responses",
        "anthropic.messages",
        "gemini.generate",
        "vertex.claude",
        "vertex.gemini",
        "bedrock.claude",
    }
)
"""Rows of the route table whose answers a model makes and sends in one piece; a row that is not named is not cached."""

_CREDENTIALS = frozenset(CREDENTIAL_HEADERS)
"""They say whose request it is, which stands in the key as a tenant."""
_SILENT = frozenset(
    {
        # Of the connection and of the bytes, which are decoded before they are compared.
        *(b"host", b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"expect", b"date"),
        *(b"content-length", b"content-encoding", b"content-type"),
        # For caches, and for us.
        *(b"cache-control", b"pragma", b"x-headroom-token", b"x-headroom-upstream", b"x-headroom-bypass"),
        # Names of one request, which no two have in common.
        *(b"idempotency-key", b"x-request-id", b"x-client-request-id", b"x-correlation-id", b"x-amzn-trace-id"),
        *(b"traceparent", b"tracestate", b"baggage", b"b3", b"sentry-trace", b"x-cloud-trace-context"),
    }
)
_OF_SDKS = b"x-stainless-"
"""Platform, retries and time-outs of the SDKs of OpenAI and Anthropic."""


class _Fields(msgspec.Struct):
    """What decides whether a body is cached; the rest is passed over and makes no objects."""

    stream: Any = None
    background: Any = None
    conversation: Any = None
    prompt: Any = None
    container: Any = None
    tools: Any = None
    functions: Any = None
    mcp_servers: Any = None
    plugins: Any = None
    web_search_options: Any = None
    temperature: Any = None
    seed: Any = None
    generationConfig: Any = None  # noqa: N815 - the field's name in the API
    generation_config: Any = None

    @property
    def has_state(self) -> bool:
        """Whether the answer is no whole one, or depends on what the provider keeps and others may change."""
        return any((self.stream, self.background, self.conversation, self.prompt, self.container))

    @property
    def has_tools(self) -> bool:
        """Whether the model may look at the world, or act in it."""
        given = (self.tools, self.functions, self.mcp_servers, self.plugins)
        return any(given) or self.web_search_options is not None

    def is_deterministic(self, wire: str) -> bool:
        """Whether the client asks for the same answer each time."""
        temperature, seed = self.temperature, self.seed
        if wire == "gemini":
            settings = record(self.generationConfig) or record(self.generation_config)
            temperature, seed = settings.get("temperature"), settings.get("seed")
        is_cold = isinstance(temperature, (int, float)) and not isinstance(temperature, bool) and temperature == 0
        return is_cold or integer(seed) is not None


_FIELDS = msgspec.json.Decoder(_Fields)


def cached_route(scope: Scope) -> Route | None:
    """Return the row of a request that the cache may be for, as far as can be told before its body is read."""
    if scope["type"] != "http":
        return None
    row = route_of(scope["method"], scope["path"])
    return row if row is not None and row.name in _GENERATING and _may_be_cached(scope["headers"]) else None


def _may_be_cached(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    known = {name.lower(): value for name, value in headers}
    kind = known.get(b"content-type", b"").partition(b";")[0].strip().lower()
    is_json = kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    if not is_json or known.get(b"x-headroom-bypass", b"").strip().lower() == b"true" or is_vouched_for(known):
        return False  # a signature stands for one moment
    return b"cache-control" not in known or "no-store" not in directives(headers)


def wants_fresh(scope: Scope) -> bool:
    """Say whether the client wants an answer made anew, which may be kept for others (RFC 9111, 5.2.1.4)."""
    return not {"no-cache", "max-age=0"}.isdisjoint(directives(scope["headers"]))


def directives(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    """Return the directives of `Cache-Control`, in lower case and without white space."""
    values = (text(value) for name, value in headers if name.lower() == b"cache-control")
    return frozenset(part.replace(" ", "").lower() for value in values for part in value.split(","))


def key_of(row: Route, tenant: str, place: str, scope: Scope, body: bytes) -> str:
    """Return the key of a cached request's answer, empty if its body is none that anybody should read.

    `tenant` is whose request it is, `place` where it goes, `body` is decoded.
    """
    try:
        said = msgspec.msgpack.encode([row.name, place, _telling(scope["headers"]), _canonical(body.decode())])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    # The tenant is the key of the digest: a query may hold a credential, which nobody must be able to try out.
    return hashlib.blake2b(said, key=tenant.encode(), digest_size=32).hexdigest()


def is_cached(body: bytes, wire: str, config: ProxyConfig) -> bool:
    """Say whether the cache is for the answer to a decoded body; not for what is no JSON object."""
    try:
        fields = _FIELDS.decode(without_long_strings(body)[0])  # no field that counts is long
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    if fields.has_state or (fields.has_tools and not config.cache_tools):
        return False
    return config.cache_all or fields.is_deterministic(wire)


def _telling(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers on which an answer may depend: all but those that are known not to matter."""
    pairs = ((bytes(name).lower(), bytes(value).strip()) for name, value in headers)
    unheard = _SILENT | _CREDENTIALS
    return sorted(
        (pair for pair in pairs if pair[0] not in unheard and not pair[0].startswith(_OF_SDKS)),
        key=lambda pair: pair[0],
    )


def _canonical(body: str) -> Any:
    """Return what a body says, alike for bodies that say the same. Raises ValueError or RecursionError.

    Arrays and strings stand for themselves, objects are `{"object": pairs}` in order of their keys (which may come
    twice), numbers `{"number": spelling}`.
    """
    return json.loads(body, object_pairs_hook=_sorted, parse_int=_spelt, parse_float=_spelt, parse_constant=_spelt)


def _sorted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"object": sorted(pairs, key=lambda pair: pair[0])}


def _spelt(number: str) -> dict[str, str]:
    return {"number": number}
