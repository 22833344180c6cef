"""`python -m benchmarks.soak`: hours of large bodies and slow readers in minutes; what becomes of the proxy's memory.

Every client is an agent: it resends its conversation with a new tool output as soon as it is answered. Streams are
read slowly and opened anew when they end. Memory is sampled once a second after a warm-up.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from benchmarks import bodies
from benchmarks.processes import Server, proxy, upstream
from benchmarks.report import Bar, Report, Table, figure, publish
from benchmarks.soak_provider import body_of
from benchmarks.upstream import WHOLE

PATHS = {
    "openai-chat": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "openai-responses": "/v1/responses",
}
_SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}}
_TOOLS = {
    "openai-chat": {"type": "function", "function": {"name": "bash", "parameters": _SCHEMA}},
    "anthropic": {"name": "bash", "input_schema": _SCHEMA},
    "openai-responses": {"type": "function", "name": "bash", "parameters": _SCHEMA},
}
_MB = 1.048576
"""Megabytes (10^6 bytes) in a mebibyte."""
_PATIENCE = 300.0
_READ_BYTES = 65_536
_PER_SECOND = {"paced": 3_500.0, "flood": 640_000.0}
"""How fast streams are read: slower than they come."""
PEAK_MB = 1_500.0
_SMALL_CACHES = ("--store-max-bytes", "16000000", "--memory-bytes", "16000000", "--cache-max-bytes", "16000000")
"""Full when the warm-up ends: what grows then is no cache."""
_RECEIVE_BUFFER = 32_768
_STREAM = json.dumps({"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "Talk."}]}).encode()
_INTRO = (
    "One `headroom proxy` process, its caches at 16 MB each so that they are full after the warm-up, between a "
    "provider and clients on the same CPUs: agents that resend their conversation with a new tool output as soon as "
    "they are answered, and streams that are read slowly, a tenth of them floods of 8 MB that come as fast as they "
    "are taken. Memory is the resident set, sampled once a second after the warm-up; growth compares the medians of "
    "the first and the last quarter of the samples."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much load, and for how long. Warm-up takes its seconds, and until every agent has been answered twice."""

    seconds: float = 600.0
    warm_up: float = 120.0
    agents: int = 64
    body_bytes: int = 4_000_000
    streams: int = 200


FULL = Plan()


