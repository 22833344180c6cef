"""What holds for any text: gaps tell the truth, errors do not grow, nothing is left to reduce, nothing is raised."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.code_sources import SOURCES

from headroom.transforms.coding.code_grammars import Refusal, grammar_of, parsed
from headroom.transforms.coding.code_levels import Level, Reduced, reduced
from headroom.transforms.coding.code_source import Gap, errors

BOTH = Level.COMMENTS | Level.BODIES
LEVELS = [Level.COMMENTS, Level.BODIES, BOTH]


def done(text: str, language: str, level: Level = BOTH) -> Reduced:
    result = reduced(text, language, level)
    assert isinstance(result, Reduced), result
    return result


def rebuilt(text: str, gaps: tuple[Gap, ...]) -> str:
    """Leave the lines out that the gaps name, the slow way."""
    gone = {line for gap in gaps for line in range(gap.first, gap.last + 1)}
    instead = {gap.first: gap.placeholder for gap in gaps}
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if instead.get(number) is not None:
            lines.append(instead[number])
        if number not in gone:
            lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("language", SOURCES)
def test_the_gaps_name_the_very_lines_that_are_missing(language: str, level: Level) -> None:
    text = SOURCES[language]
    for source in (text, text.replace("\n", "\r\n"), text.rstrip("\n")):
        result = done(source, language, level)
        assert result.text == rebuilt(source, result.gaps)
        assert [gap.first for gap in result.gaps] == sorted({gap.first for gap in result.gaps})


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("language", SOURCES)
def test_a_reduced_source_parses_and_cannot_be_reduced_again(language: str, level: Level) -> None:
    for source in (SOURCES[language], SOURCES[language].replace("\n", "\r\n")):
        result = done(source, language, level)
        assert errors(parsed(result.text.encode(), grammar_of(language))) == 0
        assert reduced(result.text, language, level) is Refusal.NOT_SHORTER


@pytest.mark.parametrize("language", SOURCES)
def test_source_cut_off_anywhere_keeps_the_promises(language: str) -> None:
    text = SOURCES[language]
    kept = [
        kept_promises(part, language) for at in range(0, len(text), 37) for part in (text[at:], text[: len(text) - at])
    ]
    assert kept.count(len(LEVELS)) > 1, "hardly a cut was reduced: nothing was tested"


def kept_promises(text: str, language: str) -> int:
    """Check every level that reduces the text; return how many did."""
    kept = 0
    grammar = grammar_of(language)
    for level in LEVELS:
        result = reduced(text, language, level)
        if isinstance(result, Refusal):
            continue
        assert len(result.text.encode("utf-8", "surrogatepass")) < len(text.encode("utf-8", "surrogatepass"))
        assert result.text == rebuilt(text, result.gaps)
        before, after = (errors(parsed(one.encode("utf-8", "surrogatepass"), grammar)) for one in (text, result.text))
        assert after <= before
        assert isinstance(reduced(result.text, language, level), Refusal)
        kept += 1
    return kept


LINES = sorted({line for text in SOURCES.values() for line in text.split("\n")})
NAMES = sorted(SOURCES)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.sampled_from(NAMES))
def test_any_mixture_of_lines_keeps_the_promises(lines: list[str], language: str) -> None:
    assert kept_promises("\n".join(lines), language) <= len(LEVELS)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None)), st.sampled_from(NAMES))
def test_any_text_keeps_the_promises(text: str, language: str) -> None:
    assert kept_promises(text, language) <= len(LEVELS)


@settings(max_examples=40, deadline=None)
@given(st.binary().map(lambda data: data.decode("latin-1")), st.sampled_from(NAMES))
def test_binary_keeps_the_promises(text: str, language: str) -> None:
    assert kept_promises(text, language) <= len(LEVELS)


@pytest.mark.parametrize("text", ["[" * 100_000, "(" * 50_000 + ")" * 50_000, "{" * 50_000 + "\n}" * 50_000])
@pytest.mark.parametrize("language", ["python", "javascript", "c", "rust"])
def test_deep_nesting_is_borne(text: str, language: str) -> None:
    assert isinstance(reduced(text, language, BOTH), Refusal)


def test_many_comments_on_one_line_are_borne() -> None:
    assert reduced("/**/" * 20_000, "c", BOTH) is Refusal.NOT_SHORTER
