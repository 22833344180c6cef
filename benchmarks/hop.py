"""`python -m benchmarks.hop`: what the proxy adds to a request, over loopback, between real processes.

Direct and proxied rounds alternate, so that what else the machine does meets both alike; figures are medians over
rounds of the difference to the direct round beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import bodies
from benchmarks.beside import worst_sign_of_life, worst_small_request
from benchmarks.load import Load, Round, http_request
from benchmarks.processes import Server, proxy, relay, upstream
from benchmarks.report import Bar, Report, Table, figure, publish
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.body import Message, Receive, Scope, Send

PATH = "/v1/chat/completions"
SIZES = {"1 KB": 1_000, "20 KB": 20_000, "200 KB": 200_000, "1 MB": 1_000_000}
CONNECTIONS = (1, 8, 16)
_MS = 1e3
_MB = 1.048576
"""Megabytes (10^6 bytes) in a mebibyte."""
_INTRO = (
    "An upstream with constant answers, a real `headroom proxy` process in front of it, and one load generator, all "
    "on loopback and on the same CPUs. Milliseconds over a direct request: medians of alternating rounds. `pass` has "
    "nothing to compress, `off` runs with `--no-optimize`, `remembered` resends tool outputs, `cold` brings only new "
    "ones, `stream` is answered with events. `bare` is a relay that does nothing but what uvicorn and aiohttp do: no "
    "proxy made of them can go below. In these, every connection asks again as soon as it is answered, so the proxy's "
    "one process is saturated and what is added is mostly waiting for the others; where it says `paced`, all "
    "connections together ask 200 times a second."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: rounds of a case and requests of a round."""

    sizes: dict[str, int]
    connections: tuple[int, ...] = CONNECTIONS
    rounds: int = 5
    requests: int = 240
    cold_requests: int = 16
    starts: int = 3
    calls: int = 20_000
    large: int = 5
    paced_per_second: float = 200.0


FULL = Plan(SIZES)
TINY = Plan(
    {"1 KB": 1_000, "20 KB": 20_000}, (1, 2), rounds=1, requests=8, cold_requests=2, starts=1, calls=200, large=1
)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request at one number of connections; each body is sent in turn.

    `per_second` paces all connections together; 0 lets each ask as soon as it is answered.
    """

    mode: str
    size: str
    connections: int
    bodies: Sequence[bytes]
    requests: int
    streamed: bool = False
    per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What the proxy adds in one case: milliseconds, and its CPU seconds for 1,000 requests."""

    mode: str
    size: str
    connections: int
    p50: float
    p99: float
    first_p50: float
    per_second: float
    direct_per_second: float
    cpu_per_1000: float

    @property
    def row(self) -> tuple[str, ...]:
        """The case as a row of a table."""
        figures = (self.p50, self.p99, self.first_p50, self.per_second, self.direct_per_second, self.cpu_per_1000)
        return (self.mode, self.size, str(self.connections), *map(figure, figures))


