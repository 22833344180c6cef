"""Answers a call for an original: from the request at hand first, then from the store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headroom.ccr.excerpt import excerpt
from headroom.ccr.marker import HANDLE, Mint
from headroom.errors import StoreError
from headroom.protect import RETRIEVE_TOOL
from headroom.providers.wire import record
from headroom.state.store import Store

_AGAIN = "To see the content, run the tool that produced it again."
NO_HASH = f'[{RETRIEVE_TOOL}: the call names no hash. Give the 24 characters behind "hash=" in the note.]'
NOT_A_HASH = f"[{RETRIEVE_TOOL}: this is no hash of a note: 24 characters of 0-9 and a-f. {_AGAIN}]"
UNKNOWN = f"[{RETRIEVE_TOOL}: the hash {{}} is unknown here, or its original has expired. {_AGAIN}]"
UNREADABLE = f"[{RETRIEVE_TOOL}: originals cannot be read at the moment. {_AGAIN}]"
NO_MORE = f"[{RETRIEVE_TOOL}: no more retrievals in this answer. Answer with what you have.]"


class Retriever:
    """Gives originals to the reader of one request. Total: whatever it is asked, it answers with a text.

    `originals` are the texts by handle that this very request carries; `store` may hold those of earlier ones.
    `conversation` tells calls of equal ids apart. `retrievals` and `misses` count what was asked for and found, or
    not. Calls to a store that blocks, block.
    """

    def __init__(
        self, originals: Mapping[str, str], store: Store | None, tenant: str, mint: Mint, conversation: str = ""
    ) -> None:
        self.conversation = conversation
        self.store = store
        self.tenant = tenant
        self.retrievals = 0
        self.misses = 0
        self._originals = originals
        self._mint = mint

    def original(self, handle: str) -> str | None:
        """Return the original of a handle, None if it is unknown or expired. Raises StoreError.

        What the store holds is believed only if it has this very handle.
        """
        text = self._originals.get(handle)
        if text is not None or self.store is None:
            return text
        kept = self.store.get(self.tenant, handle)
        if kept is None:
            return None
        try:
            text = kept.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None
        return text if self._mint.handle(text) == handle else None

    def answer(self, arguments: str | Mapping[str, Any]) -> str:
        """Return the text that answers a call with these arguments, as JSON text or as values. Never raises."""
        given = _read(arguments) if isinstance(arguments, str) else arguments
        handle, sentence = _handle(given.get("hash"))
        if not sentence:
            try:
                text = self.original(handle)
            except StoreError:
                text, sentence = None, UNREADABLE
            if text is not None:
                self.retrievals += 1
                return excerpt(text, query=_text(given.get("query")), lines=_text(given.get("lines")))
        self.misses += 1
        return sentence or UNKNOWN.format(handle)


def _read(arguments: str) -> Mapping[str, Any]:
    try:
        return record(msgspec.json.decode(arguments))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return {}


def _handle(value: Any) -> tuple[str, str]:
    """Return the handle, which models at times copy with what stands around it, or else what is wrong with it."""
    if not isinstance(value, str) or not value.strip():
        return "", NO_HASH
    found = HANDLE.search(value)
    return (found[0], "") if found else ("", NOT_A_HASH)


def _text(value: Any) -> str:
    """Return a parameter as text; a range may come as a pair of numbers."""
    return "-".join(map(_word, value[:2])) if isinstance(value, list) else _word(value)


def _word(value: Any) -> str:
    """Return a text or a number as text, nothing for any other value."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
