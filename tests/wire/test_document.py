"""Reading bodies: the decoder that lets other threads run reads what the plain one reads, and refuses the same."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.errors import BodyError
from headroom.wire.document import read

LEVELS = 64
NUMBERS = [
    *("0", "-0", "1", "1.0", "-0.0", "1E5", "1e400", "1e-400", "0.1", "01", "1.", "+1", ".5", "1e", "NaN", "Infinity"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "9007199254740993.0", "1" * 400),
]
STRINGS = ['"x"', '""', '"\\u00e9\\ud83d\\ude00"', '"\\ud83d"', '"\\u0000"', '"\\x"', '"é漢"', '"open']
scalars = st.sampled_from([*NUMBERS, *STRINGS, "true", "null", "tru", ""])
keys = st.sampled_from(['"a"', '"\\u0061"', '"b"', '""', "a", '"\\ud83d"'])


def written(inner):
    lists = st.lists(inner, max_size=4).map(lambda parts: f"[{', '.join(parts)}]")
    members = st.lists(st.tuples(keys, inner).map(":".join), max_size=4)
    return lists | members.map(lambda parts: f"{{{', '.join(parts)}}}")


documents = st.recursive(scalars, written, max_leaves=12)


def plainly_read(body):
    """Read a body with the plain decoder: the spelling of its value, or the reason why it is refused."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "not_json"
    return repr(value) if isinstance(value, dict) else "not_an_object"


def as_read(body):
    try:
        return repr(read(body, LEVELS))
    except BodyError as error:
        return str(error)


@given(document=documents, depth=st.integers(0, 9))
def test_a_body_is_read_or_refused_as_by_the_plain_decoder_at_any_depth(document, depth):
    body = ('{"m":[' * depth + document + "]}" * depth).encode()
    assert as_read(body) == plainly_read(body)


@given(document=documents, noise=st.binary(min_size=1, max_size=3), at=st.integers(0, 60), gone=st.integers(0, 2))
def test_a_damaged_body_is_read_or_refused_as_by_the_plain_decoder(document, noise, at, gone):
    sound = f'{{"m":{document}}}'.encode()
    body = sound[:at] + noise + sound[at + gone :]
    assert as_read(body) == plainly_read(body)


@pytest.mark.parametrize("body", [b"[1", b"7 7", b'"a"x', b"nul", b"{} {}"])
def test_a_broken_document_is_no_json_whatever_it_begins_like(body):
    with pytest.raises(BodyError, match="not_json"):
        read(body, LEVELS)


@pytest.mark.parametrize("body", [b"[1]", b"7", b'"a"', b"null", b"1.5", b"[[[{}]]]"])
def test_a_document_that_is_no_object_is_named_so(body):
    with pytest.raises(BodyError, match="not_an_object"):
        read(body, LEVELS)


CALL = {"id": "c", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
BODIES = {
    "chat": {"messages": [{"role": "tool", "tool_call_id": "c", "content": "text"}] * 50},
    "calls": {"messages": [{"role": "assistant", "tool_calls": [CALL]}] * 50},
    "responses": {"input": [{"type": "function_call_output", "call_id": "c", "output": "text"}] * 50},
    "anthropic": {"messages": [{"role": "user", "content": [{"type": "text", "text": "text"}]}] * 50},
    "batches": {"requests": [{"custom_id": "r", "params": {"messages": []}}] * 50},
    "gemini": {"contents": [{"parts": [{"functionResponse": {"name": "ls", "response": {}}}]}] * 50},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_python_is_called_between_the_messages_of_a_body_so_that_other_threads_can_run(body):
    called = []

    def note(frame, event, _):
        if event == "call":
            called.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        value = read(json.dumps(body).encode(), LEVELS)
    finally:
        sys.setprofile(None)
    assert value == body
    assert called.count("_as_it_is") >= 50


def test_bodies_read_in_several_threads_at_once_are_read_as_alone():
    documents = [{"messages": [{"n": n, "text": f"{who} {n} é"} for n in range(3_000)]} for who in range(4)]
    bodies = [json.dumps(document).encode() for document in documents]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(len(bodies)) as pool:
            found = list(pool.map(lambda body: [read(body, LEVELS) for _ in range(5)], bodies))
    finally:
        sys.setswitchinterval(interval)
    assert found == [[document] * 5 for document in documents]
