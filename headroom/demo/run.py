"""Drive conversations through the proxy and past it, and compare what reaches the provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from headroom.demo.bodies import history, payload_of, same_outside, tool_texts
from headroom.demo.conversations import Conversation
from headroom.demo.findings import Claim, Findings, Timing
from headroom.demo.judging import judge
from headroom.demo.link import Answer, Link
from headroom.demo.provider import OfflineProvider, Recorded
from headroom.demo.proxy_process import proxy_process
from headroom.tokens import TokenCounter

Tell = Callable[[str], None]
"""Is told of every step, for a progress bar."""

_PER_HOP = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding", b"keep-alive"})
_JSON = {"authorization": "Bearer offline-demo", "content-type": "application/json"}


class LostRequestError(Exception):
    """A request was answered although the provider never saw it."""


@dataclass(slots=True)
class Drive:
    """One run against a provider: each request goes to it directly and through the proxy."""

    provider: OfflineProvider
    direct: Link
    proxied: Link
    tell: Tell
    found: Findings = field(default_factory=Findings)

    def converse(self, talk: Conversation) -> bytes:
        """Send a conversation turn by turn; return the last body that arrived through the proxy."""
        last = len(talk.steps)
        received = b""
        for turn in range(1, last + 1):
            self.tell(f"{talk.wire}, turn {turn} of {last}")
            arrived = self._turn(talk, turn)
            if received:
                held = arrived.startswith(history(received))
                self.found.note(Claim.PREFIX, f"{talk.wire} turn {turn}", held=held)
            received = arrived
        self.tell(f"{talk.wire}, decoding")
        sent = talk.body(last, stream=_is_streamed(last))
        self.found.rows += judge(talk, sent, received, self.found)
        return received

    def _turn(self, talk: Conversation, turn: int) -> bytes:
        """Send one turn twice on both ways, alternately; return the body that arrived through the proxy."""
        where = f"{talk.wire} turn {turn}"
        sent = talk.body(turn, stream=_is_streamed(turn))
        first, answer, received = self._pair(talk, sent, where)
        again, _, repeated = self._pair(talk, sent, where)
        self.found.timings.append(Timing(first, again))
        self.found.streamed += 2 * _is_streamed(turn)
        self.found.note(Claim.OUTSIDE, where, held=same_outside(sent, received.body, talk.wire))
        self.found.note(Claim.REPEAT, where, held=received.body == repeated.body)
        before, after = _tokens(talk, sent), _tokens(talk, received.body)
        self.found.note(Claim.FIGURES, where, held=answer.header("x-headroom-tokens-saved") == str(before - after))
        self.found.request_tokens_before += before
        self.found.request_tokens_after += after
        return received.body

    def _pair(self, talk: Conversation, sent: bytes, where: str) -> tuple[float, Answer, Recorded]:
        """Send one request directly and through the proxy; return the milliseconds added, the answer, what arrived."""
        plain, expected = self._ask(self.direct, "POST", talk.path, talk.headers, sent)
        answer, received = self._ask(self.proxied, "POST", talk.path, talk.headers, sent)
        self.found.requests += 1
        self.found.note(Claim.ANSWERS, where, held=plain.status == 200 and answer.same_as(plain))
        self.found.note(Claim.HEADERS, where, held=_headers(received) == _headers(expected))
        return answer.milliseconds - plain.milliseconds, answer, received

    def leave_alone(self, talk: Conversation) -> None:
        """Send what the proxy must not touch: unknown routes, bodies that are no JSON, bypassed requests."""
        self.tell("requests to leave alone")
        body = talk.body(len(talk.steps), stream=False)
        bypass = {**talk.headers, "x-headroom-bypass": "true"}
        for where, method, path, headers, sent in (
            ("bypass", "POST", talk.path, bypass, body),
            ("unknown route", "POST", "/v1/unknown?a=%2F&a=b", _JSON, body),
            ("no JSON", "POST", "/v1/chat/completions", _JSON, b'{"messages": [1,'),
            ("list of models", "GET", "/v1/models", _JSON, None),
        ):
            plain, _ = self._ask(self.direct, method, path, headers, sent)
            answer, received = self._ask(self.proxied, method, path, headers, sent)
            same = (received.body, received.target) == (sent or b"", path) and answer.same_as(plain)
            self.found.note(Claim.UNTOUCHED, where, held=same)

    def start_afresh(self, url: str, talks: Sequence[Conversation], received: Sequence[bytes]) -> None:
        """Send the last turn of each conversation through another proxy that never saw the earlier ones."""
        with Link(url) as fresh:
            for talk, before in zip(talks, received, strict=True):
                last = len(talk.steps)
                sent = talk.body(last, stream=_is_streamed(last))
                _, arrived = self._ask(fresh, "POST", talk.path, talk.headers, sent)
                self.found.note(Claim.RESTART, talk.wire, held=arrived.body == before)

    def _ask(
        self, link: Link, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer, Recorded]:
        """Send one request; return its answer and the request as it reached the provider."""
        before = self.provider.seen
        answer = link.ask(method, path, headers, body)
        arrived = self.provider.recorded(before)
        if arrived is None:
            raise LostRequestError(f"{method} {path} was answered with {answer.status}, but never arrived")
        return answer, arrived


def drive(
    provider: OfflineProvider, provider_url: str, proxy_url: str, talks: Sequence[Conversation], tell: Tell
) -> Findings:
    """Send all conversations and return what was found out.

    Raises LostRequestError, OSError or HTTPException if requests do not get through, BodyError if one arrives broken.
    """
    with Link(provider_url) as direct, Link(proxy_url) as proxied:
        run = Drive(provider, direct, proxied, tell)
        received = [run.converse(talk) for talk in talks]
        run.leave_alone(talks[0])
        tell("a second proxy")
        with proxy_process(provider_url) as fresh:
            run.start_afresh(fresh, talks, received)
        return run.found


def _is_streamed(turn: int) -> bool:
    return turn % 2 == 0


def _tokens(talk: Conversation, body: bytes) -> int:
    """Return the tokens of all tool outputs of a request."""
    return sum(TokenCounter(talk.model).many(tool_texts(payload_of(body), talk.wire).values()))


def _headers(request: Recorded) -> list[tuple[bytes, bytes]]:
    """Return the headers that do not belong to one connection or to the length of the body."""
    return [header for header in request.headers if header[0] not in _PER_HOP]
