"""The application: its life, its lazy attribute, its place behind the public seams."""

import asyncio
import json
from typing import Any

import pytest
from proxy.bench import ask, config_for, request, through
from proxy.net import Client, Upstream

from headroom.errors import ConfigError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline import PipelineEvent, PipelineStage
from headroom.proxy import server
from headroom.proxy.config import ProxyConfig
from headroom.proxy.extensions import register_interceptor
from headroom.proxy.forwarder import Forwarder
from headroom.proxy.interceptors.base import BaseInterceptor, unregister
from headroom.proxy.security import Doorkeeper

JSON = (b"Content-Type", b"application/json")
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "mail bob@example.test"}]}).encode()


class Recorder:
    """An extension that keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[PipelineEvent] = []

    def on_pipeline_event(self, event: PipelineEvent) -> None:
        self.events.append(event)


def test_the_lifespan_fires_the_stages_of_an_apps_life_and_opens_and_closes_the_client() -> None:
    recorder = Recorder()
    app = server.create_app(config_for("http://127.0.0.1:9", pipeline_extensions=[recorder]))
    sent = []

    async def run() -> None:
        incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive() -> Any:
            return next(incoming)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)

    asyncio.run(run())
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert [event.stage for event in recorder.events] == [
        PipelineStage.SETUP,
        PipelineStage.PRE_START,
        PipelineStage.POST_START,
    ]


def test_an_extension_sees_the_complete_exchange_of_the_proxy() -> None:
    recorder = Recorder()
    ask(Upstream(), request("POST", "/v1/chat/completions", BODY, JSON), pipeline_extensions=[recorder])
    last = recorder.events[-1]
    assert last.stage is PipelineStage.RESPONSE_RECEIVED
    assert last.exchange is not None
    assert (last.exchange.status, last.exchange.route, last.exchange.model) == (200, "openai.chat", "m")


def test_an_interceptor_of_the_configuration_changes_what_is_sent() -> None:
    class Hide(BaseInterceptor):
        def intercept(self, payload: dict[str, Any]) -> dict[str, Any]:
            return {**payload, "messages": [{"role": "user", "content": "mail [hidden]"}]}

    upstream = Upstream()
    ask(upstream, request("POST", "/v1/chat/completions", BODY, JSON), interceptors=[Hide()])
    assert b"[hidden]" in upstream.seen[0].body
    assert b"bob" not in upstream.seen[0].body


def test_a_registered_interceptor_runs_once_on_each_request_from_then_on() -> None:
    class Note(BaseInterceptor):
        def intercept(self, payload: dict[str, Any]) -> dict[str, Any]:
            return {**payload, "notes": payload.get("notes", 0) + 1}

    note = Note()
    upstream = Upstream()

    async def act(client: Client) -> None:
        for change in (lambda: None, lambda: register_interceptor(note), lambda: unregister(note)):
            change()
            await client.send(request("POST", "/v1/chat/completions", BODY, JSON))
            await client.answer()

    through(upstream, act)
    assert [json.loads(seen.body).get("notes") for seen in upstream.seen] == [None, 1, None]


def test_the_attribute_app_is_made_from_the_environment_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_MIN_TOKENS_TO_COMPRESS", "123")
    monkeypatch.delitem(vars(server), "app", raising=False)
    app = server.app
    assert isinstance(app, Doorkeeper)
    assert isinstance(app.app.app, HeadroomASGIMiddleware)
    assert app.app.app.config.min_tokens_to_compress == 123
    assert server.app is app
    monkeypatch.delitem(vars(server), "app")


def test_other_attributes_are_not_made_up() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = server.nothing


def test_an_upstream_that_cannot_be_used_is_named_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="ftp"):
        server.create_app(ProxyConfig(allow_upstream=("ftp://files.test",)))


def test_the_forwarder_says_which_scopes_it_does_not_serve() -> None:
    with pytest.raises(ValueError, match="lifespan"):
        asyncio.run(Forwarder(config_for("http://127.0.0.1:9"))({"type": "lifespan"}, None, None))  # type: ignore[arg-type]


def test_the_configuration_given_is_not_changed() -> None:
    config = config_for("http://127.0.0.1:9")
    before = list(config.pipeline_extensions)
    server.create_app(config)
    assert config.pipeline_extensions == before
