"""Questions on what was left out: what the model gets to see, what the client gets, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headroom.demo.bodies import TOOL, history, payload_of, tool_blocks
from headroom.demo.conversations import Conversation
from headroom.demo.decoding import marker_of
from headroom.demo.findings import Claim, Findings, Tokens
from headroom.demo.hearing import BrokenAnswerError, Heard, heard
from headroom.demo.link import Answer
from headroom.demo.provider.script import LOOKING, QUESTION
from headroom.demo.ways import Sent, Ways
from headroom.tokens import TokenCounter

_LEAST_CHARS = 12
_SILENT = Heard("", (), (0, 0))


@dataclass(frozen=True, slots=True)
class Question:
    """A question on one line of a tool output, in the words that the scripted model answers to."""

    words: str
    original: str


def questions(talk: Conversation, sent: bytes, received: bytes) -> Iterator[Question]:
    """Yield a question for every output of which a line was left out that stands nowhere in the text that arrived."""
    before, after = tool_blocks(payload_of(sent), talk.wire), tool_blocks(payload_of(received), talk.wire)
    for block, now in zip(before, after, strict=True):
        _, handle = marker_of(now.text) if now.text != block.text else ("", "")
        line = _line_left_out(block.text, now.text) if handle else None
        if line is not None:
            yield Question(QUESTION.format(line=line, call=block.call), block.text)


def _line_left_out(original: str, text: str) -> int | None:
    """Return the number, from 1, of a line in the midst of what is missing."""
    lines = [(number, line.strip()) for number, line in enumerate(original.split("\n"), start=1)]
    missing = [number for number, line in lines if len(line) >= _LEAST_CHARS and line not in text]
    return missing[len(missing) // 2] if missing else None


def ask(ways: Ways, talk: Conversation, question: Question, *, stream: bool, found: Findings) -> Sent:
    """Put a question directly and through the proxy, compare the answers and count the costs; return what was sent."""
    where = f"{talk.wire}, {'streamed' if stream else 'whole'}: {question.words}"
    body = talk.question(question.words, stream=stream)
    plain = ways.send(ways.direct, "POST", talk.path, talk.headers, body)
    asked = ways.send(ways.proxied, "POST", talk.path, talk.headers, body)
    expected, got = _heard(talk, plain.answer), _heard(talk, asked.answer)
    said = (expected.text, LOOKING + expected.text)  # words before a call are passed on in streams
    found.note(Claim.ASKED, where, held=bool(expected.text) and got.text in said and not got.calls)
    last = asked.arrived[-1].body
    found.note(Claim.SEEN, where, held=_retrieved(talk, last) == [question.original])
    found.note(Claim.PREFIX, where, held=last.startswith(history(asked.first.body)))
    found.note(Claim.USAGE, where, held=got.tokens == _sum_of_calls(ways, talk, asked))
    _count(talk, body, asked, found, stream=stream)
    return asked


def _heard(talk: Conversation, answer: Answer) -> Heard:
    """Return what a client understands; nothing of an answer that it would refuse."""
    try:
        return heard(talk.wire, answer)
    except BrokenAnswerError:
        return _SILENT


def _retrieved(talk: Conversation, body: bytes) -> list[str]:
    return [block.text for block in tool_blocks(payload_of(body), talk.wire) if block.tool == TOOL]


def _sum_of_calls(ways: Ways, talk: Conversation, asked: Sent) -> tuple[int, int]:
    """Send every request that arrived once more, directly, and add up what the provider reports for each."""
    answers = [ways.direct.ask("POST", talk.path, talk.headers, request.body) for request in asked.arrived]
    tokens = [_heard(talk, answer).tokens for answer in answers]
    return sum(read for read, _ in tokens), sum(said for _, said in tokens)


def _count(talk: Conversation, sent: bytes, asked: Sent, found: Findings, *, stream: bool) -> None:
    before = output_tokens(talk, sent)
    after = sum(output_tokens(talk, request.body) for request in asked.arrived)
    found.asked += Tokens(before, after)
    found.questions += 1
    found.requests += 1
    found.streamed += stream
    found.retrievals += len(asked.arrived) - 1
    found.retrieved += sum(TokenCounter(talk.model).many(_retrieved(talk, asked.arrived[-1].body)))


def output_tokens(talk: Conversation, body: bytes) -> int:
    """Return the tokens of all tool outputs of a request."""
    return sum(TokenCounter(talk.model).many(block.text for block in tool_blocks(payload_of(body), talk.wire)))
