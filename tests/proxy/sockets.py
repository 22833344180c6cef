"""Both ends of a relayed WebSocket: a provider whose every message is scripted, and a client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Any

import uvicorn
from ccr.reading import read
from ccr.scripts import Said, stream
from proxy.bench import config_for
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from headroom.pipeline import Exchange, PipelineEvent, PipelineStage
from headroom.proxy.server import create_app
from headroom.proxy.upstream import Upstream as Pool

Script = Callable[[ServerConnection], Awaitable[None]]
RESPONSES = "/v1/responses"
_FINAL = ("completed", "incomplete", "failed")


class Provider:
    """A provider of sockets. `handshakes` and `got` hold what has come, `closed` how the sockets have ended."""

    def __init__(
        self, script: Script, refusal: tuple[int, dict[str, str], bytes] | None = None, **options: Any
    ) -> None:
        self._script = script
        self._refusal = refusal
        self._options = options
        self.handshakes: list[Any] = []
        self.got: list[str | bytes] = []
        self.closed: asyncio.Queue[tuple[int, str]] = asyncio.Queue()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        options = {"max_size": None, "compression": None, "process_request": self._received, **self._options}
        async with serve(self._serve, "127.0.0.1", 0, **options) as server:
            yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"

    def _received(self, socket: ServerConnection, request: Any) -> Any:
        self.handshakes.append(request)
        if self._refusal is None:
            return None
        status, headers, body = self._refusal
        answer = socket.respond(HTTPStatus(status), "")
        answer.body = body
        del answer.headers["Content-Length"]
        del answer.headers["Content-Type"]
        answer.headers.update({**headers, "Content-Length": str(len(body))})
        return answer

    async def _serve(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await self._script(_Recording(socket, self.got))  # type: ignore[arg-type]
        await socket.close()
        await self.closed.put((socket.close_code or 0, socket.close_reason or ""))


class _Recording:
    """A socket that notes what comes."""

    def __init__(self, socket: ServerConnection, got: list[str | bytes]) -> None:
        self._socket = socket
        self._got = got

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    async def recv(self) -> str | bytes:
        message = await self._socket.recv()
        self._got.append(message)
        return message

    async def asked(self) -> dict[str, Any]:
        """Return the next request, as values."""
        request: dict[str, Any] = json.loads(await self.recv())
        return request

    async def say(self, *events: Any) -> None:
        for event in events:
            await self._socket.send(event if isinstance(event, (str, bytes)) else json.dumps(event))


class Booked:
    """An observer that keeps the exchanges that are over."""

    stages = frozenset({PipelineStage.RESPONSE_RECEIVED})

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def on_pipeline_event(self, event: PipelineEvent) -> None:
        assert event.exchange is not None
        self.exchanges.append(event.exchange)


@asynccontextmanager
async def proxied(provider: Provider, **options: Any) -> AsyncIterator[str]:
    """Serve the whole proxy in front of the provider; yield the URL of its sockets."""
    async with asyncio.timeout(30), provider.listening() as url:
        config = config_for(url, **options)
        pool = Pool(config)
        try:
            async with _serving(create_app(config, upstream=pool), config.max_body_bytes) as port:
                yield f"ws://127.0.0.1:{port}"
        finally:
            await pool.aclose()


@asynccontextmanager
async def _serving(app: Any, max_size: int) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", ws="websockets-sansio", ws_max_size=max_size,
        server_header=False, date_header=False,
    )  # fmt: skip
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=2)


def through(
    provider: Provider,
    act: Callable[[ClientConnection], Awaitable[Any]],
    path: str = RESPONSES,
    connecting: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Run one client's act on a socket through the proxy."""

    async def run() -> Any:
        async with proxied(provider, **options) as url:
            given = {"max_size": None, "compression": None, **(connecting or {})}
            async with connect(url + path, **given) as socket:
                return await act(socket)

    return asyncio.run(run())


def frames(answer: Said, **also: Any) -> list[str]:
    """Return an answer as the frames of a Responses socket."""
    events = [event.decode().split("data: ", 1)[1].rstrip("\n") for event in stream("openai-responses", answer)]
    return [json.dumps({**json.loads(event), **also}, ensure_ascii=False) if also else event for event in events]


async def answer_on(socket: ClientConnection) -> list[str]:
    """Return the frames of the next answer."""
    heard: list[str] = []
    while True:
        frame = await socket.recv()
        assert isinstance(frame, str)
        heard.append(frame)
        event = json.loads(frame) if frame.lstrip().startswith("{") else {}
        if event.get("type") == "error" or event.get("response", {}).get("status") in _FINAL:
            return heard


def read_frames(heard: list[str]) -> dict[str, Any]:
    """Put an answer together as a strict client does; see `ccr.reading`."""
    events = [f"event: {json.loads(frame)['type']}\ndata: {frame}\n\n" for frame in heard]
    return read("openai-responses", "".join(events).encode())
