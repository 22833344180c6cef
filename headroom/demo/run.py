"""Drive conversations through the proxy and past it, and compare what reaches the provider."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import msgspec

from headroom.blocks import Channel
from headroom.ccr.tool import definition
from headroom.demo.archive import Archive
from headroom.demo.asking import ask, output_tokens, questions
from headroom.demo.bodies import history, same_outside, without_tool
from headroom.demo.conversations import Conversation
from headroom.demo.findings import Claim, Findings, Timing, Tokens
from headroom.demo.judging import Judge
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider
from headroom.demo.proxy_process import proxy_process
from headroom.demo.ways import LostRequestError, Sent, Ways, own_headers, uncoded
from headroom.tokens import TokenCounter

Tell = Callable[[str], None]
"""Is told of every step, for a progress bar."""

_JSON = {"authorization": "Bearer offline-demo", "content-type": "application/json"}
_QUESTIONS = 2
"""Questions a conversation: one is answered whole, one streamed."""


@dataclass(slots=True)
class Drive:
    """One run against a provider: each request goes to it directly and through the proxy."""

    ways: Ways
    workspace: Path
    tell: Tell
    found: Findings = field(default_factory=Findings)
    _tools: dict[str, bytes] = field(default_factory=dict)

    def converse(self, talk: Conversation) -> bytes:
        """Send a conversation turn by turn; return the last body that arrived through the proxy."""
        received = b""
        for turn in range(1, talk.turns + 1):
            self.tell(f"{talk.wire}, turn {turn} of {talk.turns}")
            arrived = self._turn(talk, turn)
            if received:
                self._note_prefix(f"{talk.wire} turn {turn}", received, arrived)
            received = arrived
        self.tell(f"{talk.wire}, decoding")
        sent = talk.body(talk.turns, stream=_is_streamed(talk.turns))
        self.found.rows += self._judge(talk, Channel.TOOL).rows(sent, received, talk.wire)
        self._ask(talk, sent, received)
        return received

    def _turn(self, talk: Conversation, turn: int) -> bytes:
        """Send one turn twice on both ways, alternately; return the body that arrived through the proxy."""
        where = f"{talk.wire} turn {turn}"
        sent = talk.body(turn, stream=_is_streamed(turn))
        first, got = self._pair(talk, sent, where)
        again, repeated = self._pair(talk, sent, where)
        self.found.timings.append(Timing(first, again))
        self.found.streamed += 2 * _is_streamed(turn)
        received = got.first.body
        self.found.note(Claim.REPEAT, where, held=received == repeated.first.body)
        self.found.resent += self._note_body(talk, sent, got, where)
        self._note_tool(talk, received, where)
        return received

    def _pair(self, talk: Conversation, sent: bytes, where: str) -> tuple[float, Sent]:
        """Send one request directly and through the proxy; return the milliseconds added, and what was sent."""
        plain = self.ways.send(self.ways.direct, "POST", talk.path, talk.headers, sent)
        got = self.ways.send(self.ways.proxied, "POST", talk.path, talk.headers, sent)
        self.found.requests += 1
        same = plain.answer.status == 200 and got.answer.same_as(plain.answer) and len(got.arrived) == 1
        self.found.note(Claim.ANSWERS, where, held=same)
        _, tool = without_tool(got.first.body)
        expected = uncoded(own_headers(plain.first)) if tool else own_headers(plain.first)
        self.found.note(Claim.HEADERS, where, held=own_headers(got.first) == expected)
        return got.answer.milliseconds - plain.answer.milliseconds, got

    def _note_body(self, talk: Conversation, sent: bytes, got: Sent, where: str) -> Tokens:
        """Note what differs between a body and the one that arrived for it; return their tokens."""
        received = got.first.body
        tokens = Tokens(output_tokens(talk, sent), output_tokens(talk, received))
        self.found.note(Claim.OUTSIDE, where, held=same_outside(sent, received, talk.wire))
        reported = got.answer.header("x-headroom-tokens-saved")
        self.found.note(Claim.FIGURES, where, held=reported == str(tokens.saved))
        return tokens

    def _note_tool(self, talk: Conversation, received: bytes, where: str) -> None:
        """Note whether the tool arrived, spelled as the first time; count it."""
        _, tool = without_tool(received)
        first = self._tools.setdefault(talk.wire, tool)
        held = tool == first and bool(tool) and msgspec.json.decode(tool) == definition(talk.wire)
        self.found.note(Claim.TOOL, where, held=held)
        self.found.tool += Tokens(0, TokenCounter(talk.model)(tool.decode()))
        self.found.with_tool += bool(tool)

    def _note_prefix(self, where: str, earlier: bytes, later: bytes) -> None:
        self.found.note(Claim.PREFIX, where, held=later.startswith(history(earlier)))

    def _ask(self, talk: Conversation, sent: bytes, received: bytes) -> None:
        """Ask for lines that were left out."""
        self.tell(f"{talk.wire}, asking for what was left out")
        for number, question in enumerate(islice(questions(talk, sent, received), _QUESTIONS)):
            asked = ask(self.ways, talk, question, stream=number > 0, found=self.found)
            where = f"{talk.wire}, question {number + 1}"
            self._note_prefix(where, received, asked.first.body)
            for request in asked.arrived:
                self._note_tool(talk, request.body, where)

    def without_tools(self, talk: Conversation) -> None:
        """Send a conversation without tools, in which nothing may be left out."""
        self.tell(f"{talk.wire}, without tools")
        where = f"{talk.wire} without tools"
        sent = talk.body(talk.turns, stream=False, with_tools=False)
        _, got = self._pair(talk, sent, where)
        received = got.first.body
        self._note_body(talk, sent, got, where)
        self.found.note(Claim.TOOL, where, held=b"headroom_retrieve" not in received)
        self._judge(talk, None).rows(sent, received, where)

    def leave_alone(self, talk: Conversation) -> None:
        """Send what the proxy must not touch: unknown routes, bodies that are no JSON, bypassed requests."""
        self.tell("requests to leave alone")
        body = talk.body(talk.turns, stream=False)
        bypass = {**talk.headers, "x-headroom-bypass": "true"}
        for where, method, path, headers, sent in (
            ("bypass", "POST", talk.path, bypass, body),
            ("unknown route", "POST", "/v1/unknown?a=%2F&a=b", _JSON, body),
            ("no JSON", "POST", "/v1/chat/completions", _JSON, b'{"messages": [1,'),
            ("list of models", "GET", "/v1/models", _JSON, None),
        ):
            plain = self.ways.send(self.ways.direct, method, path, headers, sent)
            got = self.ways.send(self.ways.proxied, method, path, headers, sent)
            same = (got.first.body, got.first.target) == (sent or b"", path) and got.answer.same_as(plain.answer)
            self.found.note(Claim.UNTOUCHED, where, held=same)

    def start_afresh(self, url: str, talks: Sequence[Conversation], received: Sequence[bytes]) -> None:
        """Send the last turn of each conversation through another proxy that never saw the earlier ones."""
        with Link(url) as fresh:
            for talk, before in zip(talks, received, strict=True):
                sent = talk.body(talk.turns, stream=_is_streamed(talk.turns))
                got = self.ways.send(fresh, "POST", talk.path, talk.headers, sent)
                self.found.note(Claim.RESTART, talk.wire, held=got.first.body == before)

    def _judge(self, talk: Conversation, channel: Channel | None) -> Judge:
        return Judge(talk, channel, self.workspace, Archive(self.ways.proxied), self.found)


def drive(
    provider: OfflineProvider,
    provider_url: str,
    proxy_url: str,
    workspace: Path,
    talks: Sequence[Conversation],
    tell: Tell,
) -> Findings:
    """Send all conversations and return what was found out. `workspace` is the folder of the proxy's key.

    Raises LostRequestError, OSError or HTTPException if requests do not get through, BodyError if one arrives broken.
    """
    with Link(provider_url) as direct, Link(proxy_url) as proxied:
        run = Drive(Ways(provider, direct, proxied), workspace, tell)
        received = [run.converse(talk) for talk in talks]
        for talk in talks:
            run.without_tools(talk)
        run.leave_alone(talks[0])
        tell("a second proxy")
        with proxy_process(provider_url, workspace) as fresh:
            run.start_afresh(fresh, talks, received)
        return run.found


def _is_streamed(turn: int) -> bool:
    return turn % 2 == 0


__all__ = ["Drive", "LostRequestError", "Tell", "drive"]
