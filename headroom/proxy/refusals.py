"""Refusals for limits and budgets: what they are called, and how they are told in the words of each provider."""

from __future__ import annotations

import math
from typing import ClassVar
from uuid import uuid4

import msgspec

from headroom.errors import RequestError
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


async def refuse(error: LimitError, scope: Scope, send: Send) -> None:
    """Answer a request, or the handshake of a WebSocket, with the refusal."""
    request_id = uuid4().hex
    prefix = "http.response"
    if scope["type"] == _WEBSOCKET:
        if _DENIAL not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        prefix = _DENIAL
    body = _body(error, vendor_for({"method": "POST", **scope}), request_id)
    await send({"type": f"{prefix}.start", "status": error.status, "headers": _headers(error, body, request_id)})
    await send({"type": f"{prefix}.body", "body": body, "more_body": False})


def _headers(error: LimitError, body: bytes, request_id: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-headroom-request-id", request_id.encode()),
    ]
    if error.wait is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(error.wait))).encode()))
    if error.wait is None or error.wait > _WORTH_WAITING:
        # The SDKs of OpenAI and Anthropic do not wait longer than this, and would ask again too early.
        headers.append((b"x-should-retry", b"false"))
    return headers


def _body(error: LimitError, vendor: Vendor, request_id: str) -> bytes:
    payload = vendor.error(error.status, error.code, str(error))
    kind = error.kind or (error.code if vendor is not ANTHROPIC and error.status == 429 else "")  # Anthropic has one
    if kind and "type" in payload["error"]:
        payload["error"]["type"] = kind
    return msgspec.json.encode({**payload, "request_id": request_id})
