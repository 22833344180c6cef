"""Plain HTTP to one server over one kept connection, timed."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_SECONDS = 60.0
# Written by whoever sends the answer anew, so they say nothing about whether it is the same one.
_PER_HOP = frozenset({"date", "server", "connection", "transfer-encoding", "content-length", "keep-alive"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `milliseconds` runs from the first byte sent to the last byte received."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    milliseconds: float

    def header(self, name: str) -> str | None:
        """Return the first value of a header, named in lower case."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def same_as(self, other: Answer) -> bool:
        """Say whether status, body and the provider's headers are equal; added `x-headroom-*` headers are ours."""
        return (self.status, self.body, self._own()) == (other.status, other.body, other._own())

    def _own(self) -> list[tuple[str, str]]:
        named = [(name.lower(), value) for name, value in self.headers]
        return [h for h in named if h[0] not in _PER_HOP and not h[0].startswith("x-headroom-")]


class Link:
    """A connection to a base URL. Use as a context manager."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_SECONDS)

    def __enter__(self) -> Link:
        self._connection.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send one request and read the whole answer. Raises OSError or HTTPException if the connection breaks."""
        start = time.perf_counter()
        self._connection.request(method, path, body, dict(headers))
        response = self._connection.getresponse()
        received = response.read()
        took = 1000 * (time.perf_counter() - start)
        return Answer(response.status, tuple(response.getheaders()), received, took)
