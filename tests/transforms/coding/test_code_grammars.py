"""How the language of a text is told, and how a source is parsed within bounds."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding import code_grammars
from headroom.transforms.coding.code_grammars import (
    GRAMMARS,
    MOST_BYTES,
    Refusal,
    RefusedError,
    grammar_of,
    parsed,
)
from headroom.transforms.coding.code_languages import has_share, language_of

PYTHON = "import os\n\n\ndef main(path):\n    for name in os.listdir(path):\n        print(name)\n"
SHELL = "for f in *.log; do\n  if [ -s $f ]; then\n    cat $f\n  fi\ndone\n"
LOG = "10:01 server started\n10:02 request took 3 ms\n10:03 server stopped\n" * 4
TYPICAL = {
    "python": PYTHON,
    "javascript": "const fs = require('fs')\nconst a = () => {\n  fs.go()\n}\nmodule.exports = a\n",
    "typescript": "import { A } from './a'\nexport interface B {\n  c: A\n}\nexport type D = B | null\nconst e = 1\n",
    "go": 'package main\n\nimport "os"\n\nfunc main() {\n\tx := os.Args\n\tprint(x)\n}\n',
    "rust": "use std::fmt;\n\npub struct Area {\n    side: u32,\n}\n\nimpl Area {\n    pub fn of(self) -> u32 {\n",
    "java": "package a.b;\n\nimport java.util.List;\n\npublic class C {\n    private int d;\n}\n",
    "c": "#include <stdio.h>\n#define N 3\n\nstatic int n;\n\nint main(void) {\n    return n;\n}\n",
    "cpp": "#include <vector>\n#include <map>\n\nnamespace a {\nclass B {\npublic:\n  std::vector<int> c;\n};\n}\n",
    "csharp": "using System;\nusing System.Text;\n\nnamespace A.B\n{\n    public class C\n    {\n    }\n}\n",
    "ruby": "require 'set'\n\nmodule A\n  class B < C\n    def d(e)\n      e\n    end\n  end\nend\n",
    "php": "<?php\nnamespace A;\n$b = 1;\n",
    "bash": SHELL,
}


@pytest.mark.parametrize("language", TYPICAL)
def test_a_language_is_told_from_typical_lines(language: str) -> None:
    assert language_of(TYPICAL[language]) == language


@pytest.mark.parametrize(
    ("fence", "language"),
    [("python", "python"), ("Py3 title=x", "python"), ("c++", "cpp"), ("C#", "csharp"), ("tsx", "tsx"), ("json", None)],
)
def test_the_info_string_of_a_fence_decides(fence: str, language: str | None) -> None:
    assert language_of(SHELL, fence=fence) == language


@pytest.mark.parametrize(
    ("first", "language"),
    [
        ("#!/usr/bin/env python3.11", "python"),
        ("#!/bin/sh -e", "bash"),
        ("#!/usr/bin/env -S node --strict", "javascript"),
        ("#!/usr/bin/awk -f", None),
        ("<?php echo 1;", "php"),
    ],
)
def test_the_first_line_of_a_script_tells(first: str, language: str | None) -> None:
    assert language_of(first + "\nx\n") == language


def test_a_file_named_by_the_call_tells_between_languages_that_look_alike() -> None:
    assert language_of(TYPICAL["typescript"], '{"path": "src/über/view.tsx"}') == "tsx"
    assert language_of(TYPICAL["c"], '{"path": "a/b.cc"}') == "cpp"


def test_a_file_name_is_no_proof_for_a_text_that_looks_like_nothing() -> None:
    assert language_of(LOG, '{"command": "bash run.sh"}') is None


def test_a_file_name_tells_where_most_lines_are_no_code() -> None:
    header = "int area(int side);\n" * 3 + "words of a licence\n" * 90
    assert language_of(header) is None
    assert language_of(header, '{"path": "area.c"}') == "c"


def test_a_share_of_typical_lines_is_had_from_the_line_on_that_makes_it_full() -> None:
    lines = ["words of a licence"] * 17
    assert not has_share([*lines, *["import os"] * 2], "python", 0.15)
    assert has_share([*lines, *["import os"] * 3], "python", 0.15)
    assert not has_share(["import os"], "python", 0.5)
    assert has_share(["# import os", "", "import os"], "python", 1 / 3)


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("a.map((b) => {", "javascript"),
        ("let a: string; f(a: string): void {", "typescript"),
        ("x = std::move(y);", "cpp"),
        ("    Area::Area() {", "cpp"),
        ("public int Side { get; set; }", "csharp"),
        ("a.each do |b|", "ruby"),
    ],
)
def test_signs_are_found_anywhere_in_a_line(line: str, language: str) -> None:
    assert has_share([line] * 3, language, 1.0)


def test_files_of_two_languages_tell_nothing() -> None:
    assert language_of(PYTHON, '{"command": "cat a.rb b.go"}') == "python"


@pytest.mark.parametrize("text", ["", "\n" * 99, "\0\x01\x02" * 99, LOG, "A plain sentence, and another.\n" * 9])
def test_texts_that_are_no_code_have_no_language(text: str) -> None:
    assert language_of(text) is None


@given(st.text(), st.text(), st.text())
def test_any_text_has_a_known_language_or_none(text: str, arguments: str, fence: str) -> None:
    assert language_of(text, arguments, fence) in {None, *(grammar.name for grammar in GRAMMARS)}


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_every_grammar_has_the_kinds_of_nodes_that_its_row_names(grammar: code_grammars.Grammar) -> None:
    language = parsed(b"", grammar).language
    kinds = grammar.functions | {
        kind for kind, _, _ in grammar.bindings if kind not in {"field_definition", "public_field_definition"}
    }
    assert [kind for kind in sorted(kinds) if language.id_for_node_kind(kind, True) is None] == []


@pytest.mark.parametrize("language", [None, "", "cobol"])
def test_an_unknown_language_is_refused(language: str | None) -> None:
    with pytest.raises(RefusedError) as refused:
        grammar_of(language)
    assert refused.value.reason is Refusal.UNKNOWN_LANGUAGE


def test_without_the_extra_parsing_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(code_grammars, "import_module", absent)
    with pytest.raises(RefusedError, match="missing_extra:code"):
        parsed(b"x", grammar_of("python"))


def test_without_one_grammar_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_go(name: str) -> object:
        if name == "tree_sitter_go":
            raise ModuleNotFoundError(name)
        return importlib.import_module(name)

    code_grammars._loaded.cache_clear()
    monkeypatch.setattr(code_grammars, "import_module", without_go)
    assert parsed(b"x", grammar_of("ruby")).root_node.end_byte == 1
    with pytest.raises(RefusedError, match="missing_extra:code"):
        parsed(b"x", grammar_of("go"))


def test_a_source_beyond_the_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RefusedError, match="too_large"):
        parsed(b" " * (MOST_BYTES + 1), grammar_of("c"))
    monkeypatch.setattr(code_grammars, "MOST_NODES", 100)
    with pytest.raises(RefusedError, match="too_large"):
        parsed(b"f();" * 100, grammar_of("c"))


@pytest.mark.parametrize("chain", ["a=>", "a<", "*a(", "a?b:"])
@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.name)
def test_a_chain_of_operators_without_end_is_refused(grammar: code_grammars.Grammar, chain: str) -> None:
    with pytest.raises(RefusedError, match="too_large"):
        parsed(chain.encode() * 20_000, grammar)


def test_the_parser_stops_when_it_has_worked_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_grammars._Work, "is_spent", True)
    with pytest.raises(RefusedError, match="too_large"):
        parsed(b"f();" * 1000, grammar_of("c"))


@pytest.mark.parametrize("error", [TimeoutError, ValueError])
def test_what_the_check_raises_passes_through(error: type[Exception]) -> None:
    def check() -> None:
        raise error("enough")

    with pytest.raises(error, match="enough"):
        parsed(b"f();" * 1000, grammar_of("c"), check)
