"""Requests of a Responses socket that say with `previous_response_id` what they build on: read, and completed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
from msgspec import structs

from headroom.blocks import JsonPath, Outcome
from headroom.providers import WIRES
from headroom.providers.wire import QUESTION_CHARS, records, string
from headroom.wire.locate import locate

T = TypeVar("T")


class Continuing(msgspec.Struct):
    """What of a request says what it builds on."""

    previous_response_id: Any = None
    conversation: Any = None
    input: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def given(self) -> Any:
        """What it adds; nothing, where that is nested too deeply to be read."""
        return decoded(self.input, Any)

    @property
    def items(self) -> list[dict[str, Any]]:
        """What it adds, item by item; none where it is a text."""
        return [item for _, item in records(self.given)]

    @property
    def question(self) -> str:
        """What the user says last in it."""
        if bytes(self.input).startswith(b'"'):
            text = string(self.given)
            return text[-QUESTION_CHARS:] if text.strip() else ""
        for item in reversed(decoded(self.input, list[msgspec.Raw]) or []):
            head = decoded(item, _Role)
            texts = _user_texts(item) if head is not None and head.role == "user" else []
            if texts:
                return texts[-1][-QUESTION_CHARS:]
        return ""


class _Role(msgspec.Struct):
    role: Any = None


@dataclass(frozen=True, slots=True)
class Completed:
    """A request that says what it builds on: with so many items `added` at the front of its input.

    `question` is what the user asked last, in it or before.
    """

    body: bytes
    added: int = 0
    question: str = ""

    def taken_out(self, body: bytes) -> bytes:
        """Return a body that was made of this one without what was added."""
        if not self.added:
            return body
        spans = locate(body, [("input",), ("input", self.added - 1)])
        start, end = spans["input",][0] + 1, spans["input", self.added - 1][1]
        return body[:start] + body[body.index(b",", end) + 1 :]

    def as_sent(self, outcome: Outcome | None) -> Outcome | None:
        """Return what was decided of the request, without what was decided of the items added."""
        if outcome is None or not self.added:
            return outcome
        moved = [structs.replace(one, path=self._moved(one.path)) for one in outcome.decisions]
        return replace(outcome, decisions=tuple(one for one in moved if one.path))

    def _moved(self, path: JsonPath) -> JsonPath:
        """Return where in the request something stands, () if it is in no request of the client."""
        if len(path) < 2 or path[0] != "input" or not isinstance(path[1], int):
            return path
        return ("input", path[1] - self.added, *path[2:]) if path[1] >= self.added else ()


def continuing(body: bytes) -> Continuing | None:
    """Return what a body says, None if it is no request. Never raises."""
    return decoded(body, Continuing)


def decoded(data: bytes | msgspec.Raw, kind: type[T]) -> T | None:
    """Return JSON as values, None if it is of another kind, or nested too deeply. Never raises."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _user_texts(item: msgspec.Raw) -> list[str]:
    """Return what the user says in an item, as compression reads it."""
    blocks = WIRES["openai-responses"].blocks({"input": [decoded(item, Any)]})
    return [block.text for block in blocks if block.role == "user" and block.text.strip()]
