"""The router: who gets which text, texts of several kinds, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import SAMPLES, UNTOUCHED, sample

from headroom.transforms import Compressor, ContentRouter, TagProtector
from headroom.transforms.base import Context, Hint
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.sections import sections
from headroom.transforms.view import View

COMPRESSORS = [t for t in DEFAULT_TRANSFORMS if isinstance(t, Compressor)]
HOME = {
    "json_rows": "smart_crusher",
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


def routed(text, tool=""):
    return ContentRouter().shrink(View(text), Hint(tool), Context(), COMPRESSORS, TagProtector())


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


def test_what_is_drawn_within_what_is_drawn_is_found_at_once():
    rows = "".join(
        f"name-{n:<12} {n * 7919:>10} kB     running   node-{n % 3:<8} 2026-05-0{n % 9 + 1}\n" for n in range(40)
    )
    bars = "    KB\n19.71^                 \n" + "     | #               \n" * 15 + "     +------->\n"
    words = "".join(f"<p>Part {n} of the manual: see <a href='#{n}'>page {n * 3}</a>.</p>\n" for n in range(60))
    page = f"<h1>Heap</h1><p>What is in use:</p><pre>{rows}</pre><p>How it grew:</p><pre>{bars}</pre>"
    page = f"<html><head><title>Heap</title></head><body>{words}{page}</body></html>"
    found = routed(page)
    assert found.compressor == "html_compressor+log_compressor+listing_compressor"
    assert routed(found.result.text).result is None
