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

    __slots__ = ("_data", "_first", "_pending", "_size", "_type", "_waiting")

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._waiting = 0
        self._data: list[bytes] = []
        self._type = ""
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes of the stream; return the events that end in them. Linear in all bytes together."""
        held = self._pending[-1:] == [b"\r"]  # whether it ends a line alone, the next byte tells
        if not held and not _LINE_END.search(chunk):
            self._hold(chunk)
            return []
        data = b"".join((*self._pending, chunk))
        events: list[Event] = []
        start = 0
        for end in _LINE_END.finditer(data, self._waiting - held):
            if end.group() == b"\r" and end.end() == len(data):
                break
            event = self._line(data[start : end.start()])
            if event is not None:
                events.append(event)
            start = end.end()
        self._pending, self._waiting = [], 0
        self._hold(data[start:])
        return events

    def close(self) -> list[Event]:
        """Take the end of the stream; return the event that it shows to be complete. One that breaks off is none."""
        return self.feed(b"\n") if self._pending[-1:] == [b"\r"] else []

    def _hold(self, rest: bytes) -> None:
        """Keep the beginning of a line until its end comes; of a line that is too long, nothing is kept."""
        if self._waiting + len(rest) > MAX_EVENT_BYTES:
            self._pending, self._waiting = [b":"], 1
            return
        parts = [rest[:-1], rest[-1:]] if rest.endswith(b"\r") else [rest]
        self._pending += [part for part in parts if part]
        self._waiting += len(rest)

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
