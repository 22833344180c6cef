"""Which answers the response cache keeps, how they lie in the store, and how they are given again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from headroom.errors import BodyError, BodyTooLargeError
from headroom.integrations.answer import MAX_ANSWER_BYTES
from headroom.integrations.body import Message, Send
from headroom.providers import WIRES, Usage
from headroom.proxy.helpers import header
from headroom.proxy.response_cache_request import directives
from headroom.wire.codings import decode_body

Pairs = list[tuple[bytes, bytes]]
Keep = Callable[[Pairs, bytes], Awaitable[None]]

_HEADER = b"x-headroom-cache"
_OURS = b"x-headroom-"
_OF_ONE_EXCHANGE = frozenset({b"set-cookie", b"retry-after", b"transfer-encoding", b"connection", b"keep-alive"})
_QUOTAS = b"ratelimit"
"""In the names of headers that say what is left of a quota, which a hit does not touch and which changes meanwhile."""
_COMPLETE = frozenset({None, "completed", "incomplete"})
"""Values of `status` in answers that will not change any more (Responses); other wires have no such field."""


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """An answer as the client saw it, until when it may be given again, and the tokens that it took."""

    expires: float
    headers: list[tuple[bytes, bytes]]
    body: bytes
    input_tokens: int = 0
    output_tokens: int = 0


_DECODER = msgspec.msgpack.Decoder(Kept)


def pack(kept: Kept) -> bytes:
    """Return an answer as it lies in the store."""
    return msgspec.msgpack.encode(kept)


def unpacked(value: bytes, now: float) -> Kept | None:
    """Return the answer that was packed, None if its time is over or another version has packed it."""
    try:
        kept = _DECODER.decode(value)
    except msgspec.MsgspecError:
        return None
    return kept if now < kept.expires else None


async def give(kept: Kept, send: Send) -> None:
    """Answer a request with what was kept."""
    told = [(_HEADER, b"hit"), (b"x-headroom-request-id", uuid4().hex.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": [*kept.headers, *told]})
    await send({"type": "http.response.body", "body": kept.body, "more_body": False})


class Copier:
    """Passes an answer on as it comes, and gives a copy to `keep` if it is whole and may be given again.

    That is done before the last bytes go on: a client that has them may ask again at once.
    """

    def __init__(self, send: Send, keep: Keep) -> None:
        self._send = send
        self._keep = keep
        self._headers: Pairs | None = None
        self._length = ""
        self._parts: list[bytes] = []
        self._size = 0

    async def send(self, message: Message) -> None:
        """Pass a message on to the client."""
        if message["type"] == "http.response.start":
            headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
            self._headers = headers if message["status"] == 200 and _may_be_kept(headers) else None
            self._length = header(headers, b"content-length")
            message = {**message, "headers": [*headers, (_HEADER, b"miss")]}
        elif message["type"] == "http.response.body" and self._headers is not None:
            await self._take(self._headers, message)
        await self._send(message)

    async def _take(self, headers: Pairs, message: Message) -> None:
        self._parts.append(message.get("body", b""))
        self._size += len(self._parts[-1])
        is_whole = not message.get("more_body", False) or str(self._size) == self._length
        if is_whole and self._size <= MAX_ANSWER_BYTES:
            await self._keep(headers, b"".join(self._parts))
        if is_whole or self._size > MAX_ANSWER_BYTES:
            self._headers, self._parts = None, []


def kept_of(headers: Pairs, body: bytes, wire: str, expires: float) -> Kept | None:
    """Return what is kept of an answer; None if it is no JSON object, tells of an error, or is not the last word."""
    try:
        plain = decode_body(body, header(headers, b"content-encoding"), MAX_ANSWER_BYTES)
        answer = msgspec.json.decode(plain)
    except (BodyError, BodyTooLargeError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(answer, dict) or _is_error(answer):
        return None
    usage = WIRES[wire].usage(answer) or Usage()
    again = [pair for pair in headers if _is_said_again(pair[0].lower())]
    return Kept(expires, _with_length(again, len(body)), body, usage.input or 0, usage.output or 0)


def _may_be_kept(headers: Pairs) -> bool:
    is_json = header(headers, b"content-type").lower().startswith("application/json")
    return is_json and "no-store" not in directives(headers)


def _is_error(answer: dict[str, Any]) -> bool:
    status = answer.get("status")
    is_final = status is None or (isinstance(status, str) and status in _COMPLETE)
    return bool(answer.get("error")) or answer.get("type") == "error" or not is_final


def _is_said_again(name: bytes) -> bool:
    return name not in _OF_ONE_EXCHANGE and _QUOTAS not in name and not name.startswith(_OURS)


def _with_length(headers: Pairs, length: int) -> Pairs:
    others = [pair for pair in headers if pair[0].lower() != b"content-length"]
    return headers if len(others) < len(headers) else [*headers, (b"content-length", str(length).encode())]
