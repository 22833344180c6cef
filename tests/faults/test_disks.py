"""Disks and files that fail: whatever is kept there is a help, and requests go on without it. Limits do as told."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from faults.bench import OK, WIRES, Provider, Proxy, in_time, long_body, running, until
from faults.disks import mounted
from proxy.net import Answer, saying
from support.processes import environment

from headroom.state.counters_opening import SUFFIX

FILES = ("store.db", f"store.db{SUFFIX}", "store.db.responses")
"""What a proxy with limits and a response cache keeps: originals, counters, answers."""


def store_in(folder: Path) -> tuple[str, ...]:
    return "--store", f"sqlite:{folder / 'store.db'}", "--cache-tools"


async def asked(proxy: Proxy, number: int, salt: str) -> list[Answer]:
    return [await proxy.ask("openai", long_body(f"{salt}{n}")) for n in range(number)]


def check_refusals(answers: dict[str, Answer]) -> None:
    """Fail unless each wire is told in its own words that nobody can count, and when to ask again."""
    for wire, kind in {"openai": "server_error", "anthropic": "api_error", "gemini": "UNAVAILABLE"}.items():
        answer = answers[wire]
        assert (answer.status, answer.values(b"retry-after")) == (503, [b"1"])
        error = json.loads(answer.body)["error"]
        assert error["message"] == "The gateway cannot count at this moment."
        assert error["status" if wire == "gemini" else "type"] == kind


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


# ---- a disk that is full, or may only be read


def test_requests_go_on_without_a_disk_that_is_full_and_use_it_again_when_there_is_room(
    tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            assert statuses(await asked(proxy, 2, "a")) == [200, 200]
            disk.fill()
            assert statuses(await asked(proxy, 4, "b")) == [200] * 4
            view = await proxy.view()
            assert view["decisions"]["by_kept"]["handles"]["blocks"] == 6
            assert view["response_cache"]["failures"] > 0
            assert "headroom.proxy: the response cache is left out: the store" in proxy.said()
            assert (await proxy.view("/readyz"))["ready"]
            disk.free()
            for _ in range(2):
                answers = await asked(proxy, 1, "c")
            assert answers[0].values(b"x-headroom-cache") == [b"hit"]

    with mounted(tmp_path / "disk") as disk, running(tmp_path, url, *store_in(disk.folder)) as proxy:
        in_time(run(proxy))


@pytest.mark.parametrize("when_down", ["closed", "local"])
def test_limits_whose_disk_is_full_refuse_or_count_for_themselves(
    when_down: str, tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            assert statuses([await proxy.ask(wire) for wire in WIRES]) == [200] * 3
            disk.fill()
            answers = {wire: await proxy.ask(wire) for wire in WIRES}
            if when_down == "closed":
                check_refusals(answers)
            else:
                assert statuses([*answers.values()]) == [200] * 3
            disk.free()
            assert statuses([await proxy.ask(wire) for wire in WIRES]) == [200] * 3

    options = ("--rpm", "1000", "--limits-when-down", when_down)
    with mounted(tmp_path / "disk") as disk, running(tmp_path, url, *store_in(disk.folder), *options) as proxy:
        in_time(run(proxy))


def test_a_workspace_that_may_only_be_read_takes_nothing_but_retrieval(
    tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            assert statuses(await asked(proxy, 2, "a")) == [200, 200]
            assert (await proxy.view("/health"))["ready"]

    with mounted(tmp_path / "disk") as disk:
        disk.protect()
        with running(tmp_path, url, "--workspace-dir", str(disk.folder)) as proxy:
            assert "retrieval is off, so nothing is left out: the secret" in proxy.said()
            in_time(run(proxy))


@pytest.mark.parametrize("store", ["sqlite:{disk}/store.db", "sqlite:/proc/headroom/store.db"])
def test_a_store_that_was_asked_for_and_cannot_be_made_is_an_error_at_start(store: str, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        disk.protect()
        command = [sys.executable, "-m", "headroom.cli", "proxy", "--port", "0"]
        command += ["--store", store.format(disk=disk.folder)]
        ended = subprocess.run(command, check=False, env=environment(), capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "store.db" in ended.stderr
    assert "Traceback" not in ended.stderr


# ---- files that are damaged or gone


def damage(path: Path) -> None:
    """Overwrite a file, and what SQLite has beside it, in place with what is no database."""
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        if file.exists():
            with file.open("r+b") as open_file:
                open_file.write(b"\xffgarbage!" * (file.stat().st_size // 9 + 1))


def test_files_that_were_damaged_before_the_start_are_set_aside(
    tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            assert statuses(await asked(proxy, 2, "a")) == [200, 200]

    for name in FILES:
        (tmp_path / name).write_bytes(b"garbage" * 5_000)
    with running(tmp_path, url, *store_in(tmp_path), "--rpm", "1000") as proxy:
        in_time(run(proxy))
        assert all((tmp_path / f"{name}.corrupt-1").exists() for name in FILES)
        assert proxy.said().count("is damaged") == len(FILES)


@pytest.mark.parametrize(("fault", "workers"), [("damaged", "1"), ("damaged", "2"), ("removed", "2")])
def test_files_that_are_damaged_or_removed_while_it_runs_are_begun_anew(
    fault: str, workers: str, tmp_path: Path, listening: socket.socket, url: str
) -> None:
    async def run(proxy: Proxy) -> None:
        async with Provider(saying(OK)).on(listening):
            assert statuses(await asked(proxy, 8, "a")) == [200] * 8
            for name in FILES:
                damage(tmp_path / name) if fault == "damaged" else (tmp_path / name).unlink()
            answers = await asked(proxy, 8, "b")
            # Counting begins anew behind a refusal; a budget that cannot be read is not taken for one that is unspent.
            assert set(statuses(answers)) <= {200, 503}
            await until(lambda: all((tmp_path / name).exists() for name in FILES))
            assert statuses(await asked(proxy, 8, "c")) == [200] * 8
            hits = [answer.values(b"x-headroom-cache") for answer in await asked(proxy, 8, "c")]
            assert [b"hit"] in hits

    options = ("--rpm", "1000", "--workers", workers)
    with running(tmp_path, url, *store_in(tmp_path), *options) as proxy:
        in_time(run(proxy))
        if fault == "damaged":
            assert {path.name.rpartition(".")[0] for path in tmp_path.glob("*.corrupt-1")} == set(FILES)
