"""`python -m benchmarks.gateways`: our proxy beside other gateways, in one run on the same CPUs.

Each gateway forwards the same requests to the same upstream; rounds take turns, so that what else the machine does
meets all of them alike. Every one but ours runs in an environment of its own under `.cache/peers`.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import bodies
from benchmarks.load import Load, Round, http_request
from benchmarks.peers import Peer, PeerError, installed, installed_from_npm
from benchmarks.processes import Server, free_port, proxy, relay, serving, upstream
from benchmarks.report import Bar, Report, Table, figure, publish

PATH = "/v1/chat/completions"
DIRECT, RELAY, OURS, WORKERS, FASTEST = "direct", "bare relay", "headroom", "headroom, 2 workers", "portkey"
_MS, _MB = 1e3, 1.048576
_SECONDS = 150.0
_MOST_REQUESTS = 2_000
_MOST_BYTES = 20_000_000
"""Bodies on the way at a time; the slowest gateway must answer them all before a round is given up."""
_INTRO = (
    "Gateways side by side in front of an upstream with constant answers: milliseconds over a direct request at the "
    "median and the 99th percentile, requests a second, CPU seconds for 1,000 requests. All connections ask again as "
    "soon as they are answered. `ready` is from the start of the process until it takes connections. The bare relay is "
    "what our libraries cost by themselves: uvicorn takes a request, aiohttp sends it on."
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Another gateway. `command` is made of its folder, the upstream's URL, a port and a folder to work in."""

    name: str
    peer: Peer
    command: Callable[[Path, str, int, Path], list[str]]
    environment: dict[str, str] = field(default_factory=dict)
    upstream_variable: str = ""
    is_from_npm: bool = False
    headers: Callable[[str], dict[str, str]] = lambda _: {}


