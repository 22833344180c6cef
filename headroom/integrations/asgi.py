"""The middleware: any ASGI app whose requests (or whose host's requests) carry LLM bodies. Pure ASGI.

The middleware object holds settings only; what belongs to one request lives in one `_Passage`.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from headroom.blocks import Mode, Outcome, Tier
from headroom.errors import BodyError, BodyTooLargeError, OverloadedError, RequestError
from headroom.integrations.answer import Answer
from headroom.integrations.body import ASGIApp, BodyReader, Receive, Scope, Send, route_path
from headroom.integrations.load import Load
from headroom.integrations.retrieval import answered
from headroom.integrations.threads import in_thread
from headroom.pipeline import Exchange, Pipeline, PipelineEvent, PipelineStage
from headroom.providers import WIRES, Wire
from headroom.providers.routes import Route, route_of
from headroom.providers.vendors import error_body, vendor_of
from headroom.tokens import warm
from headroom.wire.codings import codings_of, decode_body

if TYPE_CHECKING:
    from headroom.proxy.config import ProxyConfig

T = TypeVar("T")

INLINE_BYTES = 16_384
"""Bodies up to this size are worked on at once; larger ones in a thread, so that the event loop goes on."""

MARK = "headroom"
"""Key of the scope under which the inner app finds the `Exchange`; its presence says that the work is done."""

_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"content-encoding"})
_DIGESTS = frozenset({b"content-digest", b"content-md5", b"digest", b"x-amz-content-sha256"})
_SECRET = frozenset({b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"cookie", b"proxy-authorization"})


class HeadroomASGIMiddleware:
    """Rewrites LLM request bodies on their way to `app`.

    `refuse_large` answers 413 to bodies over the cap and 429 to those for which there is no room at the moment (the
    proxy does); otherwise they pass untouched. Requests
    that are not LLM calls are handed on after one look at the scope. Two of these around one app work once.
    """

    def __init__(self, app: ASGIApp, config: ProxyConfig | None = None, *, refuse_large: bool = False) -> None:
        if config is None:
            from headroom.proxy.config import ProxyConfig  # noqa: PLC0415 - settings cost more than all the rest

            config = ProxyConfig()
        self.app = app
        self.config = config
        self.policy = config.policy
        self.pipeline = Pipeline.of(config)
        self.refuse_large = refuse_large
        self.load = Load(config.work_bytes)
        self._paths = tuple(config.paths.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and scope["method"] == "POST" and MARK not in scope:
            route = route_of("POST", scope["path"])
            wire = route.wire if route is not None else self._own_wire(scope)
            # What a policy must see, it sees whatever kind of content the client says that it is.
            if wire and (_is_json(scope["headers"]) or self.pipeline.has_policy):
                await _Passage(self, scope, route, WIRES.get(wire)).run(receive, send)
                return
        elif scope["type"] == "lifespan":
            await in_thread(warm)  # at start-up nobody waits for the event loop
        await self.app(scope, receive, send)

    def _own_wire(self, scope: Scope) -> str:
        """Return the wire of a route of the host app: `auto` if the body has to tell, empty if it is not ours."""
        if not self._paths:
            return ""
        names = {scope["path"], route_path(scope)}
        return next((wire for pattern, wire in self._paths if any(fnmatchcase(one, pattern) for one in names)), "")


class _Passage:
    """One request on its way through the middleware."""

    def __init__(self, house: HeadroomASGIMiddleware, scope: Scope, route: Route | None, wire: Wire | None) -> None:
        self._house = house
        self._scope = scope
        self._wire = wire
        self._begun = time.perf_counter()
        self._headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope["headers"]}
        self._vendor = route.vendor if route else vendor_of(scope["path"], self._headers)
        self._exchange = Exchange(
            request_id=os.urandom(16).hex(),
            route=route.name if route else scope["path"],
            provider=self._vendor.name,
            wire=wire.name if wire else "",
            headers=_redacted(self._headers) if house.pipeline.shows_requests else {},
        )

    async def run(self, receive: Receive, send: Send) -> None:
        """Read, rewrite, hand on, account. Whatever the inner app raises is raised on."""
        answer = Answer(send, self._wire, self._exchange, self._begun, self._house.pipeline)
        try:
            self._ask()
            scope, again = await self._request(receive)
            outcome = self._exchange.outcome
            if outcome is not None and outcome.offers_retrieval:
                await self._resolve(outcome, scope, receive, answer)
            else:
                await self._house.app(scope, again, answer.send)
        except RequestError as error:
            self._exchange.error = error.code
            if answer.started:
                raise
            await self._refuse(error, answer)
        except BaseException as error:
            self._exchange.error = type(error).__name__
            raise
        finally:
            answer.finish()
            event = PipelineEvent(
                PipelineStage.RESPONSE_RECEIVED,
                self._exchange.request_id,
                self._vendor.name,
                self._exchange.model,
                exchange=self._exchange,
            )
            self._house.pipeline.fire(event)

    def _ask(self) -> None:
        """Read what the request itself asks for. Raises RequestError for a value that is none."""
        self._exchange.tier = _one_of(Tier.__members__, self._header(b"x-headroom-tier"), "x-headroom-tier")
        self._exchange.mode = _one_of(Mode.__members__, self._header(b"x-headroom-mode"), "x-headroom-mode")
        self._exchange.lossless = _is_true(self._header(b"x-headroom-lossless"))
        query = self._scope.get("query_string", b"")
        one = self._house.config.one_tenant
        self._exchange.tenant = one or self._house.pipeline.tenant_of(self._headers, query)

    async def _request(self, receive: Receive) -> tuple[Scope, Receive]:
        """Return scope and receive for the inner app. Raises RequestError if the request is refused."""
        reader = BodyReader(receive, self._house.policy.max_body_bytes)
        body = await reader.read()
        scope = {**self._scope, MARK: self._exchange}
        if body is None:
            if self._house.refuse_large and not reader.gone:
                raise BodyTooLargeError("The request body is over the limit of this gateway.")
            if not reader.gone:
                self._house.pipeline.unread(b"", "too_large")
            return scope, reader.replay
        start = time.perf_counter()
        outcome = self._exchange.outcome = await self._made_of(body)
        self._exchange.overhead = time.perf_counter() - start
        if outcome.body is not body:
            scope["headers"] = _headers_for(self._scope["headers"], outcome.body)
        return scope, reader.replaced(outcome.body)

    async def _resolve(self, outcome: Outcome, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Hand on a request whose answer may ask for originals; calls for them are answered on the way back."""
        retriever = self._house.pipeline.retriever(outcome, self._exchange.tenant)
        try:
            self._exchange.further_requests = await answered(
                self._house.app,
                scope,
                receive,
                answer.send,
                body=outcome.body,
                wire=self._exchange.wire,
                retriever=retriever,
            )
        finally:
            self._exchange.retrievals, self._exchange.misses = retriever.retrievals, retriever.misses

    async def _made_of(self, body: bytes) -> Outcome:
        """Run the pipeline, if there is room for one more body."""
        try:
            with self._house.load.of(len(body)):
                return await self._outcome(body)
        except OverloadedError:
            if self._house.refuse_large:
                raise
            return self._house.pipeline.unread(body, "overloaded")

    async def _outcome(self, body: bytes) -> Outcome:
        """Run the pipeline on the decoded body; the body that came stands in the outcome if nothing changes."""
        plain = body
        coding = self._header(b"content-encoding")
        if codings_of(coding):
            try:
                plain = await in_thread(decode_body, body, coding, self._house.policy.max_body_bytes)
            except BodyTooLargeError:
                if self._house.refuse_large:
                    raise
                return self._house.pipeline.unread(body, "too_large")
            except BodyError as error:
                return self._house.pipeline.unread(body, str(error))
        sealed = is_vouched_for(self._headers)
        work: Callable[..., Outcome] = self._house.pipeline.run
        if sealed or _is_true(self._header(b"x-headroom-bypass")):
            work = partial(self._house.pipeline.measure, sealed=sealed)
        if len(plain) <= INLINE_BYTES and not self._house.pipeline.may_wait(plain, self._exchange):
            outcome = work(plain, self._wire, self._exchange)
        else:
            outcome = await in_thread(work, plain, self._wire, self._exchange)
        return replace(outcome, body=body) if outcome.body is plain is not body else outcome

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    async def _refuse(self, error: RequestError, answer: Answer) -> None:
        body = error_body(self._vendor, error.status, error.code, str(error), self._exchange.request_id)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if error.wait is not None:
            headers.append((b"retry-after", str(math.ceil(error.wait)).encode()))
        await answer.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await answer.send({"type": "http.response.body", "body": body, "more_body": False})


