"""The management endpoints: health, statistics, metrics and compression as a service.

A FastAPI app of its own, loaded when it is first asked and never on the way of a forwarded request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from headroom import __version__
from headroom.blocks import Channel, Payload
from headroom.ccr.excerpt import excerpt
from headroom.ccr.marker import HANDLE
from headroom.ccr.retriever import Retriever
from headroom.compress import CompressResult, compress_with
from headroom.errors import BodyTooLargeError, ConfigError, RequestError, StoreError
from headroom.pipeline import Pipeline
from headroom.providers.vendors import OPENAI, error_body
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import json_object
from headroom.proxy.limits import view_of as limits_view
from headroom.proxy.management import alive
from headroom.proxy.prometheus_metrics import CONTENT_TYPE_LATEST, exposition, registry_of
from headroom.proxy.response_cache import view_of as cache_view
from headroom.proxy.state import ProxyState
from headroom.proxy.stats import view_of

_BODIES = ("messages", "input", "contents")
_FIELDS = frozenset({*_BODIES, "model", "tools", "config"})
_REVERSIBLE = "ccr"
"""A mode that callers with a retrieval tool of their own ask for: leave out, give handles."""
_SETTINGS = {
    "mode": "mode",
    "lossless": "lossless",
    "retrieval": "retrieval",
    "cross_turn": "cross_turn",
    "lossless_tier": "lossless_tier",
    "compress_user_messages": "compress_user_messages",
    "excluded_tools": "excluded_tools",
    "min_tokens_to_compress": "min_tokens_to_compress",
}
"""Settings that a request may choose for itself: name in the request, field of `ProxyConfig`."""


def management_app(state: ProxyState) -> FastAPI:
    """Build the app that serves every management endpoint."""
    app = FastAPI(
        title="headroom",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    _add_health(app, state)
    _add_statistics(app, state)
    _add_cache(app, state)
    pipeline = state.pipeline or Pipeline.of(state.config)
    _add_compress(app, state, pipeline)
    _add_retrieve(app, state, pipeline)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(RequestError, _refuse)
    return app


def _add_health(app: FastAPI, state: ProxyState) -> None:
    @app.get("/health")
    async def health() -> Response:
        answer = {
            "status": "healthy" if state.ready else "unready",
            "ready": state.ready,
            "version": __version__,
            # Bodies go on in the format of the provider that they were written for; there is no other backend.
            "config": {"backend": "native", **state.config.model_dump(mode="json")},
            "checks": state.checks,
        }
        return _json(answer)


def _add_statistics(app: FastAPI, state: ProxyState) -> None:
    @app.get("/stats")
    async def stats() -> Response:
        figures = view_of(await state.totals())
        figures["response_cache"] |= await cache_view(state.cache)
        return _json({**alive(state), "workers": state.config.workers, **figures, **await limits_view(state.limits)})

    @app.post("/stats/reset")
    async def reset() -> Response:
        try:
            await state.reset()
        except StoreError as error:
            raise HTTPException(503, "The other workers cannot be told: their store does not answer.") from error
        return _json({"status": "reset"})

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(
            exposition(registry_of(await state.totals(), __version__)), headers={"content-type": CONTENT_TYPE_LATEST}
        )


def _add_cache(app: FastAPI, state: ProxyState) -> None:
    @app.post("/cache/clear")
    async def clear(request: Request) -> Response:
        if state.cache is None:
            return _json({"status": "off"})
        try:
            await state.cache.clear(dict(request.headers.raw), request.scope["query_string"])
        except StoreError as error:
            raise HTTPException(503, "The store of the answers does not answer.") from error
        return _json({"status": "cleared"})


def _add_compress(app: FastAPI, state: ProxyState, pipeline: Pipeline) -> None:
    @app.post("/v1/compress")
    async def compress(request: Request) -> Response:
        policy = state.config.policy
        body = _known(json_object(await _read(request, policy.max_body_bytes), policy.max_depth))
        key = _body_key(body)
        bypass = request.headers.get("x-headroom-bypass", "").lower() == "true"
        config, channel = _configured(body.get("config"), state.config)
        variant = pipeline.variant(config, channel if pipeline.retrieval is not None else None)
        tools, model = _typed(body, "tools", list), _typed(body, "model", str) or ""
        tenant = _tenant(request, config, variant)
        result = await asyncio.to_thread(compress_with, variant, body[key], model, tools=tools, tenant=tenant)
        return _json(_report(key, result, body[key] if bypass else None))


def _add_retrieve(app: FastAPI, state: ProxyState, pipeline: Pipeline) -> None:
    @app.api_route("/v1/retrieve/{handle}", methods=["GET", "POST"])
    async def retrieve(request: Request, handle: str) -> Response:
        policy = state.config.policy
        wanted: Mapping[str, Any] = request.query_params
        if request.method == "POST":
            wanted = json_object(await _read(request, policy.max_body_bytes), policy.max_depth)
        if not HANDLE.fullmatch(handle):
            raise RequestError("A handle has 24 characters of 0-9 and a-f.")
        tenant = _tenant(request, state.config, pipeline)
        text = await asyncio.to_thread(_original, pipeline, tenant, handle)
        if text is None:
            raise HTTPException(404, f"The handle {handle} is unknown here, or its original has expired.")
        query, lines = _typed(wanted, "query", str) or "", _typed(wanted, "lines", str) or ""
        content = excerpt(text, query=query, lines=lines)
        return _json({"hash": handle, "original_content": content, "whole": content == text})


def _original(pipeline: Pipeline, tenant: str, handle: str) -> str | None:
    """Return the original of a handle as this tenant kept it."""
    if pipeline.retrieval is None:
        raise RequestError("Retrieval is off in this gateway (--retrieval).")
    return Retriever({}, pipeline.store, tenant, pipeline.retrieval.mint).original(handle)


def _tenant(request: Request, config: ProxyConfig, pipeline: Pipeline) -> str:
    """Return whose originals the caller of a management endpoint may see: those kept under its own credential."""
    return config.one_tenant or pipeline.tenant_of(dict(request.headers.raw), request.scope["query_string"])


async def _read(request: Request, limit: int) -> bytes:
    """Read the body up to `limit` bytes. Raises `BodyTooLargeError`, or `RequestError` if it does not come whole."""
    parts = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise BodyTooLargeError(f"The body is larger than {limit} bytes.")
            parts.append(part)
    except ClientDisconnect as error:
        raise RequestError("The client left before its body was whole.") from error
    return b"".join(parts)


def _known(body: Payload) -> Payload:
    """Return the body if it has no field that we do not know."""
    unknown = sorted(body.keys() - _FIELDS)
    if unknown:
        raise RequestError(f"Unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}.")
    return body


def _body_key(body: Mapping[str, Any]) -> str:
    """Return which of `messages`, `input` and `contents` the request brings; it must be exactly one list."""
    present = [key for key in _BODIES if key in body]
    if len(present) != 1:
        raise RequestError("Exactly one of 'messages', 'input' and 'contents' is needed.")
    if not isinstance(body[present[0]], list):
        raise RequestError(f"Field {present[0]!r} must be a list.")
    return present[0]


def _typed(body: Mapping[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise RequestError(f"Field {name!r} must be a {'string' if kind is str else 'list'}.")
    return value


def _configured(wishes: Any, config: ProxyConfig) -> tuple[ProxyConfig, Channel | None]:
    """Return the configuration with the request's own settings, and the channel that the caller vouches for."""
    spoken_for = Channel.TOOL if config.callers_retrieve else None
    if wishes is None or wishes == {}:
        return config, spoken_for
    if not isinstance(wishes, dict):
        raise RequestError("Field 'config' must be an object.")
    for name in wishes:
        if name not in _SETTINGS:
            raise RequestError(f"Unknown setting 'config.{name}'; known are {', '.join(sorted(_SETTINGS))}.")
    given = {_SETTINGS[name]: value for name, value in wishes.items()}
    if given.get("mode") == _REVERSIBLE:
        given = {"retrieval": Channel.TOOL.value, **given, "mode": config.mode}
    try:
        checked = ProxyConfig(**given)
    except ConfigError as error:
        raise RequestError(f"In 'config': {error}.") from error
    channel = next((one for one in Channel if one == given.get("retrieval")), None)
    if "retrieval" not in given:
        channel = spoken_for
    return config.model_copy(update={name: getattr(checked, name) for name in given}), channel


