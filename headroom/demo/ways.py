"""Two ways to one provider, directly and through the proxy, and what arrives there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headroom.demo.link import Answer, Link
from headroom.demo.provider import OfflineProvider, Recorded

_PER_HOP = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding", b"keep-alive"})


class LostRequestError(Exception):
    """A request was answered although the provider never saw it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request's answer, and all requests that reached the provider because of it; there is at least one."""

    answer: Answer
    arrived: tuple[Recorded, ...]

    @property
    def first(self) -> Recorded:
        """The request as it arrived."""
        return self.arrived[0]


@dataclass(frozen=True, slots=True)
class Ways:
    """Where to send requests."""

    provider: OfflineProvider
    direct: Link
    proxied: Link

    def send(self, link: Link, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Sent:
        """Send one request over a link. Raises LostRequestError if nothing arrives."""
        before = self.provider.seen
        answer = link.ask(method, path, headers, body)
        arrived = self.provider.since(before)
        if not arrived:
            raise LostRequestError(f"{method} {path} was answered with {answer.status}, but never arrived")
        return Sent(answer, arrived)


def uncoded(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return headers that ask for an answer without coding: one in which calls of the tool can be read."""
    return [(name, b"identity" if name == b"accept-encoding" else value) for name, value in headers]


def own_headers(request: Recorded) -> list[tuple[bytes, bytes]]:
    """Return the headers that do not belong to one connection or to the length of the body.

    They are put in order by name: the order of headers of different names says nothing (RFC 9110, section 5.3).
    """
    return sorted((header for header in request.headers if header[0] not in _PER_HOP), key=lambda header: header[0])
