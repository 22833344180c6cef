"""References to earlier outputs: they restore the text, or are not made."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headroom.blocks import Block, Decision, Fidelity, Reason
from headroom.pipeline.earlier import LEAST_GAIN, Earlier
from headroom.tokens import TokenCounter
from headroom.transforms.cross_turn import (
    LABEL_CHARS,
    SHORTEST_RUN,
    Lines,
    decode,
    label,
    much_the_same,
    same,
)

NAME = 'run_command {"command":"cat a.py"}'
COUNT = TokenCounter("gpt-4o")
FILE = [f"    value_{n} = compute(total, {n})  # step {n} of the way" for n in range(60)]

# Few different lines, some of them forms of ours, so that runs, repeats and look-alikes are frequent.
forms = st.sampled_from(
    [
        "[= 1-3]",
        "[= 2-60]",
        "[= 0-0]",
        "[= 9-1]",
        f"[same text as the result of the earlier call {NAME}: 60 lines]",
        f"[as the result of the earlier call {NAME}, but for what is shown; [= a-b] are its lines a to b, unchanged]",
        "",
        "\r",
        "}",
        "é\x85 \u2028 no line end but ours",
    ]
)
lines = st.lists(st.one_of(st.sampled_from(FILE[:12]), forms, st.text(max_size=8)), max_size=40)


def spliced(earlier, replaced):
    """Return lines of the earlier text with other lines in some places."""
    out = list(earlier)
    for at, new in replaced:
        out[at % (len(out) + 1) : at % (len(out) + 1) + len(new) // 2] = new
    return out


texts = st.builds(spliced, st.just(FILE), st.lists(st.tuples(st.integers(0, 60), lines), max_size=3)) | lines


@given(text=texts.map("\n".join), earlier=texts.map("\n".join))
def test_a_reference_restores_the_text_or_is_none(text, earlier):
    form = much_the_same(text, earlier, NAME)
    if form is not None:
        assert decode(form.text, {NAME: earlier}) == text
        assert (form.of, form.encoding) == (Fidelity.BYTES, "repeat.runs")


@given(text=st.text() | texts.map("\n".join))
def test_an_equal_text_is_restored_whole(text):
    form = same(text, NAME)
    assert decode(form.text, {NAME: text}) == text


def test_the_forms_are_those_of_the_docstring():
    changed = [*FILE[:20], "    return total + 1", *FILE[21:]]
    assert same("\n".join(FILE), NAME).text == f"[same text as the result of the earlier call {NAME}: 60 lines]"
    assert much_the_same("\n".join(changed), "\n".join(FILE), NAME).text.split("\n") == [
        f"[as the result of the earlier call {NAME}, but for what is shown; [= a-b] are its lines a to b, unchanged]",
        FILE[0],
        "[= 2-19]",
        FILE[19],
        "    return total + 1",
        FILE[21],
        "[= 23-59]",
        FILE[59],
    ]


@pytest.mark.parametrize("line", ["[= 1-3]", "[= 12-999999999]", "[= 3-1]"])
def test_a_text_that_holds_lines_like_ours_is_not_written_with_ours(line):
    text = "\n".join([*FILE[:30], line, *FILE[30:]])
    assert much_the_same(text, "\n".join(FILE), NAME) is None
    harmless = text.replace(line, f" {line}")
    assert decode(much_the_same(harmless, "\n".join(FILE), NAME).text, {NAME: "\n".join(FILE)}) == harmless


def test_runs_are_named_only_from_the_shortest_on():
    new = [f"new line {n}" for n in range(3)]
    short = [*new, *FILE[10 : 10 + SHORTEST_RUN - 1], *new]
    assert much_the_same("\n".join(short), "\n".join(FILE), NAME) is None
    long = [*new, *FILE[10 : 10 + SHORTEST_RUN], *new]
    assert "[= 12-15]" in much_the_same("\n".join(long), "\n".join(FILE), NAME).text


def test_moved_parts_are_each_found_where_they_were():
    text = "\n".join([*FILE[40:], "between", *FILE[:20]])
    form = much_the_same(text, "\n".join(FILE), NAME)
    assert ["[= 42-59]" in form.text, "[= 2-19]" in form.text] == [True, True]
    assert decode(form.text, {NAME: "\n".join(FILE)}) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no reference",
        "[= 1-3]",
        "[same text as the result of the earlier call another: 3 lines]",
        "[as the result of the earlier call another, but for what is shown; [= a-b] are its lines a to b, unchanged]\nx",
    ],
)
def test_what_is_no_reference_to_what_is_there_is_refused(text):
    with pytest.raises(ValueError, match="reference"):
        decode(text, {NAME: "text"})


def test_labels_are_short_in_one_line_and_tell_calls_apart():
    assert label("run", '{"command":\n  "ls"}', 1) == 'run {"command": "ls"}'
    assert label("run", "", 2) == "run (number 2 of this name)"
    assert label("", "", 1) == ""
    long = label("run", "x" * 500, 1)
    assert (len(long), long[-3:]) == (LABEL_CHARS, "...")


@given(tool=st.text(max_size=20), arguments=st.text(max_size=200), number=st.integers(1, 3))
def test_whatever_a_call_is_named_its_reference_is_read_back(tool, arguments, number):
    """Names come from models and tools; some look like the forms around them."""
    for call in (arguments, f"{arguments}: 3 lines]", f"x, but for what is shown; [= a-b] {arguments}"):
        name = label(tool, call, number)
        assume(name)
        assert "\n" not in name
        assert decode(same("a\nb", name).text, {name: "a\nb"}) == "a\nb"
        form = much_the_same("\n".join(["new", *FILE]), "\n".join(FILE), name)
        assert decode(form.text, {name: "\n".join(FILE)}) == "\n".join(["new", *FILE])


def _earlier(*blocks, referred=False):
    found = Earlier(COUNT)
    for number, block in enumerate(blocks):
        tokens = COUNT(block.text)
        decision = Decision((number,), Reason.NO_GAIN, tokens, tokens)
        found.add(block, b"key %d" % number, decision, referred=referred)
    return found


def _output(text, arguments='{"command":"cat a.py"}', tool="run_command"):
    return Block((), text, "tool", tool=tool, arguments=arguments)


def test_calls_of_one_name_are_told_apart_by_number():
    first, second = ("\n".join(f"{word} {line}" for line in FILE) for word in ("first", "second"))
    earlier = _earlier(_output(first), _output(second))
    texts = [earlier.reference(_output(text), COUNT(text))[0].text for text in (first, second)]
    assert texts == [same(first, NAME).text, same(second, f"{NAME} (number 2 of this name)").text]


def test_calls_that_differ_beyond_what_a_label_says_are_numbered_too():
    first, second = ("\n".join(f"{word} {line}" for line in FILE) for word in ("first", "second"))
    shared = '{"command":"' + "x" * LABEL_CHARS
    earlier = _earlier(_output(first, f"{shared}1"), _output(second, f"{shared}2"))
    one, two = (earlier.reference(_output(text), COUNT(text))[0].text for text in (first, second))
    assert "(number 2 of this name)" not in one
    assert "(number 2 of this name)" in two


def test_the_first_of_several_equal_outputs_is_referred_to():
    text = "\n".join(FILE)
    earlier = _earlier(_output(text, "a"), _output(text, "b"))
    assert "the earlier call run_command a:" in earlier.reference(_output(text, "c"), COUNT(text))[0].text


def test_nobody_has_to_follow_a_reference_to_a_reference_or_to_a_call_without_a_name():
    text = "\n".join(FILE)
    assert _earlier(_output(text), referred=True).reference(_output(text), COUNT(text)) is None
    assert _earlier(_output(text, "", "")).reference(_output(text), COUNT(text)) is None


def test_lines_are_lent_only_by_what_was_sent_as_it_came():
    changed = "\n".join(["new", *FILE])
    sent_short = Earlier(COUNT)
    sent_short.add(_output("\n".join(FILE)), b"key", Decision((), Reason.COMPRESSED, 900, 300), referred=False)
    assert sent_short.reference(_output(changed), COUNT(changed)) is None
    assert _earlier(_output("\n".join(FILE))).reference(_output(changed), COUNT(changed)) is not None


def test_a_reference_must_save_enough():
    text = "\n".join(FILE[:20])
    earlier = _earlier(_output(text))
    form, price = earlier.reference(_output(text), COUNT(text))
    assert price == COUNT(form.text)
    assert earlier.reference(_output(text), price + LEAST_GAIN) == (form, price)
    assert earlier.reference(_output(text), price + LEAST_GAIN - 1) is None


def test_the_chain_names_texts_order_and_how_they_were_sent():
    def chain(*sent):
        earlier = Earlier(COUNT)
        for text, after, referred in sent:
            decision = Decision((), Reason.COMPRESSED, 100, after)
            earlier.add(_output(text), text.encode(), decision, referred=referred)
        return earlier.chain

    told = [
        chain(),
        chain(("a", 100, False)),
        chain(("a", 50, False)),
        chain(("a", 50, True)),
        chain(("b", 100, False)),
        chain(("a", 100, False), ("b", 100, False)),
        chain(("b", 100, False), ("a", 100, False)),
    ]
    assert len(set(told)) == len(told)


def test_the_text_with_most_lines_in_common_is_taken_and_a_third_is_needed():
    known = Lines()
    known.add(0, "\n".join(FILE[:30]))
    known.add(1, "\n".join(FILE[30:]))
    assert known.most_alike("\n".join(FILE[:20] + FILE[30:40])) == 0
    assert known.most_alike("\n".join(FILE[:10] + FILE[30:50])) == 1
    assert known.most_alike("\n".join([*FILE[:9], *(f"new {n}" for n in range(19))])) is None
    assert known.most_alike("\n".join([*FILE[:10], *(f"new {n}" for n in range(20))])) == 0
    assert known.most_alike("") is None
    known.add(2, FILE[0])
    assert known.most_alike(FILE[0]) == 2, "of equal lines the newest text is nearest to the reader"


class Counted(str):
    """A line that counts how often it is compared."""

    __slots__ = ()
    seen = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counted.seen += 1
        return str.__eq__(self, other)


class Text(str):
    """A text whose lines count their comparisons."""

    __slots__ = ()

    def split(self, sep=None, maxsplit=-1):
        return [Counted(line) for line in str.split(self, sep, maxsplit)]


def _period(number):
    return [f"line {at % number}" for at in range(1_200)]


@pytest.mark.parametrize(
    ("text", "earlier"),
    [
        (["same line"] * 3_000, ["same line"] * 3_000),
        (["same line"] * 3_000, ["same line"] * 5 + ["other"]),
        (_period(3), _period(5)),
        (_period(7), [*_period(7)[:5], "x", *_period(7)[:5], "y"] * 200),
        ((["a"] * 5 + ["b"]) * 400, (["a"] * 5 + ["c"]) * 400),
        (["a", "b"] * 1_500, ["a", "b", "c"] * 1_000),
    ],
    ids=["one line", "one line, few of them", "periods", "short runs everywhere", "runs one too short", "pairs"],
)
def test_repeated_lines_are_compared_a_bounded_number_of_times_each(text, earlier):
    Counted.seen = 0
    form = much_the_same(Text("\n".join(text)), Text("\n".join(earlier)), NAME)
    assert Counted.seen < 60 * (len(text) + len(earlier))
    if form is not None:
        assert decode(form.text, {NAME: "\n".join(earlier)}) == "\n".join(text)
