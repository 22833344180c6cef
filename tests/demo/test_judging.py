"""The judge asks the proxy for what was left out, and is content with nothing but the original."""

import pytest
from demo.material import LONG

from headroom.blocks import Channel
from headroom.demo.archive import Archive
from headroom.demo.conversations import fixing, surveying
from headroom.demo.findings import Claim, Findings, Kind
from headroom.demo.judging import Judge
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider, running
from headroom.demo.proxy_process import proxy_process


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def proxy(workspace):
    provider = OfflineProvider()
    with running(provider) as upstream, proxy_process(upstream, workspace) as url, Link(url) as link:
        yield provider, link


@pytest.fixture(params=[fixing, surveying], ids=["openai", "anthropic"])
def talk(request):
    return request.param(LONG)


def judged(talk, proxy, workspace, archive, *, with_tools=True):
    provider, link = proxy
    sent = talk.body(talk.turns, stream=False, with_tools=with_tools)
    assert link.ask("POST", talk.path, talk.headers, sent).status == 200
    found = Findings()
    judge = Judge(talk, Channel.TOOL if with_tools else None, workspace, archive, found)
    found.rows = judge.rows(sent, provider.recorded(-1).body, "here")
    return {claim for claim, check in found.checks.items() if check.failures}, found


def test_what_was_left_out_is_said_and_comes_back_to_its_owner_alone(talk, proxy, workspace):
    failed, found = judged(talk, proxy, workspace, Archive(proxy[1]))
    assert failed == set()
    row = next(row for row in found.rows if row.label == "the program log")
    assert (row.kind, len(row.handle)) == (Kind.LEFT_OUT, 24)
    assert "left out" in row.left_out
    assert "hash=" not in row.left_out
    assert found.checks[Claim.FETCHED].passed
    assert found.checks[Claim.CLOSED].passed


def test_most_of_a_file_seen_before_is_a_reference_that_leads_there(proxy, workspace):
    failed, found = judged(fixing(LONG), proxy, workspace, Archive(proxy[1]))
    assert failed == set()
    assert [row.label for row in found.rows if row.kind is Kind.REFERENCE] == ["the edited source"]
    assert found.checks[Claim.RESTORED].passed


def test_without_tools_nothing_is_left_out_and_everything_decodes(talk, proxy, workspace):
    failed, found = judged(talk, proxy, workspace, Archive(proxy[1]), with_tools=False)
    assert failed == set()
    assert Kind.LEFT_OUT not in {row.kind for row in found.rows}
    assert found.checks[Claim.RESTORED].passed
    assert found.checks[Claim.FETCHED].tried == 0


def test_a_text_that_is_almost_the_original_and_an_open_door_are_noticed(talk, proxy, workspace):
    class Careless(Archive):
        def original(self, handle, headers):
            return f"{super().original(handle, headers)} "

        def is_closed(self, handle, headers):
            return not super().is_closed(handle, headers)

    failed, _ = judged(talk, proxy, workspace, Careless(proxy[1]))
    assert failed == {Claim.FETCHED, Claim.CLOSED}


def test_another_key_makes_another_text(talk, proxy, tmp_path):
    failed, _ = judged(talk, proxy, tmp_path, Archive(proxy[1]))
    assert {Claim.LIBRARY, Claim.FETCHED} <= failed


def test_settings_in_the_environment_change_nothing(talk, proxy, workspace, monkeypatch):
    monkeypatch.setenv("HEADROOM_OPTIMIZE", "false")
    failed, _ = judged(talk, proxy, workspace, Archive(proxy[1]))
    assert failed == set()


def test_an_unknown_handle_is_closed_to_everybody(proxy):
    archive, nothing = Archive(proxy[1]), "0" * 24
    assert archive.original(nothing, {"authorization": "Bearer offline-demo"}) is None
    assert archive.is_closed(nothing, {"authorization": "Bearer offline-demo"})
