"""Coding agents run their tool loops through the proxy and end as they do without it."""

import pytest
from agents.agents import AGENTS
from agents.judging import assert_history_stands, bytes_of, kinds, paired
from agents.model import FETCH
from agents.running import run


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_an_agent_ends_through_the_proxy_as_it_does_without_it(agent, programs, tell_saved):
    direct = run(agent, programs, through_proxy=False)
    proxied = run(agent, programs, through_proxy=True)

    assert direct.said.startswith("Found: ")
    assert direct.commands == ["index", "packages"]
    assert (proxied.code, proxied.said, proxied.commands) == (direct.code, direct.said, direct.commands)
    assert kinds(proxied.sent) == kinds(direct.sent)
    refused = {request.method for request in (*proxied.sent, *proxied.received) if request.status >= 300}
    assert refused == (set() if agent.meets_sockets else {"GET"})

    pairs, besides = paired(proxied.sent, proxied.received)
    assert len(besides) == agent.retrieves
    assert all(FETCH.encode() in request.body for request in besides)
    if agent.resends:
        assert assert_history_stands(pairs, besides)

    outputs = [pair.tokens() for pair in pairs]
    before, after = max(outputs) if agent.resends else map(sum, zip(*outputs, strict=True))
    assert after < 0.9 * before
    tell_saved(agent.name, before, after, bytes_of(proxied.sent), bytes_of(proxied.received))
