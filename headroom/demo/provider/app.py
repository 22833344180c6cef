"""The offline provider as a plain ASGI app: routes as rows, requests kept for comparison."""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from headroom.demo.provider import anthropic, bedrock, gemini, openai_chat, openai_responses
from headroom.demo.provider.exchange import (
    CREATED,
    CREATED_TEXT,
    BadRequestError,
    Recorded,
    Reply,
    whole,
)
from headroom.providers.routes import route_of
from headroom.providers.vendors import error_body, vendor_of

MAX_BODY_BYTES = 67_108_864
REQUEST_ID = "req_offline"
_INDEX = re.compile(r"-?[0-9]{1,9}")
MODELS = ("offline-large", "offline-small")

ANSWERS: dict[str, Callable[[Recorded], Reply]] = {
    "openai.chat": openai_chat.complete,
    "openai.responses": openai_responses.respond,
    "anthropic.messages": anthropic.message,
    "anthropic.count_tokens": anthropic.count,
    "anthropic.batches": anthropic.batch,
    "vertex.claude": anthropic.message,
    "vertex.claude_stream": anthropic.message,
    "vertex.gemini": gemini.generate,
    "vertex.gemini_stream": gemini.stream,
    "vertex.count_tokens": gemini.count,
    "bedrock.claude": anthropic.message,
    "bedrock.claude_stream": bedrock.stream,
    "gemini.generate": gemini.generate,
    "gemini.stream": gemini.stream,
    "gemini.count_tokens": gemini.count,
}
"""How each row of the route table is answered."""


class OfflineProvider:
    """An ASGI app that answers as the real providers do and keeps the last requests, byte for byte.

    Bounded: at most `max_requests` requests and `max_bytes` bytes of bodies are kept; the oldest go first.
    `seen` counts all requests ever recorded, so request number `n` (from 0) is `recorded(n)`.
    """

    def __init__(self, max_requests: int = 512, max_bytes: int = 268_435_456) -> None:
        self._kept: deque[Recorded] = deque()
        self._bytes = 0
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self.seen = 0

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one HTTP request; other scopes are not served."""
        if scope["type"] != "http":
            return
        body = await _read(receive)
        if body is None:
            return
        headers = tuple((bytes(name), bytes(value)) for name, value in scope["headers"])
        request = Recorded(scope["method"], _target(scope), headers, body)
        reply = self._look_up(request)
        if reply is None:
            self.keep(request)
            reply = answer(request)
        await _send(send, reply)

    def recorded(self, index: int) -> Recorded | None:
        """Return request number `index` (negative: from the end), None if there is none or it is kept no more."""
        first = self.seen - len(self._kept)
        position = index - first if index >= 0 else index + len(self._kept)
        return self._kept[position] if 0 <= position < len(self._kept) else None

    def since(self, index: int) -> tuple[Recorded, ...]:
        """Return all requests from number `index` on that are still kept."""
        found = (self.recorded(number) for number in range(index, self.seen))
        return tuple(request for request in found if request is not None)

    def keep(self, request: Recorded) -> None:
        """Record a request and forget the oldest ones over the bounds."""
        self._kept.append(request)
        self.seen += 1
        self._bytes += len(request.body)
        while len(self._kept) > self._max_requests or (self._bytes > self._max_bytes and len(self._kept) > 1):
            self._bytes -= len(self._kept.popleft().body)

    def _look_up(self, request: Recorded) -> Reply | None:
        """Answer `GET /_recorded` and `GET /_recorded/{index}`; None for every other request."""
        root, _, index = request.path.removeprefix("/").partition("/")
        if request.method != "GET" or root != "_recorded":
            return None
        if not index:
            return whole({"seen": self.seen})
        found = self.recorded(int(index)) if _INDEX.fullmatch(index) else None
        return whole({"error": "not recorded"}, 404) if found is None else whole(_view(found))


def answer(request: Recorded) -> Reply:
    """Answer a request as its provider would: an answer, a list of models, or an error in its shape."""
    if len(request.body) > MAX_BODY_BYTES:
        return _error(request, 413, "request_too_large", "The request is too large.")
    row = route_of(request.method, request.path)
    if row is None:
        return _models(request) or _error(request, 404, "not_found", f"Invalid URL ({request.method} {request.path})")
    try:
        return ANSWERS[row.name](request)
    except BadRequestError as error:
        return _error(request, 400, "invalid_request", str(error))
    except RecursionError:
        return _error(request, 400, "invalid_request", "The body nests too deeply.")


def _error(request: Recorded, status: int, code: str, message: str) -> Reply:
    vendor = vendor_of(request.path, frozenset(name for name, _ in request.headers))
    return Reply((error_body(vendor, status, code, message, REQUEST_ID),), status=status)


def _models(request: Recorded) -> Reply | None:
    """Answer `GET .../models` in the shape of the provider that the request names."""
    if request.method != "GET" or request.path not in ("/v1/models", "/v1beta/models"):
        return None
    names = frozenset(name for name, _ in request.headers)
    vendor = vendor_of(request.path, names).name
    if vendor == "gemini":
        return whole({"models": [{"name": f"models/{name}", "displayName": name} for name in MODELS]})
    if vendor == "anthropic":
        rows = [{"type": "model", "id": n, "display_name": n, "created_at": CREATED_TEXT} for n in MODELS]
        return whole({"data": rows, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})
    data = [{"id": n, "object": "model", "created": CREATED, "owned_by": "headroom"} for n in MODELS]
    return whole({"object": "list", "data": data})


def _view(request: Recorded) -> dict[str, Any]:
    return {
        "method": request.method,
        "target": request.target,
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers],
        "body_base64": base64.b64encode(request.body).decode(),
    }


def _target(scope: HTTPScope) -> str:
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


async def _read(receive: ASGIReceiveCallable) -> bytes | None:
    """Return the body, cut one byte above the cap; None if the client left."""
    parts: list[bytes] = []
    room = MAX_BODY_BYTES + 1
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        part = event["body"][:room]
        room -= len(part)
        parts.append(part)
        if not event["more_body"]:
            return b"".join(parts)


async def _send(send: ASGISendCallable, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"x-request-id", REQUEST_ID.encode()),
        (b"request-id", REQUEST_ID.encode()),
    ]
    if len(reply.chunks) == 1:
        headers.append((b"content-length", str(len(reply.chunks[0])).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers, "trailers": False})
    for chunk in reply.chunks:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
