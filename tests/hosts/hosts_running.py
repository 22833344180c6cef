"""Host apps behind real servers, each in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hosts.hosts_model import LIFE
from support.processes import ask, environment

HOSTS = ("starlette", "fastapi", "litestar", "quart", "django")
SERVERS = {
    "uvicorn": ("--log-level", "warning", "--port"),
    "hypercorn": ("--graceful-timeout", "1", "--bind"),
    "daphne": ("--verbosity", "0", "--port"),
    "granian": ("--interface", "asgi", "--port"),
}
THERE = [(host, server) for host in HOSTS for server in SERVERS if find_spec(host) and find_spec(server)]

NO_LIFESPAN = frozenset({"django", "daphne"})
"""Who has no lifespan: the app is neither told of its start nor of its end, and needs neither."""
NO_WEBSOCKETS = [("django", server) for server in SERVERS] + [("quart", "daphne")]
"""Django serves none by itself; Quart wants a field of the scope that daphne leaves out (`scheme`)."""

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Running:
    """An app that is served: by whom, where, and what has been written down of its life."""

    host: str
    server: str
    port: int
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.host, self.server})

    @property
    def life(self) -> list[str]:
        noted = self.folder / "life"
        return noted.read_text(encoding="utf-8").split() if noted.exists() else []

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to stop, as a service manager does; return the exit status."""
        self.process.terminate()
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def running(host: str, server: str, folder: Path) -> Iterator[Running]:
    """Serve a host app until the block ends."""
    port = _free_port()
    *options, where = SERVERS[server]
    address = f"127.0.0.1:{port}" if where == "--bind" else str(port)
    command = [sys.executable, "-m", server, *options, where, address, f"hosts.host_{host}:app"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env=environment(**{LIFE: str(folder / "life")})
        ) as process,
    ):
        one = Running(host, server, port, process, folder)
        try:
            _wait_until_served(one)
            yield one
        finally:
            process.kill()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _wait_until_served(one: Running) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and one.process.poll() is None:
        try:
            ask(one.url, "GET", "/")
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{one.server} does not serve {one.host}: {one.log}")
