"""An answer that asks for originals: what it asks, how the conversation goes on, and what of it the client sees.

Pure functions over bytes. A streamed answer, once put together, is read as a whole one: see `headroom.ccr.streams`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from headroom.blocks import Edit, JsonPath, Payload
from headroom.ccr.arrays import appended, without
from headroom.ccr.usage import summed
from headroom.errors import BodyError
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import record
from headroom.wire.splice import splice

_NAME, _ESCAPE = RETRIEVE_TOOL.encode(), b"\\u"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of `headroom_retrieve`. `arguments` is JSON text; `id` is empty where the wire gave none."""

    id: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model said in one answer that calls `headroom_retrieve`.

    `said` are the values, spelled as they came, that the conversation is continued with. `ours` are the calls that
    we answer, `theirs` the ids of those that the client answers. `whole` says that the answer ended in these calls,
    not by a limit, a filter or an error. `usage` is what the provider reported for it, `response` the id under which
    the provider keeps the answer, if it does.
    """

    said: tuple[bytes, ...]
    ours: tuple[ToolCall, ...]
    theirs: tuple[str, ...]
    whole: bool
    usage: Payload
    response: str = ""

    @property
    def waits_for_us(self) -> bool:
        """Whether the conversation can go on as soon as our calls are answered."""
        return self.whole and bool(self.ours) and not self.theirs


class Answers(ABC):
    """One wire's answers. `conversation` is the request's list of turns, `usage` where an answer reports it."""

    wire: ClassVar[str]
    conversation: ClassVar[str]
    usage: ClassVar[str]

    def turn(self, answer: bytes) -> Turn | None:
        """Read a whole JSON answer; None if it does not call `headroom_retrieve` or is not ours to continue.

        An answer of several choices is not: nobody could continue all of them.
        """
        if _NAME not in answer and _ESCAPE not in answer:  # an escape may stand for any of its letters
            return None
        try:
            payload = msgspec.json.decode(answer, type=dict[str, Any])
            turn = self._turn(answer, payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BodyError):
            return None
        return turn if turn is not None and turn.ours else None

    def follow_up(self, sent: bytes, turn: Turn, results: Sequence[str]) -> bytes:
        """Return the request body that was sent, continued by what the model said and our results, in order.

        Every other byte stands. Raises BodyError if the body has no list to continue.
        """
        return appended(sent, (self.conversation,), [*turn.said, *self._results(turn.ours, results)])

    def final(self, answer: bytes, before: Sequence[Payload]) -> bytes:
        """Return an answer as the client sees it: without our calls, with the usage of earlier rounds added.

        The very same object comes back if there is nothing to change. Raises BodyError for what is no answer.
        """
        try:
            payload = msgspec.json.decode(answer, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise BodyError("not_json") from None
        edits = self.closing(payload)
        own = record(payload.get(self.usage))
        if before and own:
            edits.append(Edit((self.usage,), summed([*before, own])))
        path, hidden = self.hidden(payload)
        return without(splice(answer, edits), path, hidden)

    @abstractmethod
    def hidden(self, payload: Payload) -> tuple[JsonPath, list[int]]:
        """Return the path of the answer's list of parts, and which of them the client does not see."""

    @abstractmethod
    def closing(self, payload: Payload) -> list[Edit]:
        """Return edits that let an answer end by itself, if without our calls it would wait for no one."""

    @abstractmethod
    def _turn(self, answer: bytes, payload: Payload) -> Turn | None:
        """Read an answer. May raise BodyError."""

    @abstractmethod
    def _results(self, calls: Sequence[ToolCall], results: Sequence[str]) -> list[bytes]:
        """Return the values that answer our calls."""


def encoded(value: Any) -> bytes:
    """Return a value as JSON; lone surrogates, which no UTF-8 can hold, as escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()
