"""Programs under measurement: started on a free port, watched through /proc, stopped at the end."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT
from headroom.demo.proxy_process import address_of

_READY_SECONDS = 20.0
_FOREIGN_READY_SECONDS = 120.0
_STOP_SECONDS = 5.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens and how long it took to be there."""

    pid: int
    host: str
    port: int
    ready_seconds: float

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.host}:{self.port}"

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process and its workers have used, in user and kernel mode (proc(5))."""
        return sum(_cpu_ticks(pid) for pid in _family(self.pid)) / _TICKS

    def resident_mib(self) -> float:
        """Return the memory that the process and its workers hold, in MiB; what they share is counted for each."""
        return sum(map(_resident_kib, _family(self.pid))) / 1024


@contextmanager
def upstream(module: str = "benchmarks.upstream") -> Iterator[Server]:
    """Run the upstream with constant answers, or another one, while the block runs."""
    with _running(["-m", module], "") as server:
        yield server


@contextmanager
def proxy(upstream_url: str, *options: str) -> Iterator[Server]:
    """Run `headroom proxy` in front of an upstream while the block runs; it is ready when `/readyz` says so."""
    urls = [part for vendor in ("openai", "anthropic", "gemini") for part in (f"--{vendor}-api-url", upstream_url)]
    with _running(["-m", "headroom.cli", "proxy", "--port", "0", *urls, *options], "/readyz") as server:
        yield server


@contextmanager
def relay(upstream_url: str) -> Iterator[Server]:
    """Run a relay of the proxy's libraries that does nothing else in front of an upstream while the block runs."""
    with _running(["-m", "benchmarks.relay", upstream_url], "") as server:
        yield server


@contextmanager
def serving(command: Sequence[str], port: int, folder: Path, **environment: str) -> Iterator[Server]:
    """Run a program that listens on a port while the block runs, in a folder that is also its home.

    It is there once it takes connections. What it prints goes to `output.txt` in the folder. Raises TimeoutError.
    """
    start = time.perf_counter()
    clean = {**_environment(), "HOME": str(folder), **environment}
    clean.pop("PYTHONPATH")  # no package of ours may be found: one of the programs has the same import name
    with (
        (folder / "output.txt").open("wb") as output,
        subprocess.Popen(command, cwd=folder, env=clean, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as run,
    ):
        try:
            _wait_until_listening(run, port)
            yield Server(run.pid, "127.0.0.1", port, time.perf_counter() - start)
        finally:
            _stop(run)


def free_port() -> int:
    """Return a port of the loopback device that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _running(arguments: Sequence[str], probe: str) -> Iterator[Server]:
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            host, _, port = address_of(process).removeprefix("http://").rpartition(":")
            if probe:
                _wait_until_ready(host, int(port), probe)
            yield Server(process.pid, host, int(port), time.perf_counter() - start)
        finally:
            _stop(process)


def _family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    children = _read(pid, f"task/{pid}/children").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _cpu_ticks(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident_kib(pid: int) -> int:
    return next((int(line.split()[1]) for line in _read(pid, "status").splitlines() if line.startswith("VmRSS:")), 0)


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="ascii", errors="replace")


def _environment() -> dict[str, str]:
    """Return our environment without settings for the proxy and without detours around the loopback device."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("HEADROOM_")}
    path = os.pathsep.join([str(ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONPATH": path}


def _wait_until_ready(host: str, port: int, probe: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, port, timeout=1)
        try:
            connection.request("GET", probe)
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.005)
        finally:
            connection.close()
    raise TimeoutError(f"not ready after {_READY_SECONDS:.0f} s")


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _FOREIGN_READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"does not listen after {_FOREIGN_READY_SECONDS:.0f} s, or has ended")


def _stop(process: subprocess.Popen[Any]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
