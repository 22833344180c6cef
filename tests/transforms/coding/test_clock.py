from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding import clock
from headroom.transforms.coding.clock import RunningClock, Time


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("2026-01-05 10:00:01,120 INFO up", "2026-01-05 10:00:01,120"),
        ("[2026-01-05T10:00:01.123456Z] up", "2026-01-05T10:00:01.123456Z"),
        ("2026/01/05 10:00:01 up", "2026/01/05 10:00:01"),
        ("01-05 10:00:01.120  17 D up", "01-05 10:00:01.120"),
        ("Jan  5 10:00:01 host up", "Jan  5 10:00:01"),
        ("[Mon Jan 05 10:00:01 2026] up", "Mon Jan 05 10:00:01"),
        ('10.0.0.7 - - [05/Jan/2026:10:00:01 +0000] "GET /"', "05/Jan/2026:10:00:01"),
        ("10:00:01.120 [main] up", "10:00:01.120"),
        ("web-1  | 10:00:01 up", "10:00:01"),
    ],
)
def test_the_time_of_a_line_is_found_whole(line: str, time: str) -> None:
    found = clock.find(line)
    assert found is not None
    assert found.group() == time


@pytest.mark.parametrize("line", ["", "at 10:00", "10:00:01:02", "00:1a:2b:10:00:01", "v110:00:01", "10:00:01am"])
def test_what_is_no_time_is_not_found(line: str) -> None:
    assert clock.find(line) is None


TIME = st.builds(
    "{}{:02}:{:02}:{:02}{}".format,
    st.sampled_from(["", "2026-01-05 ", "2026-01-06 ", "2026-01-05T", "Jan  5 ", "Jan 15 "]),
    st.integers(9, 10),
    st.integers(58, 59),
    st.integers(0, 3),
    st.sampled_from(["", ",120", ",121", ".120", "Z", ".120Z"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TIME, max_size=30))
def test_times_cut_short_are_completed_by_a_clock_that_sees_the_same_lines(times: list[str]) -> None:
    writer, reader = RunningClock(runs=True), RunningClock(runs=True)
    for time in times:
        stamp = clock.find(time)
        assert stamp is not None
        end = writer.cut(Time.of(stamp))
        if end is None:
            writer.see(time)
            reader.see(time)
        else:
            assert clock.written(f"{end} 17 words") == end
            assert reader.complete(end) == time


def test_a_time_without_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="missing"):
        clock.written("17 words")


def test_times_in_the_same_columns_are_taken_out_without_a_search_and_others_with_one() -> None:
    alike = ["10:00:01,120 INFO a", "10:00:02,999 INFO b"]
    other = [*alike, "web-1 10:00:03 INFO c", "no time"]
    for lines in (alike, other):
        stamp = clock.find(lines[0])
        assert stamp is not None
        which, times, rest = clock.taken_out(lines, stamp, "@")
        assert list(which) == [number for number, line in enumerate(lines) if clock.find(line)]
        assert [line.replace("@", time.text) for line, time in zip(rest, times, strict=True)] == [
            lines[number] for number in which
        ]
        assert times[0] == Time.of(stamp)
