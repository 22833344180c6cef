"""Several processes behind one listening socket: started, replaced when they crash, and drained together.

The supervisor assembles the proxy once and forks: workers share its memory until they write to it, and a new one is
there within milliseconds. It has one thread and serves nothing itself.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig

STORE_FILE = "store.db"
"""Name of the SQLite store in the workspace that workers share where no store was chosen."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""
_PAUSE_SECONDS = 1.0
"""Workers that live no longer than this are replaced no faster than this."""

_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
_log = logging.getLogger("headroom.proxy")


def with_shared_store(config: ProxyConfig) -> ProxyConfig:
    """Return the configuration with a store that all workers see: memory is that of one process alone."""
    if config.workers == 1 or config.store != "memory:":
        return config
    path = config.workspace_dir.expanduser().absolute() / STORE_FILE
    return config.model_copy(update={"store": f"sqlite:{path}"})


def listener(config: ProxyConfig) -> socket.socket:
    """Return the socket that the workers inherit. Raises `ConfigError` if the address cannot be had.

    One queue for all: what waits in it when a worker dies is served by the others.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        bound = socket.create_server((config.host, config.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(f"cannot listen on {config.host}, port {config.port}: {error.strerror}") from error
    return bound


def use_all_descriptors() -> None:
    """Let the process open as many files as it may be allowed: a request takes two sockets, and shells allow few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process and its place."""

    slot: int
    born: float


class Supervisor:
    """Keeps `count` places filled with processes that run `work(place)`."""

    def __init__(self, count: int, work: Callable[[int], int]) -> None:
        self._work = work
        self._vacant = list(range(count))
        self._workers: dict[int, _Worker] = {}
        self._stopping = False

    def run(self) -> int:
        """Fill the places until told to stop; return the exit status, in a worker that of its work.

        SIGTERM, SIGINT and SIGHUP are passed on as SIGTERM: the first one drains the workers, the second ends them.
        """
        # Signals are waited for rather than handled, so that none can fall between two steps.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        gc.collect()
        gc.freeze()  # a collector that touches what came from the supervisor would copy it
        while True:
            while self._vacant:
                slot = self._vacant.pop(0)
                process = os.fork()
                if not process:
                    # A group of its own: Ctrl-C in a terminal comes from the supervisor alone, and once.
                    os.setpgid(0, 0)
                    signal.pthread_sigmask(signal.SIG_SETMASK, before)
                    return self._work(slot)
                self._workers[process] = _Worker(slot, time.monotonic())
            if not self._workers:
                return 0
            self._heed(signal.sigwait(_SIGNALS))

    def _heed(self, received: signal.Signals | int) -> None:
        if received == signal.SIGCHLD:
            self._bury()
            return
        self._stopping = True
        for process in self._workers:
            os.kill(process, signal.SIGTERM)

    def _bury(self) -> None:
        """Take note of the workers that have ended, and make their places vacant."""
        for process, worker in list(self._workers.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended:
                continue
            del self._workers[process]
            if self._stopping:
                continue
            _log.warning("worker %d has ended with %d and is replaced", process, os.waitstatus_to_exitcode(status))
            if time.monotonic() - worker.born < _PAUSE_SECONDS:
                time.sleep(_PAUSE_SECONDS)
            self._vacant.append(worker.slot)
