"""Refusals: what those of limits and budgets are called, and how any is told in the words of each provider.

Whoever refuses before there is an exchange (the door, the limits, the relay of sockets) does it in this one way.
"""

from __future__ import annotations

import math
from typing import ClassVar
from uuid import uuid4

import msgspec

from headroom.errors import RequestError, UpstreamError
from headroom.integrations.body import Scope, Send
from headroom.providers.vendors import ANTHROPIC, Vendor
from headroom.proxy.target import vendor_for

_WEBSOCKET = "websocket"
_DENIAL = "websocket.http.response"
_POLICY_VIOLATION = 1008
_WORTH_WAITING = 60.0


class LimitError(RequestError):
    """A limit does not let a request through. `wait` are the seconds after which it may be tried again, None if never.

    `kind` is what the providers that have a type of error give there; empty for the provider's own word.
    """

    status = 429
    kind: ClassVar[str] = ""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class RateLimitedError(LimitError):
    """Too many requests or tokens in a minute, or too many requests at a time."""

    code = "rate_limit_exceeded"


class BudgetSpentError(LimitError):
    """The budget of the period does not hold what this request may cost."""

    code = "budget_exceeded"
    kind = "budget_exceeded"


class PriceUnknownError(LimitError):
    """Nobody knows what this request costs, and the operator does not want such requests."""

    status = 403
    code = "price_unknown"


class LimitsUnavailableError(LimitError):
    """The counters cannot be asked, so nobody knows what is left."""

    status = 503
    code = "limits_unavailable"


async def refuse(error: RequestError | UpstreamError, scope: Scope, send: Send) -> str:
    """Answer a request, or the handshake of a WebSocket, with the refusal; return the id under which it is told.

    A server that cannot answer handshakes is told to close the socket, which it does with a 403 of its own.
    """
    request_id = uuid4().hex
    prefix = "http.response"
    if scope["type"] == _WEBSOCKET:
        if _DENIAL not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return request_id
        prefix = _DENIAL
    body = _body(error, vendor_for(scope), request_id)
    await send({"type": f"{prefix}.start", "status": error.status, "headers": _headers(error, body, request_id)})
    await send({"type": f"{prefix}.body", "body": body, "more_body": False})
    return request_id


def _headers(error: RequestError | UpstreamError, body: bytes, request_id: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-headroom-request-id", request_id.encode()),
    ]
    return [*headers, *_when_to_come_again(error.wait)] if isinstance(error, LimitError) else headers


def _when_to_come_again(wait: float | None) -> list[tuple[bytes, bytes]]:
    headers = [] if wait is None else [(b"retry-after", str(max(1, math.ceil(wait))).encode())]
    if wait is None or wait > _WORTH_WAITING:
        # The SDKs of OpenAI and Anthropic do not wait longer than this, and would ask again too early.
        headers.append((b"x-should-retry", b"false"))
    return headers


def _body(error: RequestError | UpstreamError, vendor: Vendor, request_id: str) -> bytes:
    payload = vendor.error(error.status, error.code, str(error))
    kind = _kind(error, vendor)
    if kind and "type" in payload["error"]:
        payload["error"]["type"] = kind
    return msgspec.json.encode({**payload, "request_id": request_id})


def _kind(error: RequestError | UpstreamError, vendor: Vendor) -> str:
    """Return our own type of an error, empty where the provider has one."""
    if not isinstance(error, LimitError):
        return ""
    return error.kind or (error.code if vendor.error is not ANTHROPIC.error and error.status == 429 else "")
