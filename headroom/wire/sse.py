"""Server-sent events out of bytes, as they come (WHATWG HTML, server-sent events).

Works on a copy beside the relay: it never delays or changes what the client gets. Total over any bytes, cut at
any place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_EVENT_BYTES = 16_777_216
"""An event larger than this is dropped, not buffered."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its type (`message` if none is given) and its data lines joined by line feeds."""

    type: str
    data: bytes


class EventParser:
    """Collects chunks and returns the events that they complete."""

    __slots__ = ("_buffer", "_data", "_first", "_size", "_type")

    def __init__(self) -> None:
        self._buffer = b""
        self._data: list[bytes] = []
        self._type = ""
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the stream; return the events that end in them."""
        self._buffer += chunk
        events: list[Event] = []
        start = 0
        for end in _LINE_END.finditer(self._buffer):
            if end.group() == b"\r" and end.end() == len(self._buffer):
                break  # a line feed may follow in the next chunk
            event = self._line(self._buffer[start : end.start()])
            if event is not None:
                events.append(event)
            start = end.end()
        self._buffer = self._buffer[start:] if len(self._buffer) - start <= MAX_EVENT_BYTES else b""
        return events

    def _line(self, line: bytes) -> Event | None:
        if self._first:
            self._first = False
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._size += len(value)
            if self._size <= MAX_EVENT_BYTES:
                self._data.append(value)
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")
        return None

    def _dispatch(self) -> Event | None:
        whole = self._data and self._size <= MAX_EVENT_BYTES
        event = Event(self._type or "message", b"\n".join(self._data)) if whole else None
        self._data, self._type, self._size = [], "", 0
        return event
