"""Locating, splicing and comparing JSON."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.blocks import Edit
from headroom.errors import BodyError
from headroom.wire.changes import changes
from headroom.wire.document import read
from headroom.wire.edit import apply
from headroom.wire.locate import locate
from headroom.wire.splice import splice

scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([0.5, 1e9]), st.text(max_size=6))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=14,
)
objects = st.dictionaries(st.text(max_size=3), values, max_size=5)
indents = st.sampled_from([None, 0, 3])


def paths_of(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield from paths_of(child, (*path, step))


def value_at(value, path):
    for step in path:
        value = value[step]
    return value


@given(document=objects, indent=indents, ascii_only=st.booleans())
def test_every_path_is_found_where_its_value_stands(document, indent, ascii_only):
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    paths = list(paths_of(document))
    for path, (start, end) in locate(body, paths).items():
        assert json.loads(body[start:end]) == value_at(document, path)


@given(before=objects, after=objects, indent=indents)
def test_the_edits_between_two_documents_turn_one_into_the_other(before, after, indent):
    body = json.dumps(before, indent=indent).encode()
    edits = tuple(changes(before, after))
    assert json.loads(splice(body, edits)) == after
    untouched = copy.deepcopy(before)
    assert apply(before, edits) == after
    assert before == untouched


@given(document=objects)
def test_nothing_changed_means_no_edits_and_the_same_object(document):
    assert list(changes(document, copy.deepcopy(document))) == []
    body = json.dumps(document).encode()
    assert splice(body, ()) is body
    assert apply(document, ()) is document


@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (True, 1), (0, False), (None, 0), ("1", 1), ([], {})])
def test_values_of_different_types_are_different_values(before, after):
    assert list(changes({"a": before}, {"a": after})) == [Edit(("a",), after)]


def test_the_order_of_keys_is_part_of_an_object():
    assert list(changes({"o": {"a": 1, "b": 2}}, {"o": {"b": 2, "a": 1}})) == [Edit(("o",), {"b": 2, "a": 1})]


def test_only_the_edited_value_changes():
    body = b'{ "big": 123456789012345678901234567890, "f" : 1.0, "u":"\\u00e9\\/", "x": [ {"t": "old"} ] }'
    expected = body.replace(b'"old"', '"né\\n"'.encode())
    assert splice(body, [Edit(("x", 0, "t"), "né\n")]) == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [(("y",), "path_not_found"), (("x", 3), "path_not_found"), (("s", "deeper"), "path_not_found")],
)
def test_a_path_that_leads_nowhere_is_an_error_not_a_guess(path, reason):
    with pytest.raises(BodyError, match=reason):
        splice(b'{"x": [1], "s": "text"}', [Edit(path, "v")])


def test_overlapping_edits_are_refused():
    with pytest.raises(BodyError, match="overlapping"):
        splice(b'{"a": {"b": 1}}', [Edit(("a",), 1), Edit(("a", "b"), 2)])


def test_values_that_json_cannot_say_are_refused():
    with pytest.raises(BodyError, match="not_encodable"):
        splice(b'{"a": 1}', [Edit(("a",), "\ud800")])


def test_of_duplicate_keys_the_last_is_located():
    body = b'{"a": {"b": 1}, "a": {"b": 2}, "a": {"c": 3, "b": 4}}'
    assert splice(body, [Edit(("a", "b"), 9)]).endswith(b'{"c": 3, "b": 9}}')
    with pytest.raises(BodyError):
        splice(b'{"a": {"b": 1}, "a": 2}', [Edit(("a", "b"), 9)])


LONG = ["plain " * 60_000, 'say "no" \\ or \n' * 30_000, "\\" * 300_000, '"' * 300_000, "é漢" * 90_000, "1," * 200_000]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
@pytest.mark.parametrize("place", ["before", "within", "behind"])
def test_values_are_found_around_and_behind_texts_longer_than_any_window(text, place):
    document = {"before": [text, {"k": text}], "list": [{"t": "old", "u": text}, text], "behind": text}
    path, value = {"before": ("list", 0, "t"), "within": ("before", 1, "k"), "behind": ("behind",)}[place], "new"
    expected = copy.deepcopy(document)
    value_at(expected, path[:-1])[path[-1]] = value
    assert json.loads(splice(json.dumps(document).encode(), [Edit(path, value)])) == expected


def test_a_string_and_a_container_without_end_are_unbalanced():
    for body in (b'{"a": "x', b'{"a": [[1, 2]', b'{"a": "' + b'\\"' * 200, b'{"a": "\\', b'{"a": [' + b"1," * 400_000):
        with pytest.raises(BodyError, match="unbalanced"):
            locate(body, [("a",)])


@pytest.mark.parametrize("levels", [1, 511, 512, 513])
def test_depth_is_counted_exactly(levels):
    body = b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)
    if levels > 512:
        with pytest.raises(BodyError, match="too_deep"):
            read(body, 512)
    else:
        assert isinstance(read(body, 512), dict)


@pytest.mark.parametrize("unit", ['"', "\\", '"\\', 'a"b\\\\c', "\n"])
@pytest.mark.parametrize("shift", range(3))
def test_the_end_of_a_long_text_full_of_escapes_is_found(unit, shift):
    text = '"' * 60 + "x" * shift + unit * 200_000
    body = json.dumps({"text": text, "next": [text, "end"]}).encode()
    paths = [("text",), ("next", 0), ("next", 1)]
    spans = locate(body, paths)
    assert [json.loads(body[slice(*spans[path])]) for path in paths] == [text, text, "end"]


@pytest.mark.parametrize("tail", ["", "\\", "\\\\", '\\"', "\\" * 600, "\\" * 599 + '"'])
def test_a_text_full_of_escapes_without_an_end_is_named_so(tail):
    body = ('{"text": "' + '\\"' * 5_000 + tail).encode()
    with pytest.raises(BodyError, match="unbalanced"):
        locate(body, [("text",)])
