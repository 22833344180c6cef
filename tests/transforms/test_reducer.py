"""The form that leaves things out: part by part, notes in their places, protected regions as they are."""

import json

import pytest
from support.retrieval import LONG, long_step
from support.samples import PROSE, UNTOUCHED, sample

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms import ContentRouter, TagProtector
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.reducer import SEVERAL_PARTS, Reducer
from headroom.transforms.view import View

DEFAULT = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
COUNT = Context().count


class Ends(Compressor):
    """Keeps the first and the last of lines that begin with a word, and has no form without loss."""

    def __init__(self, word):
        self.word = word
        self.name = f"ends_of_{word}"

    def evidence(self, view, hint):
        return sum(line.startswith(self.word) for line in view.lines) / len(view.lines)

    def candidates(self, view, context):
        return ()

    def reductions(self, view, hint, context):
        own = [at for at, line in enumerate(view.lines) if line.startswith(self.word) and line != hint.question]
        gone = own[1:-1]
        if gone:
            kept = [line for at, line in enumerate(view.lines) if at not in gone]
            yield Reduction("\n".join(kept), f"{len(gone)} lines of {self.word} left out", f"ends.{self.word}")

    def decode(self, text):
        raise ValueError("no form of mine")


class Repeats(Compressor):
    """Says a text of equal lines once."""

    name = "repeats"

    def evidence(self, view, hint):
        return 1.0 if len(view.lines) > 2 and len(set(filter(None, view.lines))) == 1 else 0.0

    def candidates(self, view, context):
        lines = view.text.rstrip("\n").split("\n")
        yield Lossless(
            f"{len(lines)} {view.text[len(lines[0]) * len(lines) + len(lines) - 1 :]!r} {lines[0]}",
            Fidelity.BYTES,
            "repeats",
            Tier.LEGEND,
        )

    def decode(self, text):
        number, end, line = text.split(" ", 2)
        return "\n".join([line] * int(number)) + end[1:-1].replace("\\n", "\n")


KINDS = [Ends("red"), Ends("blue"), Repeats()]
RED = "\n".join(f"red line number {n} of many" for n in range(50))
BLUE = "\n".join(f"blue line number {n} of many" for n in range(70))
EQUAL = "\n".join(["over and over again"] * 80)
RED_ENDS = "red line number 0 of many\nred line number 49 of many"
BLUE_ENDS = "blue line number 0 of many\nblue line number 69 of many"


def reduced(text, *, compressors=KINDS, protector=None, hint=None, tier=Tier.LEGEND):
    found = Reducer(ContentRouter(), compressors, protector, Context(tier=tier))
    return found.reduce(View(text), hint or Hint())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "one line",
        "\x00\x01\x02" * 900,
        "\n" * 3_000,
        "x\n\n\n\n" * 900,
        sample("path_lines"),
        *UNTOUCHED.values(),
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("compressors", [DEFAULT, KINDS], ids=["default", "made here"])
def test_where_nothing_can_go_there_is_no_form(text, compressors):
    assert reduced(text, compressors=compressors) is None


@pytest.mark.parametrize("name", sorted(LONG))
def test_every_form_has_its_price_its_note_and_its_names(name):
    step = long_step(name)
    hint = Hint(step.tool, step.arguments, step.user)
    form = reduced(step.output, compressors=DEFAULT, hint=hint)
    assert form.tokens == COUNT(form.text) < COUNT(step.output)
    assert "left out" in form.note or "cut short" in form.note
    assert form.compressor in {one.name for one in DEFAULT}
    assert form.encoding
    assert form == reduced(step.output, compressors=DEFAULT, hint=hint)


def test_a_text_of_one_kind_is_said_in_one_note_which_the_marker_is_to_bear():
    form = reduced(RED)
    assert (form.text, form.note) == (RED_ENDS, "48 lines of red left out")
    assert (form.compressor, form.encoding) == ("ends_of_red", "ends.red")


def test_parts_of_several_kinds_have_their_notes_in_their_places():
    form = reduced(f"Before:\n```\n{RED}\n```\nAnd then:\n```\n{BLUE}\n```\nThat is all.")
    assert form.text == (
        f"Before:\n```\n{RED_ENDS}\n[48 lines of red left out]\n```\nAnd then:\n"
        f"```\n{BLUE_ENDS}\n[68 lines of blue left out]\n```\nThat is all."
    )
    assert form.note == SEVERAL_PARTS
    assert form.tokens == COUNT(form.text)
    assert (form.compressor, form.encoding) == ("ends_of_red+ends_of_blue", "ends.red+ends.blue")


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_end_of_a_text_stays_as_it_is(end):
    form = reduced(f"$ make red\n{RED}\n$ make blue\n{BLUE}{end}")
    assert form.text.endswith(f"{BLUE_ENDS}\n[68 lines of blue left out]{end}")


