import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.cells import ABSENT, cell_end, read_cell, read_column, spell, spell_column
from headroom.transforms.coding.column_specs import Column, note_specs, read_columns
from headroom.transforms.coding.columns import PATH, columns_of, key_order, read_path, spell_path
from headroom.transforms.coding.json_text import write

KEYS = st.text(max_size=6) | st.sampled_from(
    ["a.b", "_", "_2", "a[0]", 'q"', "a,b", "x y", "<a>", "a=b", "a?", "a:b", "{"]
)
PATHS = st.builds(lambda key, rest: (key, *rest), KEYS, st.lists(KEYS | st.integers(0, 12), max_size=4))
VALUES = (
    st.none()
    | st.booleans()
    | st.text(max_size=8)
    | st.sampled_from([b"1", b"-0", b"1e5", ABSENT])
    | st.just(["x", {}])
)


@given(PATHS)
def test_a_path_reads_back_as_it_was(path):
    spelled = spell_path(path)
    assert PATH.fullmatch(spelled)
    assert read_path(spelled) == path


@given(st.lists(VALUES, min_size=1))
def test_a_column_of_cells_reads_back_as_its_values(values):
    cells = spell_column(values)
    assert cells == [spell(value) for value in values]
    assert read_column(cells) == [read_cell(cell) for cell in cells]
    assert [cell_end(f"{cell},next", 0) for cell in cells] == [len(cell) for cell in cells]
    assert read_column(cells) == ["" if value is ABSENT else write(value) for value in values]


@given(
    st.lists(
        st.builds(
            lambda path, kind: Column(
                path, kind == "cell", kind == "seldom", "" if kind in ("cell", "seldom") else "[1]"
            ),
            st.lists(st.sampled_from(["a", "b", "c.d"]), min_size=1, max_size=4).map(tuple),
            st.sampled_from(["cell", "always", "seldom"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_the_columns_of_a_table_are_read_back_from_its_note_and_names(columns):
    names = ",".join(column.spec for column in columns if column.positional)
    assert read_columns(note_specs(columns), names) == columns


@pytest.mark.parametrize(
    ("shapes", "order"),
    [
        ([("a", "b"), ("b", "c")], ["a", "b", "c"]),
        ([("a", "c"), ("a", "b", "c")], ["a", "b", "c"]),
        ([("a", "b"), ("b", "a")], None),
        ([("b",), ("a",)], ["a", "b"]),
    ],
)
def test_one_order_holds_the_keys_of_all_shapes_or_there_is_none(shapes, order):
    assert key_order(shapes) == order


def test_nested_objects_spread_and_what_differs_in_kind_stays_beside_them():
    rows = [{"id": "x", "at": {"lat": b"1", "lon": b"2"}}, {"id": "y", "at": None}]
    assert columns_of(rows) == [
        (("id",), ["x", "y"]),
        (("at",), [ABSENT, None]),
        (("at", "lat"), [b"1", ABSENT]),
        (("at", "lon"), [b"2", ABSENT]),
    ]
