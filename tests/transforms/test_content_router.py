"""The router: who gets which text, texts of several kinds, and what is left alone."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SAMPLES, UNTOUCHED, sample

from headroom.blocks import Fidelity, Lossless, Tier
from headroom.transforms import Compressor, ContentRouter, TagProtector
from headroom.transforms.base import Context, Hint
from headroom.transforms.content_router import is_unreadable
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.sections import sections
from headroom.transforms.smart_crusher import SmartCrusher
from headroom.transforms.view import View

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
HOME = {
    "json_rows": "smart_crusher",
    "json_text": "smart_crusher+log_compressor",
    "json_cut": "smart_crusher+log_compressor",
    "log_lines": "log_compressor",
    "build_lines": "log_compressor",
    "trace_lines": "log_compressor",
    "search_lines": "search_compressor",
    "diff_lines": "diff_compressor",
    "listing_lines": "listing_compressor",
    "path_lines": "listing_compressor",
    "csv_lines": "table_compressor",
    "markdown_table": "listing_compressor",  # both recognise it; the cheaper form wins
    "html_page": "html_compressor",
    "numbered_code": "code_compressor",
}


def routed(text, tool="", context=None):
    return ContentRouter().shrink(View(text), Hint(tool), context or Context(), COMPRESSORS, TagProtector())


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_each_kind_finds_its_compressor_whatever_the_tool_is_called(kind):
    for seed in range(1, 4):
        for tool in ("", "run_command", "fetch_json", "grep"):
            assert routed(sample(kind, seed), tool).compressor == HOME[kind]


@pytest.mark.parametrize("name", sorted(UNTOUCHED))
def test_what_is_of_no_kind_is_unrecognised(name):
    assert routed(UNTOUCHED[name]).result is None


def test_binary_data_is_no_text():
    noise = bytes(range(256)) * 40
    assert not routed(noise.decode("utf-8", "replace")).recognised
    assert not routed(noise.decode("latin-1")).recognised
    assert routed("\x1b[32m" + sample("log_lines").replace("\n", "\x1b[0m\n\x1b[32m")).recognised


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Here is what the tool printed:\n```json\n", "\n```\nThat is all of it.\n"),
        ("$ cat orders.json\n", "\n$ uptime\n up 3 days\n"),
        ("builder@host:~/shop$ cat orders.json\n", "\nbuilder@host:~/shop$ uptime\n up 3 days"),
        ("==> notes.txt <==\nnothing of note\n\n==> orders <==\n", "\n"),
    ],
)
def test_a_kind_inside_another_text_is_shortened_in_its_place(before, after):
    inner = sample("search_lines")
    found = routed(before + inner + after)
    assert "search_compressor" in found.compressor
    for line in (before + after).split("\n"):
        assert line in found.result.text
    assert found.tokens < 0.8 * Context().count(before + inner + after)


LOG = sample("log_lines")


@pytest.mark.parametrize("tier", Tier)
def test_a_text_within_json_is_shortened_below_it(tier):
    text = json.dumps({"stdout": LOG + "\n", "stderr": "", "exit_code": 0}, indent=2)
    found = routed(text, context=Context(tier=tier))
    inner = routed(LOG + "\n", context=Context(tier=tier)).result.text
    lines = inner.count("\n") + 1
    assert found.result.text == "\n".join(
        [
            "[json: texts stood as strings]",
            '{"stdout":"[text 1]","stderr":"","exit_code":0}',
            f"[text 1: {lines} lines]",
            inner,
        ]
    )
    assert found.compressor == "smart_crusher+log_compressor"
    assert SmartCrusher().decode(found.result.text) == json.dumps(
        {"stdout": inner, "stderr": "", "exit_code": 0}, separators=(",", ":")
    )


def test_texts_of_an_answer_each_find_their_compressor():
    kinds = ("search_lines", "diff_lines", "json_rows")
    answer = {"content": [{"type": "text", "text": sample(kind)} for kind in kinds], "isError": False}
    found = routed(json.dumps(answer))
    for kind in kinds:
        assert routed(sample(kind)).result.text in found.result.text
    assert found.compressor == "smart_crusher+search_compressor+diff_compressor+smart_crusher"


def test_a_text_that_is_cheaper_as_a_string_stays_one():
    text = json.dumps({"stdout": "ready\n" * 60, "pages": list(range(70, 130))}, indent=2)
    found = routed(text)
    assert found.result.text.startswith('{"stdout":"[log: repeats are counted]\\nready\\n')


def test_a_text_whose_proof_fails_stays_as_it_is():
    class Forgetful(SmartCrusher):
        def inner(self, view, context):
            found = super().inner(view, context)
            return found and replace(found, put=lambda texts: found.put(["" for _ in texts]))

    text = json.dumps({"stdout": LOG, "exit_code": 0}, indent=2)
    compressors = [Forgetful() if one.name == "smart_crusher" else one for one in COMPRESSORS]
    assert ContentRouter().shrink(View(text), Hint(), Context(), compressors).compressor in ("", "smart_crusher")


WITHIN = [
    {"stdout": LOG, "exit_code": 0},
    {"result": json.dumps({"stdout": LOG, "text": json.dumps([{"log": LOG}], indent=1)}, indent=2)},
    {"body": "<system-reminder>\n  be kind\n</system-reminder>\n" + LOG},
    [{"id": n, "body": f"{n}\n{LOG}"} for n in range(3)],
    {"stdout": "[text 1: 9 lines]\n[json: x]\n" + LOG, "note": "[text 1]"},
]


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("value", WITHIN)
@pytest.mark.parametrize("frame", ["{}", "Output: {}", "<result>\nOutput (1): {}\n</result>\n"])
def test_what_was_shortened_within_json_is_left_alone(tier, value, frame):
    first = routed(frame.format(json.dumps(value)), context=Context(tier=tier))
    assert first.result is not None
    assert "+log_compressor" in first.compressor
    assert routed(first.result.text, context=Context(tier=tier)).result is None


def test_several_kinds_in_one_text_each_find_their_compressor():
    text = "".join(f"$ step {kind}\n{sample(kind)}\n" for kind in ("search_lines", "csv_lines", "path_lines"))
    found = routed(text)
    assert found.compressor == "search_compressor+table_compressor+listing_compressor"
    for kind in ("search_lines", "csv_lines", "path_lines"):
        assert f"$ step {kind}\n" in found.result.text


@given(
    st.lists(st.sampled_from(["```", "```py", "~~~", "text", "$ ls", "==> a <==", "", "  ```", "a$ b"]), max_size=90)
)
def test_sections_joined_are_the_text_again(lines):
    text = "\n".join(lines)
    assert "".join(sections(text)) == text


class Wrapping(Compressor):
    """Shows a text without the words that it is wrapped into."""

    def __init__(self, name):
        self.name = name

    def evidence(self, view, hint):
        return float(view.text.startswith(self.name))

    def candidates(self, view, context):
        yield Lossless(self.normal(view.text, Fidelity.DISPLAY), Fidelity.DISPLAY, self.name, Tier.PLAIN)

    def decode(self, text):
        return text

    def normal(self, text, of):
        return text.removeprefix(f"{self.name} ")


def test_what_is_drawn_within_what_is_drawn_is_found_at_once():
    wrappings = [Wrapping(name) for name in ("drawing", "listing", "page")]
    found = ContentRouter().shrink(View("page listing drawing of a heap"), Hint(), Context(), wrappings)
    assert (found.compressor, found.result.text) == ("page+listing+drawing", "of a heap")


def test_each_compressor_is_asked_once_about_a_view():
    asked = []

    class Asked(SmartCrusher):
        def evidence(self, view, hint):
            asked.append(view.text)
            return super().evidence(view, hint)

    view, compressors = View(sample("json_rows")), [Asked()]
    ContentRouter().shrink(view, Hint(), Context(), compressors)
    assert ContentRouter().route(view, Hint(), compressors) == compressors
    assert asked == [view.text]


@pytest.mark.parametrize("sign", ["\x00", "\x08\x01", "\x7f", "\ufffd", "\x85"])
def test_signs_that_no_text_holds_tell_binary_data_wherever_they_stand(sign):
    text = "key,value,other\n" * 400
    assert not is_unreadable(View(text + "\t\r\b\x1b[m"))
    for edge in (sign * 300 + text, text + sign * 300):
        assert is_unreadable(View(edge))
    assert not is_unreadable(View(text + sign * 300 + text * 2))
