"""The transforms that run when nothing else is configured. Adding a compressor is one line here."""

from __future__ import annotations

from headroom.transforms.base import Transform
from headroom.transforms.content_router import ContentRouter
from headroom.transforms.smart_crusher import SmartCrusher

DEFAULT_TRANSFORMS: tuple[Transform, ...] = (
    ContentRouter(),
    SmartCrusher(),
)
