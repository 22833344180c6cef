"""A load generator with little overhead: raw keep-alive connections that send bytes made beforehand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

from benchmarks.processes import Server

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds from sending a request to the first byte of the answer's body and to its end."""

    first: float
    whole: float


@dataclass(frozen=True, slots=True)
class Round:
    """All requests of one round, and the seconds that it took."""

    timed: list[Timed]
    seconds: float

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return len(self.timed) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time below which this share of the answers ended, in seconds."""
        return percentile([one.whole for one in self.timed], share)

    def first(self, share: float) -> float:
        """Return the same for the first byte of the answers' bodies."""
        return percentile([one.first for one in self.timed], share)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


class Connection(asyncio.Protocol):
    """One connection that has one request on the way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._begin()

    def _begin(self) -> None:
        self._buffer = bytearray()
        self._body_at = -1
        self._needed = -1
        self._first = 0.0
        self._sent = time.perf_counter()
        self._done: asyncio.Future[Timed] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is waited for."""
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))
            self._done.exception()

    def data_received(self, data: bytes) -> None:
        """Note when the body begins and when the answer is whole."""
        now = time.perf_counter()
        self._buffer += data
        if self._body_at < 0 and not self._read_head():
            return
        if not self._first and len(self._buffer) > self._body_at:
            self._first = now
        whole = self._buffer.endswith(b"0\r\n\r\n") if self._needed < 0 else len(self._buffer) >= self._needed
        if whole and not self._done.done():
            self._done.set_result(Timed((self._first or now) - self._sent, now - self._sent))

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status, *lines = bytes(self._buffer[:end]).lower().split(b"\r\n")
        if b" 200 " not in status + b" ":
            self._done.set_exception(ConnectionError(f"answered {status.decode('latin-1')}"))
            return False
        self._body_at = end + 4
        for line in lines:
            if line.startswith(b"content-length:"):
                self._needed = self._body_at + int(line[15:])
        return True

    async def ask(self, request: bytes) -> Timed:
        """Send a request and wait for the whole answer. Raises ConnectionError if it is not a 200."""
        assert self._transport is not None
        self._begin()
        self._transport.write(request)
        return await self._done

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


class Load:
    """Open connections to one server."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self.connections = connections

    @classmethod
    async def opened(cls, server: Server, connections: int) -> Load:
        """Open so many connections."""
        loop = asyncio.get_running_loop()
        pairs = [await loop.create_connection(Connection, server.host, server.port) for _ in range(connections)]
        return cls([connection for _, connection in pairs])

    async def round(
        self, requests: Sequence[bytes], count: int, per_second: float = 0.0, *, within: float = TIMEOUT_SECONDS
    ) -> Round:
        """Send `count` requests in all, taken from `requests` in turn.

        `per_second` paces all connections together, each at its own phase; 0 sends as fast as answers come. Raises
        TimeoutError after `within` seconds.
        """
        todo = islice(cycle(requests), count)
        pause = len(self.connections) / per_second if per_second else 0.0
        start = time.perf_counter()
        phases = [pause * place / len(self.connections) for place in range(len(self.connections))]
        work = [self._work(one, todo, pause, phase) for one, phase in zip(self.connections, phases, strict=True)]
        lists = await asyncio.wait_for(asyncio.gather(*work), within)
        return Round([one for timed in lists for one in timed], time.perf_counter() - start)

    async def _work(self, connection: Connection, todo: islice[bytes], pause: float, phase: float) -> list[Timed]:
        timed: list[Timed] = []
        due = time.perf_counter() + phase
        for request in todo:
            if pause:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                due += pause
            timed.append(await connection.ask(request))
        return timed

    def close(self) -> None:
        """Close all connections."""
        for connection in self.connections:
            connection.close()


def http_request(
    server: Server, path: str, body: bytes, *, streamed: bool = False, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return a POST of a JSON body as bytes; a streamed one accepts events. `headers` are sent besides the usual."""
    accept = "text/event-stream" if streamed else "application/json"
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {server.host}:{server.port}\r\naccept: {accept}\r\n"
        f"authorization: Bearer offline\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
    )
    head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()) + "\r\n"
    return head.encode() + body
