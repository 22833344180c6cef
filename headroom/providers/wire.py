"""What a wire format must tell us, and the total walking helpers that all four share.

"Total" means: any JSON value in any place is walked over without raising; what has the wrong shape is skipped.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from headroom.blocks import Block, JsonPath, Payload

QUESTION_CHARS = 2_000
"""Of what a user said, this much from the end is kept as the question."""


class Usage(Struct, frozen=True):
    """Tokens as the provider reported them; None where it said nothing.

    `input` counts every input token, cached ones included; `cache_read` and `cache_write` are parts of it.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None

    def updated(self, later: Usage | None) -> Usage:
        """Return this usage with whatever a later report of the same answer says instead."""
        if later is None:
            return self
        return Usage(
            self.input if later.input is None else later.input,
            self.output if later.output is None else later.output,
            self.cache_read if later.cache_read is None else later.cache_read,
            self.cache_write if later.cache_write is None else later.cache_write,
        )


class Wire(ABC):
    """One provider request format. Pure and total."""

    name: ClassVar[str]
    calls_are_unique: ClassVar[bool] = False
    """Whether the provider makes the ids of calls, so that none comes twice; requests may then leave out the rest."""

    @abstractmethod
    def blocks(self, payload: Payload) -> Iterator[Block]:
        """Yield every readable string of the request in the order in which the model reads it.

        Content that must not be read is yielded as an opaque block without text.
        """

    def keeps_results(self, payload: Payload) -> bool:
        """Say whether the model sees every tool result that stands in the body, in this one conversation.

        Not so where the provider may drop old results by itself (Anthropic's `context_management`, `truncation` of
        Responses).
        """
        return "context_management" not in payload and payload.get("truncation", "disabled") in ("disabled", None)

    @abstractmethod
    def usage(self, answer: Mapping[str, Any]) -> Usage | None:
        """Read the usage from a whole answer or from one event of a streamed one; None if it holds none."""


class Call(Struct, frozen=True):
    """The tool call that an output answers: the tool's name and its arguments as JSON text."""

    tool: str = ""
    arguments: str = ""


def with_questions(blocks: Iterable[Block]) -> Iterator[Block]:
    """Tell every tool output what the user said last before it."""
    question = ""
    for one in blocks:
        if one.role == "user" and one.text.strip():
            question = one.text[-QUESTION_CHARS:]
        yield replace(one, question=question) if one.role == "tool" else one


def conversation_of(blocks: Iterable[Block]) -> str:
    """Name the conversation that blocks are of by what the user said first; empty if nothing was said."""
    first = next((one.text for one in blocks if one.role == "user" and one.text.strip()), "")
    return hashlib.blake2b(first.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest() if first else ""


def records(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield index and element of a list's objects; nothing for any other value."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            if isinstance(element, dict):
                yield index, element


def record(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def string(value: Any) -> str:
    """Return the value if it is a string, else the empty string."""
    return value if isinstance(value, str) else ""


def integer(value: Any) -> int | None:
    """Return the value if it is an integer (and no boolean), else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_json(value: Any) -> str:
    """Return arguments as JSON text: strings as they are, values encoded, nothing for None."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode()
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return ""


def parts(content: Any, path: JsonPath, kinds: tuple[str, ...]) -> Iterator[tuple[JsonPath, str | None]]:
    """Yield path and text of a content that is a string or a list of typed parts.

    Parts of one of `kinds` with a string in `text` are texts; every other part yields None: opaque.
    """
    if isinstance(content, str):
        yield path, content
    for index, part in records(content):
        text = part.get("text")
        if part.get("type") in kinds and isinstance(text, str):
            yield (*path, index, "text"), text
        else:
            yield (*path, index), None


def block(path: JsonPath, text: str | None, role: str, message: int, **known: Any) -> Block:
    """Build a block; a text of None makes it opaque."""
    return Block(path, text or "", role, message=message, opaque=text is None, **known)
