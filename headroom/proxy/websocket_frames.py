"""Text frames of a Responses socket (OpenAI API, WebSocket mode): which of them are requests, and what events tell.

A request is a `response.create` frame: the body of `POST /v1/responses` with `type` beside its fields, or, as other
sockets of OpenAI have it, in a field `response`. Requests and their events may name a lane, `stream_id`; those of one
lane follow one another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.arrays import raw
from headroom.ccr.streams.framing import event_of
from headroom.errors import BodyError
from headroom.integrations.body import Message
from headroom.providers.wire import integer, record, string
from headroom.wire.splice import splice

CREATED, ITEM_DONE = "response.created", "response.output_item.done"

STEER, PENDING = "response.steer", "response.steer.pending"
"""What a client says into a running response, and the event that tells it for which results that has to wait."""

_FINAL_STATES = frozenset({"completed", "incomplete", "failed", "cancelled"})
_CREATE = "response.create"
_TOLD = frozenset({b"retry-after"})
_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")
_EVENT_END = b"\n\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A frame that asks for a response, the lane it is for, and where in it the body stands."""

    frame: bytes
    lane: str
    path: JsonPath = ()

    @property
    def body(self) -> bytes:
        """The request as it would be the body of a POST."""
        return raw(self.frame, self.path) if self.path else self.frame

    def with_body(self, body: bytes) -> bytes:
        """Return the frame with another body."""
        return splice(self.frame, [Edit(self.path, msgspec.Raw(body))]) if self.path else body

    def without_input(self) -> Request:
        """Return the same request with nothing to say: that of a response which goes on by itself."""
        try:
            return replace(self, frame=splice(self.frame, [Edit((*self.path, "input"), [])]))
        except BodyError:
            return self


class _ClientFrame(msgspec.Struct):
    type: Any = None
    stream_id: Any = None
    model: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()


def request_in(frame: bytes) -> Request | None:
    """Return the request that a client's frame is, None for any other frame. Never raises."""
    try:
        head = msgspec.json.decode(frame, type=_ClientFrame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if head.type != _CREATE:
        return None
    is_nested = bytes(head.response).startswith(b"{") and not bytes(head.model) and not bytes(head.input)
    return Request(frame, string(head.stream_id), ("response",) if is_nested else ())


class _ServerFrame(msgspec.Struct):
    type: Any = None
    stream_id: Any = None
    response: Any = None
    item: Any = None
    status: Any = None


@dataclass(frozen=True, slots=True)
class Event:
    """A frame of the provider. `response` and `item` are what it says of them, `status` the one of an error."""

    frame: bytes
    type: str
    lane: str
    response: Payload
    item: Payload
    status: int

    @property
    def response_id(self) -> str:
        """The id of the response that the event tells of; most events only imply it."""
        return string(self.response.get("id"))

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes of the response."""
        return self.type == "error" or string(self.response.get("status")) in _FINAL_STATES

    @property
    def is_refusal(self) -> bool:
        """Whether it is an error that has the status of a refused HTTP request."""
        return self.type == "error" and 400 <= self.status < 600


def event_in(frame: bytes) -> Event | None:
    """Return the event that a provider's frame is, None if it is no JSON object. Never raises."""
    head = _read(frame)
    if head is None:
        return None
    lane, status = string(head.stream_id), integer(head.status) or 0
    return Event(frame, string(head.type), lane, record(head.response), record(head.item), status)


def _read(frame: bytes) -> _ServerFrame | None:
    try:
        return msgspec.json.decode(frame, type=_ServerFrame)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_torn(frame)


def _read_torn(frame: bytes) -> _ServerFrame | None:
    """Read what has halves of surrogate pairs in its texts, as a cut between two tokens may leave them."""
    try:
        return msgspec.convert(json.loads(frame), type=_ServerFrame)
    except (ValueError, RecursionError):
        return None


def as_server_sent(frame: bytes) -> tuple[bytes, bytes]:
    """Return a frame as a server-sent event, and the data that it has there.

    Line ends, which JSON has between its values alone, are blanks in it.
    """
    data = frame.translate(_LINE_ENDS) if b"\n" in frame or b"\r" in frame else frame
    return b"data: " + data + _EVENT_END, data


def from_server_sent(events: bytes) -> list[bytes]:
    """Return the data of whole server-sent events."""
    return [data for event in events.split(_EVENT_END) if (data := event_of(event).data)]


def error_frame(start: Message, body: bytes, lane: str) -> bytes:
    """Return an error answer, in OpenAI's shape, as the event that tells of it on a socket."""
    error = record(record(msgspec.json.decode(body)).get("error"))
    headers = {name.decode(): value.decode() for name, value in start.get("headers", ()) if name in _TOLD}
    told = {**error, "headers": headers} if headers else error
    where = {"stream_id": lane} if lane else {}
    return msgspec.json.encode({"type": "error", "status": start["status"], "error": told, **where})
