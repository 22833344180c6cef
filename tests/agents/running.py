"""One run of an agent: at the provider itself, or through the real proxy."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agents.agents import Agent, Launch
from agents.installing import Programs
from agents.judging import asking
from agents.material import COMMANDS, SUBJECT, TASK, WANTED, runs, write_reports
from agents.model import Model, Script
from agents.tap import Heard, Tap, tapped
from support.processes import proxy

from headroom.demo.provider import running

_SECONDS = 120
# On a busy machine too, what is left out must not depend on the time that it took.
_PATIENT = ("--block-seconds", "60", "--request-seconds", "120")
# Nobody listens there: an agent that asks for anything but the address it was given gets no answer.
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Run:
    """What an agent said last each time, the commands it ran, its requests to a model, and those that arrived."""

    said: list[str]
    commands: list[str]
    sent: list[Heard]
    received: list[Heard]


def run(agent: Agent, programs: Programs, *, through_proxy: bool) -> Run:
    """Give an agent the task in an empty home and a folder with the reports."""
    return _run(agent, programs, Script(COMMANDS, SUBJECT, WANTED), through_proxy)


def run_and_resume(agent: Agent, programs: Programs, *, through_proxy: bool) -> Run:
    """Have the model call for both reports at once; when the agent has ended, go on with the conversation."""
    script = Script(COMMANDS, SUBJECT, WANTED, at_once=True)
    return _run(agent, programs, script, through_proxy, resumed=True)


def _run(agent: Agent, programs: Programs, script: Script, through_proxy: bool, resumed: bool = False) -> Run:
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryDirectory() as folder,
        running(Model(script), sockets=agent.meets_sockets) as provider,
        tapped(provider) as near,
        _far(near, through_proxy) as far,
    ):
        write_reports(Path(folder), agent.most_chars)
        launch = agent.launch(Path(home), far.url, TASK)
        launches = [launch, replace(launch, arguments=agent.resumed(launch.arguments))] if resumed else [launch]
        said = [agent.answer(_output(one, programs, home, folder)) for one in launches]
        return Run(said, runs(Path(folder)), asking(far.heard()), asking(near.heard()))


@contextmanager
def _far(near: Tap, through_proxy: bool) -> Iterator[Tap]:
    """Yield the tap that the agent talks to."""
    if not through_proxy:
        yield near
        return
    with proxy(near.url, *_PATIENT) as (url, _), tapped(url) as far:
        yield far


def _output(launch: Launch, programs: Programs, home: str, folder: str) -> str:
    """Run the program of an agent and return what it printed; it must end well."""
    closed = {"HTTP_PROXY": _NOWHERE, "HTTPS_PROXY": _NOWHERE, "NO_PROXY": "127.0.0.1"}
    own = {"PATH": os.environ["PATH"], "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}
    ended = subprocess.run(
        [programs.of(launch.package), *launch.arguments],
        cwd=folder,
        env={**own, **closed, **launch.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout
