"""Sockets that outlive the provider at them, so that one proxy process can meet many providers."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def listening() -> Iterator[socket.socket]:
    """Where the providers of a module listen."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as bound:
        yield bound


@pytest.fixture(scope="module")
def url(listening: socket.socket) -> str:
    """The origin of that socket."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """An origin at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
