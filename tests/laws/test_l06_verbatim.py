"""L6: an output is its input re-encoded without loss, or the input itself; nothing is pruned or invented."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SAMPLES, sample

from headroom.blocks import Block, Fidelity, Lossless, Tier
from headroom.transforms.base import Compressor, Context
from headroom.transforms.coding.display import as_displayed
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.view import View

COMPRESSORS = {t.name: t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)}
WORD = re.compile(r"[A-Za-z0-9_]{2,}")
HTML = {"html_page"}


def _candidates(compressor: Compressor, text: str) -> list[Lossless]:
    return [form for tier in (Tier.PLAIN, Tier.MAX) for form in compressor.candidates(View(text), Context(tier=tier))]


def test_every_compressor_has_a_sample_that_it_shortens():
    served = {
        name
        for name, compressor in COMPRESSORS.items()
        for kind in SAMPLES
        if compressor.shrink(Block((), sample(kind), "tool"), Context()) is not None
    }
    assert served == set(COMPRESSORS)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@pytest.mark.parametrize("name", sorted(COMPRESSORS))
def test_every_candidate_restores_what_it_claims(name, kind):
    compressor = COMPRESSORS[name]
    for seed in range(1, 6):
        text = sample(kind, seed)
        for candidate in _candidates(compressor, text):
            assert compressor.decode(candidate.text) == compressor.normal(text, candidate.of)


@pytest.mark.parametrize("name", sorted(COMPRESSORS))
@given(
    kind=st.sampled_from(sorted(SAMPLES)),
    seed=st.integers(1, 4),
    cut=st.integers(0, 400),
    noise=st.lists(st.tuples(st.integers(0, 90), st.text(max_size=20)), max_size=4),
)
def test_damaged_outputs_are_restored_all_the_same(name, kind, seed, cut, noise):
    compressor = COMPRESSORS[name]
    lines = sample(kind, seed)[cut:].split("\n")
    for place, text in noise:
        lines.insert(min(place, len(lines)), text)
    text = "\n".join(lines)
    for candidate in _candidates(compressor, text):
        assert compressor.decode(candidate.text) == compressor.normal(text, candidate.of)


@pytest.mark.parametrize("kind", sorted(set(SAMPLES) - HTML))
@pytest.mark.parametrize("name", sorted(COMPRESSORS))
def test_every_word_of_the_original_is_still_there(name, kind):
    text = sample(kind)
    result = COMPRESSORS[name].shrink(Block((), text, "tool"), Context())
    if result is not None:
        shown = as_displayed(text) if result.of is Fidelity.DISPLAY else text
        if kind in ("json_text", "json_cut"):  # an escape is no part of the word behind it
            shown = shown.replace("\\n", "\n")
        words = set(WORD.findall(shown))
        if kind == "numbered_code":  # regular line numbers go; the note gives the first one
            words = {word for word in words if not word.isdigit()}
        assert words <= set(WORD.findall(result.text))


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@pytest.mark.parametrize("name", sorted(COMPRESSORS))
def test_shrinking_twice_changes_nothing(name, kind):
    compressor = COMPRESSORS[name]
    result = compressor.shrink(Block((), sample(kind), "tool"), Context())
    if result is not None:
        assert compressor.shrink(Block((), result.text, "tool"), Context()) is None
