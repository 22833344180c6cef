"""Calls for originals: whatever is asked, there is an answer, and only the right text is ever given."""

import json

import pytest
from ccr.scripts import HANDLE, MINT, ORIGINAL, Store
from hypothesis import given
from hypothesis import strategies as st

from headroom.ccr.retriever import NO_HASH, NOT_A_HASH, UNKNOWN, UNREADABLE, Retriever

TENANT = "one"
ABSENT = "0" * 24


def retriever(originals=None, store=None):
    return Retriever({} if originals is None else originals, store, TENANT, MINT)


def kept(text=ORIGINAL, handle=HANDLE, tenant=TENANT):
    store = Store()
    store.put(tenant, handle, text.encode("utf-8", "surrogatepass"))
    return store


def asking(**arguments):
    return json.dumps(arguments)


def test_the_request_at_hand_is_asked_first_and_needs_no_store():
    one = retriever({HANDLE: ORIGINAL}, Store(fails=True))
    assert one.answer(asking(hash=HANDLE)) == ORIGINAL
    assert one.answer({"hash": HANDLE}) == ORIGINAL
    assert (one.retrievals, one.misses) == (2, 0)


@given(st.text())
def test_what_the_store_holds_comes_back_exactly(text):
    assert retriever(store=kept(text, MINT.handle(text))).answer({"hash": MINT.handle(text)}) == text


def test_a_value_that_is_not_the_one_of_the_handle_is_not_believed():
    one = retriever(store=kept("something else"))
    assert one.answer({"hash": HANDLE}) == UNKNOWN.format(HANDLE)
    assert one.original(HANDLE) is None
    assert one.misses == 1


def test_bytes_that_are_no_text_are_not_believed():
    store = Store()
    store.put(TENANT, HANDLE, b"\xff\xfe")
    assert retriever(store=store).original(HANDLE) is None


def test_another_tenants_original_is_unknown():
    assert retriever(store=kept(tenant="two")).answer({"hash": HANDLE}) == UNKNOWN.format(HANDLE)


def test_parts_are_given_as_they_are_asked_for():
    one = retriever({HANDLE: ORIGINAL})
    assert one.answer(asking(hash=HANDLE, lines="1")) == "first\n"
    assert one.answer(asking(hash=HANDLE, lines=1)) == "first\n"
    assert one.answer(asking(hash=HANDLE, lines=[4, 4])) == "last"
    assert one.answer(asking(hash=HANDLE, query="LAST", lines=None)).endswith("last")
    assert one.retrievals == 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", NO_HASH),
        ("{", NO_HASH),
        ("null", NO_HASH),
        ("[1]", NO_HASH),
        ("{}", NO_HASH),
        ('{"hash": null}', NO_HASH),
        ('{"hash": 7}', NO_HASH),
        ('{"hash": " "}', NO_HASH),
        ('{"hash": "abc"}', NOT_A_HASH),
        (asking(hash=HANDLE[:-1]), NOT_A_HASH),
        (asking(hash=ABSENT), UNKNOWN.format(ABSENT)),
    ],
)
def test_a_miss_says_which_kind_it_is(arguments, told):
    one = retriever({HANDLE: ORIGINAL})
    assert one.answer(arguments) == told
    assert (one.retrievals, one.misses) == (0, 1)


def test_a_store_that_fails_is_a_sentence_for_the_model():
    one = retriever(store=Store(fails=True))
    assert one.answer({"hash": HANDLE}) == UNREADABLE
    assert one.misses == 1


@pytest.mark.parametrize("written", [f"hash={HANDLE}", f" {HANDLE}\n", f"[3 lines | headroom_retrieve hash={HANDLE}]"])
def test_a_hash_is_found_in_what_models_copy_around_it(written):
    assert retriever({HANDLE: ORIGINAL}).answer({"hash": written}) == ORIGINAL


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["hash", "query", "lines", "x"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_any_json_gets_an_answer(value):
    assert retriever().answer(json.dumps(value)).startswith("[headroom_retrieve")


def test_lists_in_lists_as_deep_as_they_like_get_an_answer():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    one = retriever({HANDLE: ORIGINAL})
    assert one.answer({"hash": HANDLE, "lines": deep, "query": deep}) == ORIGINAL
    while deep:  # taken apart by hand, as the interpreter does it by recursion
        deep = deep.pop()  # type: ignore[assignment]


@given(st.dictionaries(st.sampled_from(["query", "lines"]), JSON))
def test_any_wish_for_parts_gets_an_answer(wishes):
    one = retriever({HANDLE: ORIGINAL})
    assert one.answer({"hash": HANDLE, **wishes})
    assert one.retrievals == 1
