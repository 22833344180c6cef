"""Rules for headers, upstream names and bodies, once for every route and both directions."""

from __future__ import annotations

from collections.abc import Iterable

from headroom.blocks import Payload
from headroom.errors import BodyError, RequestError, UpstreamRefusedError
from headroom.proxy.addresses import normal_base_url, origin_of
from headroom.wire.document import read

Headers = Iterable[tuple[bytes, bytes]]
"""Header lines as ASGI gives them: name and value, in order, duplicates kept."""

UPSTREAM_HEADER = b"x-headroom-upstream"

# RFC 9110, 7.6.1, with the two names that clients still send although no RFC has them.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"trailers",
        b"transfer-encoding",
        b"upgrade",
    }
)
_OURS = b"x-headroom-"
_UNREADABLE = {
    "not_json": "The body is not JSON.",
    "not_an_object": "The body is not a JSON object.",
    "too_deep": "The body is nested too deeply.",
}

TO_UPSTREAM = frozenset({b"host", b"content-length", b"expect"})
"""What the HTTP client writes anew, and the expectation that the server has already met."""

TO_CLIENT: frozenset[bytes] = frozenset()
"""Answers keep their length: their bytes are not changed."""


def end_to_end(headers: Headers, drop: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers that go past this hop, in order, duplicates kept, names in lower case.

    Left out are hop-by-hop headers, those that `Connection` names, our own (`x-headroom-*`) and `drop`.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    named = [value for name, value in pairs if name == b"connection"]
    unwanted = _HOP_BY_HOP | drop
    if named:
        unwanted |= {token.strip().lower() for token in b",".join(named).split(b",")}
    return [pair for pair in pairs if pair[0] not in unwanted and not pair[0].startswith(_OURS)]


def header(headers: Headers, name: bytes) -> str:
    """Return the first value of a header (`name` in lower case), without outer white space; empty if absent."""
    for key, value in headers:
        if key.lower() == name:
            return text(value).strip()
    return ""


def text(value: bytes) -> str:
    """Return header bytes as text: UTF-8, else Latin-1, which has a character for every byte."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def texts(headers: Headers) -> list[tuple[str, str]]:
    """Return header lines as text, each name and value by itself as `text` says."""
    try:
        return [(name.decode(), value.decode()) for name, value in headers]
    except UnicodeDecodeError:
        return [(text(name), text(value)) for name, value in headers]


def bearer_token(headers: Headers) -> str:
    """Return the token of `Authorization: Bearer`; empty if there is none."""
    scheme, _, token = header(headers, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def request_upstream_override(headers: Headers) -> str | None:
    """Return what `X-Headroom-Upstream` names: an upstream, a handler, or a base URL in normal form; None if absent.

    Raises `UpstreamRefusedError` if it is given twice or is no http(s) URL that can be a base. Whether the
    operator allows it is decided by `headroom.proxy.target`.
    """
    values = [text(value).strip(" \t") for name, value in headers if name.lower() == UPSTREAM_HEADER]
    if not values:
        return None
    if len(values) > 1 or not values[0]:
        raise UpstreamRefusedError("X-Headroom-Upstream must name one upstream.")
    if ":" not in values[0]:
        return values[0].lower()
    try:
        url = normal_base_url(values[0])
        origin_of(url)
    except ValueError as error:
        raise UpstreamRefusedError("X-Headroom-Upstream must be the base URL of an upstream.") from error
    return url


def json_object(body: bytes, max_depth: int) -> Payload:
    """Return a body that we have to read ourselves. Raises `RequestError` (400) if it is no JSON object."""
    try:
        return read(body, max_depth)
    except BodyError as error:
        raise RequestError(_UNREADABLE[str(error)]) from error
