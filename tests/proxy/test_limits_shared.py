"""Limits that several proxies share: by a file, by Redis, while Redis is gone and when it is back; on sockets."""

import asyncio
import json

import pytest
from ccr.scripts import said
from proxy.bench import config_for, proxied, request
from proxy.metered import JSON, answering, body_for, limited, reported
from proxy.net import Upstream, connected
from proxy.sockets import Provider, answer_on, frames
from proxy.sockets import through as on_a_socket
from proxy.test_limits import called
from state.redis_process import RedisProcess
from support.drive import Inner

from headroom.proxy import quota as quotas
from headroom.proxy.quota import Quota
from headroom.proxy.refusals import LimitsUnavailableError
from headroom.proxy.server import create_app
from headroom.state import counters as rules
from headroom.state import redis_link
from headroom.state.counters import Grant, Rate, Share, Slot
from headroom.state.counters_memory import MemoryCounters
from headroom.state.counters_opening import open_counters
from headroom.state.counters_redis import RedisCounters

CHAT = "/v1/chat/completions"
LATER = 4_000_000_000.0


@pytest.fixture
def redis_process(tmp_path):
    process = RedisProcess(tmp_path)
    yield process
    process.kill()


@pytest.fixture
def impatient(monkeypatch):
    """Nobody waits long: neither for a server nor for its return."""
    monkeypatch.setattr(redis_link, "_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(redis_link, "_REST_SECONDS", 0.05)


def url_of(store, folder, server):
    return server.url if store == "redis" else f"sqlite:{folder}/store.db"


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_proxies_that_share_a_store_share_their_limits(store, tmp_path, redis_process):
    async def run():
        upstream = Upstream(answering())
        options = {"store": url_of(store, tmp_path, redis_process), "rpm": 5}
        statuses = []
        async with proxied(upstream, **options) as one, proxied(Upstream(answering()), **options) as two:
            for port in (one, two) * 4:
                async with connected(port) as client:
                    await client.send(request("POST", CHAT, body_for(CHAT), JSON))
                    statuses.append((await client.answer()).status)
        return statuses

    assert asyncio.run(run()) == [200] * 5 + [429] * 3


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_a_budget_outlives_the_proxy_that_spent_it(store, tmp_path, redis_process):
    url = url_of(store, tmp_path, redis_process)
    body = body_for(CHAT, model="gpt-5", max_tokens=1_000)
    statuses = []
    for _ in range(2):
        counters = open_counters(url)
        limits = limited(Inner(chunks=(reported(0, 1_000),)), counters, budget=0.013)
        statuses.append(called(limits, body=body)[0])
        counters.close()
    assert statuses == [200, 429]


@pytest.mark.parametrize("answer", [answering(), answering(b"{}", 400)], ids=["ok", "error"])
def test_who_has_the_whole_answer_may_ask_again_at_once_however_long_it_takes_to_settle(answer, monkeypatch):
    settle = Quota.settle

    async def slow(self, held, actual):
        await asyncio.sleep(0.05)
        await settle(self, held, actual)

    async def run():
        async with proxied(Upstream(answer), max_concurrent=1) as port, connected(port) as client:
            statuses = []
            for _ in range(4):
                await client.send(request("POST", CHAT, body_for(CHAT), JSON))
                statuses.append((await client.answer()).status)
            return statuses

    monkeypatch.setattr(Quota, "settle", slow)
    assert 429 not in asyncio.run(run())


# ---- when the server is gone


@pytest.mark.parametrize("ending", ["kill", "freeze"])
def test_without_redis_nothing_goes_through_until_it_is_back(ending, redis_process, impatient):
    inner = Inner(chunks=(reported(),))
    limits = limited(inner, RedisCounters(redis_process.url), rpm=100)
    assert called(limits)[0] == 200
    assert limits.quota.status == "ok"
    getattr(redis_process, ending)()
    inner.received.clear()
    status, headers, body = called(limits)
    assert (status, headers[b"retry-after"], inner.received) == (503, b"1", [])
    error = json.loads(body)["error"]
    assert error["code"] == "limits_unavailable"
    assert "edis" not in body.decode()
    assert limits.quota.status == "unavailable"
    redis_process.thaw() if ending == "freeze" else redis_process.start()
    asyncio.run(asyncio.sleep(0.1))
    assert called(limits)[0] == 200
    assert limits.quota.status == "ok"


def test_without_redis_each_process_counts_for_itself_if_told_so(redis_process, impatient):
    limits = limited(counters=RedisCounters(redis_process.url), rpm=2, limits_when_down="local")
    assert called(limits)[0] == 200
    redis_process.kill()
    assert [called(limits)[0] for _ in range(3)] == [200, 200, 429]
    assert limits.quota.status == "local"
    redis_process.start()
    asyncio.run(asyncio.sleep(0.1))
    assert [called(limits)[0] for _ in range(3)] == [200, 200, 429]


def test_a_proxy_that_never_saw_its_redis_refuses_or_counts_for_itself(impatient):
    gone = "redis://127.0.0.1:9/0"
    assert called(limited(counters=RedisCounters(gone), rpm=1))[0] == 503
    local = limited(counters=RedisCounters(gone), rpm=1, limits_when_down="local")
    assert [called(local)[0] for _ in range(2)] == [200, 429]


def test_a_proxy_whose_limits_are_gone_is_not_ready_unless_it_counts_for_itself(impatient):
    async def readiness(when_down):
        async with (
            proxied(
                Upstream(), store="redis://127.0.0.1:9/0", retrieval="off", rpm=5, limits_when_down=when_down
            ) as port,
            connected(port) as client,
        ):
            await client.send(request("POST", CHAT, body_for(CHAT), JSON))
            first = await client.answer()
            await client.send(request("GET", "/readyz"))
            ready = await client.answer()
            await client.send(request("GET", "/stats"))
            stats = await client.answer()
        return first.status, json.loads(ready.body)["checks"]["rate_limiter"], json.loads(stats.body)["rate_limiter"]

    status, check, view = asyncio.run(readiness("closed"))
    assert (status, check) == (503, {"enabled": True, "ready": False, "status": "unavailable"})
    assert view["status"] == "unavailable"
    status, check, _ = asyncio.run(readiness("local"))
    assert (status, check) == (200, {"enabled": True, "ready": True, "status": "local"})


def test_proxies_agree_on_who_is_who_after_their_server_has_forgotten_everything(redis_process, impatient):
    async def run():
        old, new = Quota(RedisCounters(redis_process.url)), Quota(RedisCounters(redis_process.url))
        before = await old.secret()
        redis_process.kill()
        with pytest.raises(LimitsUnavailableError):
            await old.claim([Slot("one", "requests", 1)])
        redis_process.start()
        await asyncio.sleep(0.1)
        after = [await old.secret(), await new.secret()]
        await old.aclose()
        await new.aclose()
        return before, after

    before, (one, other) = asyncio.run(run())
    assert before != one == other


def test_what_could_not_be_settled_is_settled_when_the_server_is_back(redis_process, impatient):
    share = Share("", "budget", "p", 100, 1_000, LATER)

    async def run():
        quota = Quota(RedisCounters(redis_process.url))
        quota.renew_seconds = 0.05
        held = await quota.claim([share])
        redis_process.freeze()
        await quota.settle(held, [70])
        redis_process.thaw()
        await quota._keeper
        standing = await quota.standing(share)
        await quota.aclose()
        return standing

    async def bounded():
        async with asyncio.timeout(10):
            return await run()

    spent, reserved = asyncio.run(bounded())
    assert (spent, reserved) == (70, 0)


def test_it_is_known_that_the_server_is_gone_or_back_before_a_request_comes(redis_process, impatient, monkeypatch):
    monkeypatch.setattr(quotas, "_LOOK_SECONDS", 0.02)

    async def until(quota, status):
        async with asyncio.timeout(10):
            while quota.status != status:  # noqa: ASYNC110 - it is a state and no event
                await asyncio.sleep(0.01)

    async def run():
        quota = Quota(RedisCounters(redis_process.url))
        quota.watch()
        await until(quota, "ok")
        redis_process.kill()
        await until(quota, "unavailable")
        redis_process.start()
        await until(quota, "ok")
        await quota.aclose()
        return quota._watcher.done()

    assert asyncio.run(run())


# ---- holding


def test_what_is_held_is_renewed_while_the_request_runs_and_not_afterwards(monkeypatch):
    monkeypatch.setattr(rules, "LEASE_SECONDS", 0.2)
    slot = Slot("one", "requests", 1)

    async def run():
        counters = MemoryCounters()
        quota = Quota(counters)
        quota.renew_seconds = 0.02
        held = await quota.claim([slot, Rate("one", "requests", 1, 60, 60)])
        await asyncio.sleep(0.5)
        taken = not isinstance(counters.claim([slot]), Grant)
        await quota.settle(held, [0, 1])
        async with asyncio.timeout(5):
            await quota._keeper
        return taken, isinstance(counters.claim([slot]), Grant)

    assert asyncio.run(run()) == (True, True)


def test_a_request_whose_task_is_cancelled_is_settled_all_the_same(tmp_path):
    counters = open_counters(f"sqlite:{tmp_path}/store.db")
    started = asyncio.Event()

    async def endless(scope, receive, send):
        started.set()
        await asyncio.Event().wait()

    async def run():
        limits = limited(endless, counters, max_concurrent=1)
        scope = {"type": "websocket", "path": "/v1/realtime", "headers": [], "client": ("a", 1)}
        task = asyncio.create_task(limits(scope, None, None))
        await started.wait()
        task.cancel()
        await asyncio.wait([task])
        granted = await limits.quota.claim([Slot(await limits._tenant(scope), "requests", 1)])
        await limits.quota.aclose()
        return granted

    assert isinstance(asyncio.run(run()), quotas.Held)


def test_the_counters_are_closed_when_the_server_stops(tmp_path):
    async def run():
        app = create_app(config_for("http://127.0.0.1:9", store=f"sqlite:{tmp_path}/store.db", rpm=1))
        incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent = []

        async def receive():
            return incoming.pop(0)

        async def send(message):
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)
        with pytest.raises(LimitsUnavailableError):
            await Quota(app.app.app.quota._counters).claim([Slot("one", "requests", 1)])
        return sent

    assert asyncio.run(run()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# ---- requests on a socket


def test_requests_on_a_responses_socket_are_limited_one_by_one():
    def asking(text):
        item = {"type": "message", "role": "user", "content": text}
        return json.dumps({"type": "response.create", "model": "gpt-5", "input": [item]})

    async def script(socket):
        await socket.asked()
        await socket.say(*frames(said("Hi.")))
        await socket.wait_closed()

    async def act(socket):
        await socket.send(asking("one"))
        first = await answer_on(socket)
        await socket.send(asking("two"))
        (refused,) = await answer_on(socket)
        return json.loads(first[-1])["type"], json.loads(refused)

    provider = Provider(script)
    last, refused = on_a_socket(provider, act, rpm=1)
    assert last == "response.completed"
    assert (refused["type"], refused["status"]) == ("error", 429)
    assert refused["error"]["code"] == "rate_limit_exceeded"
    assert len(provider.got) == 1
