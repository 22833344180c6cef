"""Line numbers of code: which styles are taken off, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import Subject

from headroom.transforms.code_compressor import CodeAwareCompressor

CODE = CodeAwareCompressor()
SUBJECT = Subject(CODE)
CONTEXT = SUBJECT.context
evidence, shrunk, restores = SUBJECT.evidence, SUBJECT.shrunk, SUBJECT.restores

SOURCE = [
    "import os",
    "",
    "def main() -> None:",
    "    print(os.name)",
    "",
    "",
    "if __name__ == '__main__':",
    "    main()",
] * 6

FORMATS = {
    "cat -n": "".join(f"{n:6}\t{line}\n" for n, line in enumerate(SOURCE, 1)),
    "an arrow": "\n".join(f"{n:6}→{line}" for n, line in enumerate(SOURCE, 1)),
    "number and colon": "\n".join(f"{n}:{line}" for n, line in enumerate(SOURCE, 1)),
    "number and bar": "\n".join(f"{n:4} | {line}" for n, line in enumerate(SOURCE, 240)),
    "box drawing": "\n".join(f"{n:4} │ {line}" for n, line in enumerate(SOURCE, 1)),
    "a part of a file": "\n".join(f"{n:6}\t{line}" for n, line in enumerate(SOURCE, 9980)),
    "words above": "Here is the result of running `cat -n` on /srv/a.py:\n"
    + "\n".join(f"{n:6}\t{line}" for n, line in enumerate(SOURCE, 1)),
    "several files": "".join(
        f"<file path='{name}'>\n" + "".join(f"{n:6}\t{line}\n" for n, line in enumerate(SOURCE, 1)) + "</file>\n"
        for name in ("a.py", "b.py", "c.py")
    ),
    "words below": "\n".join(f"{n:6}→{line}" for n, line in enumerate(SOURCE, 1)) + "\n\n(File has more lines)",
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_style_is_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert CODE.decode(result) == text


def test_the_first_line_and_every_25th_keep_their_number() -> None:
    result = shrunk(FORMATS["cat -n"])
    assert result is not None
    lines = result.split("\n")
    assert lines[0] == "[code: 48 numbered lines; the number is shown on the first and on every 25th]"
    assert lines[1:4] == ["     1\timport os", "", "def main() -> None:"]
    assert lines[25] == "    25\timport os"
    assert lines[26:28] == ["", "def main() -> None:"]


NOT_NUMBERED = {
    "code": "\n".join(SOURCE),
    "numbers with gaps": "\n".join(f"{n}:{line}" for n, line in enumerate(SOURCE) if n % 3),
    "a table with a running number": "id\tname\n" + "".join(f"{n}\tname{n}\n" for n in range(1, 30)),
    "a psql table": " id | name\n----+-----\n" + "".join(f"{n:3} | n{n}\n" for n in range(1, 30)),
    "a numbered list": "".join(f"{n}. point\n" for n in range(1, 30)),
    "csv": "".join(f"{n},a\n" for n in range(1, 30)),
    "few lines": "\n".join(f"{n:6}\tx" for n in range(1, 5)),
    "nothing": "",
}


@pytest.mark.parametrize("text", NOT_NUMBERED.values(), ids=NOT_NUMBERED)
def test_what_is_not_regularly_numbered_is_left_alone(text: str) -> None:
    assert shrunk(text) is None


HOSTILE = {
    "the note above": "[code: 9 numbered lines; the number is shown on the first and on every 25th]\n"
    + FORMATS["cat -n"],
    "the note inside": FORMATS["cat -n"].replace("print(os.name)", "[code: 9 numbered lines; the number is shown]"),
    "the note below": FORMATS["an arrow"]
    + "\n[code: 9 numbered lines; the number is shown on the first and on every 25th]",
    "the note, escaped": "|[code: 9 numbered lines; the number is shown on the first and on every 25th]\n"
    + FORMATS["cat -n"]
    + "||[code: 9 numbered lines; the number is shown on the first and on every 25th]",
    "odd line ends": FORMATS["cat -n"].replace("\n", "\r\n"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_that_imitates_the_form_is_restored(text: str) -> None:
    assert restores(text)


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_result_is_not_shortened_again(text: str) -> None:
    result = shrunk(text)
    assert result is not None
    assert shrunk(result) is None


@pytest.mark.parametrize(
    "text", ["", "x", "[code: 9 numbered lines; the number is shown on the first and on every 25th]\nx"]
)
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        CODE.decode(text)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 99_990),
    st.integers(0, 8),
    st.sampled_from(["\t", "→", ":", "|", " | ", " │"]),
    st.lists(st.text(st.sampled_from("ab 1:|\t→[]"), max_size=8), min_size=1, max_size=60),
    st.lists(st.text(st.sampled_from("ab 1:|\t"), max_size=8), max_size=4),
)
def test_any_numbered_text_is_restored(
    first: int, width: int, separator: str, code: list[str], around: list[str]
) -> None:
    numbered = [
        f"{n:{width}}{separator}{line}" if width else f"{n}{separator}{line}" for n, line in enumerate(code, first)
    ]
    text = "\n".join([*around, *numbered, *around])
    evidence(text)
    assert restores(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_restored(text: str) -> None:
    evidence(text)
    assert restores(text)
