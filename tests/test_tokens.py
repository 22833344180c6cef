"""Counting: exact where ranks ship, a named estimate elsewhere, total over any text."""

import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.tokens import TokenCounter, count, family_of


@pytest.mark.parametrize(
    ("model", "encoding", "method"),
    [
        ("gpt-4o-mini", "o200k_base", "exact"),
        ("openai/gpt-5.2", "o200k_base", "exact"),
        ("o3", "o200k_base", "exact"),
        ("gpt-4-turbo", "cl100k_base", "exact"),
        ("gpt-3.5-turbo", "cl100k_base", "exact"),
        ("claude-opus-4-7", "o200k_base", "estimate"),
        ("us.anthropic.claude-sonnet-4-5-v1:0", "o200k_base", "estimate"),
        ("gemini-3-pro", "o200k_base", "estimate"),
        ("llama-4", "o200k_base", "estimate"),
        ("", "o200k_base", "estimate"),
    ],
)
def test_a_model_names_its_encoding_and_the_way_of_counting(model, encoding, method):
    counter = TokenCounter(model)
    assert (counter.encoding, counter.method) == (encoding, method)


# Published examples of the encodings: OpenAI cookbook, "How to count tokens with tiktoken".
@pytest.mark.parametrize(
    ("text", "model", "tokens"),
    [
        ("antidisestablishmentarianism", "gpt-4", 6),
        ("antidisestablishmentarianism", "gpt-4o", 6),
        ("2 + 2 = 4", "gpt-4", 7),
        ("2 + 2 = 4", "gpt-4o", 7),
        ("お誕生日おめでとう", "gpt-4", 9),
        ("お誕生日おめでとう", "gpt-4o", 8),
        ("", "gpt-4o", 0),
    ],
)
def test_known_counts(text, model, tokens):
    assert count(text, model) == tokens


@given(st.text(max_size=200), st.sampled_from(["gpt-4o", "gpt-4", "claude-x", "other"]))
def test_any_text_is_counted_alike_alone_and_among_others(text, model):
    counter = TokenCounter(model)
    assert counter.many(["a", text, "b"])[1] == counter(text) <= 2 * len(text.encode("utf-8", "surrogatepass"))


def test_lone_surrogates_and_special_tokens_are_ordinary_text():
    assert count("\ud800", "gpt-4o") > 0
    assert count("<|endoftext|>", "gpt-4o") > 1


def test_estimates_scale_the_base_encoding():
    text = "hello world " * 100
    assert count(text, "claude-x") == -(-count(text, "gpt-4o") * 12 // 10)
    assert family_of("claude-x").source


def _random_texts(number):
    r = Random(5)
    letters = "abcdefgh ABC 0123456789 .,:;-_/\\\n\t{}[]()<>'\"éßñ日本語Привет🙂\u200d\x00\ufffd"
    return ["".join(r.choices(letters, k=r.randrange(1, 300))) for _ in range(number)]


def test_ranks_of_tiktoken_give_the_same_counts_where_they_are_on_this_machine():
    cache = os.environ.get("TIKTOKEN_CACHE_DIR", "")
    if not (cache and Path(cache).is_dir() and any(Path(cache).iterdir())):
        return  # tiktoken downloads its ranks; without a filled cache there is no oracle to ask
    import tiktoken

    for name, model in (("o200k_base", "gpt-4o"), ("cl100k_base", "gpt-4")):
        oracle = tiktoken.get_encoding(name)
        for text in (
            *_random_texts(2000),
            "def f(x):\n    return x",
            "naïve café — 日本語",
            "a" * 500,
            "0123456789" * 9,
        ):
            assert count(text, model) == len(oracle.encode(text, disallowed_special=()))
