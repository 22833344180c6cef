"""What `install_headroom` refuses, where the store lives, and paths behind a prefix of the server."""

import asyncio
import json
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from support.drive import Inner, answer_of, chunked, drive, post, scope_of
from support.processes import environment
from support.retrieval import handles_in, long_sample
from support.wires import Step, body_of, encoded, outputs_of

from headroom.errors import ConfigError, StoreError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.proxy.config import ProxyConfig
from headroom.proxy.extensions import install_headroom
from headroom.proxy.install import HostMiddleware

OUTPUT = long_sample("long_log")
BODY = encoded(body_of("openai-chat", [Step(OUTPUT)], tools=True))
PATH = "/v1/chat/completions"
PATIENT = {"marker_key": "key", "block_seconds": 60, "request_seconds": 60}


class Litestarlike:
    """Litestar, as far as it matters: it hands its handler everything but its own start and end."""

    def __init__(self, inner):
        self.asgi_handler = inner
        self.on_startup = []
        self.on_shutdown = []

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            for hook in (*self.on_startup, *self.on_shutdown):
                await hook()
        else:
            await self.asgi_handler(scope, receive, send)


def starlette_app(**settings):
    async def echo(request: Request):
        return JSONResponse({"size": len(await request.body())})

    return Starlette(routes=[Route("/chat", echo, methods=["POST"])], **settings)


def served(app):
    """Run the app from its start to its end."""

    async def run():
        told = asyncio.Queue()
        for message in ("lifespan.startup", "lifespan.shutdown"):
            told.put_nowait({"type": message})
        sent = []

        async def send(message):
            sent.append(message["type"])

        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, told.get, send)
        return sent

    return asyncio.run(run())


# ---- what is refused


def test_an_app_that_has_started_is_refused():
    app = starlette_app()
    served(app)
    with pytest.raises(ConfigError, match="too late: the app has started"):
        install_headroom(app)


def test_what_is_no_asgi_app_is_refused():
    class Flasklike:
        def wsgi_app(self, environ, start_response):
            return []

        def __call__(self, environ, start_response):
            return []

    for app in (Flasklike(), None, "app:app"):
        with pytest.raises(ConfigError, match="is no ASGI app"):
            install_headroom(app)


@pytest.mark.parametrize("limit", ["rpm", "tpm", "max_concurrent", "budget", "budget_per_key"])
def test_limits_that_nobody_would_apply_are_refused(limit):
    with pytest.raises(ConfigError, match=f"^{limit}: .* only the proxy applies"):
        install_headroom(Inner(), ProxyConfig(**{limit: 1}))


# ---- what it needs

OF_THE_PROXY = {"aiohttp", "fastapi", "starlette", "uvicorn", "click", "rich", "prometheus_client", "websockets"}


