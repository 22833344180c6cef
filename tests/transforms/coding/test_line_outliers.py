from __future__ import annotations

import pytest

from headroom.transforms.coding.line_outliers import outliers


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([10, 11, 12, 13, 14] * 6 + [900], [30]),
        ([-900] + [10, 11, 12, 13, 14] * 6, [0]),
        ([200] * 59 + [503], [59]),
        ([200, 304] * 20, []),
        (list(range(60)), []),
        ([n * n for n in range(60)], []),
        ([7] * 60, []),
        ([1, 900], []),
    ],
)
def test_records_with_numbers_unlike_those_of_their_kind_are_found(values: list[int], found: list[int]) -> None:
    heads = [f"lamp took {value} ms" for value in values]
    assert outliers(heads, ["lamp took 0"] * len(heads)) == found


def test_numbers_of_different_kinds_are_not_compared() -> None:
    heads = [f"lamp took {n % 5} ms" for n in range(30)] + ["hall took 900 ms"]
    assert outliers(heads, ["lamp"] * 30 + ["hall"]) == []
    assert outliers(heads, [""] * 31) == []


def test_parts_of_names_dates_and_addresses_are_no_numbers() -> None:
    heads = [f"10.0.0.{n % 3} v1.{n % 3} 2026-01-0{n % 3 + 1} took 5" for n in range(60)] + [
        "10.0.9.9 v9.9 2026-09-09 took 5"
    ]
    assert outliers(heads, ["took"] * 61) == []
