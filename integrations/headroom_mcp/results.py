"""Results of tools, as middleware sees them: the texts that a model reads get shorter, nothing else changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

from headroom.integrations.adapter import Adapter
from headroom.integrations.transcript import Called, Returned, Turn
from headroom.proxy.config import ProxyConfig
from headroom.state import Store

B = TypeVar("B")

_CALL = "call"


class Form(Protocol[B]):
    """How a block of a result's content is read and made anew: blocks are models or what stands on the wire."""

    def text_of(self, block: B) -> str | None:
        """Return the text of a block that a model reads, None for any other block."""

    def with_text(self, block: B, text: str) -> B:
        """Return a copy of the block with another text."""


class Shortener:
    """What the middleware of both kinds shares: one pipeline, and the tool for what it leaves out.

    Nothing is left out, unless with `retrieval` the server gives its clients `headroom_retrieve` as a tool, or the
    configuration names a channel that its clients have. Raises ConfigError or StoreError for settings that cannot be
    used.
    """

    def __init__(
        self, config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
    ) -> None:
        settings = config or ProxyConfig()
        if retrieval:
            settings = settings.model_copy(update={"retrieval": "mcp"})
        self._adapter = Adapter(settings, store=store)

    def headroom_retrieve(self, hash: str, query: str = "", lines: str = "") -> str:  # noqa: A002 - as notes say it
        """Return what a tool output left out, where it says [... | headroom_retrieve hash=...].

        Call it alone, and only if you need that text. `hash`: the 24 characters behind hash=; `query`: return only
        lines with these words; `lines`: return only lines a-b of the original.
        """
        return self._adapter.retrieve({"hash": hash, "query": query, "lines": lines})

    def get_stats(self) -> dict[str, int]:
        """Return `requests` (results looked at), tokens before and after, retrievals, misses and failures."""
        return self._adapter.stats()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()

    async def shortened(
        self, blocks: Sequence[B], form: Form[B], tool: str, arguments: Mapping[str, Any] | None
    ) -> list[B] | None:
        """Return the blocks to send in place of these, None if none changes. Never raises.

        Blocks that do not change are the very objects that came.
        """
        size = self._adapter.attempt(lambda: sum(len(form.text_of(block) or "") for block in blocks), 0)
        call = Called(_CALL, tool, arguments or {})
        if not size:
            return None
        return await self._adapter.attempt_aside(lambda: self._texts_shortened(blocks, form, call), None, size)

    def _texts_shortened(self, blocks: Sequence[B], form: Form[B], call: Called) -> list[B] | None:
        texts = [form.text_of(block) for block in blocks]
        turns: list[Turn] = [call, *(Returned(call.call, text) for text in texts if text is not None)]
        # A client may show its model some blocks of a result and not others, so none refers to another.
        short = iter(self._adapter.shorten(turns, keeps_results=False).messages)
        after = [text if text is None else next(short) for text in texts]
        if after == texts:
            return None
        return [
            block if new is None or new == old else form.with_text(block, new)
            for block, old, new in zip(blocks, texts, after, strict=True)
        ]


def is_for_models(audience: object) -> bool:
    """Say whether a block whose annotations name this audience is read by models (MCP 2025-06-18, Annotations)."""
    return not isinstance(audience, list) or not audience or "assistant" in audience
