"""The drive notices every kind of damage between client and provider."""

import itertools

import pytest
from demo.material import MADE, Between

from headroom.ccr.tool import insertion
from headroom.demo.bodies import payload_of
from headroom.demo.conversations import fixing, surveying
from headroom.demo.findings import Claim, Kind
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider, running
from headroom.demo.run import Drive, LostRequestError
from headroom.demo.ways import Ways
from headroom.wire.splice import splice


def driven(talk, workspace, **damage):
    provider = OfflineProvider()
    with (
        running(provider) as direct,
        running(Between(provider, **damage)) as between,
        Link(direct) as plain,
        Link(between) as damaged,
    ):
        run = Drive(Ways(provider, plain, damaged), workspace, lambda _: None)
        run.converse(talk)
        run.without_tools(talk)
        run.leave_alone(talk)
    return {claim for claim, check in run.found.checks.items() if check.failures}, run.found


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(MADE)


def test_a_faithful_relay_fails_only_where_it_should_have_compressed_and_said_so(talk, tmp_path):
    failed, found = driven(talk, tmp_path)
    assert failed == {Claim.LIBRARY, Claim.FIGURES, Claim.TOOL}
    assert found.checks[Claim.TOOL].failures == [f"{talk.wire} turn {turn}" for turn in range(1, talk.turns + 1)]
    assert {row.kind for row in found.rows} == {Kind.KEPT}
    assert len(found.timings) == talk.turns


def test_a_byte_outside_the_tool_outputs_is_noticed(talk, tmp_path):
    failed, _ = driven(talk, tmp_path, body=lambda body: body.replace(b'"user"', b'"user" '))
    assert {Claim.OUTSIDE, Claim.UNTOUCHED} <= failed


def test_another_form_of_the_past_is_noticed(talk, tmp_path):
    number = itertools.count()

    def renumbered(body):
        return body.replace(b"test run of", f"run {next(number)} of".encode(), 1)

    failed, _ = driven(talk, tmp_path, body=renumbered)
    assert {Claim.REPEAT, Claim.PREFIX} <= failed


def test_a_longer_text_and_one_that_does_not_decode_are_noticed(talk, tmp_path):
    failed, _ = driven(talk, tmp_path, body=lambda body: body.replace(b"part-7", b"another part of the whole"))
    assert {Claim.SHORTER, Claim.RESTORED, Claim.LIBRARY} <= failed
    assert Claim.OUTSIDE not in failed


def test_an_added_header_is_noticed(talk, tmp_path):
    failed, _ = driven(talk, tmp_path, headers=[(b"x-forwarded-for", b"127.0.0.1")])
    assert Claim.HEADERS in failed


def test_a_changed_answer_is_noticed(talk, tmp_path):
    failed, _ = driven(talk, tmp_path, answer=lambda chunk: chunk.replace(b"read", b"rode"))
    assert Claim.ANSWERS in failed


def test_a_request_that_never_arrives_ends_the_drive(talk, tmp_path):
    async def silent(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    provider = OfflineProvider()
    with running(provider) as direct, running(silent) as nowhere, Link(direct) as plain, Link(nowhere) as lost:
        run = Drive(Ways(provider, plain, lost), tmp_path, lambda _: None)
        with pytest.raises(LostRequestError):
            run.converse(talk)


def test_a_tool_that_changes_or_stands_where_no_tools_are_is_noticed(talk, tmp_path):
    number = itertools.count()

    def flipping(body):
        if b'"tools"' not in body:
            return body.replace(b'"messages"', b'"tools":[{"name":"headroom_retrieve"}],"messages"', 1)
        shown = splice(body, [insertion(payload_of(body), talk.wire)])
        return shown.replace(b"The 24 characters", f"The {next(number)} characters".encode())

    failed, found = driven(talk, tmp_path, body=flipping)
    assert Claim.TOOL in failed
    assert len(found.checks[Claim.TOOL].failures) == found.checks[Claim.TOOL].tried


def test_another_coding_that_is_asked_for_is_noticed_where_there_is_no_tool(talk, tmp_path):
    failed, _ = driven(talk, tmp_path, headers=[(b"accept-encoding", b"identity")])
    assert Claim.HEADERS in failed
