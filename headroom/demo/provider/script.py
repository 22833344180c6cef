"""What the scripted model says beyond counting: asked for a line of a tool output, it quotes it.

If the output ends in a note that some of it was left out, the model does what the note says: it calls the tool with
the note's hash, and quotes from what comes back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import msgspec

from headroom.blocks import Block

QUESTION = "Quote line {line} of the result of {call}, word for word."
"""The words that the script answers to."""

TOOL = "headroom_retrieve"
LOOKING = "Let me look. "
"""What the model says before it calls the tool."""

_ASKED = re.compile(r"Quote line (\d{1,7}) of the result of ([\w-]{1,64}), word for word\.")
_NOTE = re.compile(r"\| headroom_retrieve hash=([0-9a-f]{24})\]")


@dataclass(frozen=True, slots=True)
class Saying:
    """What the model says next. With `arguments` it calls the tool with them."""

    text: str
    arguments: dict[str, str] = field(default_factory=dict)


def next_saying(blocks: Iterable[Block], tools: Collection[str]) -> Saying | None:
    """Return what the model says to a conversation that ends in the scripted question, None to any other.

    `tools` are the names of the tools that it may call.
    """
    read = list(blocks)
    asked = _ASKED.fullmatch(next((block.text for block in reversed(read) if block.role == "user"), ""))
    if asked is None:
        return None
    results = {block.call: block.text for block in read if block.role == "tool"}
    text = results.get(asked[2], "")
    note = _NOTE.search(text.rpartition("\n")[2])
    if note is None or TOOL not in tools:
        return _quote(text, int(asked[1]))
    fetched = _fetched(read, note[1])
    return Saying(LOOKING, {"hash": note[1]}) if fetched is None else _quote(fetched, int(asked[1]))


def _quote(text: str, line: int) -> Saying:
    lines = text.split("\n")
    return Saying(f"It reads: {lines[line - 1]}" if 0 < line <= len(lines) else "There is no such line.")


def _fetched(blocks: Iterable[Block], wanted: str) -> str | None:
    """Return what the tool has returned for a hash, None if it was not called for it."""
    for block in blocks:
        if block.role == "tool" and block.tool == TOOL and _hash(block.arguments) == wanted:
            return block.text
    return None


def _hash(arguments: str) -> str:
    try:
        return msgspec.json.decode(arguments, type=dict[str, str]).get("hash", "")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return ""
