"""What agents share: a blackboard of texts, whole and shortened."""

from headroom.memory.shared_context import ContextEntry, SharedContext

__all__ = ["ContextEntry", "SharedContext"]
