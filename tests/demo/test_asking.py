"""Questions on what was left out: the model gets the original, the client one answer, and every failure is noticed."""

import re

import pytest
from demo.material import LOG, LONG, MADE, Between

from headroom.demo.asking import ask, questions
from headroom.demo.conversations import fixing, surveying
from headroom.demo.findings import Claim, Findings
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider, running
from headroom.demo.ways import Ways
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.proxy.config import ProxyConfig


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(LONG)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request):
    return request.param


def asked(talk, stream, workspace, *, before=None, behind=None):
    """Ask for what was left out, with damage before the proxy or behind it; return what was found out."""
    provider = OfflineProvider()
    config = ProxyConfig(retrieval="tool", workspace_dir=workspace)
    proxy = HeadroomASGIMiddleware(Between(provider, **(behind or {})), config)
    with (
        running(provider) as direct,
        running(Between(proxy, **(before or {}))) as damaged,
        Link(direct) as plain,
        Link(damaged) as proxied,
    ):
        ways, found = Ways(provider, plain, proxied), Findings()
        sent = talk.body(talk.turns, stream=False)
        received = ways.send(proxied, "POST", talk.path, talk.headers, sent).first.body
        question = next(one for one in questions(talk, sent, received) if one.original == LOG)
        got = ask(ways, talk, question, stream=stream, found=found)
    return {claim for claim, check in found.checks.items() if check.failures}, found, got


def test_a_question_on_a_line_left_out_is_answered_from_the_original(talk, stream, tmp_path):
    failed, found, got = asked(talk, stream, tmp_path)
    assert failed == set()
    assert {claim for claim, check in found.checks.items() if check.passed} == {
        Claim.ASKED,
        Claim.SEEN,
        Claim.USAGE,
        Claim.PREFIX,
    }
    assert (found.questions, found.retrievals, len(got.arrived)) == (1, 1, 2)
    assert 0 < found.retrieved < found.asked.after


def test_another_text_than_the_original_is_noticed(talk, stream, tmp_path):
    word = LOG.split()[7].encode()
    number = iter(range(9))

    def falsified(body):
        return body if next(number) < 2 else body.replace(b"job 400 took", b"job 400 " + word)

    failed, _, _ = asked(talk, stream, tmp_path, behind={"body": falsified})
    assert Claim.SEEN in failed


def test_a_history_that_changes_between_the_calls_is_noticed(talk, stream, tmp_path):
    number = iter(range(9))
    renamed = {"body": lambda body: body.replace(b"careful engineer", b"engineer %d" % next(number))}
    failed, _, _ = asked(talk, stream, tmp_path, behind=renamed)
    assert Claim.PREFIX in failed


def test_another_answer_is_noticed(talk, stream, tmp_path):
    failed, _, _ = asked(talk, stream, tmp_path, before={"answer": lambda chunk: chunk.replace(b"took", b"gave")})
    assert failed == {Claim.ASKED}


def test_another_usage_is_noticed(talk, stream, tmp_path):
    def dearer(chunk):
        return re.sub(rb'("(?:total|prompt|input)_tokens":)\d', rb"\g<1>9", chunk)

    failed, _, _ = asked(talk, stream, tmp_path, before={"answer": dearer})
    assert Claim.USAGE in failed


def test_a_call_that_nobody_answers_is_noticed(talk, stream, tmp_path):
    hidden = {"answer": lambda chunk: chunk.replace(b'"headroom_retrieve"', b'"headroom_retrieva"')}
    failed, found, _ = asked(talk, stream, tmp_path, behind=hidden)
    assert failed == {Claim.ASKED, Claim.SEEN}
    assert found.retrievals == 0


@pytest.mark.parametrize("compose", [fixing, surveying])
def test_where_nothing_was_left_out_nothing_is_asked(compose):
    talk = compose(MADE)
    sent = talk.body(talk.turns, stream=False)
    assert list(questions(talk, sent, sent)) == []
