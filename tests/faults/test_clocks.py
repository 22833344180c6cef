"""Clocks that are put forward or back by hours: nobody is locked out for them, and nothing else happens."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from faults.bench import OK, Provider, Proxy, in_time, long_body, running
from faults.test_disks import statuses, store_in
from proxy.net import saying

HOURS = 6 * 3600.0
RPM = 3


def moved_by(file: Path) -> str:
    """Return code by which a process takes its time of day from the seconds in a file, beside the real one."""
    return (
        "import time, pathlib\nreal = time.time\n"
        f"time.time = lambda: real() + float(pathlib.Path({str(file)!r}).read_text() or 0)"
    )


@pytest.mark.parametrize("jump", [HOURS, -HOURS], ids=["forward", "back"])
@pytest.mark.parametrize("store", ["memory", "sqlite"])
def test_a_clock_that_jumps_gives_a_full_bucket_and_keeps_everything_else(
    jump: float, store: str, tmp_path: Path, listening: socket.socket, url: str
) -> None:
    file = tmp_path / "clock"
    file.write_text("0")

    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            first = [await proxy.ask("openai", long_body("a")) for _ in range(2)]
            assert [answer.values(b"x-headroom-cache") for answer in first] == [[b"miss"], [b"hit"]]
            assert statuses([await proxy.ask() for _ in range(RPM)]) == [200] * (RPM - 1) + [429]
            file.write_text(str(jump))
            answers = [await proxy.ask() for _ in range(RPM + 1)]
            assert statuses(answers) == [200] * RPM + [429]
            assert int(answers[-1].values(b"retry-after")[0]) <= 60
            file.write_text("0")
            assert statuses([await proxy.ask() for _ in range(RPM + 1)]) == [200] * RPM + [429]
            view = await proxy.view()
            assert view["requests"]["total"] == 3 * RPM
            assert view["refusals"] == {"rate_limit_exceeded": 3}
            assert view["latency"]["total"]["p99_ms"] < HOURS
            assert (await proxy.view("/readyz"))["ready"]

    options = store_in(tmp_path) if store == "sqlite" else ("--cache-tools",)
    with running(tmp_path, url, *options, "--rpm", str(RPM), before=moved_by(file)) as proxy:
        in_time(run(proxy))
        assert "Traceback" not in proxy.said()


def test_a_budget_is_that_of_the_period_which_the_clock_says(
    tmp_path: Path, listening: socket.socket, url: str
) -> None:
    file = tmp_path / "clock"
    file.write_text("0")
    usage = json.dumps({"usage": {"prompt_tokens": 9, "completion_tokens": 1_000}}).encode()
    dear = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(usage), usage)
    body = {"model": "gpt-5", "max_tokens": 1_000, "messages": [{"role": "user", "content": "hi"}]}

    async def run(proxy: Proxy) -> None:
        async with Provider(saying(dear)).on(listening):
            for hours in (0, 6, -6):
                file.write_text(str(hours * 3600))
                assert statuses([await proxy.ask("openai", json.dumps(body).encode()) for _ in range(2)]) == [200, 429]

    options = ("--budget", "0.011", "--budget-period", "hourly")
    with running(tmp_path, url, *options, before=moved_by(file)) as proxy:
        in_time(run(proxy))
