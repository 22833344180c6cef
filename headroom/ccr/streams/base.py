"""Weaving: the streams of one or more answers become the one stream that the client sees.

As long as an answer does not call `headroom_retrieve`, its bytes pass as they come. The grain is the event: no client
acts on a part of one, so at most the beginning of the newest event is held, and not even that where its first line
names a type that passes in any case. Events of a call of ours never pass. From the first of them on, what closes the
answer is held to its end: then it is known whether the answer goes on with a further round, whose events take the
places behind those that passed, or ends here.

    feed* ─► end ─► the client is done:      finish
                 ╰► a further round:         go_on ─► feed* ─► end ...
                 ╰► which cannot be had:     failed
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import msgspec

from headroom.blocks import Edit, Payload
from headroom.ccr.answers import ANSWERS, Answers, Turn
from headroom.ccr.streams.framing import EventFrames, Frame, Frames
from headroom.ccr.usage import summed
from headroom.errors import BodyError
from headroom.providers.vendors import Vendor
from headroom.wire.splice import splice

MAX_TURN_BYTES = 16_777_216
"""A longer answer is not continued; where nothing has been asked until then, the rest of it is not looked at."""

_ENDS = (b"[DONE]", b"]")
"""What ends a stream and is no event."""


@dataclass(frozen=True, slots=True)
class Held:
    """A closing event, what changes in it for the client in any case, and its values as they are then."""

    frame: Frame
    event: Payload = field(default_factory=dict)
    edits: Sequence[Edit] = ()


class Weaver(ABC):
    """One client's stream. Total: whatever comes, it goes on.

    `is_touched` says that the client's stream is no longer the provider's byte for byte.
    """

    wire: ClassVar[str]
    vendor: ClassVar[Vendor]

    def __init__(self, frames: Frames | None = None) -> None:
        self.is_touched = False
        self._frames = frames or EventFrames()
        self._answers: Answers = ANSWERS[self.wire]
        self._before: list[Payload] = []  # usage of earlier rounds
        self._turn: Turn | None = None
        self._held: list[Held] = []
        self._tail = b""
        self._size = 0
        self._is_torn = False  # something came that cannot be sent back as it came
        self._is_relaying = False

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the answer; return what the client gets now."""
        self._size += len(chunk)
        if self._is_relaying:
            return chunk
        out = [self._frame(frame) for frame in self._frames.feed(chunk)]
        out.append(self._frames.early(self._passes))
        if self._frames.is_given_up or (self._size > MAX_TURN_BYTES and not self.is_touched):
            self._is_relaying = True
            out.append(self._frames.rest())
        return b"".join(out)

    def end(self) -> Turn | None:
        """Take the end of the answer; return what it says if it calls `headroom_retrieve`, else None."""
        self._tail = self._frame(self._frames.last())
        turn = self._answers.turn(self._answer()) if self.is_touched else None
        is_lost = self._is_torn or self._is_relaying or self._size > MAX_TURN_BYTES
        self._turn = replace(turn, whole=False) if turn is not None and is_lost else turn
        return self._turn

    def finish(self) -> bytes:
        """Return what is left for the client, now that no further round follows."""
        held, self._held = self._held, []
        closing = [self._written(one.frame, [*one.edits, *self._closing_edits(one)]) for one in held]
        return b"".join([self._tail, *closing])

    def go_on(self) -> bytes:
        """Return what is left for the client of this answer, and begin with the next one."""
        turn, held, tail = self._turn, self._held, self._tail
        self._before += [turn.usage] if turn is not None and turn.usage else []
        self._held, self._tail, self._size, self._is_torn = [], b"", 0, False
        out = b"".join([tail, *(self._remaining(one) for one in held)])
        self._renew()
        self._frames.renew()
        return out

    def failed(self, status: int, body: bytes) -> bytes:
        """Return the provider's error event, for a further round that was answered with this error instead."""
        error = self._error_of(status, body)
        return self._frames.made(msgspec.json.encode(error), self._error_name)

    @property
    def renamed(self) -> tuple[str, str] | None:
        """The id that the client was told and the one that the provider knows the answer by, where they differ."""
        return None

    # ---- what a wire adds

    _error_name: ClassVar[str] = ""

    @abstractmethod
    def _event(self, frame: Frame, event: Payload) -> bytes:
        """Take an event; return what the client gets of it now, where its stream is touched."""

    @abstractmethod
    def _answer(self) -> bytes:
        """Return the answer as it would have come whole: enough of it for `Answers.turn`."""

    @abstractmethod
    def _closing_edits(self, held: Held) -> list[Edit]:
        """Return what else changes in a held event, now that the answer ends here."""

    @abstractmethod
    def _renew(self) -> None:
        """Forget the answer; what comes next is the following one."""

    def _passes(self, name: str) -> bool:  # noqa: ARG002 - wires without names of events pass nothing early
        """Say whether every event with this name passes now, whatever it holds."""
        return False

    def _remaining(self, held: Held) -> bytes:  # noqa: ARG002 - most closing events hold no content
        """Return the content of a held event, where the answer goes on."""
        return b""

    def _error(self, error: Payload) -> Payload:
        """Return an error as this wire's streams spell it: by its first key, some clients know it."""
        return {"error": error["error"]}

    # ---- shared

    def _frame(self, frame: Frame) -> bytes:
        event = _decoded(frame.data)
        if event is not None:
            out = self._event(frame, event)
        elif frame.data in _ENDS and self.is_touched:
            out = self._hold(Held(frame))
        else:
            self._is_torn = self._is_torn or frame.data.startswith(b"{")
            out = frame.raw
        return out if self.is_touched and not frame.is_begun else self._frames.passed(frame)

    def _hold(self, held: Held) -> bytes:
        self._held.append(held)
        return b""

    def _written(self, frame: Frame, edits: Sequence[Edit]) -> bytes:
        try:
            data = splice(frame.data, edits)
        except BodyError:
            data = frame.data
        return self._frames.written(frame, data)

    def _total(self, usage: Payload) -> Payload:
        return summed([*self._before, usage])

    def _error_of(self, status: int, body: bytes) -> Payload:
        given = _decoded(body)
        if given is None or "error" not in given:
            text = f"The provider answered with status {status} when the answer was continued."
            given = self.vendor.error(status, "retrieval_failed", text)
        return self._error(given)


def _decoded(data: bytes) -> Payload | None:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