def cases(plan: Plan) -> list[Case]:
    """Return the cases for the proxy as it is by default."""
    found: list[Case] = []
    for size, count in plan.sizes.items():
        requests = max(plan.rounds, min(plan.requests, 40 * plan.requests * 1_000 // count))
        resent = bodies.body("openai-chat", count)
        for n in plan.connections:
            found.append(Case("pass", size, n, [bodies.plain(count)], requests))
            paced = Case("paced", size, n, [bodies.plain(count)], requests, per_second=plan.paced_per_second)
            found += [paced] if count <= 1_000 else []
            found.append(Case("remembered", size, n, [resent], requests))
        found.append(Case("cold", size, 1, [resent], plan.cold_requests))
    streamed = [bodies.plain(1_000)]
    found += [Case("stream", "1 KB", n, streamed, plan.requests // 2, streamed=True) for n in plan.connections[:2]]
    return found


def _small_cases(plan: Plan) -> list[Case]:
    """Return the cases for the proxy with compression switched off, and for the libraries alone."""
    (size, count), *_ = plan.sizes.items()
    sent, some = [bodies.plain(count)], plan.connections[-2]
    return [
        Case("off", size, plan.connections[-1], sent, plan.requests),
        Case("bare", size, some, sent, plan.requests),
        Case("bare, paced", size, some, sent, plan.requests, per_second=plan.paced_per_second),
    ]


async def measure(case: Case, direct: Server, proxied: Server, rounds: int) -> Measured:
    """Run the rounds of a case, after one to warm up."""
    ways = [await Load.opened(server, case.connections) for server in (direct, proxied)]
    pairs: list[tuple[Round, Round]] = []
    cpu = 0.0
    for number in range(rounds + 1):
        sent = _fresh(case, number) if case.mode == "cold" else case.bodies
        requests = [http_request(direct, PATH, body, streamed=case.streamed) for body in sent]
        plain = await ways[0].round(requests, case.requests, case.per_second)
        used = proxied.cpu_seconds()
        through = await ways[1].round(requests, case.requests, case.per_second)
        if number:
            cpu += proxied.cpu_seconds() - used
            pairs.append((plain, through))
    for way in ways:
        way.close()
    return _summed(case, pairs, cpu)


def _fresh(case: Case, number: int) -> list[bytes]:
    """Return bodies whose tool outputs were in no earlier round."""
    first = 1 + number * case.requests
    return [bodies.resalted(body, salt) for body in case.bodies for salt in range(first, first + case.requests)]


def _summed(case: Case, pairs: Sequence[tuple[Round, Round]], cpu: float) -> Measured:
    def over(share: float, *, first: bool = False) -> float:
        times = [[r.first(share) if first else r.percentile(share) for r in pair] for pair in pairs]
        return statistics.median(through - plain for plain, through in times) * _MS

    return Measured(
        case.mode,
        case.size,
        case.connections,
        p50=over(0.5),
        p99=over(0.99),
        first_p50=over(0.5, first=True),
        per_second=statistics.median(through.per_second for _, through in pairs),
        direct_per_second=statistics.median(plain.per_second for plain, _ in pairs),
        cpu_per_1000=cpu / (len(pairs) * case.requests) * 1_000,
    )


async def measure_all(plan: Plan) -> tuple[list[Measured], dict[str, float]]:
    """Start all processes; return every case, and what else is to know of the proxy's process."""
    with ExitStack() as stack:
        direct = stack.enter_context(upstream())
        optimising = stack.enter_context(proxy(direct.url))
        idle = optimising.resident_mib() * _MB
        found = [await measure(case, direct, optimising, plan.rounds) for case in cases(plan)]
        small = await worst_small_request(optimising, plan.large)
        alive = await worst_sign_of_life(optimising, plan.large)
        busy = optimising.resident_mib() * _MB
        off = stack.enter_context(proxy(direct.url, "--no-optimize"))
        bare = stack.enter_context(relay(direct.url))
        beside = [(case, off if case.mode == "off" else bare) for case in _small_cases(plan)]
        found += [await measure(case, direct, server, plan.rounds) for case, server in beside]
        ready = [optimising.ready_seconds, off.ready_seconds]
        for _ in range(plan.starts - len(ready)):
            with proxy(direct.url) as another:
                ready.append(another.ready_seconds)
    memory = {"idle_mb": idle, "after_load_mb": busy}
    return found, {"ready_s": statistics.median(ready), "small_ms": small, "alive_ms": alive, **memory}


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for a host app that does nothing."""


async def through_middleware(calls: int) -> float:
    """Return the microseconds that the middleware adds to a request that is no LLM call."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/orders/17",
        "headers": [(b"host", b"a.test"), (b"accept", b"*/*")],
    }

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        del message

    wrapped = HeadroomASGIMiddleware(_nothing)
    added: list[float] = []
    for _ in range(7):
        times = []
        for app in (_nothing, wrapped):
            start = time.perf_counter()
            for _ in range(calls):
                await app(scope, receive, send)
            times.append((time.perf_counter() - start) / calls)
        added.append(times[1] - times[0])
    return statistics.median(added) * 1e6


def bars(found: Sequence[Measured], process: dict[str, float], middleware: float) -> list[Bar]:
    """Return the limits of the design with the figures that they are for."""
    small = [one for one in found if one.size == "1 KB" and one.mode in ("paced", "pass")]
    paced, saturated = (min(by, key=lambda one: abs(one.connections - 8)) for by in _by_mode(small, "paced", "pass"))
    large = min(_by_mode(found, "pass")[0], key=lambda one: (-SIZES[one.size], one.connections))
    where = f"{paced.connections} connections, {paced.size}"
    return [
        Bar(f"added p50, {where}, paced", paced.p50, 0.7, "ms"),
        Bar(f"added p99, {where}, paced", paced.p99, 3, "ms"),
        Bar(f"added p50, {where}, saturated", saturated.p50, 0.7, "ms"),
        Bar(f"added p99, {where}, saturated", saturated.p99, 3, "ms"),
        Bar(f"added p50, {large.connections} connection, {large.size}", large.p50, 10, "ms"),
        Bar("longest 1 KB request beside one of 5 MB", process["small_ms"], 50, "ms"),
        Bar("longest /livez beside a body that unpacks to 60 MB", process["alive_ms"], 50, "ms"),
        Bar("a request that is no LLM call, through the middleware", middleware, 3, "us"),
        Bar("start until ready", process["ready_s"], 1.5, "s"),
        Bar("resident memory, idle", process["idle_mb"], 120, "MB"),
    ]


def _by_mode(found: Sequence[Measured], *modes: str) -> list[list[Measured]]:
    return [[one for one in found if one.mode == mode] for mode in modes]


def report(plan: Plan) -> Report:
    """Measure everything."""
    found, process = asyncio.run(measure_all(plan))
    middleware = asyncio.run(through_middleware(plan.calls))
    heading = ("mode", "body", "conn.", "p50 ms", "p99 ms", "first byte p50 ms", "req/s", "direct req/s", "CPU-s/1,000")
    table = Table("Added by the proxy", heading, [one.row for one in found])
    data: dict[str, Any] = {"cases": [asdict(one) for one in found], "process": process, "middleware_us": middleware}
    return Report("hop", _INTRO, [table], bars(found, process, middleware), data)


def main() -> int:
    """Measure, print and publish."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    publish(report(FULL))
    return 0


if __name__ == "__main__":
    sys.exit(main())
