"""When it pays to rewrite history that a provider may have cached.

A prefix that is read from a prompt cache costs a tenth; one that changed is written anew. So history is rewritten
only where nothing can be in the cache any more, or where what goes is so much that writing the rest once more is
cheaper than reading all of it for the requests that are still to come.
"""

from __future__ import annotations

from headroom.providers.caching import CacheRule


def rewrite_gain(rule: CacheRule, suffix: int, removed: int, further: int) -> float:
    """Return what rewriting warm history saves, in input tokens at full price; negative is a loss.

    `suffix` tokens stand in the cache from the first change on, `removed` of them go; `further` requests follow. What
    stays of the suffix is written once instead of read, and what went is not read by this and by further requests.
    """
    return (further + 1) * removed * rule.read - (suffix - removed) * (rule.write - rule.read)


def is_cold(rule: CacheRule, idle_seconds: float) -> bool:
    """Say whether nothing of a conversation can be in the cache after this pause.

    Where a provider does not publish how long entries live at most, nothing is ever cold.
    """
    return rule.longest_seconds is not None and idle_seconds > rule.longest_seconds
