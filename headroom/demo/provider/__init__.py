"""An offline provider that speaks all four wires and keeps the raw requests it got."""

from headroom.demo.provider.app import OfflineProvider
from headroom.demo.provider.exchange import Recorded
from headroom.demo.provider.serving import running

__all__ = ["OfflineProvider", "Recorded", "running"]
