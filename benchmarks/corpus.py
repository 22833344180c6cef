"""Tool outputs to measure on: one JSON file each, in a folder.

An item is `{id, kind, tool, args, question, content, origin}`. Folders may also hold conversations (`kind` is
`conversation`, with `messages` instead of `content`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.report import ROOT

SHARED = ROOT.parent / "shared" / "corpus"
RECORDED = ROOT / ".cache" / "corpus"
CONVERSATION = "conversation"
_SYSTEM = "You are a careful agent. Use the tools."

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Item:
    """One tool output and the call that made it, or a whole conversation."""

    id: str
    kind: str
    content: str = ""
    tool: str = "run_command"
    args: dict[str, Any] = field(default_factory=dict)
    question: str = "What matters here?"
    origin: str = ""
    messages: Messages = field(default_factory=list)

    def as_messages(self) -> Messages:
        """Return a short chat whose last message is the tool output; a conversation as it is.

        A file that is read for editing is left alone by default, so here a shell's `cat` shows it.
        """
        if self.kind == CONVERSATION:
            return self.messages
        tool, args = self.tool, self.args
        if tool == "read_file":
            tool, args = "run_command", {"command": f"cat {args.get('path', '')}"}
        call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": json.dumps(args)}}
        return [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": self.question},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": self.content},
        ]

    def text_of(self, messages: Messages) -> str:
        """Return what the model reads of it in (rewritten) messages."""
        return text_of(messages if self.kind == CONVERSATION else messages[-1:])


def text_of(messages: Sequence[dict[str, Any]]) -> str:
    """Return the texts of messages, joined by line feeds."""
    return "\n".join(text for message in messages for text in _texts(message.get("content")))


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    found: list[str] = []
    for part in content if isinstance(content, list) else []:
        if isinstance(part, dict):
            found += _texts(part.get("content", part.get("text")))
    return found


def load(folder: Path) -> list[Item]:
    """Return the items of a folder in order of their ids. Raises FileNotFoundError if there are none."""
    known = Item.__slots__
    items = []
    for path in sorted(folder.glob("*.json")):
        values = json.loads(path.read_text(encoding="utf-8"))
        items.append(Item(**{name: values[name] for name in known if values.get(name) is not None}))
    if not items:
        raise FileNotFoundError(f"no items in {folder}")
    return sorted(items, key=lambda item: item.id)


def save(items: Sequence[Item], folder: Path) -> None:
    """Write items as files, one each."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in items:
        values = {name: getattr(item, name) for name in Item.__slots__ if name != "messages"}
        (folder / f"{item.id}.json").write_text(json.dumps(values, indent=1), encoding="utf-8")


def chosen(folder: str | None) -> tuple[str, list[Item]]:
    """Return the items to measure on and what to call them.

    Those of the folder if one is named, else the shared corpus where there is one, else what this machine gives.
    """
    if folder:
        return Path(folder).name, load(Path(folder))
    if SHARED.is_dir():
        return "a corpus next to the checkout", load(SHARED)
    if not any(RECORDED.glob("*.json")):
        from benchmarks.record_corpus import record  # noqa: PLC0415 - only where nothing is recorded yet

        save(record(), RECORDED)
    return "recorded on this machine", load(RECORDED)
