"""The suite that every adapter has to pass, on agents of the SDK over both of OpenAI's APIs."""

from contracts.adapters import AdapterContract

from headroom_openai_agents.tests.running import run


class TestResponses(AdapterContract):
    modes = ("sync", "async", "async-stream")
    knows_errors = False  # a failure's text is an output like any other

    def run(self, script, mode, *, layers):
        return run(script, mode, layers=layers, wire="responses")


class TestChat(TestResponses):
    def run(self, script, mode, *, layers):
        return run(script, mode, layers=layers, wire="chat")
