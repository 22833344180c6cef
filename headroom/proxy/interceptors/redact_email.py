"""`redact_email`: addresses of e-mail are replaced before anything else sees the request. An example of a policy.

Every string that the model would read is looked at, in every wire: instructions, messages, calls and their results,
descriptions of tools. Ids, links and whatever a provider has signed or encrypted stay. An address is always replaced
by the same text, so that providers find the prefix that they have cached; the text is a digest, so that the model can
tell two addresses apart. Who can guess an address can check the guess: a digest is no secret.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from headroom.blocks import Edit, JsonPath, Payload
from headroom.proxy.interceptors.base import BaseInterceptor
from headroom.wire.edit import apply

_LONGEST_LOCAL = 64
_LONGEST_DOMAIN = 255
"""Characters of the two parts of an address (RFC 5321, 4.5.3.1)."""
_OF_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]")
_DOMAIN = re.compile(r"[^\W_](?:[^\W_]|-)*+(?:\.(?:[^\W_]|-)++)++")
_SIGNED = ("signature", "encrypted_content", "thoughtSignature", "thought_signature")
"""Keys of objects that a provider checks as a whole."""
_SEALED = frozenset({"redacted_thinking", "compaction", "server_tool_use", "mcp_tool_use"})
_CLIENTS_CALLS = ("function_call", "custom_tool_call")
_KEPT = frozenset(
    {
        *("id", "type", "role", "model", "name", "tool_use_id", "tool_call_id", "call_id", "item_id", "file_id"),
        *("previous_response_id", "prompt_cache_key", "data", "file_data"),
        *("url", "image_url", "file_url", "file_uri", "fileUri", "server_url", "authorization"),
    }
)
"""Keys whose strings name or point to something, or are no text."""
_FREE = frozenset({"input", "args", "response"})
"""Keys of objects whose fields are those of a tool: what is called a link there is a text like any other."""


class RedactEmail(BaseInterceptor):
    """Replaces addresses of e-mail. A request in which that fails is refused."""

    fail_closed: ClassVar[bool] = True

    def intercept(self, payload: Payload) -> Payload:
        """Return the body without addresses; the very same object if there are none."""
        found = ((path, text, redacted(text)) for path, text in _strings(payload))
        return apply(payload, [Edit(path, new) for path, text, new in found if new is not text])


def redacted(text: str) -> str:
    """Return a text without addresses of e-mail; the same object if there are none. Linear in its length."""
    pieces, done, at = [], 0, text.find("@")
    while at >= 0:
        domain = _DOMAIN.match(text, at + 1, at + 1 + _LONGEST_DOMAIN)
        start, end = _start(text, max(done, at - _LONGEST_LOCAL), at), _end(domain)
        if start < at < end:
            pieces += [text[done:start], _digest(text[start:end])]
            done = end
        at = text.find("@", at + 1)
    return "".join([*pieces, text[done:]]) if pieces else text


def _start(text: str, first: int, at: int) -> int:
    """Return where the local part that ends at `at` begins, not before `first`."""
    start = at
    while start > first and _OF_LOCAL.match(text, start - 1):
        start -= 1
    return start


def _end(domain: re.Match[str] | None) -> int:
    """Return where a domain ends whose last label can be that of the root zone, -1 if there is none."""
    if domain is None:
        return -1
    top = domain[0].rpartition(".")[2]
    return domain.end() if len(top) > 1 and (top.isalpha() or top.startswith("xn--")) else -1


def _digest(address: str) -> str:
    return f"[email {hashlib.blake2b(address.lower().encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}]"


def _strings(payload: Payload) -> Iterator[tuple[JsonPath, str]]:
    """Yield path and text of every string that may be changed, however deep it stands."""
    waiting: list[tuple[JsonPath, Any, bool]] = [((), payload, False)]
    while waiting:
        path, value, free = waiting.pop()
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, list):
            waiting += [((*path, index), one, free) for index, one in enumerate(value)]
        elif isinstance(value, dict) and (free or not _is_sealed(value)):
            waiting += [
                ((*path, key), one, free or (key in _FREE and isinstance(one, dict)))
                for key, one in value.items()
                if free or not (key in _KEPT and isinstance(one, str))
            ]


def _is_sealed(value: dict[str, Any]) -> bool:
    """Say whether an object is one that a provider has made and knows again."""
    kind = str(value.get("type", ""))
    of_server = kind.endswith("_tool_result") or (kind.endswith("_call") and kind not in _CLIENTS_CALLS)
    return of_server or kind in _SEALED or any(key in value for key in _SIGNED)
