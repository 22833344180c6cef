"""What is owed to a later request: results of calls that stood beside calls of the client's own tools.

The client never learns of our call, so its result cannot be a tool result of its own: it is put behind the text of
the result that the client sends for the last of its own calls. It is kept under that call's id until then, and every
later request gets the same bytes again.

Also kept is which response a streamed answer really ended in, where the client was told the id of the first: a
request that continues from that id by `previous_response_id` has to continue from the last.
"""

from __future__ import annotations

from collections.abc import Sequence

from headroom.errors import StoreError
from headroom.protect import RETRIEVE_TOOL
from headroom.state.store import Store

KIND = "pending"


def owed(results: Sequence[str]) -> str:
    """Return the text for a later tool result: for each answer a line that says what it is, then the answer."""
    return "\n".join(f"[{RETRIEVE_TOOL}, called beside this tool, returned:]\n{result}" for result in results)


def remember(store: Store | None, tenant: str, key: str, text: str) -> bool:
    """Keep a text under a call's or response's id. Returns whether it is kept; if not, it will be absent."""
    if store is None or not key:
        return False
    try:
        store.put(tenant, key, text.encode("utf-8", "surrogatepass"), kind=KIND)
    except StoreError:
        return False
    return True


def of_call(conversation: str, call: str) -> str:
    """Return the name under which it is kept what is owed to the result of a call."""
    return f"{conversation} {call}" if conversation else call


def open_in(response: str) -> str:
    """Return the name under which it is kept which calls of ours a response has ended in."""
    return f"open in {response}"


def recall(store: Store | None, tenant: str, key: str) -> str | None:
    """Return the text kept under an id, None if there is none or it is lost."""
    if store is None or not key:
        return None
    try:
        kept = store.get(tenant, key, kind=KIND)
        return None if kept is None else kept.decode("utf-8", "surrogatepass")
    except (StoreError, UnicodeDecodeError):
        return None
