"""What was done to each tool output and why, measured on the bytes that were sent and received.

Tokens and texts come from the recorded requests. The reasons come from a library call on the same request in
this process; that it agrees with the proxy is one of the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from headroom.blocks import Channel, Decision
from headroom.demo.archive import Archive
from headroom.demo.bodies import payload_of, tool_blocks, tool_texts
from headroom.demo.conversations import Conversation
from headroom.demo.decoding import kind_of, marker_of, names_in_references, restores
from headroom.demo.findings import Claim, Findings, Kind, Row
from headroom.demo.library import by_library
from headroom.demo.recordings import Recording
from headroom.tokens import TokenCounter


@dataclass(frozen=True, slots=True)
class Output:
    """One tool output: the text that was sent, the one that arrived, the one that the library made, and its decision.

    `name` is what references call it.
    """

    turn: int
    recording: Recording
    name: str
    sent: str
    arrived: str
    made: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges one request through a proxy, by the key in its workspace and by the originals that it keeps.

    `channel` is how the reader of the request gets back what is left out; None if nothing may be.
    """

    talk: Conversation
    channel: Channel | None
    workspace: Path
    archive: Archive
    found: Findings

    def rows(self, sent: bytes, received: bytes, where: str) -> list[Row]:
        """Return a row for every tool output of a whole conversation and note the claims about their texts."""
        rows = []
        earlier: dict[str, str] = {}
        for output in self._outputs(sent, received):
            place = f"{where} turn {output.turn}, {output.recording.label}"
            row = self._row(output)
            self.found.note(Claim.LIBRARY, place, held=output.made == output.arrived)
            self.found.note(Claim.SHORTER, place, held=row.tokens_after <= row.tokens_before)
            if row.kind is Kind.LEFT_OUT:
                self._note_fetched(output, place)
            elif row.kind is not Kind.KEPT:
                self._note_restored(output, earlier, place)
            earlier[output.name] = output.sent
            rows.append(row)
        return rows

    def _outputs(self, sent: bytes, received: bytes) -> Iterator[Output]:
        payload = payload_of(sent)
        result = by_library(payload, self.talk.model, self.workspace, self.channel)
        decisions = {decision.path: decision for decision in result.decisions}
        made = tool_texts(result.messages, self.talk.wire)
        arrived = tool_texts(payload_of(received), self.talk.wire)
        blocks = tool_blocks(payload, self.talk.wire)
        names = names_in_references(blocks)
        for (turn, recording), block, name in zip(self.talk.outputs(), blocks, names, strict=True):
            texts = (block.text, arrived.get(block.path, ""), made.get(block.path, ""))
            yield Output(turn, recording, name, *texts, decisions[block.path])

    def _row(self, output: Output) -> Row:
        count = TokenCounter(self.talk.model)
        kind = Kind.KEPT if output.arrived == output.sent else kind_of(output.decision)
        left_out, handle = marker_of(output.arrived) if kind is Kind.LEFT_OUT else ("", "")
        return Row(
            conversation=self.talk.wire,
            turn=output.turn,
            label=output.recording.label,
            source=output.recording.source,
            kind=kind,
            outcome=output.decision.encoding or output.decision.reason.value,
            left_out=left_out,
            handle=handle,
            tokens_before=count(output.sent),
            tokens_after=count(output.arrived),
        )

    def _note_fetched(self, output: Output, place: str) -> None:
        """Note whether the handle in the text brings the original to its owner, and nobody else."""
        _, handle = marker_of(output.arrived)
        headers = self.talk.headers
        fetched = self.archive.original(handle, headers) if handle == output.decision.handle else None
        self.found.note(Claim.FETCHED, place, held=fetched == output.sent)
        self.found.note(Claim.CLOSED, place, held=self.archive.is_closed(handle, headers))

    def _note_restored(self, output: Output, earlier: Mapping[str, str], place: str) -> None:
        restored = restores(output.decision, output.sent, output.arrived, earlier)
        if restored is not None:
            self.found.note(Claim.RESTORED, place, held=restored)
