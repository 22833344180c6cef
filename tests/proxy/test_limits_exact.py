"""Limits of several real processes together: four workers over SQLite, two proxies over Redis; exact to one request.

What fills again while a test runs is counted by the time that it took, so that a slow machine changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from proxy.metered import answering, body_for, reported
from proxy.net import Answer, Call, Script, Upstream, connected, request
from proxy.test_server_process import started
from state.redis_process import RedisProcess

JSON = (b"Content-Type", b"application/json")
KEY = (b"Authorization", b"Bearer sk-one")
OTHER_KEY = (b"Authorization", b"Bearer sk-two")
CHAT = "/v1/chat/completions"
KINDS = ["workers", "redis"]
MANY = 64
PUBLISHED_SECONDS = 1.3
"""After so long every worker has seen what the others have counted."""


@dataclass
class Fleet:
    """Processes that count together; requests go to each of their ports in turn."""

    ports: list[int]
    upstream: Upstream

    async def ask(self, port: int, raw: bytes) -> Answer:
        async with connected(port) as client:
            await client.send(raw)
            return await client.answer()

    async def many(self, raw: bytes, number: int = MANY) -> list[Answer]:
        """Return the answers to so many requests at once, each on a connection of its own."""
        ports = cycle(self.ports)
        return list(await asyncio.gather(*(self.ask(next(ports), raw) for _ in range(number))))

    async def views(self, number: int = 12) -> list[dict[str, Any]]:
        """Return what whichever process is asked says, several times."""
        ports = cycle(self.ports)
        answers = [await self.ask(next(ports), request("GET", "/stats")) for _ in range(number)]
        return [json.loads(answer.body) for answer in answers]


@pytest.fixture
def redis_process(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    yield process
    process.kill()


@pytest.fixture(params=KINDS)
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> list[tuple[str, ...]]:
    """The options of each process of a fleet."""
    if request.param == "workers":
        return [("--workers", "4", "--workspace-dir", str(tmp_path))]
    url = request.getfixturevalue("redis_process").url
    return [("--store", url, "--workspace-dir", str(tmp_path / name)) for name in ("one", "two")]


@asynccontextmanager
async def fleet(script: Script, processes: list[tuple[str, ...]], *options: str) -> AsyncIterator[Fleet]:
    upstream = Upstream(script)
    async with asyncio.timeout(60), AsyncExitStack() as stack:
        url = await stack.enter_async_context(upstream.listening())
        given = ("--openai-api-url", url, "--no-cache", "--retry-max-attempts", "0", *options)
        made = [await stack.enter_async_context(started(*one, *given)) for one in processes]
        whole = Fleet([one.port for one in made], upstream)
        await whole.many(request("GET", "/livez"), 16)  # until all of them serve
        yield whole


def chat(key: tuple[bytes, bytes] = KEY, **fields: Any) -> bytes:
    return request("POST", CHAT, body_for(CHAT, model="gpt-5", **fields), JSON, key)


def granted(answers: list[Answer]) -> int:
    """Return how many went through; check that all others were told when to come again."""
    refused = [answer for answer in answers if answer.status != 200]
    assert {answer.status for answer in refused} <= {429}
    assert all(int(answer.values(b"retry-after")[0]) >= 1 for answer in refused)
    return len(answers) - len(refused)


def assert_exact(number: int, limit: int, per_second: float, begun: float) -> None:
    """Check that no fewer than the limit went through, and no more than that and one, but for what has refilled."""
    refilled = math.ceil((time.monotonic() - begun) * per_second)
    assert limit - 1 <= number <= limit + 1 + refilled


def test_requests_a_minute_are_exact_and_so_is_what_whichever_process_is_asked_says(
    arguments: list[tuple[str, ...]],
) -> None:
    async def run() -> None:
        async with fleet(answering(), arguments, "--rpm", "20") as all_of_them:
            begun = time.monotonic()
            through = granted(await all_of_them.many(chat()))
            assert_exact(through, 20, 20 / 60, begun)
            assert len(all_of_them.upstream.seen) == through
            assert granted(await all_of_them.many(chat(OTHER_KEY), 8)) == 8
            if len(all_of_them.ports) == 1:  # proxies of several machines have figures of their own
                await asyncio.sleep(PUBLISHED_SECONDS)
                await _assert_booked(all_of_them, through + 8, MANY - through)

    asyncio.run(run())


async def _assert_booked(all_of_them: Fleet, through: int, refused: int) -> None:
    views = await all_of_them.views()
    assert {view["requests"]["by_status"].get("200") for view in views} == {through}
    assert {view["refusals"]["rate_limit_exceeded"] for view in views} == {refused}
    assert {view["provider_tokens"]["openai"]["input"] for view in views} == {12 * through}
    texts = [await all_of_them.ask(all_of_them.ports[0], request("GET", "/metrics")) for _ in range(8)]
    lines = {line for text in texts for line in text.body.decode().splitlines() if "headroom_refusals_total{" in line}
    assert lines == {f'headroom_refusals_total{{code="rate_limit_exceeded"}} {refused}.0'}


def test_tokens_a_minute_are_exact_and_those_that_were_not_used_come_back_at_once(
    arguments: list[tuple[str, ...]],
) -> None:
    """Of one key each request is reported as it was estimated; of the other one as next to nothing."""
    each = -(-len(body_for(CHAT, model="gpt-5")) // 4)

    async def script(call: Call) -> None:
        is_sparing = call.seen.values(b"authorization") == [OTHER_KEY[1]]
        await answering(reported(1 if is_sparing else each, 0))(call)

    async def run() -> None:
        async with fleet(script, arguments, "--tpm", str(each * 20)) as all_of_them:
            begun = time.monotonic()
            through = granted(await all_of_them.many(chat()))
            assert_exact(through, 20, 20 / 60, begun)
            assert sum([granted(await all_of_them.many(chat(OTHER_KEY), 10)) for _ in range(4)]) == 40

    asyncio.run(run())


class Gate:
    """A provider that holds every request until it is opened."""

    def __init__(self, answer: bytes = b"") -> None:
        self.opened = asyncio.Event()
        self.most = 0
        self._running = 0
        self._answer = answering(answer)

    async def script(self, call: Call) -> None:
        self._running += 1
        self.most = max(self.most, self._running)
        await self.opened.wait()
        self._running -= 1
        await self._answer(call)

    async def opened_after(self, asking: asyncio.Task[Any], until: Callable[[], bool]) -> None:
        """Open once it is so, and nobody else can come any more because all others are refused."""
        while not until() and not asking.done():  # noqa: ASYNC110 - it is a state and no event
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.5)  # for one too many, which the gate would count
        self.opened.set()


def test_requests_at_a_time_are_exact(arguments: list[tuple[str, ...]]) -> None:
    async def run() -> tuple[int, int, int]:
        gate = Gate()
        async with fleet(gate.script, arguments, "--max-concurrent", "5") as all_of_them:
            asking = asyncio.create_task(all_of_them.many(chat()))
            await gate.opened_after(asking, lambda: gate.most >= 5)
            through = granted(await asking)
            again = granted(await all_of_them.many(chat(), 5))
            return gate.most, through, again

    assert asyncio.run(run()) == (5, 5, 5)


@pytest.mark.parametrize("used", [1_000, 1_500], ids=["as-reserved", "more-than-reserved"])
def test_many_at_once_spend_no_more_than_the_budget_and_what_providers_report_beyond(
    used: int, arguments: list[tuple[str, ...]]
) -> None:
    """Each reserves 0.01 USD and a little for its input: of 64 at once three fit into 0.04 USD."""
    options = ("--budget", "0.04", "--budget-per-key", "0.04")

    async def run() -> tuple[int, int, list[dict[str, Any]]]:
        gate = Gate(reported(0, used))
        async with fleet(gate.script, arguments, *options) as all_of_them:
            asking = asyncio.create_task(all_of_them.many(chat(max_tokens=1_000)))
            await gate.opened_after(asking, lambda: gate.most >= 3)
            through = granted(await asking)
            return gate.most, through, [view["cost"]["budget"] for view in await all_of_them.views()]

    most, through, views = asyncio.run(run())
    # As soon as one has cost less than it had reserved there may be room for another one.
    assert most == 3 <= through <= 4
    reserve = 1_000 * 10e-6
    spent = through * used * 10e-6
    for view in views:
        assert view["spent_usd"] == pytest.approx(spent)
        assert view["reserved_usd"] == 0
    assert spent <= 0.04 + reserve
