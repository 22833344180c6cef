import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.references import References, Template, template_for

NAMES = st.text("ab._[]", min_size=1, max_size=4)


@given(st.lists(NAMES, min_size=1, max_size=4), st.text("<>ab._[]", max_size=30))
def test_names_are_found_as_a_pattern_of_all_of_them_finds_them(names, text):
    pattern = re.compile("<(" + "|".join(map(re.escape, names)) + ")>")
    assert References(names).split(text) == pattern.split(text)
    assert References(names).in_text(text) == bool(pattern.search(text))


def test_a_template_is_filled_row_by_row():
    template = Template("https://x.org/<login>/100%?id=<id>", References(["id", "login"]))
    assert template.names == ["login", "id"]
    assert template.join(["ann", "7"]) == "https://x.org/ann/100%?id=7"
    assert template.rows([["ann", "bob"], ["7", "8"]])[1] == "https://x.org/bob/100%?id=8"


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("https://x.org/users/ann/repos", "https://x.org/users/<login>/repos"),
        ("https://x.org/users/annabel", None),
        ("x17", None),
        ("rev 17", "rev <id>"),
    ],
)
def test_a_template_cuts_no_word(text, template):
    assert template_for(text, {"login": "ann", "id": "17"}) == template


def test_brackets_without_end_are_read_in_linear_time():
    assert References(["a"]).split("<" * 200_000) == ["<" * 200_000]
