"""Real processes: the offline provider, and the proxy in front of it."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from headroom.demo.link import Link
from headroom.demo.proxy_process import proxy_process


@dataclass(frozen=True)
class Received:
    """What the provider got: a request as bytes."""

    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Stage:
    """Base URLs of both processes, and a look at what the provider got."""

    provider: str
    proxy: str

    def last(self) -> Received:
        with Link(self.provider) as link:
            view = json.loads(link.ask("GET", "/_recorded/-1", {}).body)
        return Received(view["target"], dict(view["headers"]), base64.b64decode(view["body_base64"]))

    def compare(self, ask: Callable[[str], Any]) -> tuple[Received, Received]:
        """Ask directly and through the proxy; the answers must be equal. Returns what arrived each time."""
        expected = ask(self.provider)
        sent = self.last()
        assert expected
        assert ask(self.proxy) == expected
        return sent, self.last()


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    command = [sys.executable, "-m", "headroom.demo.provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            provider = process.stdout.readline().split()[-1]
            with proxy_process(provider) as proxy:
                yield Stage(provider, proxy)
        finally:
            process.terminate()
