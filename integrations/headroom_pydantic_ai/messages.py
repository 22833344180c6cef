"""Pydantic AI's messages as turns of a transcript, and copies of them with other texts.

What a tool returned may be a text, values, files, or a list of these. Texts in a list are texts of their own. Providers
get values as JSON, most of them as the text of `model_response_str`: that text is what is shortened, and what stands
in the copy in place of the values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from headroom.integrations.transcript import Called, Returned, Said, Turn

_WHOLE = -1
_ERRORS = ("failed", "retried")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text that a tool returned stands: which message, which of its parts, which item of the part's list.

    The item is -1 for content that is one text as a whole.
    """

    message: int
    part: int
    item: int


class Transcript:
    """A request's messages, read once: `turns` in order, and the places of what was returned among them."""

    def __init__(self, messages: Sequence[ModelMessage]) -> None:
        self.turns: list[Turn] = []
        self._messages = messages
        self._places: list[Place] = []
        self._known: set[str] = set()
        for number, message in enumerate(messages):
            for index, part in enumerate(message.parts):
                self._read(part, number, index)

    @property
    def returned(self) -> list[str]:
        """The texts that were returned, in order."""
        return [turn.text for turn in self.turns if isinstance(turn, Returned)]

    @property
    def size(self) -> int:
        """The number of characters of all texts that were returned."""
        return sum(map(len, self.returned))

    def with_returned(self, texts: Sequence[str]) -> list[ModelMessage]:
        """Return the messages with these texts in place of what was returned, in order.

        Messages and parts in which no text is another one are the very same objects.
        """
        changes: dict[tuple[int, int], dict[int, str]] = {}
        for place, old, new in zip(self._places, self.returned, texts, strict=True):
            if new != old:
                changes.setdefault((place.message, place.part), {})[place.item] = new
        changed = {message for message, _ in changes}
        return [_copy(m, n, changes) if n in changed else m for n, m in enumerate(self._messages)]

    def _read(self, part: Any, message: int, index: int) -> None:
        if type(part) is ToolReturnPart:  # its subclasses are the framework's own, which it reads again
            if part.tool_call_id not in self._known:
                self.turns.append(Called(part.tool_call_id, part.tool_name))
            is_error = part.outcome in _ERRORS
            for item, text in _texts(part):
                self.turns.append(Returned(part.tool_call_id, text, is_error))
                self._places.append(Place(message, index, item))
        elif isinstance(part, ToolCallPart):
            self._known.add(part.tool_call_id)
            self.turns.append(Called(part.tool_call_id, part.tool_name, part.args or ""))
        elif isinstance(part, SystemPromptPart):
            self.turns.append(Said("system", part.content))
        elif isinstance(part, UserPromptPart):
            self.turns.append(Said("user", _said(part)))
        elif isinstance(part, TextPart):
            self.turns.append(Said("assistant", part.content))


def _texts(part: ToolReturnPart) -> Iterator[tuple[int, str]]:
    """Yield the texts of a part, each with its place in the part's list.

    Values that say what failed stay: how they are rendered depends on that, too.
    """
    content: Any = part.content
    if isinstance(content, str):
        yield _WHOLE, content
    elif part.outcome in _ERRORS:
        return
    elif isinstance(content, list) and (part.files or any(isinstance(item, str) for item in content)):
        items = part.content_items(mode="str") if part.files else content  # beside files, all values are sent as texts
        yield from ((place, item) for place, item in enumerate(items) if isinstance(item, str))
    elif not part.files:
        yield _WHOLE, part.model_response_str()


def _said(part: UserPromptPart) -> str:
    content = part.content
    return content if isinstance(content, str) else "\n".join(item for item in content if isinstance(item, str))


def _copy(message: Any, number: int, changes: Mapping[tuple[int, int], Mapping[int, str]]) -> ModelMessage:
    parts = [
        _with_texts(part, texts) if (texts := changes.get((number, index))) else part
        for index, part in enumerate(message.parts)
    ]
    copied: ModelMessage = replace(message, parts=parts)
    return copied


def _with_texts(part: Any, texts: Mapping[int, str]) -> ToolReturnPart:
    content = texts[_WHOLE] if _WHOLE in texts else [texts.get(n, item) for n, item in enumerate(part.content)]
    copied: ToolReturnPart = replace(part, content=content)
    return copied
