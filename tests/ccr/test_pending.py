"""What is owed to a later request survives until then, or is absent."""

from ccr.scripts import Store
from hypothesis import given
from hypothesis import strategies as st

from headroom.ccr.pending import owed, recall, remember


@given(st.text(min_size=1), st.text())
def test_what_is_remembered_is_recalled_exactly(call, text):
    store = Store()
    assert remember(store, "one", call, text)
    assert recall(store, "one", call) == text
    assert recall(store, "two", call) is None
    assert store.get("one", call) is None


def test_results_are_introduced_one_by_one():
    assert owed(["a", "b"]) == (
        "[headroom_retrieve, called beside this tool, returned:]\na\n"
        "[headroom_retrieve, called beside this tool, returned:]\nb"
    )


def test_without_a_store_or_an_id_nothing_is_kept():
    assert not remember(None, "one", "call", "text")
    assert not remember(Store(), "one", "", "text")
    assert recall(None, "one", "call") is None


def test_a_store_that_fails_keeps_nothing():
    assert not remember(Store(fails=True), "one", "call", "text")
    assert recall(Store(fails=True), "one", "call") is None
