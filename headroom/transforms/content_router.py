"""Which compressor a text belongs to: every compressor is asked for evidence, the best two are tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from headroom.blocks import Block, Lossless
from headroom.transforms.base import Compressor, Context, Hint, Transform
from headroom.transforms.view import View

ENOUGH = 0.5
"""Evidence below this is no recognition: the text stays as it is."""
TRIED = 2


class ContentRouter(Transform):
    """Routes one text to the compressors that recognise it. Total: any text, never raises by itself."""

    name: ClassVar[str] = "content_router"

    def route(self, view: View, hint: Hint, compressors: Iterable[Compressor]) -> list[Compressor]:
        """Return the compressors whose evidence is enough, strongest first; ties keep registration order."""
        weighed = [(compressor.evidence(view, hint), compressor) for compressor in compressors]
        weighed.sort(key=lambda pair: -pair[0])
        return [compressor for evidence, compressor in weighed[:TRIED] if evidence >= ENOUGH]

    def shrink(
        self, block: Block, context: Context, compressors: Sequence[Compressor]
    ) -> tuple[Compressor, Lossless] | None:
        """Return the cheapest result among the compressors that recognise the text, and whose it is."""
        view = View(block.text)
        best: tuple[Compressor, Lossless] | None = None
        for compressor in self.route(view, Hint(block.tool, block.arguments), compressors):
            result = compressor.cheapest(view, context)
            if result is not None and (best is None or len(result.text) < len(best[1].text)):
                best = (compressor, result)
        return best
