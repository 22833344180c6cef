"""Search results: which formats are recognised, what they become, what stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import Subject

from headroom.transforms.search_compressor import SearchCompressor
from headroom.transforms.view import View

SEARCH = SearchCompressor()
SUBJECT = Subject(SEARCH)
CONTEXT = SUBJECT.context
evidence, shrunk, restores = SUBJECT.evidence, SUBJECT.shrunk, SUBJECT.restores

GREP = """\
/srv/shop/backend/src/orders/models.py:12:    raise ValueError("no customer")
/srv/shop/backend/src/orders/models.py:48:    raise ValueError("no positions")
/srv/shop/backend/src/orders/models.py:130:        raise ValueError(
/srv/shop/backend/src/stock.py:7:raise ValueError
"""

FORMATS = {
    "grep with line numbers": GREP,
    "ripgrep with columns": "".join(f"src/app/views.py:{n}:5:    return render({n})\n" for n in range(20, 40)),
    "ripgrep with context": """\
src/net/pool.go-10-
src/net/pool.go-11-func (p *Pool) Get() {
src/net/pool.go:12:	p.mu.Lock()
src/net/pool.go-13-	defer p.mu.Unlock()
--
src/net/pool.go-40-func (p *Pool) Put() {
src/net/pool.go:41:	p.mu.Lock()
src/net/pool.go-42-}
""",
    "grep without line numbers": "".join(f"etc/nginx/site.conf:    listen {n}0;\n" for n in range(80, 95)),
    "windows paths": "".join(f"C:\\work\\Shop\\Order.cs:{n}:  var order = {n};\n" for n in range(7, 20)),
    "paths with blanks": "".join(f"My Documents/the notes.md:{n}:buy milk {n}\n" for n in range(100, 120)),
    "git grep in a revision": "".join(f"HEAD~2:lib/a.rb:{n}:  def m{n}\n" for n in range(30, 42)),
    "git grep with functions": "lib/core/a.c=10=int main(void)\n"
    + "".join(f"lib/core/a.c:{n}:  call({n});\n" for n in range(12, 24)),
    "names without an extension": "".join(f"build/Makefile:{n}:\tcc -o x{n}\n" for n in range(3, 20)),
    "lines with colons": "".join(f"conf/app.yaml:{n}:url: http://host:80{n}/a:b\n" for n in range(10, 30)),
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_format_is_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert SEARCH.decode(result) == text


def test_results_are_grouped_by_file_under_their_root() -> None:
    assert (
        shrunk(GREP)
        == """\
[search: 4 lines in 2 files under /srv/shop/backend/src/, grouped by file]
orders/models.py
12:    raise ValueError("no customer")
48:    raise ValueError("no positions")
130:        raise ValueError(
stock.py
7:raise ValueError
"""
    )


def test_context_keeps_its_dashes_and_separators() -> None:
    result = shrunk(FORMATS["ripgrep with context"])
    assert result is not None
    assert result.startswith("[search: 7 lines in 1 file under src/net/,")
    assert "\n12:\tp.mu.Lock()\n13-\tdefer p.mu.Unlock()\n--\n40-func" in result


def test_notices_of_the_tool_stay_as_they_are() -> None:
    text = GREP + "Binary file /srv/shop/backend/data.db matches\ngrep: /srv/shop/.key: Permission denied\n"
    result = shrunk(text)
    assert result is not None
    assert result.endswith("\nBinary file /srv/shop/backend/data.db matches\ngrep: /srv/shop/.key: Permission denied\n")
    assert SEARCH.decode(result) == text


NOT_SEARCH = {
    "csv with times": "time,count\n" + "".join(f"2026-11-21T10:{n}:33,{n}\n" for n in range(10, 40)),
    "csv with paths": "".join(f"src/a{n}.py,2026-11-21T10:15:{n}\n" for n in range(10, 40)),
    "a log with slashed dates": "".join(f"2026/11/21 10:15:{n} server started on :80{n}\n" for n in range(10, 40)),
    "syslog": "".join(f"Nov 21 10:15:{n} web1 sshd[{n}]: session opened\n" for n in range(10, 40)),
    "addresses": "".join(f"10.0.0.{n}:8080: connection refused\n" for n in range(10, 40)),
    "yaml": "".join(f"key{n}: value{n}\n" for n in range(30)),
    "a stack trace": "".join(f"    at run{n} (/app/src/x.js:{n}:5)\n" for n in range(10, 40)),
    "prose": "Note: this is 12:30 in the afternoon.\n" * 12,
    "json": "".join(f'  "a/b{n}.py": {n},\n' for n in range(30)),
    "urls": "".join(f"http://host:80{n}/path\n" for n in range(10, 40)),
    "test ids": "".join(f"tests/test_a.py::test_{n} PASSED\n" for n in range(30)),
    "numbered code": "".join(f"{n}:def f{n}(): pass\n" for n in range(1, 40)),
    "nothing": "",
}


@pytest.mark.parametrize("text", NOT_SEARCH.values(), ids=NOT_SEARCH)
def test_another_kind_is_not_taken_for_search_results(text: str) -> None:
    assert evidence(text) < 0.5


def test_compiler_messages_are_left_to_those_who_know_them_better() -> None:
    assert evidence("".join(f"src/a.c:{n}:7: error: expected ';'\n" for n in range(10, 40))) <= 0.5


HOSTILE = {
    "the note itself": "[search: 1 lines in 1 files, grouped by file]\n" + GREP,
    "the note in a match": GREP + "a/b.py:3:[search: 1 lines in 1 files, grouped by file]\n",
    "context that is a separator but for its path": "a:\na--",
    "headings and escapes": "|x\n> y\n 5:z\n-3-w\n12:t\n" + GREP,
    "paths that look like lines": "".join(f"20{n}/12:3:x\n9/a b.txt:{n}:y\n--:1:z\n" for n in range(20)),
    "odd line ends": GREP.replace("\n", "\r\n") + "\x0b\x0c\x85\u2028x\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_that_imitates_the_form_is_restored(text: str) -> None:
    assert restores(text)


def test_a_note_at_the_top_does_not_make_a_text_immune() -> None:
    result = shrunk("[search: 1 lines in 1 files, grouped by file]\n" + GREP * 3)
    assert result is not None
    assert "models.py\n12:" in result


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_result_is_not_shortened_again(text: str) -> None:
    result = shrunk(text)
    assert result is not None
    assert shrunk(result) is None


@pytest.mark.parametrize("text", ["", "a/b.py\n12:x", "[search: 1 lines in 1 files, grouped by file]\n5:x"])
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        SEARCH.decode(text)


_PATHS = st.sampled_from(
    ["/srv/a/b.py", "/srv/a/c d.py", "src/x-3-y.go", "2/3.md", "|p/q", "> /r.c", "-/-", "a.b", "C:\\x.cs"]
)
_SEPARATORS = st.sampled_from([":12:", ":7:3:", "-11-", "=9=", ":", "-", "::"])
_TEXTS = st.text(st.sampled_from('ab:-|> 1\t."é'), max_size=12)
_LINES = st.one_of(
    st.tuples(_PATHS, _SEPARATORS, _TEXTS).map("".join),
    st.sampled_from(["--", "", "|", "> ", "Binary file x matches"]),
    _TEXTS,
)


@settings(max_examples=500, deadline=None)
@given(st.lists(_LINES, max_size=30).map("\n".join))
def test_any_mixture_of_results_is_restored(text: str) -> None:
    evidence(text)
    assert restores(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_restored(text: str) -> None:
    evidence(text)
    assert restores(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(_PATHS, st.sampled_from([":12:", "-11-"]), _TEXTS).map("".join), max_size=30).map("\n".join))
def test_every_word_survives(text: str) -> None:
    words = re.compile(r"[A-Za-z0-9_]{2,}")
    for form in SEARCH.candidates(View(text), CONTEXT):
        assert set(words.findall(text)) <= set(words.findall(form.text))
