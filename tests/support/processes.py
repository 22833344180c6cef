"""Real processes on real sockets: the offline provider, and the proxy in front of it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from headroom.demo.proxy_process import address_of
from headroom.providers.vendors import VENDORS


def environment(**also: str) -> dict[str, str]:
    """Return the environment of a process that finds the package and the tests, without settings of ours."""
    own = [name for name in os.environ if name.startswith("HEADROOM_") and name != "HEADROOM_WORKSPACE_DIR"]
    kept = {name: value for name, value in os.environ.items() if name not in own}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUNBUFFERED": "1", **also}


@contextmanager
def provider() -> Iterator[str]:
    """Run the offline provider; yield its base URL."""
    command = [sys.executable, "-m", "headroom.demo.provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


@contextmanager
def proxy(
    upstream: str, *options: str, before: str = "", seed: str = "0"
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the proxy on a free port after executing `before` in its process; yield base URL and process."""
    urls = [part for name in VENDORS for part in (f"--{name}-api-url", upstream)]
    arguments = ["proxy", "--port", "0", *urls, *options]
    code = f"{before}\nimport sys\nfrom headroom.cli import main\nsys.exit(main({arguments!r}))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(PYTHONHASHSEED=seed),
    )
    with process:
        try:
            yield address_of(process), process
        finally:
            process.kill()


def ask(base: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Send one request; return status and body of the answer."""
    where = urlsplit(base)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        given = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection.request(method, path, body, given if body is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def last_received(base: str) -> bytes:
    """Return the body of the newest request that the provider got."""
    _, view = ask(base, "GET", "/_recorded/-1")
    return base64.b64decode(json.loads(view)["body_base64"])
