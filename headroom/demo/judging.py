"""What was done to each tool output and why, measured on the bytes that were sent and received.

Tokens and texts come from the recorded requests. The reasons come from a library call on the same request in
this process; that it agrees with the proxy is one of the checks.
"""

from __future__ import annotations

from headroom.blocks import Decision, Lossless
from headroom.compress import compress
from headroom.demo.bodies import payload_of, tool_texts
from headroom.demo.conversations import Conversation
from headroom.demo.findings import Claim, Findings, Row
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.tag_protector import TagProtector

_COMPRESSORS = {t.name: t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)}
_PROTECTOR = TagProtector()


def judge(talk: Conversation, sent: bytes, received: bytes, found: Findings) -> list[Row]:
    """Return a row for every tool output of a whole conversation and note the claims about their texts."""
    payload = payload_of(sent)
    result = compress(payload, talk.model)
    decisions = {decision.path: decision for decision in result.decisions}
    by_library = tool_texts(result.messages, talk.wire)
    arrived = tool_texts(payload_of(received), talk.wire)
    count = TokenCounter(talk.model)
    rows = []
    for (turn, output), (path, text) in zip(talk.outputs(), tool_texts(payload, talk.wire).items(), strict=True):
        decision, now = decisions[path], arrived.get(path, "")
        where = f"{talk.wire} turn {turn}, {output.label}"
        row = Row(
            conversation=talk.wire,
            turn=turn,
            tool=output.tool,
            label=output.label,
            source=output.source,
            compressor=decision.compressor,
            outcome=decision.encoding or decision.reason.value,
            fidelity=decision.fidelity or "",
            tokens_before=count(text),
            tokens_after=count(now),
            restored=None if now == text else restores(decision, text, now),
        )
        found.note(Claim.LIBRARY, where, held=by_library.get(path) == now)
        found.note(Claim.SHORTER, where, held=row.tokens_after <= row.tokens_before)
        if row.restored is not None:
            found.note(Claim.RESTORED, where, held=row.restored)
        rows.append(row)
    return rows


def restores(decision: Decision, original: str, text: str) -> bool | None:
    """Say whether the decoder gives back what the decision claims to keep of the original.

    None if one decoder alone cannot tell: the text is a patchwork, with regions protected by tags.
    """
    compressor = _COMPRESSORS.get(decision.compressor)
    if decision.fidelity is None:
        return False
    if compressor is None or any(segment.kept for segment in _PROTECTOR.segments(original)):
        return None
    return compressor.restores(Lossless(text, decision.fidelity, decision.encoding), original)
