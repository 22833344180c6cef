"""The real proxy, started as its own process in front of a given provider."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from headroom.providers.vendors import VENDORS

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_SIGN = "listening on "


class ProxyDownError(Exception):
    """The proxy did not start; the message is what it printed."""


@contextmanager
def proxy_process(provider_url: str, workspace: Path | None = None) -> Iterator[str]:
    """Run `headroom proxy` on a free port while the block runs; yield its base URL. Raises ProxyDownError.

    `workspace` is the folder of its key: proxies that share it serve one conversation together. Without one it gets
    a folder that is gone afterwards; the user's own workspace is none of our business.
    """
    urls = [part for vendor in VENDORS for part in (f"--{vendor}-api-url", provider_url)]
    command = [sys.executable, "-m", "headroom.cli", "proxy", "--port", "0", *urls]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(  # noqa: S603 - our own program
            [*command, "--workspace-dir", str(workspace or folder)],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            yield address_of(process)
        finally:
            _stop(process)


def _environment() -> dict[str, str]:
    """Return our environment without settings for the proxy, for the defaults are shown, and without detours."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("HEADROOM_")}
    return {**kept, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONUNBUFFERED": "1"}


def address_of(process: subprocess.Popen[str]) -> str:
    """Return the address that the proxy prints; go on reading what it prints, so that it never blocks."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_drain, args=(process.stdout, lines), daemon=True).start()
    printed: list[str] = []
    try:
        while (line := lines.get(timeout=_START_SECONDS)) is not None:
            if _SIGN in line:
                return line.split(_SIGN, 1)[1].split()[0].rstrip("/")
            printed.append(line)
    except queue.Empty:
        printed.append(f"(no address within {_START_SECONDS:.0f} s)")
    raise ProxyDownError("".join(printed[-20:]).strip() or "the proxy ended without a word")


def _drain(stream: IO[str] | None, lines: queue.Queue[str | None]) -> None:
    """Hand over the lines up to the address; drop what comes later."""
    found = False
    for line in stream or ():
        if not found:
            lines.put(line)
        found = found or _SIGN in line
    lines.put(None)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
