"""What workers must tell each other so that a block comes out alike in all of them, and on every later turn.

Most decisions follow from the block alone and need no telling. Two do not: that the time ran out on a block, and,
in mode `cache`, whether a block was sent shortened while it was new, or came before we did.
"""

from __future__ import annotations

from dataclasses import dataclass

from headroom.errors import StoreError
from headroom.state import Store

_STAYS = "stays"
_SENT = "sent"
_SHORT, _WHOLE = b"1", b"0"


@dataclass(frozen=True, slots=True)
class Notebook:
    """Notes of one tenant in the store. A store that fails has no notes and takes none: blocks stay as they came."""

    store: Store
    tenant: str = ""

    def stays(self, key: bytes) -> bool:
        """Say whether some worker ran out of time on this block."""
        return self.store.shared and self._noted(_STAYS, key) is not None

    def note_stays(self, key: bytes) -> None:
        """Note that the time ran out; this worker remembers by itself."""
        if self.store.shared:
            self._note(_STAYS, key)

    def sent_short(self, key: bytes) -> bool | None:
        """Say whether this block was first sent shortened; None if nobody has noted it."""
        note = self._noted(_SENT, key)
        return None if note is None else note == _SHORT

    def note_sent(self, key: bytes, *, short: bool) -> None:
        """Note how this block is sent for the first time."""
        self._note(_SENT, key, _SHORT if short else _WHOLE)

    def _noted(self, kind: str, key: bytes) -> bytes | None:
        try:
            return self.store.get(self.tenant, key.hex(), kind=kind)
        except StoreError:
            return None

    def _note(self, kind: str, key: bytes, value: bytes = b"1") -> None:
        try:
            self.store.put(self.tenant, key.hex(), value, kind=kind)
        except StoreError:
            return  # without the note the block stays as it came on later turns
