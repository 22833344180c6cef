"""The settings that may enter a decision, and nothing else: no clock, load or history.

Two requests with equal policies get equal bytes; `version` names a policy in the memory of decisions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from headroom.blocks import Tier


@dataclass(frozen=True)
class Policy:
    """What is compressed, and how hard.

    `min_tokens`: shorter blocks stay. `max_block_chars`: longer blocks stay. `max_error_chars`: error results up
    to this length stay. `verify_below_chars`: new results for blocks below this are proved by
    decoding them.
    `block_seconds` and `request_seconds` are safety nets: what overruns them goes on as it came.
    """

    optimize: bool = True
    tier: Tier = Tier.LEGEND
    compress_user_messages: bool = False
    excluded_tools: tuple[str, ...] = ()
    min_tokens: int = 250
    max_block_chars: int = 8_000_000
    max_error_chars: int = 8_000
    verify_below_chars: int = 262_144
    block_seconds: float = 2.0
    request_seconds: float = 10.0
    max_body_bytes: int = 67_108_864
    max_depth: int = 512

    @cached_property
    def version(self) -> bytes:
        """A short digest of every setting."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).digest()
