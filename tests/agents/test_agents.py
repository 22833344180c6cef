"""Coding agents run their tool loops through the proxy and end as they do without it."""

import pytest
from agents.agents import AGENTS
from agents.judging import assert_history_stands, bytes_of, kinds, paired
from agents.model import FETCH
from agents.running import run, run_and_resume

RESUMED = [agent for agent in AGENTS if agent.resumed and agent.retrieves]


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_an_agent_ends_through_the_proxy_as_it_does_without_it(agent, programs, tell_saved):
    direct = run(agent, programs, through_proxy=False)
    proxied = run(agent, programs, through_proxy=True)
    pairs = judged(agent, direct, proxied)

    outputs = [pair.tokens() for pair in pairs]
    before, after = max(outputs) if agent.resends else map(sum, zip(*outputs, strict=True))
    assert after < 0.9 * before
    tell_saved(agent.name, before, after, bytes_of(proxied.sent), bytes_of(proxied.received))


@pytest.mark.parametrize("agent", RESUMED, ids=lambda agent: agent.name)
def test_an_agent_that_calls_its_tools_at_once_and_is_resumed_ends_as_it_does_without_the_proxy(agent, programs):
    direct = run_and_resume(agent, programs, through_proxy=False)
    proxied = run_and_resume(agent, programs, through_proxy=True)
    judged(agent, direct, proxied)


def judged(agent, direct, proxied):
    """Compare both runs, and what the agent sent to the proxy with what arrived; return it in pairs."""
    assert all(said.startswith("Found: ") for said in direct.said)
    assert sorted(direct.commands) == ["index", "packages"]
    assert (proxied.said, sorted(proxied.commands)) == (direct.said, sorted(direct.commands))
    assert kinds(proxied.sent) == kinds(direct.sent)
    refused = {request.method for request in (*proxied.sent, *proxied.received) if request.status >= 300}
    assert refused == (set() if agent.meets_sockets else {"GET"})

    pairs, besides = paired(proxied.sent, proxied.received)
    assert len(besides) == (len(direct.said) if agent.retrieves else 0)
    assert all(FETCH.encode() in request.body for request in besides)
    if agent.resends:
        assert_history_stands(pairs, besides)
    return pairs
