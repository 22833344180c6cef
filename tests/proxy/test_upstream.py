"""The way up: proxies of the environment are honoured, credentials of the operator stay at home."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from proxy.bench import config_for
from proxy.net import Upstream, connected, request, serving

from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def sent_to(upstream: Upstream, base: str, set_up: Any = lambda url: None) -> int:
    """Send one request to a provider at `base` while the upstream listens; `{url}` in `base` is its URL."""

    async def run() -> int:
        async with upstream.listening() as url:
            set_up(url)
            config = config_for(base.format(url=url), retry_max_attempts=0)
            pool = Pool(config)
            async with serving(create_app(config, upstream=pool)) as port, connected(port) as client:
                await client.send(request("POST", "/v1/messages", b"{}", (b"Content-Type", b"application/json")))
                status = (await client.answer()).status
            await pool.aclose()
            return status

    return asyncio.run(run())


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = Upstream()
    assert sent_to(upstream, "http://provider.test", lambda url: monkeypatch.setenv("http_proxy", url)) == 200
    assert upstream.seen[0].line == b"POST http://provider.test/v1/messages HTTP/1.1"


def test_hosts_that_need_no_proxy_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    upstream = Upstream()
    assert sent_to(upstream, "{url}") == 200
    assert upstream.seen[0].line == b"POST /v1/messages HTTP/1.1"


def test_credentials_of_a_netrc_file_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login operator password secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    upstream = Upstream()
    assert sent_to(upstream, "{url}") == 200
    assert upstream.seen[0].values(b"authorization") == []


def test_a_pool_can_be_closed_before_it_was_opened() -> None:
    pool = Pool(config_for("http://127.0.0.1:9"))
    asyncio.run(pool.aclose())
    assert not pool.is_open
