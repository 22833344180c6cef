"""L3 and L14 where they matter: in the real proxy process."""

import pytest
from support.growing import SINGLE, Watch
from support.processes import ask, last_received, provider, proxy
from support.samples import SAMPLES, sample
from support.wires import Step, body_of, encoded

from headroom.providers.routes import ROUTES

# Repeated outputs become references; with tools in the body, the proxy offers retrieval and leaves things out.
STEPS = [Step(sample(name)) for name in sorted(SAMPLES)] + [Step(sample(name)) for name in ("csv_lines", "log_lines")]


@pytest.fixture(scope="module")
def upstream():
    with provider() as base:
        yield base


def _through(base, upstream, route, steps):
    status, _ = ask(base, "POST", route.example, encoded(body_of(route.wire, steps, tools=True)))
    assert status == 200
    return last_received(upstream)


def test_a_proxy_killed_in_mid_conversation_goes_on_with_the_same_bytes(upstream):
    half = len(STEPS) // 2
    with proxy(upstream, seed="1") as (base, process):
        before = {route.name: _through(base, upstream, route, STEPS[:half]) for route in ROUTES}
        process.kill()
        process.wait()
    with proxy(upstream, seed="2") as (base, _):
        for route in ROUTES:
            assert _through(base, upstream, route, STEPS[:half]) == before[route.name]
            after = _through(base, upstream, route, STEPS)
            if route.wire in SINGLE:
                watch = Watch(route.wire)
                assert [watch.broken(before[route.name]), watch.broken(after)] == [[], []]
                assert after.count(b" | headroom_retrieve hash=") > 1
                assert b"[same text as the result of the earlier call" in after
            else:
                assert b"headroom_retrieve" not in after


_AUDIT = """
import sys
def _watch(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}:
        print("AUDIT", event, args[1:] if event == "socket.connect" else args, file=open(__LOG__, "a"), flush=True)
sys.addaudithook(_watch)
# uvloop connects without audit events; the loop of the standard library has them.
import uvicorn
_config = uvicorn.Config
uvicorn.Config = lambda *args, **options: _config(*args, **{**options, "loop": "asyncio"})
"""


def test_the_proxy_speaks_to_its_upstream_and_to_nobody_else(upstream, tmp_path):
    log = tmp_path / "audit.log"
    log.touch()
    with proxy(upstream, before=_AUDIT.replace("__LOG__", repr(str(log)))) as (base, _):
        for route in ROUTES:
            _through(base, upstream, route, STEPS)
        for path in ("/readyz", "/livez", "/health", "/stats", "/metrics", "/v1/models"):
            assert ask(base, "GET", path)[0] == 200
        payload = encoded({"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]})
        assert ask(base, "POST", "/v1/compress", payload)[0] == 200
    port = upstream.rsplit(":", 1)[1]
    seen = log.read_text().splitlines()
    assert any(port in line for line in seen)
    for line in seen:
        assert "127.0.0.1" in line, line
        assert port in line or "getaddrinfo" in line, line
