"""The verdict on a changed text: does it lead back to the original?"""

import json

import pytest

from headroom.blocks import Block, Capability, Channel, Decision, Fidelity, Reason
from headroom.ccr.marker import marker
from headroom.demo.decoding import kind_of, marker_of, names_in_references, restores
from headroom.demo.findings import Kind
from headroom.transforms import cross_turn

ORIGINAL = json.dumps([{"id": 1, "size": 1.0}], indent=2)
MINIFIED = '[{"id":1,"size":1.0}]'
LINES = [f"line {number} of a file" for number in range(40)]


def decision(
    compressor: str = "smart_crusher",
    fidelity: Fidelity | None = Fidelity.VALUE,
    encoding: str = "json.minified",
    handle: str = "",
) -> Decision:
    return Decision(
        (), Reason.COMPRESSED, 20, 10, compressor=compressor, encoding=encoding, fidelity=fidelity, handle=handle
    )


REFERENCE = decision("cross_turn", Fidelity.BYTES, "repeat.runs")


@pytest.mark.parametrize(
    ("text", "verdict"), [(MINIFIED, True), (MINIFIED.replace("1.0", "1"), False), ("not JSON", False)]
)
def test_a_text_is_restored_only_if_the_same_value_comes_back(text, verdict):
    assert restores(decision(), ORIGINAL, text, {}) is verdict


def test_a_change_without_a_promise_is_a_failure():
    assert restores(decision(fidelity=None), ORIGINAL, MINIFIED, {}) is False


def test_a_patchwork_is_not_judged_by_one_decoder():
    tagged = f"<system-reminder>Stay.</system-reminder>\n{ORIGINAL}"
    assert restores(decision(), tagged, MINIFIED, {}) is None
    assert restores(decision("smart_crusher+log_compressor"), ORIGINAL, MINIFIED, {}) is None


def test_a_reference_is_followed_to_the_earlier_result():
    earlier, edited = "\n".join(LINES), "\n".join([*LINES[:20], "another line", *LINES[21:]])
    form = cross_turn.much_the_same(edited, earlier, "cat a.py")
    assert restores(REFERENCE, edited, form.text, {"cat a.py": earlier}) is True
    assert restores(REFERENCE, edited, form.text, {"cat a.py": earlier.replace("line 3 ", "line 4 ")}) is False
    assert restores(REFERENCE, edited, form.text, {"cat b.py": earlier}) is False


def test_calls_of_one_name_are_told_apart_by_their_number():
    blocks = [Block((n,), "", "tool", tool="bash", arguments=a) for n, a in enumerate(["ls", "cat a", "ls"])]
    first, other, again = names_in_references(blocks)
    assert len({first, other, again}) == 3
    assert (first, again) == (cross_turn.label("bash", "ls", 1), cross_turn.label("bash", "ls", 2))


def test_a_marker_is_read_from_the_last_line_alone():
    handle = "0123456789abcdef01234567"
    line = marker(Capability(Channel.TOOL, handle), "9 of 12 lines left out | of INFO")
    assert marker_of(f"one\n{line}") == ("9 of 12 lines left out | of INFO", handle)
    assert marker_of(f"{line}\none") == ("", "")


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (decision(), Kind.LOSSLESS),
        (REFERENCE, Kind.REFERENCE),
        (decision(handle="0123456789abcdef01234567"), Kind.LEFT_OUT),
    ],
)
def test_every_sort_of_change_has_its_name(made, kind):
    assert kind_of(made) is kind
