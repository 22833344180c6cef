"""What each level leaves of a source, language by language, and why a source stays as it is."""

from __future__ import annotations

import pytest
from support.code_sources import PYTHON, SOURCES, WITHOUT_BODIES, WITHOUT_BOTH, WITHOUT_COMMENTS

from headroom.transforms.coding import code_grammars
from headroom.transforms.coding.code_grammars import GRAMMARS, Refusal, grammar_of, parsed
from headroom.transforms.coding.code_levels import Level, Reduced, reduced
from headroom.transforms.coding.code_source import Part, errors

BOTH = Level.COMMENTS | Level.BODIES


def done(text: str, language: str, level: Level = BOTH, keep: frozenset[str] = frozenset()) -> Reduced:
    result = reduced(text, language, level, keep)
    assert isinstance(result, Reduced), result
    return result


def test_every_language_has_a_source_here() -> None:
    assert sorted(SOURCES) == sorted(grammar.name for grammar in GRAMMARS)


@pytest.mark.parametrize("language", SOURCES)
def test_the_sources_parse_without_errors(language: str) -> None:
    assert errors(parsed(SOURCES[language].encode(), grammar_of(language))) == 0


@pytest.mark.parametrize("language", SOURCES)
def test_a_level_leaves_out_what_it_names_and_nothing_else(language: str) -> None:
    source = SOURCES[language]
    assert done(source, language, Level.COMMENTS).text == WITHOUT_COMMENTS[language]
    assert done(source, language, Level.BODIES).text == WITHOUT_BODIES[language]
    assert done(source, language, BOTH).text == WITHOUT_BOTH[language]


def test_gaps_tell_what_was_left_out() -> None:
    assert [(gap.first, gap.last, gap.part, gap.name) for gap in done(PYTHON, "python").gaps] == [
        (2, 2, Part.COMMENT, ""),
        (4, 5, Part.DOCSTRING, ""),
        (11, 21, Part.BODY, "area"),
        (25, 25, Part.DOCSTRING, ""),
        (30, 33, Part.BODY, "open"),
        (39, 40, Part.DOCSTRING, ""),
    ]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("x = 1\n", "python"),
        ("x = 1  # words beside code\n", "python"),
        ("def f(): x = 1; y = 2; z = 3\n", "python"),
        ("def f():\n    '''Only this.'''\n", "python"),
        ("f'''{call()}'''\n", "python"),
        ("x = '''\n# in a string\n'''\n", "python"),
        ("int f(void) { int a;\n a = 1;\n a = 2;\n return a; }\n", "c"),
        ("int f(void) {\n a = 1;\n a = 2;\n return a; }\n", "c"),
        ("int f(void) { /* opens\n here */\n a = 1;\n a = 2;\n}\n", "c"),
        ("int /* a\n b */ x;\n", "c"),
        ("x = <<A\n# in a text\nA\n", "ruby"),
        ("<p>\n// not php\n</p>\n", "php"),
        ("run(function () {\n  a()\n  b()\n  c()\n})\n", "javascript"),
        ("", "python"),
        ("\n\n\n", "go"),
    ],
)
def test_what_must_stay_as_it_is(text: str, language: str) -> None:
    assert reduced(text, language, BOTH) is Refusal.NOT_SHORTER


def test_text_that_is_no_code_is_refused() -> None:
    prose = "It's a plain sentence, with commas; and (brackets.\n" * 30
    assert reduced(prose, "python", BOTH) is Refusal.PARSE_ERRORS
    assert reduced(PYTHON, "java", BOTH) is Refusal.PARSE_ERRORS


def test_an_unknown_language_is_refused() -> None:
    assert reduced(PYTHON, None, BOTH) is Refusal.UNKNOWN_LANGUAGE
    assert reduced(PYTHON, "cobol", BOTH) is Refusal.UNKNOWN_LANGUAGE


def test_without_the_extra_the_source_stays_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(code_grammars, "import_module", absent)
    assert reduced(PYTHON, "python", BOTH) is Refusal.MISSING_EXTRA


def test_what_the_check_raises_passes_through() -> None:
    def check() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        reduced(PYTHON * 20, "python", BOTH, check=check)
