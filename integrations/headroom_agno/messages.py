"""Agno's messages as turns of a transcript.

Agno keeps what a tool returned as the `content` of a message and sends its `compressed_content` where there is one:
a string for a string. Contents in parts have no place for another form and stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from agno.models.message import Message

from headroom.integrations.transcript import Called, Returned, Said, Turn

_ROLES: dict[str, Literal["assistant", "system"]] = {
    "assistant": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
}


def results_in(messages: Sequence[Message]) -> list[Message]:
    """Return the messages that are results of tools and may have a short form."""
    return [message for message in messages if is_result(message)]


def is_result(message: Message) -> bool:
    """Say whether a message is what a tool returned, as a text."""
    return message.role == "tool" and isinstance(message.content, str)


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Return what was said, called and returned, in order; of the latter, one turn for each of `results_in`."""
    turns: list[Turn] = []
    known: set[str] = set()
    for message in messages:
        calls = list(_calls(message))
        known.update(call.call for call in calls)
        turns += calls
        if isinstance(message.content, str):
            turns += _returned(message, known) if is_result(message) else [_said(message)]
    return turns


def size_of(messages: Sequence[Message]) -> int:
    """Return the number of characters of what tools returned."""
    return sum(len(str(message.content)) for message in results_in(messages))


def _said(message: Message) -> Said:
    return Said(_ROLES.get(message.role, "user"), str(message.content))


def _returned(message: Message, known: set[str]) -> Iterator[Turn]:
    """Yield a result; behind the call that the message itself tells of, if that is not there (any more)."""
    call = message.tool_call_id or ""
    if message.tool_name and call not in known:
        yield Called(call, message.tool_name, _arguments(message.tool_args))
    yield Returned(call, str(message.content), bool(message.tool_call_error))


def _calls(message: Message) -> Iterator[Called]:
    """Yield the calls of a model's message, under each of the ids by which a result may name them.

    Calls of OpenAI's Responses have two: that of the item and that of the call.
    """
    if message.role == "tool":
        return
    for call in message.tool_calls or ():
        function = call.get("function")
        if isinstance(function, Mapping):
            ids = dict.fromkeys(str(call[key]) for key in ("id", "call_id") if call.get(key))
            arguments = _arguments(function.get("arguments"))
            yield from (Called(one, str(function.get("name")), arguments) for one in ids)


def _arguments(arguments: Any) -> Mapping[str, Any] | str:
    return arguments if isinstance(arguments, (Mapping, str)) else ""
