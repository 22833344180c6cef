"""Where marked regions begin and end."""

import pytest

from headroom.transforms import TagProtector


def kept(text):
    segments = TagProtector().segments(text)
    assert "".join(segment.text for segment in segments) == text
    return [segment.text for segment in segments if segment.kept]


@pytest.mark.parametrize("indent", ["", " ", "\t ", " " * 64])
@pytest.mark.parametrize("above", ["", "text\n", "\n", " " * 70 + "\n"])
def test_a_region_begins_with_the_blanks_before_its_tag_and_ends_behind_its_closing_tag(above, indent):
    region = f"{indent}<thinking>\nwhy\n</thinking>"
    assert kept(f"{above}{region} behind\n") == [region]


@pytest.mark.parametrize("before", ["x ", " " * 65, "\u00a0", '{"a": "'])
@pytest.mark.parametrize("above", ["", "text\n"])
def test_a_tag_behind_anything_else_on_its_line_protects_nothing(above, before):
    assert kept(f"{above}{before}<thinking>\nwhy\n</thinking>\n") == []


def test_a_region_within_another_is_part_of_it():
    text = "<instructions>\n <thinking>\nwhy\n </THINKING>\n</instructions >"
    assert kept(f"a\n{text} b") == [text]


@pytest.mark.parametrize(
    "text", ["<thinking/>\na\n</thinking>", "<thinkings>\na\n</thinkings>", "<thinking>\nopen", "</thinking>"]
)
def test_what_opens_or_closes_nothing_protects_nothing(text):
    assert kept(text) == []
