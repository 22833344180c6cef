"""What options change, seen from outside: by a pipeline, by an app on a socket of this process, by a server's parts.

Each probe takes a configuration and returns something to compare.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from proxy.net import Answer, Script, Upstream, connected, request, saying, serving
from support.drive import drive, scope_of
from support.wires import Step, body_of, encoded

from headroom.blocks import Outcome
from headroom.ccr.opening import opened
from headroom.errors import HeadroomError
from headroom.integrations.asgi import INLINE_BYTES
from headroom.pipeline import CompressionHooks, Exchange, Pipeline
from headroom.providers import WIRES
from headroom.providers.vendors import VENDORS, vendor_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.server import DrainingServer, create_app
from headroom.proxy.state import ProxyState
from headroom.proxy.stats import Stats
from headroom.proxy.target import Targets
from headroom.proxy.telemetry import FILE
from headroom.proxy.upstream import Upstream as Pool
from headroom.proxy.workers import listener

CHAT = "/v1/chat/completions"
JSON = (b"Content-Type", b"application/json")
KEY = (b"Authorization", b"Bearer sk-one")
OTHER_KEY = (b"Authorization", b"Bearer sk-two")
LOG = "\n".join(
    f"2026-11-21T10:{n // 60:02d}:{n % 60:02d} INFO worker-{n % 4} finished job {n * 7919 % 9973} in {n * n % 97} ms"
    if n != 300
    else "2026-11-21T10:05:00 ERROR worker-2 the disk is full"
    for n in range(600)
)
Probe = Callable[[ProxyConfig], Any]


# ---- the pipeline


def run(config: ProxyConfig, steps: list[Step], wire: str = "openai-chat", **fields: Any) -> Outcome:
    """Run one request of a reader that can ask for originals."""
    return pipeline(config).run(encoded({**body_of(wire, steps, tools=True), **fields}), WIRES[wire], Exchange("r"))


def pipeline(config: ProxyConfig) -> Pipeline:
    able = {"retrieval": "tool"} if config.retrieval == "auto" else {}
    return Pipeline.of(config.model_copy(update=able))


def decided(*steps: Step, what: str = "reason") -> Probe:
    """Return a probe of what the decisions about tool outputs say."""

    def probe(config: ProxyConfig) -> list[Any]:
        return [getattr(d, what) for d in run(config, list(steps)).decisions if d.role == "tool"]

    return probe


def text_of(config: ProxyConfig, text: str = LOG) -> str:
    return run(config, [Step(text)]).body.decode()


def user_reason(config: ProxyConfig) -> list[str]:
    return [d.reason.value for d in run(config, [Step("ok", user=LOG)]).decisions if d.role == "user"]


def remembers(config: ProxyConfig) -> bool:
    one = pipeline(config)
    body = encoded(body_of("openai-chat", [Step(LOG)], tools=True))
    one.run(body, None, Exchange("r"))
    return all(d.remembered for d in one.run(body, None, Exchange("r")).decisions if d.role == "tool")


def history(config: ProxyConfig, pause: float = 301.0, **changes: Any) -> bool:
    """Say whether an old result of a call that is made again is left out of what was sent before."""
    one = pipeline(config.model_copy(update=changes))
    now = [1_000_000.0]
    one.clock = lambda: now[0]
    steps = [
        Step(_prose(at), arguments=json.dumps({"command": command}), user="", assistant="")
        for at, command in enumerate(("git status", "ls", "git status", "date"))
    ]
    for given in (steps[:3], steps):
        body = encoded(body_of("anthropic", given, tools=True))
        outcome = one.run(body, WIRES["anthropic"], Exchange("r"))
        now[0] += pause
    return any(d.encoding == "superseded" for d in outcome.decisions)


def _prose(seed: int) -> str:
    words = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty", "knoll")
    pick = (words[(n * n * 7 + n * seed + n // 11) % 11] for n in range(1, 1100))
    return "\n".join(" ".join(next(pick) for _ in range(9)) for _ in range(120))


def kept(config: ProxyConfig) -> list[bool]:
    """Say which of two originals of three kilobytes are still there after a moment."""
    store, _ = opened(config)
    for name in ("one", "two"):
        store.put("", name, name.encode() * 1000)
        time.sleep(0.03)
    return [store.get("", name) is not None for name in ("one", "two")]


def handle(config: ProxyConfig) -> str:
    _, retrieval = opened(config.model_copy(update={"retrieval": "tool"}))
    assert retrieval is not None
    return retrieval.mint.handle("text")


# ---- the app


def chat(*headers: tuple[bytes, bytes], path: str = CHAT, **fields: Any) -> bytes:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], **fields}
    return request("POST", path, json.dumps(body).encode(), JSON, *(headers or (KEY,)))


def exchanged(config: ProxyConfig, *raws: bytes | float, script: Script | None = None) -> tuple[list[Answer], Upstream]:
    """Send requests to the whole proxy in front of one upstream for all providers; a number is a pause in seconds."""
    upstream = Upstream(script or saying(_answer(b'{"usage":{"prompt_tokens":5,"completion_tokens":1}}')))

    async def act() -> list[Answer]:
        async with asyncio.timeout(20), upstream.listening() as url:
            given = config.model_copy(update={f"{vendor}_api_url": url for vendor in VENDORS})
            pool = Pool(given)
            async with serving(create_app(given, upstream=pool)) as port:
                answers = [await _asked(port, raw) for raw in raws]
            await pool.aclose()
            return [answer for answer in answers if answer is not None]

    return asyncio.run(act()), upstream


async def _asked(port: int, raw: bytes | float) -> Answer | None:
    if isinstance(raw, float):
        await asyncio.sleep(raw)
        return None
    async with connected(port) as client:
        await client.send(raw)
        answer = await client.answer()
    await asyncio.sleep(0.02)  # what is booked behind an answer is booked before the next request
    return answer


def _answer(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def statuses(*raws: bytes, script: Script | None = None, **base: Any) -> Probe:
    """Return a probe of the statuses that requests get. `base` are options that stand besides."""

    def probe(config: ProxyConfig) -> list[int]:
        answers, _ = exchanged(config.model_copy(update=base), *raws, script=script)
        return [answer.status for answer in answers]

    return probe


def asked_of_provider(*raws: bytes | float, **base: Any) -> Probe:
    """Return a probe of how many of the requests reach the provider."""
    return lambda config: len(exchanged(config.model_copy(update=base), *raws)[1].seen)


def arrived(raw: bytes) -> Callable[[ProxyConfig], bytes]:
    """Return a probe of the body that reaches the provider."""
    return lambda config: exchanged(config, raw)[1].seen[0].body


def tool_chat(**fields: Any) -> bytes:
    return request("POST", CHAT, encoded({**body_of("openai-chat", [Step(LOG)], tools=True), **fields}), JSON, KEY)


def once_busy() -> Script:
    """A provider that is busy once."""
    answers = iter((_answer(b"{}", "503 X"), *[_answer(b"{}")] * 9))

    async def script(call: Any) -> None:
        await call.say(next(answers))

    return script


async def silent(call: Any) -> None:
    """A provider that never answers."""
    await call.until_closed()


def logged(config: ProxyConfig) -> list[int]:
    """Return how many lines the log has after two requests, and the one before it."""
    exchanged(config, chat(), chat())
    path = config.log_file or Path("/nonexistent")
    files = (path, path.with_name(path.name + ".1"))
    return [len(one.read_text().splitlines()) if one.exists() else 0 for one in files]


def with_log(config: ProxyConfig) -> ProxyConfig:
    return config.model_copy(update={"log_file": config.workspace_dir.with_suffix(".log")})


class Holding(CompressionHooks):
    """Keeps the first request in work until it is told to go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def pre_compress(self, messages: Any, ctx: Any) -> Any:
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(20)
        return messages


