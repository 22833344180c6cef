"""`install_headroom`: into Starlette and FastAPI, around anything else, once however often it is called."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse
from starlette.routing import Route
from support.distributions import installed
from support.drive import Inner, answer_of, drive, post, scope_of
from support.processes import ask, last_received, provider, proxy

from headroom.errors import ConfigError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.pipeline.plugins import extensions_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.extensions import install_headroom, register_interceptor
from headroom.proxy.install import HostMiddleware
from headroom.proxy.interceptors.base import BaseInterceptor, registered, unregister
from headroom.proxy.security import Doorkeeper
from headroom.proxy.server import create_app

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
    assert [m.cls for m in app.user_middleware] == [HostMiddleware]


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


PLUGGED = {"pipeline_count": "Count", "proxy_routes": "install", "proxy_whole": ""}


def test_a_distribution_adds_to_the_proxy_what_is_chosen_by_name(tmp_path: Path) -> None:
    installed(tmp_path, "plugged_process", **PLUGGED)
    options = ["--proxy-extension", "routes", "--pipeline-extension", "count", "--token", "t"]
    before = f"import sys; sys.path.append({str(tmp_path)!r})"
    with provider() as upstream, proxy(upstream, *options, before=before) as (base, process):
        status, _ = ask(base, "POST", PATH, BODY, x_headroom_token="t")
        assert status == 200
        assert json.loads(last_received(upstream))["stamped"] is True
        assert ask(base, "GET", "/plugged/count", b"")[0] == 401
        assert json.loads(ask(base, "GET", "/plugged/count", b"", x_headroom_token="t")[1]) == {
            "seen": 1,
            "mode": "token",
        }
        echo = ask(base, "POST", "/plugged/v1/x", b'{"a": 1}', x_headroom_token="t")[1]
        assert json.loads(echo)["echo"] == {"a": 1}
        assert ask(base, "GET", "/readyz")[0] == 200
        process.terminate()
        assert process.wait(10) == 0


def test_what_is_installed_and_not_chosen_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "plugged_idle", "raise SystemExit", **PLUGGED)
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(create_app(ProxyConfig()), Doorkeeper)


FAULTS = [
    ("unknown_name", {"proxy_extensions": ["rotues"]}, "no proxy extension 'rotues'; known are: .*routes"),
    ("unknown_observer", {"pipeline_extensions": ["x"]}, "no pipeline extension 'x'; known are: .*count"),
    ("no_module", {"proxy_extensions": ["gone"]}, "'gone' .* cannot be used: ModuleNotFoundError"),
    ("no_name", {"proxy_extensions": ["absent"]}, "'absent' .* cannot be used: AttributeError"),
    ("raises", {"proxy_extensions": ["broken"]}, "'broken' cannot be used: LookupError: no licence"),
    ("no_function", {"proxy_extensions": ["nothing"]}, "'nothing' has no function install"),
    ("no_observer", {"pipeline_extensions": ["install"]}, "'install' has no method on_pipeline_event"),
]


@pytest.mark.parametrize(("name", "options", "said"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_an_extension_that_cannot_be_had_stops_the_start_and_is_named(
    name: str, options: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = {
        "proxy_broken": "broken",
        "proxy_nothing": "nothing",
        "proxy_absent": "no_such",
        "pipeline_install": "install",
    }
    installed(tmp_path, f"plugged_{name}", **PLUGGED, **points)
    installed(tmp_path, f"plugged_{name}_gone", proxy_gone="")
    (tmp_path / f"plugged_{name}_gone.py").unlink()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=said):
        create_app(ProxyConfig(**options))


def test_an_observer_by_name_is_one_object_however_many_pipelines_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "plugged_once", pipeline_once="Count")
    monkeypatch.syspath_prepend(tmp_path)
    assert extensions_of(["once"])[0] is extensions_of(["once"])[0]
