"""What workers must tell each other so that a block comes out alike in all of them, and on every later turn.

Most decisions follow from the block alone and need no telling. Two do not: that the time ran out on a block, and,
in mode `cache`, that a block was sent shortened while it was new.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.errors import StoreError
from headroom.state import Store

_STAYS = "stays"
_OURS = "ours"


@dataclass(frozen=True, slots=True)
class Notebook:
    """Notes of one tenant in the store. A store that fails has no notes and takes none: blocks stay as they came."""

    store: Store
    tenant: str = ""

    def stays(self, key: bytes) -> bool:
        """Say whether some worker ran out of time on this block."""
        return self.store.shared and self._has(_STAYS, key)

    def note_stays(self, key: bytes) -> None:
        """Note that the time ran out; this worker remembers by itself."""
        if self.store.shared:
            self._note(_STAYS, key)

    def is_ours(self, key: bytes) -> bool:
        """Say whether this block was decided while it stood in the newest turn."""
        return self._has(_OURS, key)

    def note_ours(self, key: bytes) -> None:
        """Note that this block is decided in the newest turn."""
        self._note(_OURS, key)

    def _has(self, kind: str, key: bytes) -> bool:
        try:
            return self.store.get(self.tenant, key.hex(), kind=kind) is not None
        except StoreError:
            return False

    def _note(self, kind: str, key: bytes) -> None:
        try:
            self.store.put(self.tenant, key.hex(), b"1", kind=kind)
        except StoreError:
            return  # without the note the block stays as it came on later turns