def while_busy(config: ProxyConfig) -> int:
    """Return the status of a request that comes while a large one is in work."""
    large = request("POST", CHAT, encoded(body_of("openai-chat", [Step(LOG)] * 8)), JSON, KEY)
    assert len(large) > INLINE_BYTES

    async def act() -> int:
        holding = Holding()
        async with asyncio.timeout(30), Upstream(saying(_answer(b"{}"))).listening() as url:
            given = config.model_copy(update={"hooks": holding, **{f"{vendor}_api_url": url for vendor in VENDORS}})
            pool = Pool(given)
            async with serving(create_app(given, upstream=pool)) as port:
                first = asyncio.create_task(_asked(port, large))
                await asyncio.to_thread(holding.begun.wait, 20)
                try:
                    second = await _asked(port, chat())
                finally:
                    holding.go_on.set()
                await first
            await pool.aclose()
        assert second is not None
        return second.status

    return asyncio.run(act())


def at_a_time(config: ProxyConfig) -> list[int]:
    """Return the statuses of a request that takes a while and of one that comes meanwhile."""
    asked, go_on = asyncio.Queue[None](), asyncio.Event()

    async def script(call: Any) -> None:
        asked.put_nowait(None)
        await go_on.wait()
        await call.say(_answer(b"{}"))

    async def act() -> list[int]:
        async with asyncio.timeout(20), Upstream(script).listening() as url:
            given = config.model_copy(update={f"{vendor}_api_url": url for vendor in VENDORS})
            pool = Pool(given)
            async with serving(create_app(given, upstream=pool)) as port:
                first = asyncio.create_task(_asked(port, chat()))
                await asked.get()
                second, another = asyncio.create_task(_asked(port, chat())), asyncio.create_task(asked.get())
                await asyncio.wait([second, another], return_when=asyncio.FIRST_COMPLETED)
                another.cancel()
                go_on.set()
                found = [await first, await second]
            await pool.aclose()
        return [answer.status for answer in found if answer is not None]

    return asyncio.run(act())


