"""Messages of a model on Amazon Bedrock, streamed (Amazon Bedrock API reference, InvokeModelWithResponseStream).

Each event is a message of `application/vnd.amazon.eventstream`: lengths of all and of its headers, a checksum of
these, headers, payload, and a checksum of everything before. The payload holds the model's event in base64.
"""

from __future__ import annotations

import base64
import struct
import zlib

import msgspec

from headroom.demo.provider.anthropic import streamed
from headroom.demo.provider.exchange import Recorded, Reply

_HEADERS = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
_STRING = 7
"""The kind of a header's value."""
_AROUND = 16
"""Bytes of a message beside its headers and its payload."""


def stream(request: Recorded) -> Reply:
    """Answer `/invoke-with-response-stream`."""
    chunks = [_framed(msgspec.json.encode(event)) for event in streamed(request)]
    return Reply(tuple(chunks), "application/vnd.amazon.eventstream")


def _framed(event: bytes) -> bytes:
    headers = b"".join(_header(name.encode(), value.encode()) for name, value in _HEADERS.items())
    payload = msgspec.json.encode({"bytes": base64.b64encode(event).decode()})
    lengths = struct.pack("!II", _AROUND + len(headers) + len(payload), len(headers))
    framed = lengths + struct.pack("!I", zlib.crc32(lengths)) + headers + payload
    return framed + struct.pack("!I", zlib.crc32(framed))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", _STRING, len(value)) + value
