"""L8: signed, encrypted, server-side and unknown content is never read and never touched."""

import json

import pytest
from support.samples import sample
from support.wires import MODELS

from headroom.blocks import Reason
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES

TEXT = sample("search_lines")
# Even a policy that compresses everything it may must leave these alone.
PIPELINE = Pipeline(Policy(min_tokens=0, compress_user_messages=True))


def _messages(*content):
    return {"max_tokens": 1, "messages": [{"role": "user", "content": list(content)}]}


def _said(*content):
    return {"max_tokens": 1, "system": TEXT, "messages": [{"role": "assistant", "content": list(content)}]}


def _result(part):
    return _messages({"type": "tool_result", "tool_use_id": "t", "content": [part]})


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": TEXT}}

OPAQUE = {
    "anthropic": {
        "system": _said({"type": "text", "text": "x"}),
        "assistant text": _said({"type": "text", "text": TEXT}),
        "thinking": _said({"type": "thinking", "thinking": TEXT, "signature": TEXT}),
        "redacted thinking": _said({"type": "redacted_thinking", "data": TEXT}),
        "tool input": _said({"type": "tool_use", "id": "t", "name": "n", "input": {"content": TEXT}}),
        "server tool": _said({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": TEXT}}),
        "server result": _said({"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"text": TEXT}]}),
        "image": _messages(IMAGE),
        "image in a result": _result(IMAGE),
        "document": _messages({"type": "document", "source": {"type": "text", "data": TEXT}}),
        "search result": _result({"type": "search_result", "content": [{"type": "text", "text": TEXT}]}),
        "unknown block": _messages({"type": "from_the_future", "text": TEXT}),
        "compaction": _said({"type": "compaction", "content": TEXT}),
        "unknown role": {"messages": [{"role": "oracle", "content": TEXT}], "max_tokens": 1},
    },
    "anthropic-batches": {
        "thinking": {"requests": [{"params": _said({"type": "thinking", "thinking": TEXT, "signature": "s"})}]},
    },
    "openai-chat": {
        "system": {"messages": [{"role": "system", "content": TEXT}, {"role": "developer", "content": TEXT}]},
        "assistant": {"messages": [{"role": "assistant", "content": TEXT, "refusal": TEXT, "reasoning_content": TEXT}]},
        "arguments": {
            "messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"arguments": TEXT}}]}]
        },
        "image": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": TEXT}}]}]},
        "audio": {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": TEXT}}]}]},
        "unknown role": {"messages": [{"role": "oracle", "content": TEXT}]},
        "unknown part": {"messages": [{"role": "tool", "content": [{"type": "later", "text": TEXT}]}]},
    },
    "openai-responses": {
        "instructions": {"instructions": TEXT, "input": "hi"},
        "reasoning": {"input": [{"type": "reasoning", "encrypted_content": TEXT, "summary": [{"text": TEXT}]}]},
        "compaction": {"input": [{"type": "compaction", "encrypted_content": TEXT}]},
        "call": {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": TEXT}]},
        "patch": {"input": [{"type": "apply_patch_call_output", "call_id": "c", "output": TEXT}]},
        "web search": {"input": [{"type": "web_search_call", "id": "w", "action": {"query": TEXT}}]},
        "assistant": {"input": [{"role": "assistant", "content": [{"type": "output_text", "text": TEXT}]}]},
        "unknown item": {"input": [{"type": "later", "output": TEXT}]},
    },
    "gemini": {
        "system": {"systemInstruction": {"parts": [{"text": TEXT}]}, "contents": []},
        "thought": {"contents": [{"role": "model", "parts": [{"text": TEXT, "thought": True}]}]},
        "signature": {"contents": [{"role": "user", "parts": [{"text": TEXT, "thoughtSignature": TEXT}]}]},
        "inline data": {"contents": [{"role": "user", "parts": [{"inlineData": {"data": TEXT}}]}]},
        "call": {"contents": [{"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": TEXT}}}]}]},
        "code": {"contents": [{"role": "model", "parts": [{"executableCode": {"code": TEXT}}]}]},
    },
}


def test_every_wire_has_opaque_fixtures():
    assert set(OPAQUE) == set(WIRES)


@pytest.mark.parametrize(("wire", "case"), [(wire, case) for wire in OPAQUE for case in OPAQUE[wire]])
def test_opaque_content_goes_on_as_it_came(wire, case):
    body = json.dumps({"model": MODELS[wire], **OPAQUE[wire][case]}).encode()
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    assert outcome.body is body
    assert outcome.note == ""
    assert not outcome.reasons[Reason.COMPRESSED]


@pytest.mark.parametrize("wire", sorted(OPAQUE))
def test_opaque_blocks_carry_no_text(wire):
    for fixture in OPAQUE[wire].values():
        for block in WIRES[wire].blocks({"model": "m", **fixture}):
            assert not (block.opaque and block.text)
