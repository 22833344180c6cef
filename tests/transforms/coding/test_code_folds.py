"""Which functions fold, and by what name they are kept."""

from __future__ import annotations

import pytest
from support.code_sources import JAVASCRIPT, PYTHON

from headroom.transforms.coding.code_grammars import Refusal
from headroom.transforms.coding.code_levels import Level, Reduced, reduced


def done(text: str, language: str, level: Level = Level.BODIES, keep: frozenset[str] = frozenset()) -> Reduced:
    result = reduced(text, language, level, keep)
    assert isinstance(result, Reduced), result
    return result


def test_functions_asked_for_and_those_around_them_stay() -> None:
    folded = [gap.name for gap in done(PYTHON, "python", Level.BODIES, frozenset({"label"})).gaps]
    assert folded == ["open"]
    folded = [gap.name for gap in done(JAVASCRIPT, "javascript", Level.BODIES, frozenset({"handle", "inner"})).gaps]
    assert folded == ["double", "size"]


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("def größe():\n  call_for(1)\n  call_for(2)\n  call_for(3)\n", "python", "größe"),
        ("a.b.größe = function () {\n  call_for(1)\n  call_for(2)\n  call_for(3)\n}\n", "javascript", "größe"),
        ("const x = { größe: () => {\n  call_for(1)\n  call_for(2)\n  call_for(3)\n} }\n", "javascript", "größe"),
        ("char **f(int a[])\n{\n  call_for(1);\n  call_for(2);\n  call_for(3);\n}\n", "c", "f"),
        ("Box<T>::~Box() {\n  call_for(1);\n  call_for(2);\n  call_for(3);\n}\n", "cpp", "Box"),
        ("def is_it?\n  call_for(1)\n  call_for(2)\n  call_for(3)\nend\n", "ruby", "is_it"),
    ],
)
def test_a_function_is_known_by_the_last_word_of_its_name(text: str, language: str, name: str) -> None:
    assert [gap.name for gap in done(text, language).gaps] == [name]
    assert reduced(text, language, Level.BODIES, frozenset({name})) is Refusal.NOT_SHORTER


def test_functions_beside_one_that_stays_are_folded_within_their_parent() -> None:
    text = "def a():\n    def b():\n        x = 1\n        y = 2\n        z = 3\n    def c():\n        return 1\n"
    assert [gap.name for gap in done(text, "python", Level.BODIES, frozenset({"c"})).gaps] == ["b"]


def test_a_body_shorter_than_its_placeholder_stays() -> None:
    text = "int f(void)\n{\n  a;\n  b;\n  c;\n}\n"
    assert reduced(text, "c", Level.BODIES) is Refusal.NOT_SHORTER


def test_functions_within_one_that_is_folded_keep_their_signature() -> None:
    inner = "    def inner(y):\n        a(y)\n        b(y)\n        c(y)\n        return d(y)\n"
    text = f"def outer(x):\n    a(x)\n    b(x)\n    c(x)\n    d(x)\n{inner}    return inner\n"
    assert done(text, "python").text == (
        "def outer(x):\n    ...  # [lines 2-5 left out]\n"
        "    def inner(y):\n        ...  # [lines 7-10 left out]\n    return inner\n"
    )


def test_types_within_a_function_stay() -> None:
    type_ = "\ttype lamp struct {\n\t\tlit bool\n\t}\n"
    text = f"func light() {{\n\tcall_for(1)\n\tcall_for(2)\n\tcall_for(3)\n\tcall_for(4)\n{type_}\te()\n}}\n"
    assert done(text, "go").text == f"func light() {{\n\t/* [lines 2-5 left out] */\n{type_}\te()\n}}\n"


def test_deeply_nested_functions_fold_into_one() -> None:
    depth = 5_000
    text = "function f() {\n" * depth + "}\n" * depth
    opened, note = "function f() {\n" * 3, f"/* [lines 4-{2 * depth - 3} left out] */\n"
    assert done(text, "javascript").text == opened + note + "}\n" * 3
