"""The marker: one line at the end of a text that leaves things out, saying what is missing and how to get it.

One class mints handles, one function writes the line and one reads it. A line that merely looks like a marker is
ordinary text: a handle is believed only where an original is found for it whose handle it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from headroom.blocks import Capability, Channel

HANDLE = re.compile(r"[0-9a-f]{24}")
"""Grammar of a handle: half a digest of the original, half a keyed code over the whole digest and the length."""

_HALF = 12
_ASKING = {
    Channel.TOOL: "headroom_retrieve hash={}",
    Channel.MCP: "headroom_retrieve hash={}",
    Channel.SHELL: "headroom retrieve {}",
    Channel.HTTP: "GET /v1/retrieve/{}",
}
_MARKER = re.compile(
    r"\[[^\n]* \| (?:headroom_retrieve hash=|headroom retrieve |GET /v1/retrieve/)(" + HANDLE.pattern + r")\]"
)


class Mint:
    """Makes handles under one secret key; whoever has the key makes the same handle for the same text.

    The tenant does not enter: a credential that is renewed in mid-conversation must not change what was sent.
    Tenants are told apart where originals are kept.
    """

    __slots__ = ("key", "version")

    def __init__(self, key: bytes) -> None:
        """Take the secret of the workspace. `version` names it without telling it."""
        self.key = key
        self.version = hmac.digest(key, b"version", "sha256")[:8]

    def handle(self, text: str) -> str:
        """Return the handle of an original."""
        data = text.encode("utf-8", "surrogatepass")
        digest = hashlib.sha256(data).digest()
        code = hmac.digest(self.key, digest + len(data).to_bytes(8, "big"), "sha256")
        return digest.hex()[:_HALF] + code.hex()[:_HALF]


def marker(capability: Capability, note: str) -> str:
    """Return the marker's line: what is missing, in the words of the source, and how this reader gets it."""
    return f"[{note} | {_ASKING[capability.channel].format(capability.handle)}]"


def handle_in(line: str) -> str | None:
    """Return the handle that a line claims if it has the form of a marker, else None. It proves nothing."""
    found = _MARKER.fullmatch(line)
    return found.group(1) if found else None
