"""`install_headroom`: into Starlette and FastAPI, around anything else, once however often it is called."""

import json
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.drive import Inner, answer_of, drive, post, scope_of

from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.proxy.config import ProxyConfig
from headroom.proxy.extensions import install_headroom, register_interceptor
from headroom.proxy.interceptors.base import BaseInterceptor, registered, unregister

ROWS = "\n".join(f"2026-11-21T10:00:{n % 60:02d} INFO worker-{n % 4} finished job {n} in 12 ms" for n in range(300))
CALL = {"id": "c", "type": "function", "function": {"name": "logs", "arguments": "{}"}}
BODY = json.dumps(
    {
        "model": "gpt-5",
        "messages": [
            {"role": "assistant", "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c", "content": ROWS},
        ],
    }
).encode()
PATH = "/v1/chat/completions"


def fastapi_app() -> FastAPI:
    app = FastAPI()

    @app.post(PATH)
    async def echo(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    return app


def starlette_app() -> Starlette:
    async def echo(request: StarletteRequest) -> JSONResponse:
        return JSONResponse({"size": len(await request.body())})

    return Starlette(routes=[Route(PATH, echo, methods=["POST"])])


@pytest.mark.parametrize("make", [fastapi_app, starlette_app])
def test_a_framework_app_gets_shorter_bodies_and_stays_itself(make: Any) -> None:
    app = make()
    assert install_headroom(app) is app
    _, headers, body = answer_of(post(app, PATH, BODY))
    assert json.loads(body)["size"] < len(BODY)
    assert int(headers[b"x-headroom-tokens-saved"]) > 0


@pytest.mark.parametrize("make", [fastapi_app, starlette_app])
def test_installing_twice_adds_one_middleware(make: Any) -> None:
    app = make()
    install_headroom(app)
    install_headroom(app)
    assert [m.cls for m in app.user_middleware] == [HeadroomASGIMiddleware]


def test_any_other_app_is_returned_wrapped_and_wrapped_once() -> None:
    inner = Inner()
    app = install_headroom(inner)
    assert isinstance(app, HeadroomASGIMiddleware)
    assert install_headroom(app) is app
    post(app, PATH, BODY)
    assert len(inner.body) < len(BODY)


def test_an_app_with_an_inner_application_gets_that_wrapped() -> None:
    class Quartlike:
        def __init__(self) -> None:
            self.asgi_app: Any = Inner()

    app = Quartlike()
    assert install_headroom(app) is app
    wrapped = app.asgi_app
    assert isinstance(wrapped, HeadroomASGIMiddleware)
    install_headroom(app)
    assert app.asgi_app is wrapped


def test_the_configuration_is_used() -> None:
    inner = Inner()
    post(install_headroom(inner, ProxyConfig(optimize=False)), PATH, BODY)
    assert inner.body == BODY


def get(app: Any, path: str) -> tuple[int, Any]:
    status, _, body = answer_of(drive(app, scope_of(path, "GET"), [{"type": "http.request", "body": b""}]))
    return status, body


@pytest.mark.parametrize("make", [fastapi_app, starlette_app, Inner])
def test_the_management_endpoints_are_found_under_a_prefix(make: Any) -> None:
    app = install_headroom(make(), manage="/headroom")
    post(app, PATH, BODY)
    assert get(app, "/headroom/livez")[0] == 200
    assert get(app, "/headroom/readyz")[0] == 200
    status, body = get(app, "/headroom/stats")
    assert status == 200
    assert json.loads(body)["requests"]["total"] == 1
    assert b"headroom_requests_total" in get(app, "/headroom/metrics")[1]


def test_without_a_prefix_nothing_is_added_to_the_paths_of_the_app() -> None:
    assert get(install_headroom(starlette_app()), "/headroom/livez")[0] == 404


def test_an_interceptor_is_registered_once() -> None:
    class Nothing(BaseInterceptor):
        def intercept(self, payload: dict[str, Any]) -> dict[str, Any]:
            return payload

    one, two = Nothing(), Nothing()
    for interceptor in (one, two, one):
        register_interceptor(interceptor)
    try:
        assert registered() == (one, two)
    finally:
        unregister(one)
        unregister(two)
    assert registered() == ()
