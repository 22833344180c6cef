"""What every host app does, whatever its framework: plays the model, and writes down how it lives."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ccr.scripts import Call, said, stream, whole
from support.retrieval import long_sample

from headroom.proxy.config import ProxyConfig

OUTPUT = long_sample("long_log")
"""The tool output in the requests: long enough that some of it is left out."""

CONFIG = ProxyConfig(paths={"/chat": "auto"}, retrieval="tool", marker_key="key", block_seconds=60, request_seconds=60)
LIFE = "HOSTS_LIFE"
"""Name of the variable that says where the app writes down how it lives."""

_HANDLE = re.compile(rb"hash=([0-9a-f]{24})")
_READ_BYTES = 1_048_576


@dataclass(frozen=True)
class Reply:
    """An answer of the model: content type and pieces."""

    kind: str
    chunks: list[bytes]


def reply_to(body: bytes) -> Reply:
    """Ask for what was left out of a request with tools; else say what came."""
    asked = json.loads(body) if len(body) <= _READ_BYTES else {}
    told = [message.get("content") for message in asked.get("messages", ())]
    handle = _HANDLE.search(body)
    if handle and "tools" in asked and OUTPUT not in told:
        words = said(Call("call_1", arguments=json.dumps({"hash": handle[1].decode()})))
    else:
        words = said(json.dumps({**seen(body), "original": OUTPUT in told}), number=2)
    if asked.get("stream"):
        return Reply("text/event-stream", stream("openai-chat", words))
    return Reply("application/json", [whole("openai-chat", words)])


def seen(body: bytes) -> dict[str, object]:
    """Return what tells one body from another."""
    return {"size": len(body), "digest": hashlib.sha256(body).hexdigest()}


def note(word: str) -> None:
    """Write down that something has happened."""
    with Path(os.environ[LIFE]).open("a", encoding="utf-8") as life:
        life.write(word + "\n")
