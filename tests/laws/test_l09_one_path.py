"""L9: one pipeline serves every row of the route table, and what holds for one row holds for all."""

import json

import pytest
from support.drive import Inner, answer_of, chunked, drive, post, scope_of
from support.samples import sample
from support.wires import BUILDERS, Step, body_of, encoded, outputs_of

from headroom.integrations.asgi import MARK, HeadroomASGIMiddleware
from headroom.pipeline import Pipeline, PipelineStage
from headroom.providers import WIRES
from headroom.providers.routes import ROUTES, Route, route_of
from headroom.providers.vendors import OPENAI
from headroom.proxy.config import ProxyConfig

TEXT = sample("search_lines")
rows = pytest.mark.parametrize("route", ROUTES, ids=lambda row: row.name)


class Listener:
    def __init__(self):
        self.events = []

    def on_pipeline_event(self, event):
        self.events.append(event)


def _app(inner, **options):
    return HeadroomASGIMiddleware(inner, ProxyConfig(**options))


@rows
def test_the_table_finds_its_own_row_and_knows_its_wire(route):
    assert route_of("POST", route.example) is route
    assert route_of("POST", "/mounted/below" + route.example) is route
    assert route_of("GET", route.example) is None
    assert route.wire in WIRES
    assert route.wire in BUILDERS


@pytest.mark.parametrize("example", ["", "/v1/chat/completions", "/v1/other"])
def test_a_row_without_an_example_of_its_own_breaks_the_law(example):
    row = Route("dummy", "/dummy", "openai-chat", OPENAI, example)
    with pytest.raises(AssertionError):
        test_the_table_finds_its_own_row_and_knows_its_wire(row)


@rows
def test_the_inner_app_gets_the_shorter_body_with_its_length(route):
    body = encoded(body_of(route.wire, [Step(TEXT)]))
    inner = Inner()
    status, headers, _ = answer_of(post(_app(inner), route.example, body))
    assert status == 200
    assert outputs_of(route.wire, json.loads(inner.body))[0] != TEXT
    assert inner.header(b"content-length") == str(len(inner.body)).encode()
    before, after = (int(headers[f"x-headroom-tokens-{name}".encode()]) for name in ("before", "after"))
    assert int(headers[b"x-headroom-tokens-saved"]) == before - after > 0
    assert b"compressed=1" in headers[b"x-headroom-decisions"]
    assert headers[b"x-headroom-request-id"]


@rows
def test_bypass_is_absolute_even_after_the_same_body_was_compressed(route):
    body = encoded(body_of(route.wire, [Step(TEXT)]))
    inner = Inner()
    app = _app(inner)
    post(app, route.example, body)
    inner.received.clear()
    _, headers, _ = answer_of(post(app, route.example, body, (b"X-Headroom-Bypass", b"true")))
    assert inner.body == body
    assert headers[b"x-headroom-tokens-saved"] == b"0"
    assert b"bypass=" in headers[b"x-headroom-decisions"]


@rows
def test_a_request_chooses_how_much_its_reader_has_to_do(route):
    body = encoded(body_of(route.wire, [Step(sample("log_lines"))]))
    sizes = {}
    for tier in (b"plain", b"Legend", b"max"):
        inner = Inner()
        status, _, _ = answer_of(post(_app(inner), route.example, body, (b"x-headroom-tier", tier)))
        assert status == 200
        sizes[tier] = len(inner.body)
    assert sizes[b"plain"] > sizes[b"Legend"] >= sizes[b"max"]
    inner = Inner()
    status, _, answer = answer_of(post(_app(inner), route.example, body, (b"x-headroom-tier", b"best")))
    assert (status, inner.received) == (400, [])
    assert b"plain, legend, max" in answer


@rows
def test_the_account_is_complete_when_the_answer_ends(route):
    listener = Listener()
    app = _app(Inner(), pipeline_extensions=[listener])
    post(app, route.example, encoded(body_of(route.wire, [Step(TEXT)])))
    stages = [event.stage for event in listener.events]
    assert stages == list(PipelineStage)[3:]
    exchange = listener.events[-1].exchange
    assert (exchange.route, exchange.provider, exchange.wire) == (route.name, route.vendor.name, route.wire)
    assert (exchange.status, exchange.error) == (200, "")
    assert exchange.outcome.tokens_saved > 0
    assert exchange.total >= exchange.overhead > 0


@rows
def test_credentials_are_redacted_before_anyone_is_told(route):
    listener = Listener()
    app = _app(Inner(), pipeline_extensions=[listener])
    secrets = [(name, b"canary-secret") for name in (b"Authorization", b"X-Api-Key", b"x-goog-api-key", b"Cookie")]
    post(app, route.example, encoded(body_of(route.wire, [Step(TEXT)])), *secrets)
    assert listener.events
    assert "canary" not in repr(listener.events)


@rows
def test_a_body_over_the_cap_is_refused_in_the_providers_shape_or_passes_untouched(route):
    body = encoded(body_of(route.wire, [Step(TEXT)]))
    config = ProxyConfig(max_body_bytes=len(body) - 1)
    inner = Inner()
    status, _, answer = answer_of(post(HeadroomASGIMiddleware(inner, config, refuse_large=True), route.example, body))
    assert status == 413
    assert not inner.received
    error = json.loads(answer)
    assert error["error"]["message"]
    assert error["request_id"]
    assert ("type" in error) == (route.vendor.name == "anthropic")
    assert ("status" in error["error"]) == (route.vendor.name == "gemini")
    post(HeadroomASGIMiddleware(inner, config), route.example, body)
    assert inner.body == body


@rows
def test_two_middlewares_compress_once(route, monkeypatch):
    runs = []
    monkeypatch.setattr(Pipeline, "rewrite", _counted(Pipeline.rewrite, runs))
    inner = Inner()
    sent = post(_app(_app(inner)), route.example, encoded(body_of(route.wire, [Step(TEXT)])))
    assert len(runs) == 1
    start = sent[0]["headers"]
    assert [name for name, _ in start].count(b"x-headroom-request-id") == 1


def _counted(method, runs):
    def counted(self, *args):
        runs.append(args)
        return method(self, *args)

    return counted


@rows
def test_the_callers_scope_is_never_changed(route):
    body = encoded(body_of(route.wire, [Step(TEXT)]))
    scope = scope_of(route.example)
    before = dict(scope, headers=list(scope["headers"]))
    inner = Inner()
    drive(_app(inner), scope, chunked(body, 1000))
    assert scope == before
    assert MARK in inner.scope


@rows
def test_errors_of_the_inner_app_are_its_own(route):
    async def failing(scope, receive, send):
        raise ZeroDivisionError

    listener = Listener()
    with pytest.raises(ZeroDivisionError):
        post(_app(failing, pipeline_extensions=[listener]), route.example, b"{}")
    assert listener.events[-1].stage is PipelineStage.RESPONSE_RECEIVED
    assert listener.events[-1].exchange.error == "ZeroDivisionError"
