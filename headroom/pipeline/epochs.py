"""How far a conversation's history has been rewritten, so that every later turn sends it alike.

What stands before an epoch's boundary may look forward up to the boundary: an output whose call was made again is
superseded by the newer one. The boundary moves only when the provider's cache is cold, or when the formula says that
a warm rewrite pays. A lost record means that history goes on as it was first sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from headroom.economics import is_cold
from headroom.errors import StoreError
from headroom.providers.caching import CacheRule
from headroom.state import Store

_EPOCH = "epoch"
_SOUGHT = 8
"""Blocks before the end of the last request among which an older one is looked for."""


class Epoch(msgspec.Struct, frozen=True):
    """`boundary`: blocks before this index are rewritten. `at`: when the last request came, in seconds since 1970."""

    boundary: int
    at: float


@dataclass(frozen=True, slots=True)
class Epochs:
    """The epochs of one tenant's conversations, found by what was sent: there is no session to be guessed.

    `frame` names what stands before all blocks, model and tools: another frame is another cache.
    """

    store: Store
    tenant: str
    frame: str
    rule: CacheRule
    clock: Callable[[], float]

    def boundary(self, keys: Sequence[bytes], last: int, pays: Callable[[int, int], bool]) -> int:
        """Return up to where this request's history is rewritten, and note it for the next one.

        `keys` name all blocks in order; `last` of them were in the request before this one. `pays(old, new)` says
        whether moving the boundary is worth it while the cache is warm. Where it moves, it moves to the end: the newest
        results supersede older ones, too.
        """
        chain = chained(keys)
        whole = chain[len(keys)]
        known = self._get(self.frame + whole)
        if known is not None:  # the same request again
            return known.boundary
        boundary = self._moved(chain[: last + 1], len(keys), pays)
        epoch = Epoch(boundary, self.clock())
        self._put(self.frame + whole, epoch)
        self._put(whole, epoch)
        return boundary

    def _moved(self, chain: Sequence[str], total: int, pays: Callable[[int, int], bool]) -> int:
        last, *older = chain[: -_SOUGHT - 1 : -1]
        before = self._get(self.frame + last)
        if before is not None:
            due = is_cold(self.rule, self.clock() - before.at) or pays(before.boundary, total)
            return total if due else before.boundary
        known = self._first(self.frame + end for end in older)
        if known is not None:  # another worker saw the requests since: they may have kept the cache warm
            return known.boundary
        # A conversation that we know under another model or with other tools is cold under these.
        return total if self._get(last) is not None else 0

    def _first(self, names: Iterable[str]) -> Epoch | None:
        return next((epoch for name in names if (epoch := self._get(name)) is not None), None)

    def _get(self, name: str) -> Epoch | None:
        try:
            kept = self.store.get(self.tenant, name, kind=_EPOCH)
            return None if kept is None else msgspec.json.decode(kept, type=Epoch)
        except (StoreError, msgspec.MsgspecError):
            return None

    def _put(self, name: str, epoch: Epoch) -> None:
        try:
            self.store.put(self.tenant, name, msgspec.json.encode(epoch), kind=_EPOCH)
        except StoreError:
            return  # the next request finds no record and sends history as it was first sent


def chained(keys: Sequence[bytes]) -> list[str]:
    """Return for every number of blocks from the first a name of all of them."""
    names = [""]
    digest = b""
    for key in keys:
        digest = hashlib.blake2b(digest + key, digest_size=20).digest()
        names.append(digest.hex())
    return names
