"""The drive notices every kind of damage between client and provider."""

import itertools

import pytest
from demo.material import MADE

from headroom.demo.conversations import fixing, surveying
from headroom.demo.findings import Claim
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider, running
from headroom.demo.run import Drive, LostRequestError


class Between:
    """Stands between client and provider as a proxy does, and changes what it was told to change."""

    def __init__(self, provider, *, body=lambda body: body, headers=(), answer=lambda chunk: chunk):
        self.provider, self.body, self.headers, self.answer = provider, body, headers, answer

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]

        async def replay():
            return {"type": "http.request", "body": self.body(body), "more_body": False}

        async def relay(message):
            if message["type"] == "http.response.body":
                message = {**message, "body": self.answer(message["body"])}
            await send(message)

        await self.provider({**scope, "headers": [*scope["headers"], *self.headers]}, replay, relay)


def driven(talk, **damage):
    provider = OfflineProvider()
    with (
        running(provider) as direct,
        running(Between(provider, **damage)) as between,
        Link(direct) as plain,
        Link(between) as damaged,
    ):
        run = Drive(provider, plain, damaged, lambda _: None)
        run.converse(talk)
        run.leave_alone(talk)
    return {claim for claim, check in run.found.checks.items() if check.failures}, run.found


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(MADE)


def test_a_faithful_relay_fails_only_where_it_should_have_compressed_and_said_so(talk):
    failed, found = driven(talk)
    assert failed == {Claim.LIBRARY, Claim.FIGURES}
    assert {row.tokens_before - row.tokens_after for row in found.rows} == {0}
    assert len(found.timings) == len(talk.steps)


def test_a_byte_outside_the_tool_outputs_is_noticed(talk):
    failed, _ = driven(talk, body=lambda body: body.replace(b'"user"', b'"user" '))
    assert {Claim.OUTSIDE, Claim.UNTOUCHED} <= failed


def test_another_form_of_the_past_is_noticed(talk):
    number = itertools.count()
    failed, _ = driven(talk, body=lambda body: body.replace(b"test run of", f"run {next(number)} of".encode(), 1))
    assert Claim.REPEAT in failed
    assert (Claim.PREFIX in failed) == (talk.wire == "openai-chat")  # there this output stands in every later turn


def test_a_longer_text_and_one_that_does_not_decode_are_noticed(talk):
    failed, _ = driven(talk, body=lambda body: body.replace(b"part-7", b"another part of the whole"))
    assert {Claim.SHORTER, Claim.RESTORED, Claim.LIBRARY} <= failed
    assert Claim.OUTSIDE not in failed


def test_an_added_header_is_noticed(talk):
    failed, _ = driven(talk, headers=[(b"x-forwarded-for", b"127.0.0.1")])
    assert Claim.HEADERS in failed


def test_a_changed_answer_is_noticed(talk):
    failed, _ = driven(talk, answer=lambda chunk: chunk.replace(b"read", b"rode"))
    assert Claim.ANSWERS in failed


def test_a_request_that_never_arrives_ends_the_drive(talk):
    async def silent(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    provider = OfflineProvider()
    with running(provider) as direct, running(silent) as nowhere, Link(direct) as plain, Link(nowhere) as lost:
        run = Drive(provider, plain, lost, lambda _: None)
        with pytest.raises(LostRequestError):
            run.converse(talk)