def _report(key: str, result: CompressResult, untouched: Any) -> dict[str, Any]:
    """Return the answer; with `untouched` messages the counts are those of what was not done."""
    bypassed = untouched is not None
    after = result.tokens_before if bypassed else result.tokens_after
    return {
        key: untouched if bypassed else result.messages,
        "tokens_before": result.tokens_before,
        "tokens_after": after,
        "tokens_saved": result.tokens_before - after,
        "compression_ratio": 1.0 if bypassed else result.compression_ratio,
        "transforms_applied": [] if bypassed else result.transforms_applied,
        "ccr_hashes": [] if bypassed else result.ccr_hashes,
        "decisions": [] if bypassed else [_decision(d) for d in result.decisions],
    }


def _decision(decision: Any) -> dict[str, Any]:
    return {
        "path": list(decision.path),
        "reason": decision.reason.value,
        "role": decision.role,
        "tool": decision.tool,
        "compressor": decision.compressor,
        "encoding": decision.encoding,
        "tokens_before": decision.tokens_before,
        "tokens_after": decision.tokens_after,
    }


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def _refuse_http(_: Request, error: Exception) -> Response:
    """Word the framework's own refusals (404, 405) as any other error."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, "invalid_request", str(getattr(error, "detail", "")))


async def _refuse(_: Request, error: Exception) -> Response:
    return _error(getattr(error, "status", 400), getattr(error, "code", "invalid_request"), str(error))


def _error(status: int, code: str, message: str) -> Response:
    request_id = uuid4().hex
    body = error_body(OPENAI, status, code, message, request_id)
    return Response(body, status, {"x-headroom-request-id": request_id}, media_type="application/json")
