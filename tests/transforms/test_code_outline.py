"""Outlines of source files: lines of the source with their numbers, in order, of every language; nothing of others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.code_sources import SOURCES, WITHOUT_BOTH

from headroom.blocks import Reduction
from headroom.transforms.base import Context, Hint
from headroom.transforms.code_outline import CodeOutline
from headroom.transforms.coding import code_grammars
from headroom.transforms.content_router import ENOUGH
from headroom.transforms.view import View

OUTLINE = CodeOutline()
EXTENSIONS = {grammar.name: grammar.extensions[0] for grammar in code_grammars.GRAMMARS}
LANGUAGES = sorted(SOURCES)


def prints(language: str, command: str = "cat", question: str = "") -> Hint:
    return Hint("bash", f'{{"command": "{command} src/app.{EXTENSIONS[language]}"}}', question)


def outline(text: str, hint: Hint) -> Reduction | None:
    """Return the outline of a text, None if it gets none."""
    drafts = OUTLINE.reductions(View(text), hint, Context())
    return next((draft for draft in drafts if draft.encoding == "code.outline"), None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_is_one_of_the_source_with_its_number_and_in_order(language: str) -> None:
    text = SOURCES[language]
    found = outline(text, prints(language))
    assert found is not None
    lines, source = found.text.split("\n"), text.split("\n")
    numbers = [int(line.partition(":")[0]) for line in lines]
    assert [f"{number}:{source[number - 1]}" for number in numbers] == lines
    assert numbers == sorted(set(numbers))
    missing, total = map(int, re.findall(r"\d+", found.note)[:2])
    assert (missing, total) == (len(source) - len(lines), len(source))
    assert f"outline of {language}" in found.note


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_declares_something_stays(language: str) -> None:
    found = outline(SOURCES[language], prints(language))
    assert found is not None
    shown = {line.partition(":")[2] for line in found.text.split("\n")}
    declared = [line for line in WITHOUT_BOTH[language].split("\n") if line.strip() and "left out]" not in line]
    # What has a body of one or two lines is folded here too, and a body has its closing line to itself.
    assert sum(line in shown for line in declared) >= 0.7 * len(declared)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_sure_of_whole_files_and_no_surer_than_code_of_anything_else(language: str) -> None:
    text = SOURCES[language] * 3
    assert OUTLINE.evidence(View(text), prints(language)) > ENOUGH
    for hint in (prints(language, "head -50"), prints(language, "sed -n 1,50p"), Hint("read", '{"offset": 5}')):
        assert OUTLINE.evidence(View(text), hint) <= ENOUGH
        assert outline(text, hint) is None


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_it_never_raises_and_leaves_what_is_no_code(text: str, language: str) -> None:
    hint = prints(language)
    assert 0 <= OUTLINE.evidence(View(text), hint) <= 1
    found = outline(text, hint)
    assert found is None or len(found.text.split("\n")) <= len(text.split("\n"))
