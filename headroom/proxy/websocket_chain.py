"""What later requests of a socket build on without saying it: `previous_response_id` stands for all that went before.

So that they are seen and sent as those of HTTP clients, which say all of it, some things are kept:

- the calls that were made, by id: an output alone does not tell which tool wrote it;
- what the user asked last before a response: what is left out of an output depends on it;
- the calls of `headroom_retrieve` that a response has ended in, which the client never saw: the provider takes no
  request to go on from there that leaves them open;
- the response in which an answer really ended, where the client was told the id of an earlier one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Generic, TypeVar

import msgspec

from headroom.blocks import Edit
from headroom.ccr.answers.base import encoded
from headroom.ccr.answers.openai_responses import closing_edits, is_ours
from headroom.ccr.arrays import array, raw, without
from headroom.errors import BodyError
from headroom.providers.wire import record, records, string
from headroom.proxy.websocket_frames import Event
from headroom.proxy.websocket_requests import Completed, continuing, decoded
from headroom.wire.locate import locate
from headroom.wire.splice import splice

T = TypeVar("T")

_CALLS = frozenset({"function_call", "custom_tool_call", "local_shell_call"})
_RESULT = "function_call_output"
_MOST_CALLS, _MOST_RESPONSES = 512, 128
_MAX_CALL_BYTES = 16_384
"""Of a longer call only the name is kept: what it was called with does not matter then."""


class Newest(OrderedDict[str, T], Generic[T]):
    """A dictionary of the newest entries."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: str, value: T) -> None:
        """Keep a value; the oldest goes where there are too many."""
        self[key] = value
        if len(self) > self._most:
            self.popitem(last=False)


class Chain:
    """What is kept of one socket's answers."""

    def __init__(self) -> None:
        self._calls: Newest[bytes] = Newest(_MOST_CALLS)
        self._open: Newest[list[str]] = Newest(_MOST_RESPONSES)
        self._ends: Newest[str] = Newest(_MOST_RESPONSES)
        self._questions: Newest[str] = Newest(_MOST_RESPONSES)

    def called(self, event: Event) -> None:
        """Keep the call of an output item, if it is one of the client's."""
        item = event.item
        if _is_call(item) and not is_ours(item):
            spelled = raw(event.frame, ("item",))
            if len(spelled) > _MAX_CALL_BYTES:
                spelled = encoded({name: item.get(name) for name in ("type", "call_id", "name")})
            self._calls.keep(string(item.get("call_id")), spelled)

    def asked(self, question: str, response_id: str) -> None:
        """Keep what the user had asked last before a response."""
        if question:
            self._questions.keep(response_id, question)

    def left_open(self, response_id: str, calls: list[str]) -> None:
        """Keep which calls of ours a response has ended in."""
        if calls:
            self._open.keep(response_id, calls)

    def goes_by(self, told: str, response_id: str) -> None:
        """Keep by which id the client knows the answer that goes on in a response."""
        if told != response_id:
            self._ends.keep(told, response_id)

    def completed(self, body: bytes) -> Completed:
        """Return a request with what it leaves out of what its outputs depend on: the question, and their calls."""
        request = continuing(body)
        if request is None or not (request.previous_response_id or request.conversation):
            return Completed(body, question="" if request is None else request.question)
        told = string(request.previous_response_id)
        before = self._questions.get(self._ends.get(told, told), "")
        items = request.items
        made = {string(item.get("call_id")) for item in items if _is_call(item)}
        answered = dict.fromkeys(string(item.get("call_id")) for item in items if _is_output(item))
        question = [encoded({"role": "user", "content": before})] if before and answered else []
        calls = [self._calls[call] for call in answered if call in self._calls and call not in made]
        front = [*question, *calls]
        start = locate(body, [("input",)])["input",][0] + 1 if front else 0
        whole = body[:start] + b"".join(item + b"," for item in front) + body[start:]
        return Completed(whole, len(front), request.question or before)

    def to_send(self, body: bytes) -> bytes:
        """Return a request that goes on from where the provider really is, with nothing left open there."""
        body = self.redirected(body)
        request = continuing(body)
        if request is None or not isinstance(request.previous_response_id, str):
            return body
        return splice(body, closing_edits(self._open.get(request.previous_response_id, []), request.given))

    def follow_up(self, body: bytes, response_id: str) -> bytes:
        """Return a request that goes on from a response with results alone: what the provider holds is not sent again.

        `body` goes on as requests of HTTP do, by all that was said before. In a `conversation`, which the provider
        keeps, results are all that it has. Raises BodyError for what is no request.
        """
        request = continuing(body)
        if request is None:
            raise BodyError("not_json")
        if request.conversation or not response_id:
            return body
        ours = self._open.get(response_id, [])
        results = [item for item in request.items if item.get("type") == _RESULT and item.get("call_id") in ours]
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        fields["previous_response_id"] = msgspec.Raw(encoded(response_id))
        fields["input"] = array([encoded(result) for result in results])
        return msgspec.json.encode(fields)

    def redirected(self, body: bytes) -> bytes:
        """Return a frame that names the response in which the answer that it names has ended, or is now."""
        request = continuing(body)
        told = None if request is None else request.previous_response_id
        really = self._ends.get(told) if isinstance(told, str) else None
        return body if really is None else splice(body, [Edit(("previous_response_id",), really)])

    def without_ours(self, frame: bytes) -> bytes | None:
        """Return an event that lists required input without that of our calls; None if there is no other."""
        listed = list(records(record(decoded(frame, Any)).get("required_input")))
        open_calls = {call for calls in self._open.values() for call in calls}
        ours = [index for index, item in listed if string(item.get("call_id")) in open_calls]
        if ours and len(ours) == len(listed):
            return None
        return without(frame, ("required_input",), ours)


def _is_call(item: dict[str, Any]) -> bool:
    return string(item.get("type")) in _CALLS


def _is_output(item: dict[str, Any]) -> bool:
    return string(item.get("type")).endswith("_output")