def test_parts_that_lose_nothing_are_still_encoded():
    form = reduced(f"$ make equal\n{EQUAL}\n$ make red\n{RED}")
    assert form.text.startswith("$ make equal\n80 '\\n' over and over again$ make red\n")
    assert (form.compressor, form.encoding) == ("repeats+ends_of_red", "repeats+ends.red")
    assert reduced(f"$ make equal\n{EQUAL}\n$ make it so") is None, "nothing is left out"


def test_the_whole_is_taken_where_it_is_cheaper_than_its_parts():
    """A mark in the middle of one kind does not make it two."""
    first, second = RED.split("\n")[:25], RED.split("\n")[25:]
    form = reduced("\n".join([*first, "$ red?", *second]))
    assert form.text == f"red line number 0 of many\n$ red?\n{RED_ENDS.split(chr(10))[1]}"
    assert form.note == "48 lines of red left out"


def test_protected_regions_stay_byte_for_byte_and_the_rest_is_reduced():
    kept = f"<system-reminder>\n{RED}\n</system-reminder>\n"
    form = reduced(f"{RED}\n{kept}{BLUE}", protector=TagProtector())
    assert form.text == (f"{RED_ENDS}\n[48 lines of red left out]\n{kept}{BLUE_ENDS}\n[68 lines of blue left out]")
    assert form.note == SEVERAL_PARTS
    assert kept not in reduced(f"{RED}\n{kept}{BLUE}").text, "without the protector it is no region"


def test_a_text_that_is_all_protected_has_no_form():
    assert reduced(f"<thinking>\n{RED}\n</thinking>", protector=TagProtector()) is None


def test_what_stays_is_encoded_further_if_its_tier_allows():
    class Keeps(Ends):
        def reductions(self, view, hint, context):
            yield Reduction(EQUAL, "all but what is equal left out", "equal")

    text = f"{RED}\n{RED}\n{EQUAL}"
    plain, legend = (
        reduced(text, compressors=[Keeps("red"), Repeats()], tier=tier) for tier in (Tier.PLAIN, Tier.LEGEND)
    )
    assert (plain.text, plain.encoding) == (EQUAL, "equal")
    assert (legend.text, legend.encoding) == ("80 '' over and over again", "equal+repeats")


def test_what_was_drawn_is_reduced_as_what_it_shows():
    step = long_step("long_log")
    drawn = "\n".join(f"\x1b[32m{line}\x1b[0m" for line in step.output.split("\n"))
    form = reduced(drawn, compressors=DEFAULT)
    assert form.note == reduced(step.output, compressors=DEFAULT).note
    assert "\x1b" not in form.text


def test_the_hint_reaches_the_compressors():
    line = "red line number 7 of many"
    assert line in reduced(RED, hint=Hint(question=line)).text


def test_the_cheapest_draft_is_taken():
    class Two(Ends):
        def reductions(self, view, hint, context):
            yield Reduction("a longer draft of the two", "most left out", "long")
            yield Reduction("short", "more left out", "short")
            yield Reduction(PROSE, "less left out", "longest")

    assert reduced(RED, compressors=[Two("red")]).encoding == "short"


def test_a_draft_no_shorter_than_the_text_is_not_taken():
    class Longer(Ends):
        def reductions(self, view, hint, context):
            yield Reduction(view.text + " and more", "nothing left out", "longer")

    assert reduced(RED, compressors=[Longer("red")]) is None


@pytest.mark.parametrize("kind", ["long_search", "long_diff", "long_listing"])
def test_a_text_within_json_is_reduced_as_if_it_stood_alone(kind):
    output = long_step(kind).output
    alone = reduced(output, compressors=DEFAULT)
    within = reduced(json.dumps({"stdout": output, "code": 0}, indent=2), compressors=DEFAULT)
    assert within.note == SEVERAL_PARTS
    lines = alone.text.rstrip("\n").split("\n")
    assert within.text.rstrip("\n").split("\n") == [
        "[json: texts stood as strings]",
        '{"stdout":"[text 1]","code":0}',
        f"[text 1: {len(lines) + 2} lines]",
        *lines,
        f"[{alone.note}]",
    ]
