"""Requests that the response cache is for, on every row whose answers it keeps."""

from __future__ import annotations

import json
from typing import Any

from proxy.bench import request
from proxy.metered import JSON, KEY, body_for
from proxy.net import Answer, saying
from support.drive import App, Inner, answer_of, drive, scope_of

from headroom.providers.routes import ROUTES, route_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.response_cache import ResponseCache
from headroom.proxy.response_cache_request import cached_route
from headroom.proxy.response_cache_shelf import Shelf
from headroom.proxy.stats import Stats
from headroom.state import Store
from headroom.state.counters import Counters
from headroom.state.counters_memory import MemoryCounters
from headroom.state.memory import MemoryStore

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
CACHED = [row.example for row in ROUTES if cached_route(scope_of(row.example)) is not None]
OTHERS = [path for path in (*(row.example for row in ROUTES), "/v1/embeddings", "/any/thing") if path not in CACHED]


def cold(path: str, **fields: Any) -> bytes:
    """A body that asks for the same answer each time, in the words of its route."""
    row = route_of("POST", path)
    if row is not None and row.wire == "gemini":
        return body_for(path, **{"generationConfig": {"temperature": 0}, **fields})
    return body_for(path, **{"temperature": 0, **fields})


def ask_for(path: str, *headers: tuple[bytes, bytes], body: bytes | None = None, **fields: Any) -> bytes:
    """A request that the cache is for, as bytes."""
    given = headers if any(name == KEY[0] for name, _ in headers) else (KEY, *headers)
    return request("POST", path, cold(path, **fields) if body is None else body, JSON, *given)


def said(answer: Answer) -> list[bytes]:
    """What the answer says about the cache."""
    return answer.values(b"x-headroom-cache")


def replying(body: bytes, *lines: str, status: int = 200, kind: str = "application/json") -> Any:
    """A script that answers with these bytes."""
    head = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *lines]
    return saying("\r\n".join(head).encode() + b"\r\n\r\n" + body)


def numbered(number: int) -> bytes:
    """An answer that no other is like."""
    return json.dumps({"id": f"answer {number}", "usage": {"prompt_tokens": 12, "completion_tokens": 3}}).encode()


class Counting(Inner):
    """An app that gives every request an answer of its own."""

    count = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.count += 1
            self.received = []
            self.chunks = (numbered(self.count),)
        await super().__call__(scope, receive, send)


def cache_before(
    app: App, *, store: Store | None = None, counters: Counters | None = None, clock: Any = None, **options: Any
) -> ResponseCache:
    """The cache in front of an app, without a server."""
    config = ProxyConfig(**options)
    stopped = clock or (lambda: 0.0)
    shelf = Shelf(store or MemoryStore(), counters or MemoryCounters(), config.one_tenant, stopped)
    return ResponseCache(app, config, Stats(), shelf)


def told(cache: App, *headers: tuple[bytes, bytes], path: str = CHAT, body: bytes | None = None) -> tuple[bytes, bytes]:
    """What the cache says of one request, and the body of the answer."""
    content = cold(path) if body is None else body
    scope = scope_of(path, headers=[JSON, *headers])
    message = {"type": "http.request", "body": content, "more_body": False}
    _, known, answer = answer_of(drive(cache, scope, [message]))
    return known.get(b"x-headroom-cache", b""), answer
