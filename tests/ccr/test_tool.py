"""The definition of the tool: the same bytes for ever, and where it goes."""

import json

import msgspec
import pytest

from headroom.ccr.tool import declares_retrieval, definition, insertion
from headroom.tokens import count
from headroom.wire.splice import splice

SCHEMA = (
    '{"type":"object","properties":{"hash":{"type":"string","description":"The 24 characters behind hash="},'
    '"query":{"type":"string","description":"Return only lines with these words"},'
    '"lines":{"type":"string","description":"Return only lines a-b of the original"}},"required":["hash"]}'
)
NAMED = (
    '"name":"headroom_retrieve","description":"Returns what a tool output left out, where it says '
    '[... | headroom_retrieve hash=...]. Call it alone, and only if you need that text."'
)
GOLDEN = {
    "openai-chat": f'{{"type":"function","function":{{{NAMED},"parameters":{SCHEMA}}}}}',
    "openai-responses": f'{{"type":"function",{NAMED},"parameters":{SCHEMA},"strict":false}}',
    "anthropic": f'{{{NAMED},"input_schema":{SCHEMA}}}',
    "anthropic-batches": f'{{{NAMED},"input_schema":{SCHEMA}}}',
    "gemini": f'{{"functionDeclarations":[{{{NAMED},"parameters":{SCHEMA}}}]}}'.replace('"object"', '"OBJECT"').replace(
        '"string"', '"STRING"'
    ),
}
OWN = {
    "openai-chat": {"type": "function", "function": {"name": "look", "parameters": {}}},
    "openai-responses": {"type": "function", "name": "look", "parameters": {}},
    "anthropic": {"name": "look", "input_schema": {}},
    "anthropic-batches": {"name": "look", "input_schema": {}},
    "gemini": {"functionDeclarations": [{"name": "look"}]},
}


@pytest.mark.parametrize("wire", GOLDEN)
def test_the_definition_is_these_very_bytes(wire):
    assert msgspec.json.encode(definition(wire)).decode() == GOLDEN[wire]


@pytest.mark.parametrize("wire", GOLDEN)
def test_the_definition_costs_few_tokens(wire):
    assert count(GOLDEN[wire], "gpt-4o") <= 115


@pytest.mark.parametrize("wire", [wire for wire in GOLDEN if wire != "gemini"])
def test_it_becomes_the_last_tool(wire):
    body = json.dumps({"tools": [OWN[wire]], "n": 1.0}).encode()
    edit = insertion(json.loads(body), wire)
    assert splice(body, [edit]) == body.replace(b'}], "n"', b"}," + GOLDEN[wire].encode() + b'], "n"')


@pytest.mark.parametrize("key", ["functionDeclarations", "function_declarations"])
def test_gemini_gets_one_declaration_more_in_the_tool_that_has_some(key):
    payload = {"tools": [{"codeExecution": {}}, {key: [{"name": "look"}]}]}
    body = splice(json.dumps(payload).encode(), [insertion(payload, "gemini")])
    first, second = json.loads(body)["tools"]
    assert first == {"codeExecution": {}}
    assert second[key] == [{"name": "look"}, json.loads(GOLDEN["gemini"])["functionDeclarations"][0]]


@pytest.mark.parametrize("wire", GOLDEN)
@pytest.mark.parametrize("tools", [None, [], {}, "tools", 0])
def test_a_request_without_tools_gets_none(wire, tools):
    assert insertion({"tools": tools}, wire) is None
    assert insertion({}, wire) is None


@pytest.mark.parametrize("tools", [[{"googleSearch": {}}], [{"functionDeclarations": []}], [None, 1]])
def test_gemini_without_declarations_gets_none(tools):
    assert insertion({"tools": tools}, "gemini") is None


@pytest.mark.parametrize("wire", GOLDEN)
def test_a_client_that_has_such_a_tool_keeps_it_alone(wire):
    own = json.loads(json.dumps(OWN[wire]).replace("look", "mcp__headroom__headroom_retrieve"))
    assert declares_retrieval({"tools": [own]})
    assert insertion({"tools": [OWN[wire], own]}, wire) is None
    assert not declares_retrieval({"tools": [OWN[wire]]})