def is_vouched_for(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether a signature or a digest in the headers (names in lower case) stands for the body, which must stay.

    RFC 9530; AWS Signature Version 4.
    """
    return not _DIGESTS.isdisjoint(headers) or headers.get(b"authorization", b"").startswith(b"AWS4-")


def _is_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    for name, value in headers:
        if name.lower() == b"content-type":
            kind = value.split(b";", 1)[0].strip().lower()
            return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    return False


def _one_of(members: Mapping[str, T], name: str, header: str) -> T | None:
    """Return the member of an enumeration that a header names, None without one. Raises RequestError."""
    if not name:
        return None
    member = members.get(name.strip().upper())
    if member is None:
        raise RequestError(f"{header} must be one of: {', '.join(members).lower()}.")
    return member


def _is_true(value: str) -> bool:
    return value.strip().lower() == "true"


def _headers_for(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the request's headers as they fit a decoded body of known length; order and duplicates stay."""
    kept = [(name, value) for name, value in headers if name.lower() not in _FRAMING]
    return [*kept, (b"content-length", str(len(body)).encode())]


def _redacted(headers: dict[bytes, bytes]) -> dict[str, str]:
    return {
        name.decode("latin-1"): "[redacted]" if name in _SECRET else value.decode("latin-1")
        for name, value in headers.items()
    }
