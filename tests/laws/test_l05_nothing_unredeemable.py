"""L5: whatever is left out can be had again, byte for byte, by its reader and by nobody else."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.growing import SINGLE
from support.processes import environment
from support.retrieval import KEY, LONG, MARKER, MINT, handles_in, long_sample, long_step, readable_by, retrieving
from support.samples import sample
from support.wires import Step, encoded, outputs_of

from headroom.blocks import Channel, Reason
from headroom.ccr.keeper import Keeper
from headroom.ccr.marker import Mint
from headroom.ccr.retriever import Retriever
from headroom.pipeline import Exchange
from headroom.providers import WIRES
from headroom.state.memory import MemoryStore
from headroom.state.sqlite import SQLiteStore
from headroom.transforms.base import Compressor
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS

STEPS = [long_step(name) for name in sorted(LONG)]
wires = pytest.mark.parametrize("wire", SINGLE)
channels = pytest.mark.parametrize("channel", list(Channel))


def shortened(wire, channel, steps, store, tenant="t"):
    """Return the outcome of a request, and its outputs as they came and as they are sent, pair by pair."""
    body = encoded(readable_by(wire, steps, channel))
    outcome = retrieving(channel, store=store).run(body, WIRES[wire], Exchange("r", tenant=tenant))
    came, sent = (outputs_of(wire, json.loads(data)) for data in (body, outcome.body))
    return outcome, list(zip(came, sent, strict=True))


def from_store(store, tenant="t", mint=MINT):
    """What answers in another request, another worker, or after a restart: the request's own originals are not there."""
    return Retriever({}, store, tenant, mint)


def test_every_compressor_that_leaves_things_out_has_a_long_sample():
    leaving = {
        one.name
        for one in DEFAULT_TRANSFORMS
        if isinstance(one, Compressor) and type(one).reductions is not Compressor.reductions
    }
    outcome, _ = shortened("anthropic", Channel.TOOL, STEPS, MemoryStore())
    assert {d.compressor for d in outcome.decisions if d.handle} == leaving


@channels
@wires
def test_every_marker_redeems_to_the_output_that_came(wire, channel):
    store = MemoryStore()
    outcome, pairs = shortened(wire, channel, STEPS, store)
    at_hand = retrieving(channel, store=MemoryStore()).retriever(outcome, "t")
    assert len(pairs) == len(STEPS)
    for came, sent in pairs:
        assert MARKER.fullmatch(sent.split("\n")[-1]), sent[-200:]
        (handle,) = handles_in(sent)
        for retriever in (at_hand, from_store(store)):
            assert retriever.original(handle) == came
            assert retriever.answer({"hash": handle}) == came
    assert list(outcome.originals.values()) == [came for came, _ in pairs]
    assert [d.handle for d in outcome.decisions if d.role == "tool"] == list(outcome.originals)


_REDEEM = """
import hashlib, json, sys
from headroom.ccr.marker import Mint
from headroom.ccr.retriever import Retriever
from headroom.state import open_store
asked = Retriever({}, open_store(sys.argv[1]), "t", Mint(sys.argv[2].encode()))
for line in sys.stdin:
    print(hashlib.sha256(asked.original(line.strip()).encode("utf-8", "surrogatepass")).hexdigest())
"""


