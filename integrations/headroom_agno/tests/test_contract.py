"""The suite that every adapter has to pass, on agents of Agno over both of OpenAI's APIs."""

from contracts.adapters import AdapterContract

from headroom_agno.tests.running import run


class TestChat(AdapterContract):
    modes = ("sync", "async", "stream", "async-stream")

    def run(self, script, mode, *, layers):
        return run(script, mode, layers=layers)


class TestResponses(TestChat):
    def run(self, script, mode, *, layers):
        return run(script, mode, layers=layers, wire="responses")
