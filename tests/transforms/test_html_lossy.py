from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.transforms.base import Context, Hint
from headroom.transforms.html_compressor import NOTE, HtmlCompressor
from headroom.transforms.view import View

HTML = HtmlCompressor()
START, END = "<html><body><h1>Lamps</h1><p>They give light. That is all.</p>", "</body></html>"


def draft(body: str, hint: Hint | None = None) -> tuple[list[str], str] | None:
    """Return what stays of a page, line by line, and the note, None if all of it stays."""
    drafts = list(HTML.reductions(View(START + body + END), hint or Hint(), Context()))
    return (drafts[0].text.split("\n"), drafts[0].note) if drafts else None


def entries(count: int) -> str:
    return "<ul>" + "".join(f"<li>lamp{n}</li>" for n in range(count)) + "</ul>"


def test_of_a_long_list_the_first_and_the_last_entries_stay() -> None:
    found = draft(entries(60))
    assert found is not None
    out, note = found
    assert out[0] == NOTE.rstrip("\n")
    assert [line for line in out if line.startswith("- ")] == [f"- lamp{n}" for n in (0, 1, 2, 3, 4, 5, 57, 58, 59)]
    assert out[out.index("- lamp5") + 1] == "[51 entries left out]"
    assert note == "51 entries of long lists left out"


def test_a_list_that_holds_what_the_question_is_about_stays() -> None:
    assert draft(entries(60), Hint(question="What of lamp30?")) is None


def test_links_with_addresses_without_end_are_told_by_length() -> None:
    address = "https://play.example.org/?code=" + "let+x%20" * 40
    found = draft(f'<p><a href="{address}">Run</a></p>' + f'<p>Words <a href="{address}2">inline</a>.</p>')
    assert found is not None
    out, note = found
    assert f"[link left out: an address of {len(address)} characters]" in out
    assert any(line.startswith("Words [inline](https://play") for line in out)
    assert note == "1 addresses of links left out"


def test_short_lists_and_paragraphs_stay() -> None:
    assert draft(entries(19)) is None
    assert draft("<p>One sentence after the other.</p>" * 60) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=5))
def test_every_entry_is_there_or_counted(lengths: list[int]) -> None:
    body = "".join(f"<h2>Part</h2>{entries(length)}<p>In between there are words.</p>" for length in lengths)
    found = draft(body)
    if found is not None:
        out, _ = found
        counted = sum(int(line.split()[0][1:]) for line in out if line.endswith("entries left out]"))
        assert counted + sum(line.startswith("- ") for line in out) == sum(lengths)
