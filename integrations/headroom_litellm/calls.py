"""What a call of LiteLLM is to us: where its conversation stands, and how that is read and put back.

Conversations hold dicts as well as LiteLLM's own objects (an answer's message is commonly appended as it is). They are
read through a view of plain values; what changed in the view is put into copies of the items, the others stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

BYPASS = "x-headroom-bypass"

_OF_CALLS = {
    "completion": "messages",
    "anthropic_messages": "messages",
    "responses": "input",
    "generate_content": "contents",
    "generate_content_stream": "contents",
}
CONVERSATION = _OF_CALLS | {f"a{call}": key for call, key in _OF_CALLS.items()}
"""Under which argument the conversation stands, by the type of the call. All other types of calls are not for us."""

_BESIDE = (
    "model",
    "tools",
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
    "context_management",
    "truncation",
)
"""Arguments that are read with the conversation and never changed."""

_HEADERS = ("extra_headers", "headers")


class Done(list[Any]):
    """A conversation that has been through. It stands for itself in the call, so LiteLLM carries the mark along.

    Whoever builds a new list of it loses the mark; items added later are noticed by the length.
    """

    def __init__(self, items: list[Any]) -> None:
        super().__init__(items)
        self.length = len(items)


def conversation_key(call: Mapping[str, Any], call_type: object) -> str | None:
    """Return the argument under which there is something to do for us; None if this call is to be left alone."""
    key = CONVERSATION.get(str(call_type.value if isinstance(call_type, Enum) else call_type))
    if key is None or call.get("text_completion") is True or is_bypassed(call):
        return None
    given = call.get(key)
    if isinstance(given, Done) and given.length == len(given):
        return None
    return key if isinstance(given, list | str) and given else None


def is_bypassed(call: Mapping[str, Any]) -> bool:
    """Say whether the caller wants this call left alone: by a header to the proxy, or one given with the call."""
    request = call.get("proxy_server_request")
    came = [request.get("headers")] if isinstance(request, Mapping) else []
    return any(_says_bypass(headers) for headers in (*came, *(call.get(name) for name in _HEADERS)))


def _says_bypass(headers: object) -> bool:
    if not isinstance(headers, Mapping):
        return False
    return any(str(name).lower() == BYPASS and str(value).lower() == "true" for name, value in headers.items())


def payload_of(call: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the call as a request body of plain values."""
    beside = {name: call[name] for name in _BESIDE if call.get(name) is not None}
    given = call[key]
    return {**beside, key: [_view(item) for item in given] if isinstance(given, list) else given}


def put_back(given: Any, before: Any, after: Any) -> Any:
    """Return a conversation with what differs between two views of it; lists come back marked as done."""
    if not isinstance(given, list):
        return after
    return Done([_item(*three) for three in zip(given, before, after, strict=True)])


def _view(item: Any) -> Any:
    """Return an item as plain values; itself if it is made of them."""
    if not isinstance(item, dict):
        return _plain(item)
    objects = {
        name: [_plain(one) for one in value]
        for name, value in item.items()
        if isinstance(value, list) and any(hasattr(one, "model_dump") for one in value)
    }
    return {**item, **objects} if objects else item


def _plain(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    # Answers of providers do not always have the types that LiteLLM declares; that is no news to its users.
    return value if dump is None else dump(exclude_none=True, warnings=False)


def _item(item: Any, before: Any, after: Any) -> Any:
    if after is before or not isinstance(after, dict):
        return item
    changed = {name: value for name, value in after.items() if value is not before.get(name)}
    return {**item, **changed} if isinstance(item, dict) else item.model_copy(update=changed)
