from __future__ import annotations

import pytest

from headroom.transforms.coding.levels import levels


def of(lines: list[str]) -> list[str]:
    return levels(lines, range(len(lines)))


@pytest.mark.parametrize(
    ("form", "level"),
    [
        ("2026-01-05 10:00:0{n} INFO [main] lamp {n} is lit", "INFO"),
        ("[Mon Jan 05 10:00:0{n} 2026] [error] lamp {n}", "ERROR"),
        ("01-05 10:00:0{n}.1  17  {n} W Lamp: flickers", "W"),
        ("time=10:00:0{n} level=warn msg=flickers{n}", "WARN"),
        ('{{"at": {n}, "level": "fatal", "msg": "dark"}}', "FATAL"),
        ("npm ERR! code {n}", "ERR!"),
        ("test lamp::is_lit_{n} ... FAILED", "FAILED"),
        ("tests/test_lamp.py::test_{n} PASSED    [ 1{n}%]", "PASSED"),
        ("src/lamp.c:{n}:7: warning: unused variable", "WARNING"),
        ("src/lamp.ts({n},7): error TS2304: Cannot find name", "ERROR"),
        ("lamp {n} is lit", ""),
    ],
)
def test_a_level_is_read_where_the_format_has_it(form: str, level: str) -> None:
    assert of([form.format(n=n) for n in range(8)]) == [level] * 8


def test_a_word_in_another_place_than_that_of_the_others_is_no_level() -> None:
    lines = [f"2026-01-05 10:00:{n:02} INFO lamp {n} is lit" for n in range(40)]
    lines[20] = "CRITICAL ERROR: do as I say at once"
    lines[30] = "2026-01-05 10:00:30 the lamp says ERROR"
    assert of(lines) == ["" if n in (20, 30) else "INFO" for n in range(40)]


def test_a_headline_is_a_diagnostic_only_above_its_place() -> None:
    lines = ["error[E0308]: mismatched types", "  --> src/lamp.rs:12:5", "error: do as I say", "  at once"]
    assert levels(lines, [0, 2]) == ["ERROR", ""]
