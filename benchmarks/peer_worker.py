"""Runs in a peer's own environment: JSON lines of items in, JSON lines of answers out.

usage: peer_worker.py NAME

Each item is worked on twice, on a copy each; the first run is timed. What a library prints goes to standard error.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Messages = list[dict[str, Any]]
Compress = Callable[[Messages, str], Messages]

_CALL = {"id": "call_0", "type": "function", "function": {"name": "run_command", "arguments": "{}"}}
WARM_UP: Messages = [
    {"role": "user", "content": "What is here?"},
    {"role": "assistant", "content": None, "tool_calls": [_CALL]},
    {"role": "tool", "tool_call_id": "call_0", "content": json.dumps([{"id": n, "name": f"n{n}"} for n in range(99)])},
]
"""Loads what a first call loads, so that no item pays for it."""


def headroom_ai() -> Compress:
    """Call it as its README does."""
    from headroom import compress  # noqa: PLC0415 - theirs, not ours: this environment holds no other

    return lambda messages, model: list(compress(messages, model=model).messages)


def leantokens() -> Compress:
    """Call what its proxy calls; it works in place."""
    from leantokens import compress_request  # type: ignore[import-not-found]  # noqa: PLC0415

    def compress(messages: Messages, model: str) -> Messages:
        compress_request({"model": model, "messages": messages})
        return messages

    return compress


def secondwind() -> Compress:
    """Start a new session for each item, for a session remembers what it has seen."""
    from secondwind import Session  # type: ignore[import-not-found]  # noqa: PLC0415

    def compress(messages: Messages, model: str) -> Messages:
        rewritten = Session().rewrite({"model": model, "messages": messages})
        return list(rewritten["request"]["messages"])

    return compress


def toon() -> Compress:
    """Spell tool outputs that are JSON in TOON if that is shorter."""
    from toon_format import dumps  # type: ignore[import-not-found]  # noqa: PLC0415

    def compress(messages: Messages, model: str) -> Messages:
        del model
        for message in messages:
            content = message.get("content")
            if message.get("role") == "tool" and isinstance(content, str):
                message["content"] = min(content, _respelled(content, dumps), key=len)
        return messages

    return compress


def _respelled(content: str, dumps: Callable[[Any], str]) -> str:
    try:
        return dumps(json.loads(content))
    except ValueError:
        return content


WAYS: dict[str, Callable[[], Compress]] = {
    "headroom-ai": headroom_ai,
    "leantokens": leantokens,
    "secondwind": secondwind,
    "toon": toon,
}


def main(name: str) -> None:
    """Work on standard input."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    compress = WAYS[name]()
    compress(copy.deepcopy(WARM_UP), "gpt-4o")
    for line in sys.stdin:
        item = json.loads(line)
        runs = [_timed(compress, copy.deepcopy(item["messages"]), item["model"]) for _ in range(2)]
        (messages, cpu_ms), (again, _) = runs
        out.write(json.dumps({"messages": messages, "again": again, "cpu_ms": cpu_ms}) + "\n")
        out.flush()


def _timed(compress: Compress, messages: Messages, model: str) -> tuple[Messages, float]:
    start = time.process_time()
    made = compress(messages, model)
    return made, (time.process_time() - start) * 1e3


if __name__ == "__main__":
    main(sys.argv[1])
