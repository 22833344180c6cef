"""The transforms of an app sorted by what they are for."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from headroom.blocks import Block
from headroom.transforms.base import Compressor, Transform
from headroom.transforms.cache_aligner import CacheAligner
from headroom.transforms.content_router import ContentRouter
from headroom.transforms.order import in_order
from headroom.transforms.tag_protector import TagProtector

log = logging.getLogger("headroom")


@dataclass(frozen=True, slots=True)
class Lineup:
    """Who does what: one router, the compressors it chooses from, and guests that see the whole payload.

    `answerers` are those of all transforms that look at answers; `version` names the line-up in the memory of
    decisions.
    """

    router: ContentRouter = field(default_factory=ContentRouter)
    protector: TagProtector | None = None
    aligner: CacheAligner | None = None
    compressors: tuple[Compressor, ...] = ()
    guests: tuple[Transform, ...] = ()
    answerers: tuple[Transform, ...] = ()
    version: bytes = b""

    def observed(self, blocks: list[Block]) -> dict[str, Any]:
        """Return what the detectors found in the system prompt; each distinct prompt is warned of once."""
        if self.aligner is None:
            return {}
        found = [
            {"path": block.path, "kind": one.kind, "start": one.start, "end": one.end}
            for block in blocks
            if block.role == "system"
            for one in self.aligner.findings(block.text)
        ]
        if not found:
            return {}
        _warn_once(tuple((one["kind"], one["start"]) for one in found))
        return {"volatile": found}


@lru_cache(maxsize=32)
def lineup_of(transforms: tuple[Transform, ...], *, reads_code: bool = True) -> Lineup:
    """Sort transforms; without `reads_code`, those that parse code are left out.

    Raises ConfigError if their constraints contradict.
    """
    ordered = in_order([t for t in transforms if reads_code or not t.reads_code])
    named = "\n".join(f"{type(t).__module__}.{type(t).__qualname__}" for t in ordered)
    return Lineup(
        router=next((t for t in ordered if isinstance(t, ContentRouter)), ContentRouter()),
        protector=next((t for t in ordered if isinstance(t, TagProtector)), None),
        aligner=next((t for t in ordered if isinstance(t, CacheAligner)), None),
        compressors=tuple(t for t in ordered if isinstance(t, Compressor)),
        guests=tuple(t for t in ordered if not isinstance(t, (ContentRouter, TagProtector, CacheAligner, Compressor))),
        answerers=tuple(t for t in ordered if type(t).apply_response is not Transform.apply_response),
        version=hashlib.blake2b(named.encode(), digest_size=8).digest(),
    )


@lru_cache(maxsize=256)
def _warn_once(places: tuple[tuple[str, int], ...]) -> None:
    kind, start = places[0]
    log.warning(
        "the system prompt holds %d token(s) that are likely to change from call to call, the first a %s at "
        "character %d; providers cannot cache what follows them",
        len(places),
        kind,
        start,
    )
