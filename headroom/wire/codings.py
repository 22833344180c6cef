"""Content codings of HTTP bodies (RFC 9110, 8.4): gzip, deflate, br and zstd, decoded under caps.

Every decoder yields pieces of bounded size, so that a bomb is noticed before it has gone off.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from headroom.errors import BodyError, BodyTooLargeError

MAX_RATIO = 16
FREE_BYTES = 1_048_576
"""Below this decoded size no ratio counts: small repetitive bodies compress well and do no harm."""
_PIECE = 1_048_576
_FED = 65_536
"""Coded bytes of a whole body that a decoder is given at once."""
_ZSTD_STEP = 1_024
"""zstd cannot be asked for a part of its output; so many coded bytes yield at most some 32 MB."""

Decoder = Callable[[bytes], Iterator[bytes]]
"""Takes the next coded bytes, yields what they decode to, piece by piece."""


def codings_of(header: str) -> list[str]:
    """Return the codings of a Content-Encoding value in the order in which they were applied."""
    names = [name.strip().lower() for name in header.split(",")]
    return [name for name in names if name and name != "identity"]


def decode_body(body: bytes, header: str, max_bytes: int) -> bytes:
    """Decode a whole body.

    Raises BodyTooLargeError if it decodes to more than `max_bytes` or to more than `MAX_RATIO` times its coded
    size, and BodyError if it is damaged or the coding is unknown here.
    """
    limit = min(max_bytes, max(FREE_BYTES, MAX_RATIO * len(body)))
    for coding in reversed(codings_of(header)):
        decoder, decoded, size = open_decoder(coding), [], 0
        for start in range(0, len(body), _FED):
            for piece in decoder(body[start : start + _FED]):
                decoded.append(piece)
                size += len(piece)
                if size > limit:
                    raise BodyTooLargeError("the decoded request body is over the limit")
        body = b"".join(decoded)
    return body


def open_decoder(coding: str) -> Decoder:
    """Return an incremental decoder. Raises BodyError if the coding is unknown or its library is missing.

    A decoder raises BodyError for damaged input.
    """
    if coding in {"gzip", "x-gzip"}:
        return _guarded(_Zlib(31), zlib.error)
    if coding == "deflate":
        return _guarded(_Zlib(None), zlib.error)
    try:
        if coding == "br":
            brotli = import_module("brotli")
            return _guarded(_brotli(brotli.Decompressor()), brotli.error)
        if coding == "zstd":
            zstd = import_module("zstandard")
            return _guarded(_in_steps(zstd.ZstdDecompressor().decompressobj()), zstd.ZstdError)
    except ImportError:
        raise BodyError(f"missing_extra:{coding}") from None
    raise BodyError("unknown_coding")


def _guarded(decode: Decoder, error: type[Exception]) -> Decoder:
    def decoder(data: bytes) -> Iterator[bytes]:
        try:
            yield from decode(data)
        except error:
            raise BodyError("damaged_coding") from None

    return decoder


class _Zlib:
    """gzip and deflate. RFC 9110 means by deflate the zlib format; some senders mean the raw one: bytes tell."""

    def __init__(self, wbits: int | None) -> None:
        self._wbits = wbits
        self._inner: Any = None

    def __call__(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._inner = zlib.decompressobj(self._wbits or _deflate_format(data))
        yield self._inner.decompress(data, _PIECE)
        while self._inner.unconsumed_tail:
            yield self._inner.decompress(self._inner.unconsumed_tail, _PIECE)


def _deflate_format(data: bytes) -> int:
    is_zlib = len(data) > 1 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
    return 15 if is_zlib else -15


def _brotli(inner: Any) -> Decoder:
    def decode(data: bytes) -> Iterator[bytes]:
        yield inner.process(data, output_buffer_limit=_PIECE)
        while not inner.can_accept_more_data():
            yield inner.process(b"", output_buffer_limit=_PIECE)

    return decode


def _in_steps(inner: Any) -> Decoder:
    def decode(data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            yield inner.decompress(data[start : start + _ZSTD_STEP])

    return decode
