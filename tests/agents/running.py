"""One run of an agent: at the provider itself, or through the real proxy."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.agents import Agent
from agents.installing import Programs
from agents.judging import asking
from agents.material import COMMANDS, SUBJECT, TASK, WANTED, runs, write_reports
from agents.model import Model, Script
from agents.tap import Heard, Tap, tapped

from headroom.demo.provider import running
from headroom.demo.proxy_process import proxy_process

_SECONDS = 120
# Nobody listens there: an agent that asks for anything but the address it was given gets no answer.
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Run:
    """How an agent ended, what it said last, the commands it ran, its requests to a model, and those that arrived."""

    code: int
    said: str
    commands: list[str]
    sent: list[Heard]
    received: list[Heard]


def run(agent: Agent, programs: Programs, *, through_proxy: bool) -> Run:
    """Give an agent the task in an empty home and a folder with the reports."""
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryDirectory() as folder,
        running(Model(Script(COMMANDS, SUBJECT, WANTED)), sockets=agent.meets_sockets) as provider,
        tapped(provider) as near,
        _far(near, through_proxy) as far,
    ):
        write_reports(Path(folder), agent.most_chars)
        ended = _start(agent, programs, Path(home), folder, far.url)
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
        return Run(
            ended.returncode, agent.answer(ended.stdout), runs(Path(folder)), asking(far.heard()), asking(near.heard())
        )


@contextmanager
def _far(near: Tap, through_proxy: bool) -> Iterator[Tap]:
    """Yield the tap that the agent talks to."""
    if not through_proxy:
        yield near
        return
    with proxy_process(near.url) as proxy, tapped(proxy) as far:
        yield far


def _start(agent: Agent, programs: Programs, home: Path, folder: str, url: str) -> subprocess.CompletedProcess[str]:
    launch = agent.launch(home, url, TASK)
    closed = {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [programs.of(launch.package), *launch.arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            **closed,
            **launch.environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
