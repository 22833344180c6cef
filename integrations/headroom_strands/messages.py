"""Messages of Strands as turns of a transcript, and copies of them with other texts.

What a tool returned stands in blocks `toolResult` of a user's message, as a list of parts: `text`, `json`, `image`,
`document`. Texts may change, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strands.types.content import ContentBlock, Message, Messages
from strands.types.tools import ToolResult, ToolResultContent

from headroom.integrations.transcript import Called, Returned, Said, Turn


def turns_of(messages: Messages) -> list[Turn]:
    """Return what was said, called and returned, in order."""
    return [turn for message in messages for block in message["content"] for turn in _turns(message, block)]


def with_returned(messages: Messages, texts: Sequence[str]) -> Messages:
    """Return the messages with these texts in place of what was returned, in order.

    Messages in which no text is another one are the very same objects.
    """
    left = iter(texts)
    return [_message(message, left) for message in messages]


def size_of(messages: Messages) -> int:
    """Return the number of characters of what tools returned."""
    return sum(len(turn.text) for turn in turns_of(messages) if isinstance(turn, Returned))


def _turns(message: Message, block: ContentBlock) -> Iterator[Turn]:
    if "toolUse" in block:
        use = block["toolUse"]
        yield Called(use["toolUseId"], use["name"], use["input"])
    elif "toolResult" in block:
        result = block["toolResult"]
        is_error = result.get("status") == "error"
        yield from (Returned(result["toolUseId"], part["text"], is_error) for part in _texts(result))
    elif "text" in block:
        yield Said(message["role"], block["text"])


def _texts(result: ToolResult) -> Iterator[ToolResultContent]:
    return (part for part in result["content"] if _is_text(part))


def _is_text(part: ToolResultContent) -> bool:
    return isinstance(part.get("text"), str)


def _message(message: Message, texts: Iterator[str]) -> Message:
    content = [_block(block, texts) for block in message["content"]]
    is_same = all(new is old for new, old in zip(content, message["content"], strict=True))
    return message if is_same else {**message, "content": content}


def _block(block: ContentBlock, texts: Iterator[str]) -> ContentBlock:
    if "toolResult" not in block:
        return block
    result = block["toolResult"]
    parts = [_part(part, texts) for part in result["content"]]
    is_same = all(new is old for new, old in zip(parts, result["content"], strict=True))
    return block if is_same else {**block, "toolResult": {**result, "content": parts}}


def _part(part: ToolResultContent, texts: Iterator[str]) -> ToolResultContent:
    if not _is_text(part):
        return part
    text = next(texts)
    return part if text is part["text"] else {**part, "text": text}
