"""L1: every byte outside the edited strings is unchanged; without edits the very same object goes on."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import UNTOUCHED, sample
from support.wires import BUILDERS, Step, body_of, encoded, outputs_of

from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES

SPACE = st.sampled_from(["", " ", "\n", "\t ", "\r\n  "])
STRINGS = st.one_of(
    st.sampled_from(['"a\\/b"', '"\\u00e9"', '"\\ud83d\\ude00"', '"tab\\t\\"quoted\\""', '"é€"', '""']),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(json.dumps),
)
NUMBERS = st.sampled_from(["0", "-0", "1.0", "1E5", "1e-7", "0.1000", "123456789012345678901234567890", "-1.50"])


def _join(parts: list[str], spaces: list[str], brackets: str) -> str:
    glue = [s1 + part + s2 for part, s1, s2 in zip(parts, spaces, reversed(spaces), strict=False)]
    return brackets[0] + ",".join(glue) + brackets[1]


@st.composite
def documents(draw, depth=3):
    """JSON text with every freedom of spelling: spaces, escapes, numbers, duplicate keys."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.one_of(STRINGS, NUMBERS, st.sampled_from(["true", "false", "null"])))
    parts = draw(st.lists(documents(depth=depth - 1), max_size=4))
    spaces = draw(st.lists(SPACE, min_size=len(parts), max_size=len(parts)))
    if draw(st.booleans()):
        return _join(parts, spaces, "[]")
    keys = draw(
        st.lists(st.sampled_from(['"k"', '"k"', '"\\u006b"', '"x y"']), min_size=len(parts), max_size=len(parts))
    )
    return _join([f"{key}{draw(SPACE)}:{part}" for key, part in zip(keys, parts, strict=True)], spaces, "{}")


PIPELINE = Pipeline()
OUTPUT, OTHER = sample("search_lines", 1), sample("search_lines", 2)


@pytest.mark.parametrize("wire", sorted(WIRES))
@given(before=documents(), between=documents(), after=documents(), space=SPACE)
def test_bytes_around_an_edited_string_are_those_that_came(wire, before, between, after, space):
    payload = body_of(wire, [Step("OUTPUT_ONE"), Step("OUTPUT_TWO")])
    text = json.dumps(payload)
    first, rest = text[1:].split(json.dumps("OUTPUT_ONE"))
    middle, last = rest.split(json.dumps("OUTPUT_TWO"))
    middle = middle.replace('"role":', f'"odd":{space}{between} , "role":', 1)
    body = (
        f'{{"extra"{space}:{before},{first}'
        f'{json.dumps(OUTPUT)}{middle}{json.dumps(OTHER)}{last[:-1]},{space}"more":{after}}}{space}'
    ).encode()
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    string = r'"(?:[^"\\]|\\.)*"'
    kept = [
        part.encode()
        for part in (f'{{"extra"{space}:{before},{first}', middle, f'{last[:-1]},{space}"more":{after}}}{space}')
    ]
    match = re.fullmatch(
        re.escape(kept[0]) + f"({string})".encode() + re.escape(kept[1]) + f"({string})".encode() + re.escape(kept[2]),
        outcome.body,
        re.DOTALL,
    )
    assert match, outcome.note
    assert json.loads(match.group(1)) not in (OUTPUT, json.loads(match.group(2)))
    assert json.loads(match.group(2)) != OTHER


@pytest.mark.parametrize("name", sorted(UNTOUCHED))
@pytest.mark.parametrize("wire", sorted(WIRES))
def test_a_body_without_edits_is_the_same_object(wire, name):
    body = encoded(body_of(wire, [Step(UNTOUCHED[name])]))
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    assert outcome.body is body
    assert outcome.decisions


@pytest.mark.parametrize(
    ("body", "note"),
    [
        (b"", "not_json"),
        (b"[1, 2]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"messages": NaN}', "not_json"),
        (b'{"messages": [1,]}', "not_json"),
        (b'{"messages": "\xff"}', "not_json"),
        (b'{"messages": [{"role": "tool", "content": "\\ud800"}]}', "not_json"),
        (b'{"messages": [{"role": "tool", "content": "\xed\xa0\x80"}]}', "not_json"),
        (b'{"a": ' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        (b'{"messages": ' + b"[" * 600 + b"]" * 600 + b"}", "too_deep"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b"{}", "unknown_shape"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
def test_a_body_that_is_not_ours_to_read_goes_on_with_the_reason_named(body, note):
    outcome = PIPELINE.run(body, None, Exchange("r"))
    assert outcome.body is body
    assert outcome.note == note


@pytest.mark.parametrize(
    "content", ["null", "{}", '"x"', "[null,3]", "[[]]", '[{"role":[]}]', '[{"content":{"a":1}}]', "0"]
)
@pytest.mark.parametrize("wire", sorted(WIRES))
def test_odd_shapes_pass_every_wire(wire, content):
    key = next(key for key in ("messages", "input", "contents", "requests") if key in BUILDERS[wire]([Step("x")], "m"))
    body = f'{{"model":"m","{key}":{content},"system":{content},"tools":{content}}}'.encode()
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    assert outcome.body is body
    assert outcome.note in {"", "not_json"}


@pytest.mark.parametrize("wire", sorted(WIRES))
def test_of_duplicate_keys_the_last_is_edited_as_providers_read_it(wire):
    payload = body_of(wire, [Step(OUTPUT)])
    key = list(payload)[-1]
    body = encoded(payload)[:-1] + f', "{key}": '.encode() + encoded(payload[key]) + b"}"
    outcome = PIPELINE.run(body, WIRES[wire], Exchange("r"))
    assert outcome.body.count(json.dumps(OUTPUT).encode()) == 1
    assert outputs_of(wire, json.loads(outcome.body))[0] != OUTPUT
