from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.coding import clock, template_reader, templates
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.signs import Signs, signs_for


def encoded(text: str) -> tuple[Signs, list[str]] | None:
    signs = signs_for(text)
    lines = templates.encode(text.split("\n"), signs, lambda line: "error" in line, lambda: None)
    return None if lines is None else (signs, lines)


def assert_restored(text: str) -> None:
    form = encoded(text)
    if form is not None:
        assert "\n".join(template_reader.decode(form[1], form[0], Budget("x" * 10**6))) == text


def body(*lines: str) -> str:
    """Lines between a first and a last one, which always stand whole."""
    return "\n".join(["begin", *lines, "end"])


WORD = st.sampled_from(
    ["worker", "queue", "job", "mail", "7", "42", "a1f", "/var/spool", '"', "{x}", "10.0.0.7:80", "", "-", "1|"]
)
TIME = st.sampled_from(
    [
        "10:00:01 ",
        "2026-01-05 10:00:01,120 ",
        "2026-01-05 10:00:01,990 ",
        "Jan  5 09:59:59 ",
        "[12/Jan/2026:10:00:02 +0000] ",
        "",
    ]
)
LINE = st.builds(lambda time, words: time + " ".join(words), TIME, st.lists(WORD, min_size=1, max_size=7))
KNOWN = st.sampled_from(
    [
        "10:00:{a:02} INFO worker {b} took job {c} from the queue",
        "2026-01-05 10:00:{a:02},120 WARN disk {c} is {b} % full, please look",
        "src/app/main.py:{a}:{b}: E501 line too long ({b} > 79 characters)",
        "tests/test_queue.py::TestQueue::test_{c} PASSED            [ {a}%]",
        "{c} waits for the reply of {c} at 10.1.{a}.{b} port 8080",
        '  File "/srv/app/queue/{c}.py", line {a}, in {c}',
        "    return self.connection.execute(statement, parameters)",
        "{a}|{b} this looks like a form of ours",
        "{{{a}}} braces <{b}> and « {c} » here of every kind",
        "value {c} 100%s of {a} %(b)s % literally percent",
    ]
)
RECORD = st.builds(
    lambda form, a, b, c: form.format(a=a, b=b, c=c),
    KNOWN,
    st.integers(0, 59),
    st.integers(0, 9999),
    st.sampled_from(["alpha", "beta", "a-b", "x", '"', "gamma_7"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(RECORD, RECORD, LINE), max_size=60))
def test_templates_restore_records_of_many_kinds_mixed_with_anything(lines: list[str]) -> None:
    assert_restored("\n".join(lines))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='ab1 :|{}<>"\n\t0.,-~§', max_size=300))
def test_templates_restore_any_text(text: str) -> None:
    assert_restored(text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet='a1 :|{}",-\n', max_size=12), max_size=12))
def test_reading_a_broken_form_raises_value_error_and_nothing_else(lines: list[str]) -> None:
    with contextlib.suppress(ValueError):
        template_reader.decode([line for part in lines for line in part.split("\n")], Signs(clocked=True), Budget("x"))


def test_the_first_line_of_a_kind_shows_its_places_and_later_ones_give_only_those_words() -> None:
    jobs = [(7, "a1"), (8, "b2"), (7, "c3"), (9, "d4")]
    form = encoded(body(*(f"worker {number} took job {job} from the queue of mail" for number, job in jobs)))
    assert form is not None
    assert form[1] == [
        "begin",
        "1|worker {7} took job {a1} from the queue of mail",
        "1|8 b2",
        "1|7 c3",
        "1|9 d4",
        "end",
    ]


def test_a_longer_word_as_shown_is_a_ditto_sign_and_the_whole_line_as_shown_is_its_mark() -> None:
    text = body(
        "the request of client-17 for page /index went to server north",
        "the request of client-18 for page /index went to server south",
        "the request of client-17 for page /other went to server north",
        "the request of client-17 for page /index went to server north",
        "the request of client-17 for page /index went to server south",
    )
    form = encoded(text)
    assert form is not None
    assert form[1][2:-1] == ['1|18 " south', '1|" other "', "1|", '1|" " south']


def test_times_are_cut_where_they_go_on_from_the_line_above() -> None:
    stamps = ["10:00:01,120", "10:00:01,450", "10:00:02,001", "10:01:00,000", "11:00:00,000"]
    text = body(
        *(f"2026-01-05 {stamp} INFO the scheduler is awake" for stamp in [*stamps]), "2026-01-06 11:00:00,000 x"
    )
    form = encoded(text)
    assert form is not None
    assert form[1][2:6] == ["1|,450", "1|:02,001", "1|:01:00,000", "1|11:00:00,000"]


