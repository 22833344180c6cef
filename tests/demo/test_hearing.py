"""Answers are read as a strict client reads them."""

import pytest
from demo.material import MADE

from headroom.blocks import Edit
from headroom.ccr.tool import insertion
from headroom.demo.bodies import payload_of, tool_blocks
from headroom.demo.conversations import fixing, surveying
from headroom.demo.hearing import BrokenAnswerError, heard
from headroom.demo.link import Answer
from headroom.demo.provider import Recorded
from headroom.demo.provider.app import answer
from headroom.demo.provider.script import LOOKING, QUESTION, TOOL
from headroom.wire.splice import splice

HASH = "0123456789abcdef01234567"


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(MADE)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request):
    return request.param


def answered(talk, body, damage=lambda body: body):
    reply = answer(Recorded("POST", talk.path, (), body))
    return Answer(reply.status, (("content-type", reply.content_type),), damage(b"".join(reply.chunks)), 0.0)


def calling(talk, stream):
    """Return a question to which the model answers with a call of the tool."""
    block = tool_blocks(payload_of(talk.body(talk.turns, stream=False)), talk.wire)[0]
    body = talk.question(QUESTION.format(line=1, call=block.call), stream=stream)
    noted = Edit(block.path, f"{block.text}\n[all left out | headroom_retrieve hash={HASH}]")
    return splice(body, [noted, insertion(payload_of(body), talk.wire)])


def test_words_and_tokens_are_heard_alike_whole_and_streamed(talk):
    whole, streamed = (heard(talk.wire, answered(talk, talk.body(2, stream=s))) for s in (False, True))
    assert whole == streamed
    assert whole.text.startswith("Messages read: ")
    assert whole.calls == ()
    assert min(whole.tokens) > 0


def test_a_call_is_heard(talk, stream):
    got = heard(talk.wire, answered(talk, calling(talk, stream)))
    assert (got.text, got.calls) == (LOOKING, (TOOL,))


def test_an_error_is_no_answer(talk):
    with pytest.raises(BrokenAnswerError, match="status 400"):
        heard(talk.wire, answered(talk, b"{}"))


def events(body):
    return [part + b"\n\n" for part in body.split(b"\n\n") if part]


STREAM_DAMAGE = {
    "cut short": lambda body: b"".join(events(body)[:-1]),
    "ended twice": lambda body: body + events(body)[-1],
    "begun twice": lambda body: events(body)[0] + body,
    "not begun": lambda body: b"".join(events(body)[1:]),
    "another end": lambda body: body.replace(b'"stop"', b'"tool_calls"').replace(b'"end_turn"', b'"tool_use"'),
    "another id or index": lambda body: body.replace(b"chatcmpl-", b"chat-", 1).replace(b'"index":0', b'"index":1', 1),
    "no usage": lambda body: body.replace(b'"usage"', b'"used"'),
    "not JSON": lambda body: body.replace(b"data: {", b"data: [", 1),
}


@pytest.mark.parametrize("damage", STREAM_DAMAGE.values(), ids=STREAM_DAMAGE)
def test_a_stream_that_is_no_single_answer_is_refused(talk, damage):
    with pytest.raises(BrokenAnswerError):
        heard(talk.wire, answered(talk, talk.body(2, stream=True), damage))


@pytest.mark.parametrize("name", ["another end", "no usage"])
def test_a_whole_answer_of_another_shape_is_refused(talk, name):
    with pytest.raises(BrokenAnswerError):
        heard(talk.wire, answered(talk, talk.body(2, stream=False), STREAM_DAMAGE[name]))


def test_a_sum_that_is_none_is_refused():
    talk = fixing(MADE)
    with pytest.raises(BrokenAnswerError, match="total"):
        heard(
            talk.wire,
            answered(talk, talk.body(1, stream=False), lambda b: b.replace(b'"total_tokens":', b'"total_tokens":1')),
        )


def test_blocks_that_overlap_are_refused():
    talk = surveying(MADE)

    def swapped(body):
        parts = events(body)
        first = next(n for n, event in enumerate(parts) if b"content_block_stop" in event)
        parts[first], parts[first + 1] = parts[first + 1], parts[first]
        return b"".join(parts)

    with pytest.raises(BrokenAnswerError, match="expected"):
        heard(talk.wire, answered(talk, calling(talk, stream=True), swapped))
