"""The suite of all adapters, on agents of `create_agent` and of LangGraph."""

from __future__ import annotations

import pytest
from contracts.adapters import OUTPUTS, AdapterContract, Script, Seen

from headroom_langchain.tests import agents


class TestMiddleware(AdapterContract):
    modes = agents.MODES

    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        return agents.run(agents.of_middleware, script, mode, layers)


class TestGraft(AdapterContract):
    modes = agents.MODES

    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        return agents.run(agents.of_graft, script, mode, layers)


class TestChatModel(AdapterContract):
    modes = agents.MODES

    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        return agents.run(agents.of_wrapper, script, mode, layers)


class TestNode(AdapterContract):
    modes = agents.MODES

    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        return agents.run(agents.of_node, script, mode, layers)


@pytest.mark.parametrize("mode", agents.MODES)
def test_errors_stay_errors_in_the_state_and_streams_stream(mode: str) -> None:
    seen = agents.run(agents.of_middleware, Script(OUTPUTS, frozenset({1})), mode, layers=1)
    statuses = [message["status"] for message in seen.history if message["type"] == "tool"]
    assert statuses == ["success", "error", "success"]
    assert {bool(request.get("stream")) for request in seen.requests} == {"stream" in mode}
