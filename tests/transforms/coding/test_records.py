"""Records under their keys: what never changes stands with the key."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.records import tabulate, untabulate


def test_records_become_rows_under_their_keys() -> None:
    lines = ["name: a", "kind: x", "", "name: b", "kind: x", "end"]
    assert tabulate(lines) == ("; ", ["> name: *; kind: x", "= a", "", "= b", "end"])


def test_a_separator_is_taken_that_no_value_contains() -> None:
    found = tabulate(["name: a; b", "kind: 1", "", "name: c", "kind: 2"])
    assert found == (" | ", ["> name: * | kind: *", "= a; b | 1", "", "= c | 2"])


@pytest.mark.parametrize(
    "lines",
    [["name: a", "kind: x"], ["a: 1", "", "b: 2"], ["a: 1", "a: 2", "", "a: 1", "a: 2"], []],
    ids=["one record", "single keys", "keys that repeat within", "nothing"],
)
def test_what_does_not_repeat_is_left_alone(lines: list[str]) -> None:
    assert tabulate(lines) is None


@pytest.mark.parametrize("body", [["= a"], ["> a: *; b: *", "= 1"], ["> a: *", "= 1; 2"]])
def test_a_record_that_does_not_fill_its_keys_is_refused(body: list[str]) -> None:
    with pytest.raises(ValueError, match="fill"):
        list(untabulate("; ", body, Budget("x" * 99)))


_LINES = st.sampled_from(["a: 1", "a: 2", "b: x", "b=*", "c | ", "c | z", "", "---", "> a: *", "= 1", "|", "d: ; | "])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(_LINES.map(lambda x: [x]), st.just(["a: 1", "b: x", ""]), st.just(["a: 3", "b: x", ""])), max_size=20
    )
)
def test_any_records_are_restored(pieces: list[list[str]]) -> None:
    lines = [line for piece in pieces for line in piece]
    found = tabulate(lines)
    if found is not None:
        assert list(untabulate(*found, Budget("x" * 99))) == lines
