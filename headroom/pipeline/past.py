"""Mode `cache`: which outputs of one request stay as they came, because they were first sent so.

An output is known by all outputs up to it: the same text may have come before us in one place of a conversation, or in
one conversation, and after us in another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from headroom.pipeline.notebook import Notebook


@dataclass(slots=True)
class Past:
    """Asked for every output in order. `newest` is the index of the first block of the newest turn."""

    notebook: Notebook
    newest: int
    _name: bytes = b""
    _sent_short: bool | None = None

    def stays(self, index: int, key: bytes) -> bool:
        """Say whether the output at this index must go as it came. `key` names its decision.

        What nobody has noted came before us, unless it is new.
        """
        self._name = hashlib.blake2b(self._name + key, digest_size=20).digest()
        self._sent_short = self.notebook.sent_short(self._name)
        return index < self.newest if self._sent_short is None else not self._sent_short

    def sent(self, *, short: bool) -> None:
        """Note how that output is sent, if it is for the first time."""
        if self._sent_short is None:
            self.notebook.note_sent(self._name, short=short)