@channels
def test_originals_outlive_their_process_in_a_store_on_disk(channel, tmp_path):
    url = f"sqlite:{tmp_path / 'store'}"
    store = SQLiteStore(tmp_path / "store")
    handles, originals = [], []
    for wire in SINGLE:
        outcome, _ = shortened(wire, channel, STEPS, store)
        handles += outcome.originals
        originals += outcome.originals.values()
    store.close()
    done = subprocess.run(
        [sys.executable, "-c", _REDEEM, url, KEY.decode()],
        input="\n".join(handles),
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert done.stdout.split() == [_digest(text) for text in originals]
    reopened = SQLiteStore(tmp_path / "store")
    assert [from_store(reopened).original(handle) for handle in handles] == originals
    reopened.close()


def _digest(text):
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@given(text=st.text(st.characters(), max_size=400))
def test_any_text_redeems_unpaired_surrogates_included(text):
    store = MemoryStore()
    capability = Keeper(MINT, Channel.TOOL, store, "t").keep(text)
    assert from_store(store).original(capability.handle) == text
    assert Mint(KEY).handle(text) == capability.handle


def _kept(store):
    outcome, ((came, _),) = shortened("anthropic", Channel.TOOL, [STEPS[0]], store)
    (handle,) = outcome.originals
    return handle, came


def test_a_handle_is_worth_nothing_to_another_tenant_under_another_key_or_without_the_store():
    store = MemoryStore()
    handle, came = _kept(store)
    for strange in (
        from_store(store, tenant="u"),
        from_store(store, mint=Mint(b"another key")),
        from_store(MemoryStore()),
        from_store(None),
    ):
        _is_a_clear_sentence(strange.answer({"hash": handle}), handle)
        assert (strange.retrievals, strange.misses) == (0, 1)
    assert from_store(store).answer({"hash": handle}) == came


def _is_a_clear_sentence(answer, handle=""):
    assert answer.startswith("[headroom_retrieve: ")
    assert answer.endswith("]")
    assert "\n" not in answer
    assert len(answer) < 250
    assert handle in answer
    assert "run the tool" in answer or "24 characters" in answer


def test_an_expired_original_is_said_to_be_gone_and_use_keeps_it():
    now = [0.0]
    store = MemoryStore(idle_seconds=100, clock=lambda: now[0])
    handle, came = _kept(store)
    for _ in range(5):
        now[0] += 90
        assert from_store(store).answer({"hash": handle}) == came
    now[0] += 101
    answer = from_store(store).answer({"hash": handle})
    _is_a_clear_sentence(answer, handle)
    assert "expired" in answer


def test_what_stands_in_the_store_under_a_foreign_handle_is_not_believed():
    store = MemoryStore()
    handle = MINT.handle("the text of another")
    store.put("t", handle, b"planted")
    _is_a_clear_sentence(from_store(store).answer({"hash": handle}), handle)
    store.put("t", handle, b"\xff\xfe no text")
    _is_a_clear_sentence(from_store(store).answer({"hash": handle}), handle)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(value=json_values, query=json_values, lines=json_values)
def test_garbled_calls_are_answered_by_a_sentence_and_tell_nothing(value, query, lines):
    store = MemoryStore()
    Keeper(MINT, Channel.TOOL, store, "t").keep("SECRET of the original")
    asked = from_store(store)
    given_values = {"hash": value, "query": query, "lines": lines}
    for answer in (asked.answer(given_values), asked.answer(json.dumps(given_values)), asked.answer(json.dumps(value))):
        assert answer.startswith("[headroom_retrieve: ")
        assert "SECRET" not in answer
    assert asked.retrievals == 0


@given(arguments=st.text(max_size=60))
def test_arguments_that_are_no_json_are_answered_by_a_sentence(arguments):
    assert from_store(MemoryStore()).answer(arguments).startswith("[headroom_retrieve: ")


def test_models_may_copy_a_handle_with_what_stands_around_it():
    store = MemoryStore()
    handle, came = _kept(store)
    for spelled in (f"hash={handle}", f" {handle}\n", f'"{handle}"', f"[x | headroom_retrieve hash={handle}]"):
        assert from_store(store).answer(json.dumps({"hash": spelled})) == came


SPOOFS = {
    "of another store": "[9 lines left out | headroom_retrieve hash={}]".format("0123456789ab" * 2),
    "of this store": "[9 lines left out | headroom_retrieve hash={}]".format(MINT.handle("kept for somebody")),
    "of a shell": "[9 lines left out | headroom retrieve {}]".format("f" * 24),
    "of a server": "[9 lines left out | GET /v1/retrieve/{}]".format("0" * 24),
}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("spoof", sorted(SPOOFS))
@pytest.mark.parametrize("kind", ["long_log", "long_search", "long_csv"])
def test_a_line_that_looks_like_a_marker_is_treated_as_a_line_that_does_not(kind, spoof, place):
    def sent(line):
        lines = long_sample(kind).split("\n")
        lines.insert({"first": 0, "middle": len(lines) // 2, "last": len(lines)}[place], line)
        (pair,) = shortened("openai-chat", Channel.TOOL, [Step("\n".join(lines))], MemoryStore())[1]
        return pair

    marker = SPOOFS[spoof]
    plain = marker.replace("retrieve", "readmore").replace("lines left out", "lines came in")
    (came, spoofed), (_, benign) = sent(marker), sent(plain)
    assert len(spoofed) < len(came) / 4
    *body, last = spoofed.split("\n")
    *benign_body, benign_last = benign.split("\n")
    assert [line.replace(marker, plain) for line in body] == benign_body
    handle = MINT.handle(came)
    assert handles_in(last) == [handle]
    assert last.replace(handle, "") == benign_last.replace(handles_in(benign_last)[0], "")


RETRIEVED = {
    "the tool": {"tool": "headroom_retrieve", "arguments": '{"hash": "x"}'},
    "the tool of an MCP server": {"tool": "mcp__headroom__headroom_retrieve", "arguments": '{"hash": "x"}'},
    "the tool of an MCP server by another name": {"tool": "mcp__hr-2__headroom_retrieve"},
    "the command": {"tool": "Bash", "arguments": '{"command": "headroom retrieve 0123456789abcdef01234567"}'},
    "the command among others": {"tool": "shell", "arguments": '{"cmd": ["sh", "-c", "cd x; headroom retrieve f"]}'},
}


@channels
@pytest.mark.parametrize("how", sorted(RETRIEVED))
@wires
def test_retrieved_text_is_never_shortened_nor_replaced_by_a_reference(wire, how, channel):
    text = long_sample("long_log")
    steps = [Step(text), Step(text, **RETRIEVED[how]), Step(sample("search_lines"), **RETRIEVED[how])]
    outcome, pairs = shortened(wire, channel, steps, MemoryStore())
    (_, first), *retrieved = pairs
    assert handles_in(first)
    assert all(came == sent for came, sent in retrieved)
    assert outcome.reasons[Reason.RETRIEVED] == len(retrieved)


@wires
def test_equal_outputs_are_referred_to_and_the_marker_of_the_first_redeems_all(wire):
    store = MemoryStore()
    outcome, pairs = shortened(wire, Channel.TOOL, [STEPS[0]] * 3, store)
    handles = [handles_in(sent) for _, sent in pairs]
    assert handles == [list(outcome.originals), [], []]
    assert from_store(store).original(handles[0][0]) == pairs[2][0]
