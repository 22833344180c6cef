"""L5: nothing is left out for a reader who cannot ask, and the types leave no way around that."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.growing import SINGLE
from support.retrieval import LONG, FailingStore, handles_in, long_step, readable_by, retrieving
from support.wires import Step, body_of, encoded, outputs_of

import headroom
from headroom import compress
from headroom.blocks import Channel
from headroom.errors import ConfigError
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.providers import WIRES
from headroom.state.memory import MemoryStore

STEPS = [long_step(name) for name in sorted(LONG)]
PACKAGE = Path(headroom.__file__).parent
wires = pytest.mark.parametrize("wire", SINGLE)
channels = pytest.mark.parametrize("channel", list(Channel))


def nothing_is_left_out(pipeline, wire, payload, **exchange):
    """Say whether a request went without loss; whatever is lossless may have been done."""
    outcome = pipeline.run(encoded(payload), WIRES[wire], Exchange("r", **exchange))
    assert outcome.note == ""
    assert outcome.tokens_saved > 0
    texts = outputs_of(wire, json.loads(outcome.body))
    return not (any(map(handles_in, texts)) or outcome.originals or any(d.handle for d in outcome.decisions))


def _without_tools(payload):
    return {name: value for name, value in payload.items() if name != "tools"}


@pytest.mark.parametrize("tools", ["absent", "empty", "null", "no list"])
@pytest.mark.parametrize("channel", [Channel.TOOL, Channel.MCP, Channel.SHELL])
@wires
def test_a_request_without_tools_loses_nothing(wire, channel, tools):
    payload = _without_tools(body_of(wire, STEPS))
    given = {"absent": {}, "empty": {"tools": []}, "null": {"tools": None}, "no list": {"tools": {}}}[tools]
    assert nothing_is_left_out(retrieving(channel), wire, payload | given)


@wires
def test_tools_without_ours_are_not_enough_for_a_client_with_an_mcp_server(wire):
    assert nothing_is_left_out(retrieving(Channel.MCP), wire, body_of(wire, STEPS, tools=True))


@wires
def test_a_client_with_a_tool_of_our_name_is_not_given_a_second_one(wire):
    payload = readable_by(wire, STEPS, Channel.MCP)
    assert nothing_is_left_out(retrieving(Channel.TOOL), wire, payload)


@channels
@wires
def test_what_the_request_itself_asks_for_is_lossless(wire, channel):
    payload = readable_by(wire, STEPS, channel)
    assert nothing_is_left_out(retrieving(channel), wire, payload, lossless=True)
    assert nothing_is_left_out(retrieving(channel, Policy(lossless=True)), wire, payload)
    assert nothing_is_left_out(Pipeline(), wire, payload)
    assert not nothing_is_left_out(retrieving(channel), wire, payload)


@pytest.mark.parametrize(("field", "value"), [("n", 2), ("background", True)])
@wires
def test_an_answer_in_several_choices_or_later_cannot_be_resolved(wire, field, value):
    payload = body_of(wire, STEPS, tools=True)
    assert nothing_is_left_out(retrieving(Channel.TOOL), wire, {**payload, field: value})
    for harmless in (1, None, False):
        assert not nothing_is_left_out(retrieving(Channel.TOOL), wire, {**payload, field: harmless})


@channels
def test_batches_lose_nothing(channel):
    payload = body_of("anthropic-batches", STEPS, tools=True)
    assert nothing_is_left_out(retrieving(channel), "anthropic-batches", payload)


@pytest.mark.parametrize("channel", [Channel.MCP, Channel.SHELL, Channel.HTTP])
@wires
def test_what_cannot_be_kept_is_not_left_out(wire, channel):
    payload = readable_by(wire, STEPS, channel)
    assert nothing_is_left_out(retrieving(channel, store=FailingStore()), wire, payload)


@wires
def test_through_the_tool_the_request_carries_its_originals_whatever_the_store_does(wire):
    pipeline = retrieving(Channel.TOOL, store=FailingStore())
    payload = readable_by(wire, STEPS, Channel.TOOL)
    outcome = pipeline.run(encoded(payload), WIRES[wire], Exchange("r"))
    asked = pipeline.retriever(outcome, "")
    for came, sent in zip(outputs_of(wire, payload), outputs_of(wire, json.loads(outcome.body)), strict=True):
        (handle,) = handles_in(sent)
        assert asked.answer({"hash": handle}) == came
    assert asked.answer({"hash": "0" * 24}).startswith("[headroom_retrieve: originals cannot be read at the moment.")


def test_compress_leaves_something_out_only_with_a_store_and_a_capability():
    messages = body_of("openai-chat", STEPS)["messages"]
    assert compress(messages).lossless
    assert compress(messages, store=MemoryStore()).lossless
    with pytest.raises(ConfigError, match="store"):
        compress(messages, capability=Channel.SHELL)
    told = compress(messages, store=MemoryStore(), capability=Channel.SHELL)
    assert set(told.ccr_hashes) == {d.handle for d in told.decisions if d.handle}
    assert len(told.ccr_hashes) == len(STEPS)


def test_the_switch_leaves_nothing_out_where_compression_is_off():
    payload = body_of("anthropic", [Step(STEPS[0].output)], tools=True)
    body = encoded(payload)
    outcome = retrieving(policy=Policy(optimize=False)).run(body, WIRES["anthropic"], Exchange("r"))
    assert outcome.body is body


_CALLERS = {
    "Capability": {"ccr/keeper.py"},
    "Lossy": {"pipeline/decide.py"},
    "marker": {"pipeline/decide.py"},
}


@pytest.mark.parametrize("name", sorted(_CALLERS))
def test_one_module_alone_makes_it(name):
    """A capability where the original is kept, a lossy text and its marker where the capability is asked for."""
    callers = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] == name
    }
    assert callers == _CALLERS[name]


_SNIPPET = """
from collections.abc import Iterable
from headroom.blocks import Capability, Channel, Fidelity, Lossless, Lossy, Reduction
from headroom.ccr.keeper import Keeper
from headroom.ccr.marker import marker
from headroom.transforms.base import Compressor, Context
from headroom.transforms.view import View

draft = Reduction("one line", "lines 2-9 left out", "log.selected")
Lossy("one line", encoding="log.selected")  # refused
Lossy("one line", None, "log.selected")  # refused
Lossy("one line", "0123456789abcdef01234567", "log.selected")  # refused
sent: Lossless = draft  # refused
also: Lossless | Lossy = draft  # refused
worse: Lossless = Lossy("one line", Capability(Channel.TOOL, "x"), "log.selected")  # refused


def sealed(keeper: Keeper, text: str) -> Lossy:
    capability = keeper.keep(text)
    marker(capability, draft.note)  # refused
    if capability is None:
        raise ValueError("it cannot be kept")
    return Lossy(marker(capability, draft.note), capability, draft.encoding)


class Careless(Compressor):
    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        yield draft  # refused
        yield Lossless("one line", Fidelity.BYTES, "log.plain")

    def decode(self, text: str) -> str:
        return sealed(text)  # refused
"""


def test_the_type_checker_refuses_what_is_lossy_without_a_capability(tmp_path):
    snippet = tmp_path / "snippet.py"
    snippet.write_text(_SNIPPET)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(tmp_path), str(snippet)]
    done = subprocess.run(command, cwd=PACKAGE.parent, capture_output=True, text=True, check=False)
    told = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    refused = {number for number, line in enumerate(_SNIPPET.splitlines(), 1) if line.endswith("# refused")}
    assert told == refused, done.stdout
    assert len(refused) == 9
