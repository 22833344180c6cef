"""Whether a reader can get from a shortened text back to the original, and by which way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headroom.blocks import Block, Decision, Lossless
from headroom.ccr.marker import handle_in
from headroom.demo.findings import Kind
from headroom.pipeline.earlier import Names
from headroom.transforms import cross_turn
from headroom.transforms.base import Compressor
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.tag_protector import TagProtector

_COMPRESSORS = {t.name: t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)}
_PROTECTOR = TagProtector()
_REFERENCE = "repeat."


def kind_of(decision: Decision) -> Kind:
    """Say what sort of change a decision is."""
    if decision.handle:
        return Kind.LEFT_OUT
    return Kind.REFERENCE if decision.encoding.startswith(_REFERENCE) else Kind.LOSSLESS


def marker_of(text: str) -> tuple[str, str]:
    """Return what the last line of a text says is left out, and the handle of the original; empty without a marker."""
    line = text.rpartition("\n")[2]
    handle = handle_in(line)
    return ("", "") if handle is None else (line.rpartition(" | ")[0].removeprefix("["), handle)


def restores(decision: Decision, original: str, text: str, earlier: Mapping[str, str]) -> bool | None:
    """Say whether the decoder gives back what the decision claims to keep of the original.

    `earlier` are the results before it by the names that references call them. None if one decoder alone cannot
    tell: the text is a patchwork, with regions protected by tags.
    """
    if decision.fidelity is None:
        return False
    if kind_of(decision) is Kind.REFERENCE:
        return _refers_to(original, text, earlier)
    compressor = _COMPRESSORS.get(decision.compressor)
    if compressor is None or any(segment.kept for segment in _PROTECTOR.segments(original)):
        return None
    return compressor.restores(Lossless(text, decision.fidelity, decision.encoding), original)


def names_in_references(blocks: Iterable[Block]) -> list[str]:
    """Return what references call the results of these calls, in order."""
    names = Names()
    return [names.next(block) for block in blocks]


def _refers_to(original: str, text: str, earlier: Mapping[str, str]) -> bool:
    try:
        return cross_turn.decode(text, earlier) == original
    except ValueError:
        return False
