"""The suite that every adapter has to pass, on agents of Pydantic AI over both of OpenAI's APIs."""

from contracts.adapters import AdapterContract

from headroom_pydantic_ai.tests.pydantic_running import MODES, run


class TestChat(AdapterContract):
    modes = MODES

    def run(self, script, mode, *, layers):
        return run(script, mode, layers=layers, wire="chat")


class TestResponses(AdapterContract):
    modes = ("run", "run_stream")

    def run(self, script, mode, *, layers):
        return run(script, mode, layers=layers, wire="responses")
