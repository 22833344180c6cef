"""What goes in and out of the offline provider: a recorded request, what an answer may know of it, a reply."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec

from headroom.blocks import Payload
from headroom.demo.provider.script import Saying

CREATED = 1_760_000_000
"""Every answer was made at this second (Unix time), so that equal requests get equal bytes."""

CREATED_TEXT = "2025-10-09T08:53:20Z"
"""`CREATED` as RFC 3339."""


_PIECE = 12
"""Characters of a call's arguments that come at once."""


class BadRequestError(Exception):
    """The body is not what the route takes; answered with 400 in the provider's shape."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came from the socket. `target` is path and query; header names are lower case."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the target."""
        return parse_qs(self.target.partition("?")[2])

    def payload(self) -> Payload:
        """Return the body as JSON values. Raises BadRequestError if it is not a JSON object."""
        try:
            value = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequestError("The body is not JSON.") from error
        if not isinstance(value, dict):
            raise BadRequestError("The body must be a JSON object.")
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back; each chunk leaves on its own."""

    chunks: tuple[bytes, ...]
    content_type: str = "application/json"
    status: int = 200


def whole(value: Any, status: int = 200) -> Reply:
    """Return a reply that is one JSON document."""
    return Reply((msgspec.json.encode(value),), status=status)


def events(chunks: Iterable[bytes]) -> Reply:
    """Return a reply that is a stream of server-sent events."""
    return Reply(tuple(chunks), "text/event-stream; charset=utf-8")


def event(data: Any, name: str = "") -> bytes:
    """Return one server-sent event with JSON data."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says. It depends on the shape of a conversation alone, never on the text of a tool output.

    So the same answer, usage included, comes back whether or not a proxy made tool outputs smaller, and the two
    can be compared byte for byte. The figures of the usage are therefore not counts of tokens. The exception is
    `saying`, the answer to a scripted question.
    """

    model: str
    messages: int
    tool_outputs: int
    saying: Saying | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments with which `script.TOOL` is called; empty if it is not."""
        return self.saying.arguments if self.saying else {}

    @property
    def text(self) -> str:
        """The words of the answer."""
        if self.saying is not None:
            return self.saying.text
        return f"Messages read: {self.messages}, tool outputs among them: {self.tool_outputs}. Résumé ✓."

    @property
    def words(self) -> tuple[str, ...]:
        """The pieces in which a stream brings the answer; joined they are the text."""
        first, *rest = self.text.split(" ")
        return (first, *(f" {word}" for word in rest))

    @property
    def input_tokens(self) -> int:
        """A figure for the usage that grows with the conversation."""
        return 10 * self.messages + 100 * self.tool_outputs

    @property
    def output_tokens(self) -> int:
        """A figure for the usage of the answer itself."""
        return len(self.words)

    def identifier(self, prefix: str) -> str:
        """Return an id that is the same for equal answers."""
        seed = f"{self.model}\n{self.text}\n{self.arguments}".encode()
        return prefix + hashlib.blake2b(seed, digest_size=12).hexdigest()


def pieces(value: Any) -> list[str]:
    """Return a JSON value as the pieces of text in which a stream brings it."""
    text = msgspec.json.encode(value).decode()
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


def required_list(payload: Payload, key: str) -> list[Any]:
    """Return a list that the route cannot do without. Raises BadRequestError if it is missing or empty."""
    value = payload.get(key)
    if not isinstance(value, list) or not value:
        raise BadRequestError(f"Missing required parameter: '{key}'.")
    return value
