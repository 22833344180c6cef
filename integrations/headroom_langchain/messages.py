"""LangChain's messages as turns of a transcript, and copies of them with other texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, FunctionMessage, SystemMessage, ToolMessage

from headroom.integrations.transcript import Called, Returned, Said, Turn

_ROLES: dict[str, Literal["assistant", "system"]] = {
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}


def turns_of(messages: Sequence[BaseMessage]) -> list[Turn]:
    """Return what was said, called and returned, in order."""
    turns: list[Turn] = []
    known: set[str] = set()
    for message in messages:
        if isinstance(message, (ToolMessage, FunctionMessage)):
            turns += _returned(message, known)
        else:
            calls = list(_calls(message))
            known.update(call.call for call in calls)
            turns += [Said(_role(message), str(message.text)), *calls]
    return turns


def with_returned(messages: Sequence[BaseMessage], texts: Sequence[str]) -> list[BaseMessage]:
    """Return the messages with these texts in place of what was returned, in order.

    Messages in which no text is another one are the very same objects.
    """
    left = iter(texts)
    return [_changed(m, left) if isinstance(m, (ToolMessage, FunctionMessage)) else m for m in messages]


def size_of(messages: Sequence[BaseMessage]) -> int:
    """Return the number of characters of all texts."""
    return sum(len(m.content) if isinstance(m.content, str) else len(m.text) for m in messages)


def mapped(content: Any, change: Callable[[str], str]) -> Any:
    """Return a message's content with each of its texts changed; the very same object if none is.

    Images, files, citations and all other parts stay.
    """
    if isinstance(content, str):
        return change(content)
    parts = [_part(part, change) for part in content]
    return content if all(new is old for new, old in zip(parts, content, strict=True)) else parts


def _part(part: Any, change: Callable[[str], str]) -> Any:
    if isinstance(part, str):
        return change(part)
    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        return part
    text = change(part["text"])
    return part if text is part["text"] else {**part, "text": text}


def _changed(message: BaseMessage, texts: Iterator[str]) -> BaseMessage:
    content = mapped(message.content, lambda _: next(texts))
    return message if content is message.content else message.model_copy(update={"content": content})


def _returned(message: ToolMessage | FunctionMessage, known: set[str]) -> list[Turn]:
    """Return a result's texts; behind a call of the tool's name, if the call itself is not there (any more)."""
    if isinstance(message, ToolMessage):
        call, failed = message.tool_call_id, message.status == "error"
    else:
        call, failed = _function_id(message.name), False
    turns: list[Turn] = [Called(call, message.name)] if message.name and call not in known else []

    def note(text: str) -> str:
        turns.append(Returned(call, text, failed))
        return text

    mapped(message.content, note)
    return turns


def _calls(message: BaseMessage) -> Iterator[Called]:
    if not isinstance(message, AIMessage):
        return
    for call in (*message.tool_calls, *message.invalid_tool_calls):
        yield Called(call["id"] or "", call["name"] or "", call["args"] or "")
    function = message.additional_kwargs.get("function_call")
    if isinstance(function, dict):
        name = str(function.get("name"))
        yield Called(_function_id(name), name, str(function.get("arguments", "")))


def _function_id(name: str | None) -> str:
    """Return what stands for the id that calls of functions, the forerunners of tools, do not have."""
    return f"function {name}"


def _role(message: BaseMessage) -> Literal["user", "assistant", "system"]:
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, SystemMessage):
        return "system"
    return _ROLES.get(message.role, "user") if isinstance(message, ChatMessage) else "user"
