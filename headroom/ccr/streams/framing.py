"""Streams in frames, byte by byte: what passes, passes as it came; what is changed keeps its framing.

Two forms: server-sent events (WHATWG HTML, server-sent events), and Gemini's array of answers that grows, without
`alt=sse`. All frames joined are the stream. Linear in all bytes together, whatever they are and wherever they are cut.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

MAX_FRAME_BYTES = 16_777_216
"""A frame larger than this is given up: see `Frames.is_given_up`."""

_EVENT_END = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_UNDECIDED = (b"\r\n\r", b"\n\r")
"""Ends of events that a line feed may still belong to."""

_FIRST_LINE = re.compile(rb"event: ?([^\r\n]*)[\r\n]")
_OUTSIDE = re.compile(rb'["\[\]{}]')
_INSIDE = re.compile(rb'["\\]')


@dataclass(frozen=True, slots=True)
class Frame:
    """One event or array element.

    `raw` are its bytes that have not been passed on yet: all of them, unless `is_begun`. `data` is its JSON (or
    `[DONE]`, or the bracket that ends the array), empty if it has none; `type` the name of an event.
    """

    raw: bytes
    data: bytes = b""
    type: str = ""
    is_begun: bool = False


class Frames(ABC):
    """Cuts a stream into frames. `is_given_up` says that a frame was too large: from there on nothing is cut."""

    def __init__(self) -> None:
        self.is_given_up = False
        self._buffer = bytearray()

    @abstractmethod
    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that end in them."""

    def early(self, passes: Callable[[str], bool]) -> bytes:  # noqa: ARG002 - elements of an array have no names
        """Return bytes of the incomplete frame that may pass on already, as far as its name shows that."""
        return b""

    def passed(self, frame: Frame) -> bytes:
        """Return a frame as it came."""
        return frame.raw

    @abstractmethod
    def written(self, frame: Frame, data: bytes) -> bytes:
        """Return a frame with other data, or as it came if they are its own."""

    @abstractmethod
    def made(self, data: bytes, name: str) -> bytes:
        """Return a new frame."""

    def rest(self) -> bytes:
        """Return, and forget, what has come of a frame that is not complete and was not passed on."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def last(self) -> Frame:
        """Return what is left at the end of a stream: nothing, a part of a frame, or one that lacks only its end."""
        return Frame(self.rest())

    def renew(self) -> None:
        """Begin with the stream of a further answer, that is written into the same stream."""
        self._buffer.clear()


class EventFrames(Frames):
    """Server-sent events."""

    def __init__(self) -> None:
        super().__init__()
        self._searched = 0
        self._passed = 0

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; return the events that end in them."""
        self._buffer += chunk
        frames: list[Frame] = []
        start = 0
        while end := _EVENT_END.search(self._buffer, max(start, self._searched)):
            if end.end() == len(self._buffer) and end[0] in _UNDECIDED:
                break
            frames.append(self._frame(bytes(self._buffer[start : end.end()])))
            start = self._searched = end.end()
        del self._buffer[:start]
        self._searched = max(0, len(self._buffer) - 3)
        self.is_given_up = len(self._buffer) > MAX_FRAME_BYTES
        return frames

    def early(self, passes: Callable[[str], bool]) -> bytes:
        """Return the beginning of an event whose first line names a type that passes."""
        if not self._passed:
            line = _FIRST_LINE.match(self._buffer)
            if line is None or not passes(line[1].decode("utf-8", "replace").strip()):
                return b""
        fresh = bytes(self._buffer[self._passed :])
        self._passed = len(self._buffer)
        return fresh

    def written(self, frame: Frame, data: bytes) -> bytes:
        """Put data in the place of the old; data that came in several lines are written in one."""
        if data is frame.data:
            return frame.raw
        if frame.data in frame.raw:
            before, _, behind = frame.raw.rpartition(frame.data)
            return before + data + behind
        return self.made(data, frame.type)

    def made(self, data: bytes, name: str) -> bytes:
        """Return an event; JSON in several lines becomes several lines of data."""
        head = b"event: " + name.encode() + b"\n" if name else b""
        return head + b"".join(b"data: " + line + b"\n" for line in data.splitlines()) + b"\n"

    def rest(self) -> bytes:
        """Return what has come of the last event and was not passed on."""
        rest = super().rest()[self._passed :]
        self._passed = self._searched = 0
        return rest

    def last(self) -> Frame:
        """Return what has come of an event that no empty line ends."""
        return event_of(self.rest())

    def renew(self) -> None:
        """Begin with a further stream of events."""
        super().renew()
        self._passed = self._searched = 0

    def _frame(self, raw: bytes) -> Frame:
        frame = event_of(raw, self._passed)
        self._passed = 0
        return frame


def event_of(raw: bytes, passed: int = 0) -> Frame:
    """Read an event; the first `passed` bytes of it have been passed on."""
    data: list[bytes] = []
    name = ""
    for line in raw.removeprefix(b"\xef\xbb\xbf").splitlines():
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Frame(raw[passed:], b"\n".join(data), name, is_begun=passed > 0)


class ArrayFrames(Frames):
    """One JSON array whose elements come one after the other.

    A frame is an element with what stands before it, or the closing bracket. What is written stays an array,
    whichever elements are left out or come from a further answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._is_inside = False  # of a string
        self._looked = 0
        self._element = -1
        self._is_opened = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; return the elements that end in them."""
        self._buffer += chunk
        frames: list[Frame] = []
        start = 0
        while (at := self._next()) >= 0:
            if self._buffer[at] in b"[{" and self._depth == 2 and self._element < 0:
                self._element = at
            elif self._buffer[at] in b"]}" and self._depth < 2:
                begin = self._element if self._element >= 0 else at
                frames.append(Frame(bytes(self._buffer[start : at + 1]), bytes(self._buffer[begin : at + 1])))
                start, self._element = at + 1, -1
        del self._buffer[:start]
        self._looked -= start
        self._element -= start if self._element >= 0 else 0
        self.is_given_up = len(self._buffer) > MAX_FRAME_BYTES
        return frames

    def _next(self) -> int:
        """Return where the next bracket outside strings stands, counted into the depth; -1 if there is none yet."""
        while found := (_INSIDE if self._is_inside else _OUTSIDE).search(self._buffer, self._looked):
            at, mark = found.start(), self._buffer[found.start()]
            if mark == 0x5C:
                if at + 1 == len(self._buffer):
                    self._looked = at
                    return -1
                self._looked = at + 2
                continue
            self._looked = at + 1
            if mark == 0x22:
                self._is_inside = not self._is_inside
                continue
            self._depth += 1 if mark in b"[{" else -1
            return at
        self._looked = len(self._buffer)
        return -1

    def passed(self, frame: Frame) -> bytes:
        """Return a frame as it came; it opens the array."""
        self._is_opened = True
        return frame.raw

    def written(self, frame: Frame, data: bytes) -> bytes:
        """Put the separator that is right in the place where the element comes to stand."""
        lead = frame.raw[: len(frame.raw) - len(frame.data)]
        is_end = data == b"]"
        if not self._is_opened and b"[" not in lead:
            lead = b"["
        elif self._is_opened and not is_end and b"," not in lead:
            lead = b",\r\n"
        self._is_opened = True
        return lead + data

    def made(self, data: bytes, name: str) -> bytes:  # noqa: ARG002 - elements of an array have no names
        """Return a new element."""
        return self.written(Frame(data, data), data)

    def renew(self) -> None:
        """Begin with a further array; the one that is written stays open."""
        super().renew()
        self._depth = self._looked = 0
        self._is_inside, self._element = False, -1
