"""Keeps originals where their reader finds them, and only then gives the capability to leave something out."""

from __future__ import annotations

from dataclasses import dataclass

from headroom.blocks import Capability, Channel
from headroom.ccr.marker import Mint
from headroom.errors import StoreError
from headroom.state import Store


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What the operator chose: the channel through which readers ask, and the key of the handles.

    With `vouched` the caller answers for the reader having that channel; nothing in the request has to show it.
    """

    channel: Channel
    mint: Mint
    vouched: bool = False


@dataclass(frozen=True, slots=True)
class Keeper:
    """Originals of one tenant under one key, asked for through one channel."""

    mint: Mint
    channel: Channel
    store: Store
    tenant: str

    @property
    def version(self) -> bytes:
        """What of this enters the text of a marker."""
        return self.mint.version + self.channel.encode()

    def keep(self, original: str) -> Capability | None:
        """Store an original, or refresh it, and return how to get it back; None if it could not be stored.

        Through the tool, the request itself carries its originals: a store that fails does not matter then.
        """
        handle = self.mint.handle(original)
        try:
            self.store.put(self.tenant, handle, original.encode("utf-8", "surrogatepass"))
        except StoreError:
            if self.channel is not Channel.TOOL:
                return None
        return Capability(self.channel, handle)