def test_it_needs_nothing_of_what_the_proxy_is_made_of():
    """A Django app has no use for them."""
    code = f"""
import sys
sys.modules.update(dict.fromkeys({sorted(OF_THE_PROXY)}))  # whoever imports one gets an ImportError
from headroom.proxy.extensions import install_headroom
async def app(scope, receive, send): ...
print(type(install_headroom(app)).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=False)
    assert (done.stdout.strip(), done.stderr) == ("HostMiddleware", "")


# ---- the seam of Litestar


def test_an_app_with_a_handler_of_its_own_gets_that_wrapped_once():
    inner = Inner()
    app = Litestarlike(inner)
    assert install_headroom(app) is app
    assert isinstance(app.asgi_handler, HeadroomASGIMiddleware)
    wrapped = app.asgi_handler
    assert install_headroom(app).asgi_handler is wrapped
    assert (len(app.on_startup), len(app.on_shutdown)) == (1, 1)
    post(app, PATH, BODY)
    assert len(inner.body) < len(BODY)


# ---- where the store lives


async def lifespan_alone(scope, receive, send):
    """Answer the server as an app does that has nothing to start."""
    for step in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{step}.complete"})


def with_lifespan(inner):
    async def app(scope, receive, send):
        await (lifespan_alone if scope["type"] == "lifespan" else inner)(scope, receive, send)

    return app


def installed(kind, inner, config):
    """Return an app with Headroom in it, and the middleware there."""
    app = install_headroom(Litestarlike(inner) if kind == "litestar" else with_lifespan(inner), config)
    return app, app.asgi_handler if kind == "litestar" else app


@pytest.mark.parametrize("kind", ["litestar", "other"])
def test_the_store_is_closed_at_the_end_and_opened_again_with_the_app(kind, tmp_path):
    config = ProxyConfig(store=f"sqlite:///{tmp_path}/store.db", retrieval="http", **PATIENT)
    inner = Inner()
    app, middleware = installed(kind, inner, config)
    post(app, PATH, BODY)
    [handle] = handles_in(outputs_of("openai-chat", json.loads(inner.body))[0])
    first, tenant = middleware.pipeline.store, middleware.pipeline.tenant_of({})
    kept = first.get(tenant, handle)
    assert kept is not None
    served(app)
    with pytest.raises(StoreError):
        first.get(tenant, handle)
    inner.received.clear()
    post(app, PATH, BODY)
    assert handle.encode() in inner.body
    assert middleware.pipeline.store is not first
    assert middleware.pipeline.store.get(tenant, handle) == kept
    middleware.pipeline.store.close()


def test_the_end_of_the_host_comes_before_ours():
    seen = []

    @asynccontextmanager
    async def lifespan(app):
        yield
        post_inside = app.middleware_stack
        while not isinstance(post_inside, HostMiddleware):
            post_inside = post_inside.app
        seen.append(post_inside._is_open)

    app = install_headroom(starlette_app(lifespan=lifespan))
    assert served(app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert seen == [True]


def test_an_original_is_found_under_the_prefix_of_the_host_also_when_it_is_started_again():
    inner = Inner()
    app = install_headroom(with_lifespan(inner), ProxyConfig(retrieval="http", **PATIENT), manage="/headroom")
    for _ in range(2):
        inner.received.clear()
        post(app, PATH, BODY)
        [handle] = handles_in(outputs_of("openai-chat", json.loads(inner.body))[0])
        scope = scope_of(f"/headroom/v1/retrieve/{handle}", "GET")
        status, _, answer = answer_of(drive(app, scope, [{"type": "http.request", "body": b""}]))
        assert status == 200
        assert OUTPUT in json.loads(answer).values()
        served(app)


@pytest.mark.parametrize("make", [starlette_app, Inner])
def test_a_token_is_asked_for_by_the_management_endpoints_and_nowhere_else(make):
    app = install_headroom(make(), ProxyConfig(token="secret", paths={"/chat": "auto"}), manage="/headroom")
    assert answer_of(drive(app, scope_of("/headroom/stats", "GET", headers=()), []))[0] == 401
    shown = scope_of("/headroom/stats", "GET", headers=[(b"x-headroom-token", b"secret")])
    assert answer_of(drive(app, shown, []))[0] == 200
    assert answer_of(post(app, "/chat", BODY))[0] == 200


# ---- paths behind a prefix


def under(root, path, *, in_path, method="POST"):
    return {**scope_of((root if in_path else "") + path, method), "root_path": root}


@pytest.mark.parametrize("in_path", [True, False], ids=["root in path", "root beside it"])
def test_a_route_of_the_app_is_known_behind_the_prefix_of_its_server(in_path):
    inner = Inner()
    app = install_headroom(inner, ProxyConfig(paths={"/chat": "auto"}))
    drive(app, under("/api", "/chat", in_path=in_path), chunked(BODY, 10_000))
    assert 0 < len(inner.body) < len(BODY)


@pytest.mark.parametrize("in_path", [True, False], ids=["root in path", "root beside it"])
def test_the_management_endpoints_are_found_behind_it_too(in_path):
    app = install_headroom(Inner(), manage="/headroom")
    sent = drive(app, under("/api", "/headroom/livez", in_path=in_path, method="GET"), [])
    assert answer_of(sent)[0] == 200


def test_an_app_under_another_one_knows_its_own_routes():
    below = install_headroom(starlette_app(), ProxyConfig(paths={"/chat": "auto"}))
    _, _, answer = answer_of(post(Starlette(routes=[Mount("/api", below)]), "/api/chat", BODY))
    assert 0 < json.loads(answer)["size"] < len(BODY)
