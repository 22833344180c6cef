"""Counters that processes share: what all of them are granted together is the limit, to the last one."""

import os
import subprocess
import sys
import time

import pytest
from state import counters_worker
from state.counters_worker import A_YEAR, LIMIT, REQUESTS

from headroom.state.counters import Grant, Share, Slot
from headroom.state.counters_opening import open_counters

ROUNDS = 60


def raced(url, processes):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, counters_worker.__file__, url, str(ROUNDS)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    crew = [subprocess.Popen(command, env=environment, **pipes) for _ in range(processes)]
    assert [one.stdout.readline() for one in crew] == ["ready\n"] * processes
    for one in crew:
        one.stdin.write("go\n")
        one.stdin.flush()
    numbers = [int(one.communicate()[0]) for one in crew]
    assert [one.returncode for one in crew] == [0] * processes
    counters = open_counters(url)
    spent = counters.standing(Share("tenant", "budget", "2026", 0, LIMIT, A_YEAR))
    counters.close()
    return numbers, spent


@pytest.mark.parametrize(("backend", "processes"), [("sqlite", 4), ("redis", 2)])
def test_processes_together_are_granted_what_the_limit_is(backend, processes, tmp_path, redis_server):
    url = f"sqlite:{tmp_path}/store.db"
    if backend == "redis":
        with redis_server().client() as client:
            client.flushall()
        url = redis_server().url
    numbers, (spent, reserved) = raced(url, processes)
    assert sum(numbers) == REQUESTS
    assert (spent, reserved) == (REQUESTS * 1_000, 0)


HOLDER = """
import sys, time
from headroom.state import counters, counters_redis
from headroom.state.counters_opening import open_counters

counters.LEASE_SECONDS = counters_redis.LEASE_SECONDS = 1.5
opened = open_counters(sys.argv[1])
held = opened.claim([counters.Slot("tenant", "requests", 1)])
print("held", flush=True)
while True:
    time.sleep(0.05)
    opened.renew([held])
"""


@pytest.mark.parametrize("backend", ["sqlite", "redis"])
def test_what_a_killed_process_held_falls_back(backend, tmp_path, redis_server):
    url = f"sqlite:{tmp_path}/store.db" if backend == "sqlite" else redis_server().url
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    counters = open_counters(url)
    try:
        assert holder.stdout.readline() == "held\n"
        time.sleep(2)
        assert not isinstance(counters.claim([Slot("tenant", "requests", 1)]), Grant)
    finally:
        holder.kill()
        holder.communicate()
    deadline = time.monotonic() + 20
    while not isinstance(counters.claim([Slot("tenant", "requests", 1)]), Grant):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    counters.close()