@dataclass(slots=True)
class Soak:
    """What has happened so far. `samples` are megabytes, one a second; `failures` are counted by what was seen.

    `twice` is set once there have been two answers for each of the `agents`.
    """

    agents: int = 0

    warmed_up: float = 0.0
    answered: int = 0
    streamed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    samples: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    twice: asyncio.Event = field(default_factory=asyncio.Event)

    def note_answer(self) -> None:
        """Count an agent's answer."""
        self.answered += 1
        if self.answered >= 2 * self.agents:
            self.twice.set()

    @property
    def growth(self) -> float:
        """Percent by which the last quarter of the samples stands over the first."""
        quarter = max(1, len(self.samples) // 4)
        first, last = statistics.median(self.samples[:quarter]), statistics.median(self.samples[-quarter:])
        return (last / first - 1) * 100


@cache
def _conversation(wire: str, size: int) -> bytes:
    """Return a conversation of about a size whose model has tools, so that it can ask for what is left out."""
    return json.dumps({**json.loads(bodies.body(wire, size)), "tools": [_TOOLS[wire]]}, ensure_ascii=False).encode()


def request_of(server: Server, agent: int, turn: int, size: int) -> bytes:
    """Return what an agent sends in a turn: all that it has sent before, but for the newest tool output."""
    wire = list(PATHS)[agent % len(PATHS)]
    body = _conversation(wire, size)
    newest = body.rfind(bodies.SALT.encode())
    body = bodies.resalted(body[:newest], agent) + bodies.resalted(body[newest:], 1_000 + turn % 9_000)
    return _post(server, PATHS[wire], body)


def _post(server: Server, path: str, body: bytes, kind: str = "") -> bytes:
    wanted = f"x-soak: {kind}\r\n" if kind else ""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {server.host}:{server.port}\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer offline\r\n{wanted}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(plan: Plan, server: Server) -> Soak:
    """Load a running proxy as planned; return what was seen."""
    found = Soak(plan.agents)
    work = [_over_and_over(found, _agent(found, plan, server, number)) for number in range(plan.agents)]
    work += [_over_and_over(found, _reader(found, server, number)) for number in range(plan.streams)]
    tasks = [asyncio.create_task(one) for one in work]
    await _warmed_up(found, plan)
    used = server.cpu_seconds()
    ends = time.monotonic() + plan.seconds
    while time.monotonic() < ends:
        await asyncio.sleep(1)
        found.samples.append(server.resident_mib() * _MB)
    found.cpu_seconds = server.cpu_seconds() - used
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _warmed_up(found: Soak, plan: Plan) -> None:
    began = time.monotonic()
    await asyncio.sleep(plan.warm_up)
    await found.twice.wait()
    found.warmed_up = time.monotonic() - began


async def _over_and_over(found: Soak, once: Callable[[int], Awaitable[None]]) -> None:
    turn = 0
    while True:
        try:
            async with asyncio.timeout(_PATIENCE):
                await once(turn)
        except (OSError, EOFError, ValueError) as error:
            found.failures[f"{type(error).__name__}: {error}"] += 1
            await asyncio.sleep(1)
        turn += 1


def _agent(found: Soak, plan: Plan, server: Server, number: int) -> Callable[[int], Awaitable[None]]:
    """Return what an agent does in a turn."""

    async def once(turn: int) -> None:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        try:
            writer.write(request_of(server, number, turn, plan.body_bytes))
            await writer.drain()
            length = _length_of(await reader.readuntil(b"\r\n\r\n"))
            if await reader.readexactly(length) != WHOLE.partition(b"\r\n\r\n")[2]:
                raise ValueError("another answer")
            found.note_answer()
        finally:
            await _left(writer)

    return once


def _reader(found: Soak, server: Server, number: int) -> Callable[[int], Awaitable[None]]:
    """Return what a slow reader does: open a stream and read it to its end."""
    kind = "paced" if number % 10 else "flood"
    request = _post(server, PATHS["openai-chat"], _STREAM, kind)

    async def once(turn: int) -> None:
        if not turn:
            await asyncio.sleep(number % 50 / 5)  # so that they do not all end at once
        reader, writer = await _slow_connection(server)
        try:
            writer.write(request)
            _length_of(await reader.readuntil(b"\r\n\r\n"))
            await _check_stream(reader, len(body_of(kind)), _PER_SECOND[kind])
            found.streamed += 1
        finally:
            await _left(writer)

    return once


async def _slow_connection(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect with a small buffer, so that what is not read stays with the other side."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    connection.settimeout(0)
    await asyncio.get_running_loop().sock_connect(connection, (server.host, server.port))
    return await asyncio.open_connection(sock=connection, limit=_READ_BYTES)


async def _check_stream(reader: asyncio.StreamReader, size: int, per_second: float) -> None:
    """Read a chunked body at so many bytes a second. Raises EOFError or ValueError if it is not whole."""
    seen = 0
    while missing := int(await reader.readuntil(b"\r\n"), 16):
        seen += missing
        while missing:
            data = await reader.readexactly(min(missing, _READ_BYTES))
            missing -= len(data)
            await asyncio.sleep(len(data) / per_second)
        await reader.readexactly(2)
    await reader.readexactly(2)
    if seen != size:
        raise ValueError(f"a stream of {seen} bytes for one of {size}")


def _length_of(head: bytes) -> int:
    """Return the length that the head of an answer gives, 0 without one. Raises ValueError if it is no 200."""
    status, *lines = head.lower().split(b"\r\n")
    if b" 200 " not in status + b" ":
        raise ValueError(f"answered {status.decode('latin-1')}")
    return next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)


async def _left(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def report(plan: Plan) -> Report:
    """Start the processes, load them as planned, and return what was found."""
    with upstream("benchmarks.soak_provider") as provider, proxy(provider.url, *_SMALL_CACHES) as server:
        idle = server.resident_mib() * _MB
        found = asyncio.run(run(plan, server))
    failed = found.failures.total()
    peak = max(found.samples)
    rows = [
        ("agents at a time", figure(plan.agents), f"{figure(plan.body_bytes / 1e6)} MB each"),
        ("streams at a time", figure(plan.streams), "read slowly"),
        ("seconds", figure(plan.seconds), f"after {figure(found.warmed_up)} to warm up"),
        ("requests answered", figure(found.answered), ""),
        ("streams ended", figure(found.streamed), ""),
        ("failed", figure(failed), "; ".join(f"{count} {name}" for name, count in found.failures.most_common(3))),
        ("memory, idle", f"{figure(idle)} MB", ""),
        ("memory, median", f"{figure(statistics.median(found.samples))} MB", f"peak {figure(peak)} MB"),
        ("processor", f"{figure(found.cpu_seconds / plan.seconds * 100)} %", "of one"),
    ]
    bars = [
        Bar("failed requests and streams", failed, 0),
        Bar("growth of memory after the warm-up", found.growth, 1, "%"),
        Bar("peak of memory", peak, PEAK_MB, "MB"),
    ]
    data: dict[str, Any] = {**asdict(plan), **_figures(found), "growth_percent": found.growth, "idle_mb": idle}
    table = Table("Load and memory", ("what", "figure", "note"), rows)
    return Report("soak", _INTRO, [table], bars, data, command="make soak")


def _figures(found: Soak) -> dict[str, Any]:
    names = ("warmed_up", "answered", "streamed", "failures", "samples", "cpu_seconds")
    return {name: getattr(found, name) for name in names}


def main(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status: 1 if a bar is missed."""
    options = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    options.add_argument("--seconds", type=float, default=FULL.seconds, help="for how long memory is sampled")
    given = options.parse_args(arguments)
    found = report(Plan(seconds=given.seconds, warm_up=given.seconds / 5))
    publish(found)
    return 0 if all(bar.held for bar in found.bars) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
