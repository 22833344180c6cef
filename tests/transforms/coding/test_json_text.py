import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.json_spelling import MAX_DEPTH
from headroom.transforms.coding.json_text import find_json, read_all, write

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def canonical(text):
    found = find_json(text)
    return None if found is None else found.canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ "a" : 1.0 }', '{"a":1.0}'),
        ("[1E5, -0, 1e-07, 12345678901234567890123]", "[1E5,-0,1e-07,12345678901234567890123]"),
        ('{"b": 1, "a": 2, "b": 3}', '{"b":1,"a":2,"b":3}'),
        ('["caf\\u00e9", "\\/", "\\ud83d\\ude00", "\\n"]', '["café","/","😀","\\n"]'),
        ('["\\ud800"]', '["\\ud800"]'),
        ('[\n  "two  blanks"\n]\n', '["two  blanks"]\n'),
        ('{"a": 1}\n{"a": 2}\n', '{"a":1}\n{"a":2}\n'),
        ('{\n "a": 1\n}\n{\n "a": 2\n}', '{"a":1}\n{"a":2}'),
        ('$ show it\n{ "a": [1, 2] }\nexit 0\n', '$ show it\n{"a":[1,2]}\nexit 0\n'),
        ('  {\r\n "a": 1\r\n}\r\n', '{"a":1}\r\n'),
        ("[1, 2]\xa0\n[3]", "[1,2]\xa0\n[3]"),
        ("```json\n[ 1, 2 ]\n```", "```json\n[1,2]\n```"),
        ('{ "a": [1, 2], "b": [3, "unfini', '{"a":[1,2],"b":[3, "unfini'),
        ('[ {"a": 1 }, {"a": 2 }, {"a"', '[{"a":1},{"a":2}, {"a"'),
        ('[{"a": 1}, {"a": 2},\n... 40 more lines', '[{"a":1},{"a":2},\n... 40 more lines'),
        ('Output: {\n "a": [ 1 ]\n}', 'Output: {"a":[1]}'),
        ("<result>\nOutput (1): [ 1,\n 2 ]\n</result>", "<result>\nOutput (1): [1,2]\n</result>"),
        ('Status: [ 0 ]\nResult: {"a": [1, 2]}\n', 'Status: [ 0 ]\nResult: {"a":[1,2]}\n'),
        ('See: [ 1 ] below\n{ "a": [1, 2] }', 'See: [ 1 ] below\n{"a":[1,2]}'),
        ('Result: { "a": [1, 2], "b": "unfini', 'Result: {"a":[1,2], "b": "unfini'),
        (f'{{ "log": "{"words  " * 30}', f'{{"log":"{"words  " * 30}'),
        (f'{{ "log": "caf\\u00e9 {"words " * 40}\\u00', f'{{"log":"café {"words " * 40}\\u00'),
        (f'{{"id": 1}}\n{{"id": 2, "log": "{"words " * 40}', f'{{"id":1}}\n{{"id":2,"log":"{"words " * 40}'),
        (
            '{"id": 1}\n{"id": 2, "l\nand many words of another kind',
            '{"id":1}\n{"id": 2, "l\nand many words of another kind',
        ),
    ],
)
def test_json_is_spelled_canonically_and_the_rest_stays(text, expected):
    assert canonical(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON here",
        "[INFO] started\n[WARN] slow\n",
        "{% if user %}\n{{ user.name }}\n{% endif %}",
        "{\n  int x = 1;\n}",
        "- [ ] a task\n- [x] done",
        "{",
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 50_000 + "1" + "}" * 50_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_json_is_not_found(text):
    assert find_json(text) is None


@pytest.mark.parametrize(
    "text",
    [
        'the answer, which is longer than a label may be, was: {"a": 1}',
        '10:00:01 INFO: {"a": 1}',
        'got {"a": 1}',
        "key:[1]",
    ],
)
def test_what_stands_before_json_on_its_line_is_a_short_label_or_it_is_not_found(text):
    assert find_json(text) is None


def test_nesting_is_read_up_to_its_limit():
    assert canonical("[ " * MAX_DEPTH + "]" * MAX_DEPTH) == "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert canonical("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) is None


@given(VALUES)
def test_the_canonical_spelling_is_that_of_a_plain_writer(value):
    assert write(read_all(json.dumps(value))) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(st.lists(VALUES, min_size=1), st.sampled_from([None, 2]))
def test_the_canonical_spelling_is_its_own_canonical_spelling(value, indent):
    once = canonical(json.dumps(value, indent=indent))
    assert canonical(once) == once


@given(st.text(alphabet='[]{}",:0\\n \n', max_size=200))
def test_any_text_of_json_characters_is_read_without_an_error(text):
    found = find_json(text)
    assert found is None or found.before + found.after in text or found.values


def test_equal_short_strings_of_large_texts_are_held_once_and_nothing_else_changes():
    rows = [
        {
            "state": "".join(["act", "ive"]),
            "tags": ["left", "right"],
            "id": n,
            "note": f"{n} " * 20,
            "same": "long " * 9,
        }
        for n in range(4_000)
    ]
    found = find_json(json.dumps(rows))
    assert write(found.root) == found.canonical
    assert len({id(row["state"]) for row in found.root}) == 1
    assert len({id(tag) for row in found.root for tag in row["tags"]}) == 2
    assert len({id(row["same"]) for row in found.root}) == len(rows)


def test_an_object_with_a_key_twice_stays_one_in_a_large_text():
    text = "[" + ",".join(['{"a":"b","a":"b"}'] * 30_000) + "]"
    assert write(find_json(text).root) == text
