"""`python -m benchmarks.relay URL`: the least that a proxy of our libraries can do, to tell its cost from ours.

Uvicorn takes a request, aiohttp sends it on, and the answer goes back whole: nothing is read, checked or counted.
"""

from __future__ import annotations

import socket
import sys

import aiohttp
import uvicorn

from headroom.integrations.body import Receive, Scope, Send


class Relay:
    """Sends every request to one upstream."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"] if name != b"host"]
        url = self._url + scope["path"]
        async with self._session.request(scope["method"], url, headers=headers, data=body) as answer:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.raw_headers})
            await send({"type": "http.response.body", "body": await answer.read()})


def main(url: str) -> None:
    """Serve on a free loopback port until told to stop; prints the address."""
    bound = socket.create_server(("127.0.0.1", 0))
    host, port = bound.getsockname()
    print(f"listening on http://{host}:{port}", flush=True)
    config = uvicorn.Config(Relay(url), lifespan="off", log_level="warning", access_log=False)
    uvicorn.Server(config).run([bound])


if __name__ == "__main__":
    main(sys.argv[1])