def test_a_time_is_written_whole_again_after_a_while() -> None:
    text = body(*(f"2026-01-05 10:00:{second:02} INFO the scheduler is awake" for second in range(50)))
    form = encoded(text)
    assert form is not None
    whole = [at for at, line in enumerate(form[1]) if line.startswith("1|2026")]
    assert len(whole) == 3
    assert max(b - a for a, b in pairwise(whole)) <= clock.REMINDED + 1


def test_lines_repeated_as_they_are_become_a_range_of_kinds() -> None:
    stack = [
        "  at the very first frame of the stack, where the worker polls its queue of mail",
        "  then one frame deeper, on the way from the queue to whoever has to take the job",
        "  and last of all in the third frame: nothing is left to do but to wait for mail",
    ]
    form = encoded(body("thread one", *stack, "thread two", *stack))
    assert form is not None
    assert form[1][-3:] == ["thread two", "1-3|", "end"]


def test_blanks_between_columns_are_restored_from_the_column_of_the_first_line() -> None:
    names = ["a", "longer", "the_longest_of_all", "b"]
    text = body(*(f"tests/test_it.py::{name} PASSED".ljust(60) + f" [ {n}0%]" for n, name in enumerate(names, 1)))
    form = encoded(text)
    assert form is not None
    assert form[1][2:-1] == ["1|longer 20", "1|the_longest_of_all 30", "1|b 40"]
    assert_restored(text)


def test_a_dotted_number_is_never_cut() -> None:
    text = body(*(f"accepted a connection from 10.1.2.{n}:5000 for user root" for n in (3, 14, 15)))
    form = encoded(text)
    assert form is not None
    assert form[1][1:-1] == ["1|accepted a connection from {10.1.2.3}:5000 for user root", "1|10.1.2.14", "1|10.1.2.15"]


def test_a_word_that_another_one_begins_with_is_a_whole_word_of_its_own() -> None:
    calls = ["set(...));", "set(...", "set(...).x", "set(..."]
    text = body(*(f"the set was made from another one by the call new {call}" for call in calls))
    form = encoded(text)
    assert form is not None
    assert form[1][1] == "1|the set was made from another one by the call new set{(...));}"
    assert_restored(text)


def test_few_lines_that_err_all_stand_whole() -> None:
    errors = [f"error {n}: the disk of host{n} went away while writing" for n in range(4)]
    work = [f"worker {n} took its job from the queue of mail" for n in range(90)]
    form = encoded(body(*work[:45], *errors, *work[45:]))
    assert form is not None
    assert [line for line in form[1] if "error" in line] == errors


def test_where_many_err_the_first_line_of_a_wording_stands_whole() -> None:
    text = body(*(f"error {n}: the disk of host{n} went away while writing" for n in range(15)))
    form = encoded(text)
    assert form is not None
    assert form[1][1] == "error 0: the disk of host0 went away while writing"


def test_signs_that_stand_in_the_text_are_not_used() -> None:
    signs = signs_for("1|x\n{a} <b>")
    assert signs.mark != "|"
    assert signs.brackets not in {"{}", "<>"}


def test_lines_with_control_characters_stay_whole_and_stop_nothing() -> None:
    text = body("a\x01b\x02", *(f"worker {number} took its job from the queue of mail" for number in range(9)))
    form = encoded(text)
    assert form is not None
    assert form[1][1:3] == ["a\x01b\x02", "1|worker {0} took its job from the queue of mail"]
    assert_restored(text)


def test_lines_that_look_like_ours_are_led_by_the_mark_and_stop_nothing() -> None:
    marks = ["1|a", "1~a", "1§a", "1¦a", "|1|a"]
    text = body(*marks, *(f"worker {number} took its job from the queue of mail" for number in range(9)))
    form = encoded(text)
    assert form is not None
    assert form[1][1:6] == ["|1|a", "1~a", "1§a", "1¦a", "||1|a"]
    assert_restored(text)


def test_kinds_of_few_common_words_are_not_worth_a_template() -> None:
    assert encoded(body("alpha beta gamma delta", "alpha zeta epsilon omega", "one two three four")) is None


@pytest.mark.parametrize(
    "lines",
    [
        ["2|b"],
        ["1|{a"],
        ["1|a {b}", "1|c d"],
        ["1|a {b}", "2|x", "1-3|"],
        ["1|10:00:00 {b}", "1|b"],
        ["1|{10}:00:00", "1|x"],
    ],
)
def test_a_form_that_cannot_be_ours_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        template_reader.decode(lines, Signs(clocked=True), Budget("x"))


def test_a_form_that_unfolds_without_end_is_refused() -> None:
    shown = [f"{number}|{'x' * 1000}" for number in range(1, 100)]
    with pytest.raises(ValueError, match="too much"):
        template_reader.decode([*shown, *["1-99|"] * 1000], Signs(), Budget("x" * 1000))
