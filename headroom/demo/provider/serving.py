"""Run an ASGI app on a free loopback port: in a thread, or alone in this process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn

_START_SECONDS = 10.0


@contextmanager
def running(app: Any, *, sockets: bool = False) -> Iterator[str]:
    """Serve `app`, with `sockets` also its WebSockets, from a thread while the block runs and yield its base URL.

    Raises RuntimeError if it stays down.
    """
    with _listening(0) as listener:
        server = _server(app, sockets=sockets)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join(_START_SECONDS)


def serve_for_ever(app: Any, port: int) -> None:
    """Serve `app` until interrupted; prints the address, as the proxy does."""
    with _listening(port) as listener:
        print(f"listening on {_url(listener)}", flush=True)  # noqa: T201 - this is its command line
        _server(app).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def _server(app: Any, *, sockets: bool = False) -> uvicorn.Server:
    # No access log and no signal of life but the address: what the demo prints is its report.
    ws: Literal["websockets-sansio", "none"] = "websockets-sansio" if sockets else "none"
    config = uvicorn.Config(
        app, log_level="error", access_log=False, lifespan="off", ws=ws, timeout_graceful_shutdown=1
    )
    return uvicorn.Server(config)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the embedded server did not start")
        time.sleep(0.005)
