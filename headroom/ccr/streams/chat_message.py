"""A message of a chat completion, put together out of its deltas."""

from __future__ import annotations

from typing import Any

from headroom.blocks import Payload
from headroom.ccr.answers.openai_chat import is_ours
from headroom.providers.wire import integer, record, records, string

_OF_THE_STREAM = frozenset({"index", "function"})


class ChatMessage:
    """What the model says in one round.

    Texts are joined, lists put one behind the other, tool calls followed by their index. Keys that are not of the
    API (reasoning, signatures) are taken along: some providers want them back.
    """

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._others: Payload = {}
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._ours = 0

    @property
    def calls_us(self) -> bool:
        """Whether a call of `headroom_retrieve` has begun."""
        return self._ours > 0

    @property
    def calls_only_us(self) -> bool:
        """Whether there are calls, and no other tool is called."""
        return 0 < self._ours == len(self._calls)

    def take(self, delta: Payload) -> Payload:
        """Take a delta; return it as the client sees it: without our calls, the others numbered through."""
        for key, value in delta.items():
            if isinstance(value, str) and key != "role":
                self._texts.setdefault(key, []).append(value)
            elif isinstance(value, list) and key != "tool_calls":
                self._lists.setdefault(key, []).extend(value)
            elif isinstance(value, dict):
                self._others[key] = value
        if "tool_calls" not in delta:
            return delta
        seen = [self._seen(entry) for _, entry in records(delta["tool_calls"])]
        left = {**delta, "tool_calls": [entry for entry in seen if entry is not None]}
        if not left["tool_calls"]:
            del left["tool_calls"]
        return left

    def value(self) -> Payload:
        """Return the message as it would stand in a whole answer."""
        message: Payload = {"role": "assistant", "content": None, **self._others, **self._lists}
        message |= {key: "".join(pieces) for key, pieces in self._texts.items()}
        if self._calls:
            message["tool_calls"] = [call.value() for call in self._calls]
        return message

    def _seen(self, entry: Payload) -> Payload | None:
        """Take a part of a call; return it as the client sees it, None if it is of a call of ours."""
        call = self._call(entry)
        call.add(entry)
        if call.is_ours:
            return None
        return entry if entry.get("index", call.place) == call.place else {**entry, "index": call.place}

    def _call(self, entry: Payload) -> _Call:
        """Return the call that an entry belongs to: by its index, unless it has another id than that call."""
        index = integer(entry.get("index"))
        if index is None:
            known = self._calls[-1] if self._calls and not entry.get("id") else None
        else:
            known = self._by_index.get(index)
        if known is not None and entry.get("id", known.id) in (known.id, "", None):
            return known
        # A provider that gives every call the same index means what it says: only ours leave gaps to be closed.
        call = _Call(entry, (len(self._calls) if index is None else index) - self._ours)
        self._ours += call.is_ours
        self._calls.append(call)
        if index is not None:
            self._by_index[index] = call
        return call


class _Call:
    """One tool call. `place` is its index in what the client sees."""

    def __init__(self, first: Payload, place: int) -> None:
        self.id = first.get("id")
        self.is_ours = is_ours(first)
        self.place = max(0, place)
        self._head: Payload = {}
        self._function = record(first.get("function"))
        self._arguments: list[str] = []

    def add(self, entry: Payload) -> None:
        """Take a part of the call."""
        self._head |= {key: value for key, value in entry.items() if key not in _OF_THE_STREAM and value is not None}
        self._arguments.append(string(record(entry.get("function")).get("arguments")))

    def value(self) -> Payload:
        """Return the call as it would stand in a whole answer."""
        function: dict[str, Any] = {**self._function, "arguments": "".join(self._arguments)}
        return {"id": "", "type": "function", **self._head, "function": function}
