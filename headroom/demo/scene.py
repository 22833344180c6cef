"""The whole demo: provider and proxy up, outputs recorded, conversations sent, everything compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from headroom.demo.conversations import Conversation, fixing, surveying
from headroom.demo.findings import Findings
from headroom.demo.provider import OfflineProvider, running
from headroom.demo.proxy_process import proxy_process
from headroom.demo.recordings import RECORDERS, make
from headroom.demo.run import Tell, drive

STEPS = 41
"""How often `Tell` is called, for the length of a progress bar."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A provider in this process and the real proxy in front of it, both listening."""

    provider: OfflineProvider
    provider_url: str
    proxy_url: str
    workspace: Path

    def perform(self, tell: Tell) -> Findings:
        """Record, send and compare. Raises what `drive` raises."""
        return drive(self.provider, self.provider_url, self.proxy_url, self.workspace, record(tell), tell)


@contextmanager
def scene(tell: Tell) -> Iterator[Scene]:
    """Start both servers on free ports, on a workspace that is gone afterwards.

    Raises ProxyDownError or RuntimeError if one of them does not start.
    """
    provider = OfflineProvider()
    tell("starting provider and proxy")
    with (
        TemporaryDirectory(prefix="headroom-demo-") as folder,
        running(provider) as provider_url,
        proxy_process(provider_url, Path(folder)) as proxy_url,
    ):
        yield Scene(provider, provider_url, proxy_url, Path(folder))


def record(tell: Tell) -> tuple[Conversation, ...]:
    """Make the tool outputs and compose the conversations."""
    made = {}
    for name in RECORDERS:
        tell(f"recording: {name}")
        made[name] = make(name)
    return fixing(made), surveying(made)
