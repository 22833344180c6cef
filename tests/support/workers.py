"""Worker processes that each run a pipeline of their own: bodies go in by a pipe and come out as they are sent.

python -m support.workers '{"store": "sqlite:/tmp/file"}'   # settings of `ProxyConfig` as JSON
"""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, BinaryIO

from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES
from headroom.proxy.config import ProxyConfig
from support.processes import environment

SETTINGS: dict[str, Any] = {
    "retrieval": "tool",
    "marker_key": "one key for all workers",
    "tenant": "t",
    # What workers decide must not depend on how busy the machine is.
    "block_seconds": 60,
    "request_seconds": 600,
}


class Worker:
    """One worker process, started with the context. Requests may be sent to several workers before they answer."""

    def __init__(self, seed: int = 0, **settings: Any) -> None:
        self._seed = seed
        self._settings = json.dumps(SETTINGS | settings)
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.workers", self._settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(PYTHONHASHSEED=str(self._seed)),
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    def kill(self) -> None:
        """End the process without a word (SIGKILL)."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def restart(self) -> None:
        """Kill the process and start it anew, under another hash seed and without memory."""
        self.kill()
        self._seed += 1
        self._start()

    def send(self, wire: str, body: bytes) -> None:
        """Send a request; `receive` has to follow before the next one."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{wire} {len(body)}\n".encode() + body)
        self._process.stdin.flush()

    def receive(self) -> bytes:
        """Return what the request became."""
        assert self._process.stdout is not None
        return self._process.stdout.read(int(self._process.stdout.readline()))

    def ask(self, wire: str, body: bytes) -> bytes:
        """Send one request and return what it became."""
        self.send(wire, body)
        return self.receive()


def _serve(pipeline: Pipeline, requests: BinaryIO, answers: BinaryIO) -> None:
    while line := requests.readline():
        wire, length = line.split()
        exchange = Exchange("r", tenant="t")
        body = pipeline.run(requests.read(int(length)), WIRES[wire.decode()], exchange).body
        answers.write(b"%d\n" % len(body) + body)
        answers.flush()


if __name__ == "__main__":
    _serve(Pipeline.of(ProxyConfig(**json.loads(sys.argv[1]))), sys.stdin.buffer, sys.stdout.buffer)