def _litellm(program: Path, url: str, port: int, work: Path) -> list[str]:
    model = f"{{model: openai/gpt-4o, api_base: {url}/v1, api_key: offline}}"
    config = work / "litellm.yaml"
    config.write_text(f"model_list:\n  - model_name: gpt-4o\n    litellm_params: {model}\n", encoding="utf-8")
    return [f"{program}/bin/litellm", "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]


GATEWAYS = (
    Gateway(
        "headroom-ai",
        Peer("headroom-ai", "headroom-ai[proxy]==0.42.0"),
        lambda program, _, port, __: [f"{program}/bin/headroom", "proxy", "--port", str(port), "--no-cache"],
        {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HEADROOM_RPM": "1000000", "HEADROOM_TPM": "1000000000"},
        upstream_variable="OPENAI_TARGET_API_URL",
    ),
    Gateway(
        "litellm",
        Peer("litellm", "litellm[proxy]==1.106.2"),
        _litellm,
        {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_TELEMETRY": "False",
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        },
    ),
    Gateway(
        FASTEST,
        Peer("portkey", "@portkey-ai/gateway@1.15.2"),
        lambda program, _, port, __: [
            "node",
            f"{program}/node_modules/@portkey-ai/gateway/build/start-server.js",
            f"--port={port}",
            "--headless",
        ],
        {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"},
        is_from_npm=True,
        headers=lambda url: {"x-portkey-provider": "openai", "x-portkey-custom-host": f"{url}/v1"},
    ),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: body sizes, connections, rounds of a case and how long a round of one gateway may take."""

    sizes: dict[str, int]
    connections: tuple[int, ...] = (1, 16, 64)
    rounds: int = 3
    seconds: float = 1.5
    gateways: tuple[Gateway, ...] = GATEWAYS


FULL = Plan({"1 KB": 1_000, "20 KB": 20_000, "200 KB": 200_000, "1 MB": 1_000_000})
TINY = Plan({"1 KB": 1_000}, (1, 2), rounds=1, seconds=0.1, gateways=())


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that runs, and the headers that its requests need."""

    name: str
    server: Server
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """One gateway in one case: milliseconds over a direct request, requests a second, CPU seconds for 1,000."""

    name: str
    size: str
    connections: int
    p50: float
    p99: float
    per_second: float
    cpu_per_1000: float

    @property
    def row(self) -> tuple[str, ...]:
        """The case as a row of a table."""
        figures = (self.p50, self.p99, self.per_second, self.cpu_per_1000)
        return (self.name, self.size, str(self.connections), *map(figure, figures))


@contextmanager
def running(gateway: Gateway, upstream_url: str) -> Iterator[Running]:
    """Install a gateway on first use and run it while the block runs. Raises PeerError or TimeoutError."""
    program = (installed_from_npm if gateway.is_from_npm else installed)(gateway.peer)
    folder = program if gateway.is_from_npm else program.parents[1]
    port = free_port()
    with TemporaryDirectory() as home:
        work = Path(home)
        variables = dict(gateway.environment)
        if gateway.upstream_variable:
            variables[gateway.upstream_variable] = upstream_url
        command = gateway.command(folder, upstream_url, port, work)
        with serving(command, port, work, **variables) as server:
            yield Running(gateway.name, server, gateway.headers(upstream_url))


class Lane:
    """One gateway in one case, and what came of its rounds.

    Connections are opened for each round: while others have their turn, a server may close idle ones.
    """

    def __init__(self, of: Running, body: bytes, connections: int, seconds: float) -> None:
        self.of = of
        self.rounds: list[Round] = []
        self._requests = [http_request(of.server, PATH, body, headers=of.headers)]
        self._connections = self._count = connections
        self._seconds = seconds
        self._cpu = 0.0

    async def warm_up(self) -> None:
        """Send a first request on every connection, which opens connections to the upstream too."""
        self._adapt(await self._sent())

    async def round(self) -> None:
        """Run one round, of as many requests as the one before lets expect for its time."""
        used = self.of.server.cpu_seconds()
        done = await self._sent()
        self._cpu += self.of.server.cpu_seconds() - used
        self.rounds.append(done)
        self._adapt(done)

    async def _sent(self) -> Round:
        load = await Load.opened(self.of.server, self._connections)
        try:
            return await load.round(self._requests, self._count, within=_SECONDS)
        finally:
            load.close()

    def _adapt(self, done: Round) -> None:
        self._count = max(self._connections, min(_MOST_REQUESTS, int(done.per_second * self._seconds)))

    def measured(self, size: str, connections: int, direct: Lane) -> Measured:
        """Sum up, against the direct lane."""

        def over(share: float) -> float:
            pairs = zip(self.rounds, direct.rounds, strict=True)
            return statistics.median(one.percentile(share) - plain.percentile(share) for one, plain in pairs) * _MS

        rate = statistics.median(one.per_second for one in self.rounds)
        cpu = self._cpu / sum(len(one.timed) for one in self.rounds) * 1_000
        return Measured(self.of.name, size, connections, over(0.5), over(0.99), rate, cpu)


async def measure(plan: Plan, lanes_of: Sequence[Running]) -> list[Measured]:
    """Measure every case; the first of the gateways is the direct way."""
    found: list[Measured] = []
    for size, count in plan.sizes.items():
        body = bodies.plain(count)
        for connections in plan.connections:
            if count * connections > _MOST_BYTES:
                continue
            lanes = [Lane(one, body, connections, plan.seconds) for one in lanes_of]
            for lane in lanes:
                await lane.warm_up()
            for _ in range(plan.rounds):
                for lane in lanes:
                    await lane.round()
            found += [lane.measured(size, connections, lanes[0]) for lane in lanes]
    return found


def bars(found: Sequence[Measured]) -> list[Bar]:
    """Return the limits of the design: how much faster than the fastest of the others, and at which cost."""
    rates = {(one.name, one.size, one.connections): one for one in found}
    size, connections = found[0].size, sorted({one.connections for one in found})[1]
    other, *ways = (rates.get((name, size, connections)) for name in (FASTEST, OURS, WORKERS))
    made = []
    for ours in ways:
        if ours is not None and other is not None:
            times = ours.per_second / other.per_second
            made.append(Bar(f"{ours.name}: requests a second over {FASTEST}'s", times, 5, at_least=True))
        if ours is not None:
            made.append(Bar(f"{ours.name}: CPU for 1,000 requests", ours.cpu_per_1000, 1, "s"))
    return made


def _ways(url: str, home: str) -> dict[str, AbstractContextManager[Server]]:
    """Return our own lanes: the libraries alone, the proxy as it is by default, and with a worker for each of two CPUs.

    Several workers keep what they share in a database in `home`.
    """
    workers = proxy(url, "--workers", "2", "--workspace-dir", home)
    return {RELAY: relay(url), OURS: proxy(url), WORKERS: workers}


def report(plan: Plan) -> Report:
    """Start everything and measure; a gateway that does not run here is left out by name."""
    missing: list[str] = []
    with ExitStack() as stack:
        home = stack.enter_context(TemporaryDirectory())
        direct = stack.enter_context(upstream())
        lanes = [Running(DIRECT, direct, {})]
        lanes += [Running(name, stack.enter_context(way), {}) for name, way in _ways(direct.url, home).items()]
        for gateway in plan.gateways:
            print(f"starting {gateway.name}", file=sys.stderr, flush=True)
            try:
                lanes.append(stack.enter_context(running(gateway, direct.url)))
            except (PeerError, TimeoutError, OSError) as error:
                missing.append(f"{gateway.name}: {error}")
        time.sleep(1)  # what a program does after it has begun to listen is not part of its rounds
        idle = [(one.name, one.server.ready_seconds, one.server.resident_mib() * _MB) for one in lanes[1:]]
        found = asyncio.run(measure(plan, lanes))
    heading = ("gateway", "body", "conn.", "p50 ms", "p99 ms", "req/s", "CPU-s/1,000")
    tables = [
        Table("Side by side", heading, [one.row for one in found]),
        Table("At rest", ("gateway", "ready s", "idle MB"), [(n, figure(s), figure(mb)) for n, s, mb in idle]),
    ]
    if missing:
        tables.append(Table("Not measured", ("gateway",), [(line,) for line in missing]))
    data = {"cases": [asdict(one) for one in found], "idle": idle, "missing": missing}
    return Report("gateways", _INTRO, tables, bars(found), data, command="make bench-hop PEERS=1")


def main() -> int:
    """Measure, print and publish."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    publish(report(FULL))
    return 0


if __name__ == "__main__":
    sys.exit(main())
