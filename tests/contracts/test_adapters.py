"""The suite of the adapters on the smallest agent there is: a loop over dicts. Needs no framework."""

from __future__ import annotations

import asyncio
import copy
import json
import urllib.request
from typing import Any

from contracts.adapters import AdapterContract, Script, Seen
from support.samples import sample
from support.scripted_model import ScriptedModel, scripted_model

from headroom.integrations.adapter import Adapter
from headroom.integrations.transcript import Called, Returned, Said, Turn
from headroom.proxy.config import ProxyConfig

Messages = list[dict[str, Any]]


def turns_of(messages: Messages) -> list[Turn]:
    found: list[Turn] = []
    for message in messages:
        if message["role"] == "tool":
            found.append(Returned(message["tool_call_id"], message["content"], message.get("failed", False)))
        else:
            found.append(Said(message["role"], message["content"] or ""))
            for call in message.get("tool_calls") or ():
                found.append(Called(call["id"], call["function"]["name"], call["function"]["arguments"]))
    return found


def shortened(adapter: Adapter, messages: Messages) -> Messages:
    texts = iter(adapter.shorten(turns_of(messages)).messages)
    return [{**m, "content": next(texts)} if m["role"] == "tool" else m for m in messages]


def asked(model: ScriptedModel, messages: Messages, *, stream: bool) -> dict[str, Any]:
    wire = [{key: value for key, value in message.items() if key != "failed"} for message in messages]
    body = json.dumps({"model": "gpt-4o", "messages": wire, "stream": stream}).encode()
    request = urllib.request.Request(f"{model.url}/chat/completions", body)
    with urllib.request.urlopen(request) as answer:
        if not stream:
            return dict(json.loads(answer.read())["choices"][0]["message"])
        first = json.loads(answer.readline().removeprefix(b"data: "))
        return dict(first["choices"][0]["delta"])


class TestAgentOfDicts(AdapterContract):
    modes = ("sync", "async", "stream")

    def run(self, script: Script, mode: str, *, layers: int) -> Seen:
        adapters = [Adapter() for _ in range(layers)]
        history: Messages = [{"role": "user", "content": script.question}]
        executed = 0
        with scripted_model(len(script.outputs)) as model:
            while True:
                wire = copy.deepcopy(history)
                for adapter in adapters:
                    wire = self.through(adapter, wire, mode)
                message = asked(model, wire, stream=mode == "stream")
                history.append(message)
                if not message.get("tool_calls"):
                    break
                result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"]}
                result |= {"content": script.outputs[executed], "failed": executed in script.failing}
                history.append(result)
                executed += 1
        return Seen(model.requests, history, message["content"], executed)

    @staticmethod
    def through(adapter: Adapter, messages: Messages, mode: str) -> Messages:
        if mode != "async":
            return adapter.attempt(lambda: shortened(adapter, messages), messages)
        size = sum(len(message["content"] or "") for message in messages)
        return asyncio.run(adapter.attempt_aside(lambda: shortened(adapter, messages), messages, size))


def test_with_retrieval_more_is_left_out_and_comes_back_byte_for_byte() -> None:
    adapter = Adapter(ProxyConfig(marker_key="key"), retrieval=True)
    log = "\n".join(sample("log_lines", seed) for seed in range(8))
    turns = [Said("user", "What went wrong?"), Called("c1", "read_log", {"day": 3}), Returned("c1", log)]
    result = adapter.shorten(turns, "gpt-4o")
    (handle,) = result.ccr_hashes
    assert result.tokens_after < Adapter().shorten(turns, "gpt-4o").tokens_after
    assert adapter.retrieve({"hash": handle}) == log
    assert adapter.retrieve(json.dumps({"hash": handle, "lines": "2-2"})).endswith(log.split("\n")[1] + "\n")
    stats = adapter.stats()
    assert (stats["requests"], stats["retrievals"], stats["misses"], stats["failures"]) == (1, 2, 0, 0)


def test_results_refer_to_earlier_ones_only_if_the_provider_keeps_those() -> None:
    log = sample("log_lines")
    turns = [Called("c1", "read_log", {}), Returned("c1", log), Called("c2", "read_log", {}), Returned("c2", log)]
    first, second = Adapter().shorten(turns).messages
    assert len(second) < len(first)
    assert Adapter().shorten(turns, keeps_results=False).messages == [first, first]


def test_texts_that_stay_are_the_objects_that_came() -> None:
    texts = Adapter().shorten([Returned("", text := "short enough"), Returned("", "also short")]).messages
    assert texts == [text, "also short"]
    assert texts[0] is text


def test_a_body_that_nothing_changes_in_is_the_same_object() -> None:
    body = {"messages": [{"role": "user", "content": "hello"}]}
    assert Adapter().shorten_body(body).messages is body
