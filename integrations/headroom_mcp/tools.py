"""The three tools of the server: what they are called, what they take, and their answers. Knows nothing of MCP's SDK.

headroom_compress   a text ─► its short form, as the pipeline of every door makes it
headroom_retrieve   the hash in a note ─► the original, or the part of it that is asked for
headroom_stats      what this server has done so far
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headroom.blocks import Channel, Payload
from headroom.ccr.retriever import NO_HASH, NOT_A_HASH, UNREADABLE
from headroom.ccr.tool import definition
from headroom.compress import DEFAULT_MODEL, CompressResult
from headroom.integrations.adapter import Adapter
from headroom.integrations.asgi import INLINE_BYTES
from headroom.integrations.transcript import Called, Returned, Said, Turn
from headroom.protect import RETRIEVE_TOOL
from headroom.proxy.config import ProxyConfig
from headroom.state import Store

COMPRESS_TOOL, STATS_TOOL = "headroom_compress", "headroom_stats"
META = "headroom"
"""Under which name of `_meta` programs find the figures of a call."""

_CALL = "call"
_ASIDE = INLINE_BYTES + 1
_HALF_CHARACTERS = "[headroom: halves of characters (lone surrogates) are shown as ?]"
_HARMLESS = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}

_RETRIEVE = definition("anthropic")
DEFINITIONS: tuple[Payload, ...] = (
    {
        "name": COMPRESS_TOOL,
        "title": "Shorten a text",
        "description": (
            "Returns a shorter form of a long tool output: a log, JSON, a table, search results, a listing, a diff, a "
            f"page, code. What it leaves out, {RETRIEVE_TOOL} returns."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "The tool output"},
                "tool": {"type": "string", "description": "The tool that returned it"},
                "arguments": {"type": ["object", "string"], "description": "What the tool was called with"},
                "question": {"type": "string", "description": "What it was called for"},
            },
            "required": ["text"],
            "additionalProperties": False,
        },
        "annotations": _HARMLESS,
    },
    {
        "name": RETRIEVE_TOOL,
        "title": "Get back what was left out",
        "description": _RETRIEVE["description"],
        "inputSchema": _RETRIEVE["input_schema"],
        "annotations": _HARMLESS,
    },
    {
        "name": STATS_TOOL,
        "title": "What was saved",
        "description": "Returns what this server has shortened and given back since its start.",
        "inputSchema": {"type": "object", "properties": {}},
        "outputSchema": {"type": "object", "additionalProperties": {"type": "integer"}},
        "annotations": {**_HARMLESS, "idempotentHint": False},
    },
)
"""The tools as they stand on the wire (MCP 2025-06-18, Tool). The values are shared: they must not be changed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call is answered with: texts for the model, and for programs `structured` and `meta`."""

    texts: tuple[str, ...]
    is_error: bool = False
    structured: dict[str, int] | None = None
    meta: dict[str, Any] = field(default_factory=dict)


class _Compress(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    tool: str | None = None
    arguments: dict[str, Any] | str | None = None
    question: str | None = None

    def turns(self) -> list[Turn]:
        """Return the conversation in which this text would have been returned."""
        asked: list[Turn] = [Said("user", self.question)] if self.question else []
        return [*asked, Called(_CALL, self.tool or "", self.arguments or ""), Returned(_CALL, self.text)]


class HeadroomTools:
    """Answers calls of the tools. The reader of the channel `mcp` is whoever calls them.

    Originals are read from, and kept in, the configured store (or `store`) under the tenant of this channel: `local`
    unless the configuration names another. Raises ConfigError or StoreError for settings that cannot be used.
    """

    def __init__(self, config: ProxyConfig | None = None, *, store: Store | None = None) -> None:
        settings = (config or ProxyConfig()).model_copy(update={"retrieval": Channel.MCP.value})
        self._adapter = Adapter(settings, store=store)
        self._tools: dict[str, Callable[[Mapping[str, Any]], Awaitable[Answer]]] = {
            COMPRESS_TOOL: self._compress,
            RETRIEVE_TOOL: self._retrieve,
            STATS_TOOL: self._stats,
        }

    async def call(self, name: str, arguments: Mapping[str, Any] | None) -> Answer:
        """Answer a call. What is wrong with it is said in the answer, which is an error then."""
        tool = self._tools.get(name)
        if tool is None:
            return _wrong(f"there is no tool {name!r}; there are {', '.join(self._tools)}")
        try:
            return _sendable(await tool(arguments or {}))
        except msgspec.ValidationError as error:
            return _wrong(f"{name}: {error}")

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()

    async def _compress(self, arguments: Mapping[str, Any]) -> Answer:
        given = msgspec.convert(arguments, _Compress)
        result = await self._adapter.attempt_aside(
            lambda: self._adapter.shorten(given.turns(), DEFAULT_MODEL),
            CompressResult([given.text], 0, 0),
            len(given.text),
        )
        (text,) = result.messages
        return Answer((text, _sentence(result)), meta={META: _figures(result)})

    async def _retrieve(self, arguments: Mapping[str, Any]) -> Answer:
        """Answer from the store. A hash that is unknown is no error: some clients end the run on the second one."""
        text = await self._adapter.attempt_aside(lambda: self._adapter.retrieve(arguments), UNREADABLE, _ASIDE)
        return Answer((text,), is_error=text in (NO_HASH, NOT_A_HASH))

    async def _stats(self, _: Mapping[str, Any]) -> Answer:
        stats = self._adapter.stats()
        return Answer((msgspec.json.encode(stats).decode(),), structured=stats)


def _wrong(sentence: str) -> Answer:
    return Answer((sentence,), is_error=True)


def _sentence(result: CompressResult) -> str:
    """Return in a line what was done, for the model."""
    if result.tokens_saved <= 0:
        reasons = ", ".join(dict.fromkeys(decision.reason.value for decision in result.decisions))
        return f"[headroom: the text is as it came ({reasons or 'failed'})]"
    left_out = f"{RETRIEVE_TOOL} returns the original" if result.ccr_hashes else "nothing is left out"
    return f"[headroom: {result.tokens_after} tokens instead of {result.tokens_before}; {left_out}]"


def _figures(result: CompressResult) -> dict[str, Any]:
    return {
        "tokens_before": result.tokens_before,
        "tokens_after": result.tokens_after,
        "tokens_saved": result.tokens_saved,
        "lossless": result.lossless,
        "hashes": list(result.ccr_hashes),
        "transforms": list(result.transforms_applied),
    }


def _sendable(answer: Answer) -> Answer:
    """Return an answer that JSON in UTF-8 can carry: an original may hold halves of characters."""
    texts = tuple(text.encode("utf-8", "replace").decode() for text in answer.texts)
    if texts == answer.texts:
        return answer
    return Answer((*texts, _HALF_CHARACTERS), answer.is_error, answer.structured, answer.meta)
