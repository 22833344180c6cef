"""The settings that may enter a decision, and nothing else: no clock, load or history.

Two requests with equal policies get equal bytes; `version` names a policy in the memory of decisions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from headroom.blocks import Mode, Tier


class Rewrite(StrEnum):
    """When history that was sent before may be rewritten: never, while the provider's cache is cold, or if it pays."""

    OFF = "off"
    COLD = "cold"
    WARM = "warm"


@dataclass(frozen=True)
class Policy:
    """What is compressed, and how hard.

    `min_tokens`: shorter blocks stay. `max_block_chars`: longer blocks stay. `max_error_chars`: error results up
    to this length stay. `verify_below_chars`: new results for blocks below this are proved by
    decoding them.
    With `cross_turn` an output that stands in an earlier one of the conversation becomes a reference to it.
    `rewrite` says when outputs whose call was made again are left out, `further_requests` how many requests are
    expected to profit from it.
    With `lossless` nothing is left out, whatever the reader could get back; otherwise `min_lossy_gain` tokens, and
    `min_lossy_share` of the lossless form, are what leaving something out must save, its marker paid: a retrieval
    costs a whole request, so little is not worth the risk of one.
    Without `code_aware`, nothing is made of source code. Without `by_importance`, what stays of a text is its first and
    last lines, not what its lines say.
    `block_seconds` and `request_seconds` are safety nets: what overruns them goes on as it came.
    """

    optimize: bool = True
    mode: Mode = Mode.TOKEN
    tier: Tier = Tier.LEGEND
    lossless: bool = False
    cross_turn: bool = True
    rewrite: Rewrite = Rewrite.COLD
    further_requests: int = 10
    min_lossy_gain: int = 150
    min_lossy_share: float = 0.5
    compress_user_messages: bool = False
    code_aware: bool = True
    by_importance: bool = True
    excluded_tools: tuple[str, ...] = ()
    min_tokens: int = 250
    max_block_chars: int = 8_000_000
    max_error_chars: int = 8_000
    verify_below_chars: int = 262_144
    block_seconds: float = 2.0
    request_seconds: float = 10.0
    max_body_bytes: int = 67_108_864
    max_depth: int = 512

    @property
    def eager(self) -> Policy:
        """The policy that leaves something out wherever that is shorter at all."""
        return replace(self, min_lossy_gain=1, min_lossy_share=0.0)

    def least_gain(self, tokens: int) -> int:
        """Return how many of a lossless form's tokens leaving something out must save to be worth a retrieval."""
        return max(self.min_lossy_gain, round(tokens * self.min_lossy_share))

    @cached_property
    def version(self) -> bytes:
        """A short digest of every setting."""
        return hashlib.blake2b(repr(self).encode(), digest_size=8).digest()