def other_caller(config: ProxyConfig) -> int:
    """Return the status that another caller gets for an original."""
    wish = {"messages": body_of("openai-chat", [Step(LOG)])["messages"], "config": {"retrieval": "http"}}
    keep = request("POST", "/v1/compress", json.dumps(wish).encode(), JSON, KEY)
    config = config.model_copy(update={"retrieval": "http", "marker_key": None})
    (first,), _ = exchanged(config, keep)
    (name,) = json.loads(first.body)["ccr_hashes"]
    (_, found), _ = exchanged(config, keep, request("GET", f"/v1/retrieve/{name}", b"", OTHER_KEY))
    return found.status


def plugged(config: ProxyConfig) -> int:
    """Return the status of a route that an extension adds; the provider has none of the kind."""
    (answer,), _ = exchanged(config, request("GET", "/plugged/count"), script=saying(_answer(b"{}", "404 X")))
    return answer.status


def target(header: str = "", path: str = CHAT) -> Probe:
    """Return a probe of where a request goes."""

    def probe(config: ProxyConfig) -> str:
        headers = ((b"x-headroom-upstream", header.encode()),) if header else ()
        try:
            found = Targets(config).of(scope_of(path, headers=headers), vendor_of(path, frozenset()))
        except HeadroomError as error:
            return type(error).__name__
        return getattr(found, "base", "")

    return probe


def starts(config: ProxyConfig) -> bool:
    try:
        create_app(config)
    except HeadroomError:
        return False
    return True


def lived(config: ProxyConfig) -> bool:
    """Start and stop an app; say whether it has left totals."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    drive(create_app(config), {"type": "lifespan"}, messages)
    return (config.workspace_dir / FILE).exists()


# ---- the server


def bound(config: ProxyConfig) -> tuple[str, int]:
    with listener(config) as found:
        address: tuple[str, int] = found.getsockname()[:2]
        return address


def ends_at_once(*, busy: bool) -> Probe:
    """Return a probe of whether a server that is told to stop does so at once."""

    async def ended(config: ProxyConfig) -> bool:
        settings = uvicorn.Config(create_app(config), log_config=None)
        settings.load()
        server = DrainingServer(settings, ProxyState(config, Stats()))
        if busy:
            server.server_state.tasks.add(asyncio.create_task(asyncio.sleep(0)))
        server.handle_exit(signal.SIGTERM, None)
        await server.on_tick(1)
        return server.should_exit

    return lambda config: asyncio.run(ended(config))


@contextmanager
def full_listener() -> Iterator[str]:
    """Yield the URL of a socket at which connections are neither taken nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for one in waiting:
                one.close()


def unreachable(config: ProxyConfig) -> int:
    async def act(url: str) -> int:
        given = config.model_copy(update={"openai_api_url": url, "retry_max_attempts": 0})
        pool = Pool(given)
        async with asyncio.timeout(10), serving(create_app(given, upstream=pool)) as port:
            answer = await _asked(port, chat())
        await pool.aclose()
        return answer.status if answer is not None else 0

    with full_listener() as url:
        return asyncio.run(act(url))
