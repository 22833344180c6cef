"""Vendor facts as rows: where a provider is, how its credentials look, and how it words an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from headroom.blocks import Payload


@dataclass(frozen=True, slots=True)
class Vendor:
    """One provider, or one cloud that serves the models of several.

    `base_url` is its public origin, `prefixes` are the path beginnings that only it uses, `headers` the
    request headers that only its clients send, `error` words an error of ours as it would.
    """

    name: str
    base_url: str
    prefixes: tuple[str, ...]
    headers: tuple[bytes, ...]
    error: Callable[[int, str, str], Payload]


def _openai_error(status: int, code: str, message: str) -> Payload:
    """OpenAI API reference, Errors."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def _anthropic_error(status: int, code: str, message: str) -> Payload:
    """Anthropic API reference, Errors."""
    kind = _ANTHROPIC_KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


_GOOGLE_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _gemini_error(status: int, code: str, message: str) -> Payload:
    """Google Cloud API design guide, Errors."""
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": "headroom"}
    name = _GOOGLE_STATUS.get(status, "INTERNAL")
    return {"error": {"code": status, "message": message, "status": name, "details": [detail]}}


OPENAI = Vendor("openai", "https://api.openai.com", (), (b"openai-organization",), _openai_error)
ANTHROPIC = Vendor(
    "anthropic",
    "https://api.anthropic.com",
    ("/v1/messages", "/v1/complete"),
    (b"x-api-key", b"anthropic-version"),
    _anthropic_error,
)
GEMINI = Vendor(
    "gemini",
    "https://generativelanguage.googleapis.com",
    ("/v1beta/", "/v1alpha/", "/upload/v1beta/", "/ws/google.ai.generativelanguage."),
    (b"x-goog-api-key",),
    _gemini_error,
)
VERTEX = Vendor(
    "vertex",
    "https://aiplatform.googleapis.com",
    ("/v1/projects/", "/v1/publishers/", "/v1beta1/", "/ws/google.cloud.aiplatform."),
    (),
    _gemini_error,
)
BEDROCK = Vendor(
    "bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com", ("/model/", "/guardrail/"), (), _anthropic_error
)
VENDORS: dict[str, Vendor] = {vendor.name: vendor for vendor in (ANTHROPIC, GEMINI, VERTEX, BEDROCK, OPENAI)}

PUBLIC_ORIGINS: tuple[str, ...] = (
    *(vendor.base_url for vendor in VENDORS.values()),
    "https://api.cerebras.ai",
    "https://api.cohere.com",
    "https://api.deepseek.com",
    "https://api.fireworks.ai",
    "https://api.groq.com",
    "https://api.minimax.io",
    "https://api.mistral.ai",
    "https://api.moonshot.ai",
    "https://api.perplexity.ai",
    "https://api.together.xyz",
    "https://api.x.ai",
    "https://api.z.ai",
    "https://dashscope.aliyuncs.com",
    "https://openrouter.ai",
)
"""Origins of providers that speak one of our wires, from their API references; their addresses are public."""


def vendor_of(path: str, headers: Mapping[bytes, Any] | frozenset[bytes]) -> Vendor:
    """Return the provider that path or credentials name, OpenAI if neither does.

    `headers` are lower-case header names. A path that only one provider has decides before a header does.
    """
    for vendor in VENDORS.values():
        if vendor.prefixes and path.startswith(vendor.prefixes):
            return vendor
    for vendor in VENDORS.values():
        if any(name in headers for name in vendor.headers):
            return vendor
    return OPENAI


def error_body(vendor: Vendor, status: int, code: str, message: str, request_id: str) -> bytes:
    """Return an error of ours in the provider's shape, with the id under which it is logged."""
    payload = vendor.error(status, code, message)
    return msgspec.json.encode({**payload, "request_id": request_id})
