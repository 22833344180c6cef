"""Redis that is killed, freezes and comes back under load: requests go on; limits are closed, or local, as told."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.bench import OK, PATIENCE, Provider, Proxy, in_time, long_body, running
from proxy.net import saying
from state.redis_process import RedisProcess

CLIENTS = 4
LIMITED = ("--rpm", "1000000", "--max-concurrent", "100")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    yield process
    process.kill()


class Load:
    """Clients that ask again as soon as they are answered; `seen` counts the answers to requests made `since`."""

    def __init__(self, proxy: Proxy) -> None:
        self.seen: Counter[int] = Counter()
        self._since = 0
        self._proxy = proxy
        self._number = 0
        self._clients = [asyncio.create_task(self._ask()) for _ in range(CLIENTS)]

    async def _ask(self) -> None:
        while True:
            self._number += 1
            mine = self._number
            answer = await self._proxy.ask("openai", long_body(str(mine)))
            if mine > self._since:
                self.seen[answer.status] += 1
            if answer.status == 503:
                assert answer.values(b"retry-after") == [b"1"]
                assert json.loads(answer.body)["error"]["code"] == "limits_unavailable"

    async def statuses(self, number: int) -> set[int]:
        """Return which statuses so many answers have to requests that are made from now on."""
        self._since = self._number
        self.seen.clear()
        deadline = time.monotonic() + PATIENCE
        while self.seen.total() < number:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        return set(self.seen)

    async def until_well(self) -> None:
        """Wait until nothing but 200 comes."""
        while await self.statuses(2 * CLIENTS) != {200}:
            pass

    async def end(self) -> None:
        for client in self._clients:
            client.cancel()
        for ended in await asyncio.gather(*self._clients, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError)


@pytest.mark.parametrize(
    ("fault", "options", "without"),
    [
        ("killed", (), {200}),
        ("killed", (*LIMITED, "--limits-when-down", "local"), {200}),
        ("killed", LIMITED, {503}),
        ("frozen", LIMITED, {503}),
    ],
    ids=["no limits", "limits that are local then", "limits that are closed then", "a server that is silent"],
)
def test_redis_may_go_and_come_back_under_load(
    fault: str,
    options: tuple[str, ...],
    without: set[int],
    server: RedisProcess,
    tmp_path: Path,
    listening: socket.socket,
    url: str,
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            load = Load(proxy)
            assert await load.statuses(12) == {200}
            server.kill() if fault == "killed" else server.freeze()
            assert await load.statuses(12) == without
            server.start() if fault == "killed" else server.thaw()
            await load.until_well()
            await load.end()
            view = await proxy.view()
            assert view["decisions"]["by_kept"]["handles"]["blocks"] > 0
            assert (await proxy.view("/readyz"))["ready"]

    with running(tmp_path, url, "--store", server.url, *options) as proxy:
        in_time(run(proxy))


def test_without_redis_at_the_start_the_proxy_says_so_and_ends(tmp_path: Path, url: str) -> None:
    with (
        pytest.raises(AssertionError, match=r"Error: Redis failed: .*Connection refused"),
        running(tmp_path, url, "--store", "redis://127.0.0.1:9/0"),
    ):
        pass
