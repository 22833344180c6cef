"""Which compressor a text belongs to: every compressor is asked for evidence, the best are tried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless
from headroom.transforms.base import Compressor, Context, Hint, Transform
from headroom.transforms.sections import sections
from headroom.transforms.tag_protector import Segment, TagProtector
from headroom.transforms.view import View

ENOUGH = 0.5
"""Evidence below this is no recognition: the text stays as it is."""
CERTAIN = 1.0
TRIED = 2
BINARY_CHARS = 2_048
"""Characters looked at, at either end of a text, to tell text from binary data."""

# Controls but those that terminals and editors know (tab, line ends, backspace, bell, escape), and the character
# that stands for bytes that could not be decoded.
_UNPRINTABLE = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")


@dataclass(frozen=True, slots=True)
class Routed:
    """Who recognised a text, and the cheapest form found: whose it is, the form and its tokens."""

    recognised: bool = False
    compressor: str = ""
    result: Lossless | None = None
    tokens: int = 0


class ContentRouter(Transform):
    """Routes one text to the compressors that recognise it. Total over any text."""

    name: ClassVar[str] = "content_router"

    def route(self, view: View, hint: Hint, compressors: Sequence[Compressor]) -> list[Compressor]:
        """Return the compressors whose evidence is enough, strongest first; ties keep registration order.

        Once one of them recognises the whole text, those registered after it are not asked.
        """
        weighed: list[tuple[float, Compressor]] = []
        for compressor in compressors:
            weighed.append((compressor.evidence(view, hint), compressor))
            if weighed[-1][0] >= CERTAIN:
                break
        weighed.sort(key=lambda pair: -pair[0])
        return [compressor for evidence, compressor in weighed[:TRIED] if evidence >= ENOUGH]

    def shrink(
        self,
        view: View,
        hint: Hint,
        context: Context,
        compressors: Sequence[Compressor],
        protector: TagProtector | None = None,
    ) -> Routed:
        """Return the cheapest form of the text: whole, or part by part where kinds or protected regions meet."""
        if _is_binary(view):
            return Routed()
        segments = protector.segments(view.text) if protector else [Segment(view.text, kept=False)]
        if any(segment.kept for segment in segments):
            return self._part_by_part(segments, hint, context, compressors)
        whole = self._best(view, hint, context, compressors)
        parts = [Segment(part, kept=False) for part in sections(view.text)]
        if len(parts) < 2:
            return whole
        mixed = self._part_by_part(parts, hint, context, compressors)
        return min((whole, mixed), key=lambda routed: routed.tokens if routed.result else view.tokens(context.count))

    def _part_by_part(
        self, segments: Sequence[Segment], hint: Hint, context: Context, compressors: Sequence[Compressor]
    ) -> Routed:
        parts = [
            Routed() if segment.kept else self._best(View(segment.text), hint, context, compressors)
            for segment in segments
        ]
        return _glued(segments, parts, context)

    def _best(self, view: View, hint: Hint, context: Context, compressors: Sequence[Compressor]) -> Routed:
        chosen = self.route(view, hint, compressors)
        best = Routed(recognised=bool(chosen))
        for compressor in chosen:
            found = compressor.cheapest(view, context)
            if found is not None and (best.result is None or found.tokens < best.tokens):
                best = Routed(best.recognised, compressor.name, found.result, found.tokens)
        return best


def _is_binary(view: View) -> bool:
    """Say whether the text is data that was decoded for want of something better: no form of it helps a reader."""
    edges = view.text[:BINARY_CHARS] + view.text[-BINARY_CHARS:]
    return len(_UNPRINTABLE.findall(edges)) * 20 > len(edges)


def _glued(segments: Sequence[Segment], parts: Sequence[Routed], context: Context) -> Routed:
    """Put the segments together again, each in its shorter form where it has one."""
    changed = [(part.compressor, part.result) for part in parts if part.result is not None]
    if not changed:
        return Routed(recognised=any(part.recognised for part in parts))
    text = "".join(
        segment.text if part.result is None else part.result.text for segment, part in zip(segments, parts, strict=True)
    )
    result = Lossless(
        text=text,
        of=max((form.of for _, form in changed), key=list(Fidelity).index),
        encoding="+".join(dict.fromkeys(form.encoding for _, form in changed)),
        tier=max(form.tier for _, form in changed),
    )
    names = "+".join(dict.fromkeys(name for name, _ in changed))
    return Routed(recognised=True, compressor=names, result=result, tokens=context.count(text))
