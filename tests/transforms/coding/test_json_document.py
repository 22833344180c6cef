import json

from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.json_document import decode_document, encode_document
from headroom.transforms.coding.json_text import find_json

KEYS = st.sampled_from(["id", "name", "url", "a.b", "", "key", "value", "_", "x y", "state", "%s", "<id>", 'q"'])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["", "null", "17", "1.0", "a,b", " x", "x\ny", '"', "[1", "{", "<id>", "<name>/z", "*", "=", "a=b"]
    )
    | st.text(max_size=12)
)
LEAVES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(KEYS, SCALARS, max_size=3)
RECORDS = st.fixed_dictionaries(
    {"id": st.integers(0, 5), "name": st.sampled_from(["ann", "bob", "n/a", "7"])},
    optional={
        "url": st.sampled_from(["https://x.org/ann", "https://x.org/bob", "https://x.org/7"]),
        "state": SCALARS,
        "owner": st.fixed_dictionaries({"login": st.sampled_from(["ann", "bob"]), "id": SCALARS}) | st.none(),
        "items": st.lists(st.fixed_dictionaries({"k": SCALARS}), min_size=1, max_size=2),
        "a.b": LEAVES,
        "value": LEAVES,
        "key": LEAVES,
        "_": LEAVES,
    },
)
ROWS = st.lists(RECORDS, min_size=3, max_size=12)
DOCUMENTS = (
    ROWS
    | st.dictionaries(st.text(max_size=5), RECORDS, min_size=3, max_size=8)
    | st.dictionaries(st.text(max_size=5), st.sampled_from(["a-1", "a-2", "b"]), min_size=6, max_size=12)
    | st.builds(lambda rows, more: {"total": 3, "items": rows, "note": more}, ROWS, LEAVES)
    | st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))
)


def restored(text):
    source = find_json(text)
    document = source and encode_document(source)
    return None if document is None else (decode_document(document), source.canonical)


@given(DOCUMENTS)
def test_every_document_stands_for_the_canonical_spelling_of_its_json(value):
    found = restored(json.dumps(value, indent=1))
    assert found is None or found[0] == found[1]


@given(st.lists(RECORDS, min_size=3, max_size=8), st.integers(20, 400))
def test_json_that_breaks_off_is_restored_with_its_cut(rows, cut):
    found = restored(json.dumps(rows)[:-cut])
    assert found is None or found[0] == found[1]


@given(ROWS, st.sampled_from(["", "head\n", "[json: x]\n", "[table 1: 3 rows]\n", "[json_: x]\n[table_ 1: 2 rows]\n"]))
def test_marks_of_ours_in_the_surrounding_text_do_no_harm(rows, around):
    found = restored(around + json.dumps(rows) + "\n" + around)
    assert found is None or found[0] == found[1]


@given(st.lists(RECORDS, min_size=3, max_size=8))
def test_values_on_lines_of_their_own_come_back_on_lines(rows):
    found = restored("".join(json.dumps(row) + "\n" for row in rows))
    assert found is None or found[0] == found[1]
