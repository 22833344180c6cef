import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.transforms.coding.html_text import as_text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<p>one   two\n three</p>", "one two three"),
        ("<p>a<b>b</b>c <i>d</i></p>", "abc d"),
        ("one<br>two", "one\ntwo"),
        ("<p>x</p><h2>Setup</h2><p>y</p>", "x\n\n## Setup\ny"),
        ("fish &amp; chips &lt;b&gt; &#8364;5&nbsp;each", "fish & chips <b> €5 each"),
        ('see <a href="/a">the terms</a>.', "see [the terms](/a)."),
        ('<a href="/a">A</a> and <a href="/a">A</a>', "[A](/a) and A"),
        ('<a href="/a">A</a><a href="/b">B</a>', "[A](/a) [B](/b)"),
        ('<a href="#top">up</a><a href="#end">down</a>', "up down"),
        ('<a href="/p" title="Print it"><i class="icon"></i></a>', "[Print it](/p)"),
        ('<a href="/a"><p>long</p><p>card</p></a>', "long\ncard\n(/a)"),
        ("<ul><li>a</li><li>b<ul><li>c</ul></ul>", "- a\n- b\n  - c"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ("<table><tr><td></td><td><p>x</p></td><td>y</td></tr></table>", "| x | y"),
        ("<pre>\nif a:\n    b &lt; c\n</pre>after", "```\nif a:\n    b < c\n```\nafter"),
        ("<pre>one<br>two</pre>", "```\none\ntwo\n```"),
        ("<pre>a ``` b</pre>", "````\na ``` b\n````"),
        ("10<sup>6</sup>, <del>$9</del> $7", "10^6, ~~$9~~ $7"),
        ('<img src="a.png" alt="A chart">', "A chart"),
        ('<input type="checkbox" checked> a <input type=checkbox> b', "[x] a [ ] b"),
        ('<input type="hidden" value="token"><button>Yes</button><button>No</button>', "Yes No"),
        ("<script>if (a < b) { x('</p>') }</script><style>p{}</style>seen<!-- <p>not</p> -->", "seen"),
        ("<SCRIPT>x</SCRIPT >seen", "seen"),
        ('<div data-x="a > b" title=it\'s>seen</div>', "seen"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<p>never closed <b>tags <a href=/x>here", "never closed tags [here](/x)"),
        ("<!doctype html><html><head><title>T</title></head><body>b</body></html>", "T\nb"),
        ("<?xml version='1.0'?><![CDATA[x]]>seen", "seen"),
        ("", ""),
    ],
)
def test_a_page_reads_as_it_looks(page, text):
    assert as_text(page) == text


PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<a",
        "href='/x'>",
        "</a>",
        "<ul>",
        "<ol>",
        "<li>",
        "</ul>",
        "<pre>",
        "</pre>",
        "<table>",
        "<tr>",
        "<td>",
        "</td>",
        "<b>",
        "word",
        "two\n",
        "<",
        ">",
        "&",
        "&amp;",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<img",
        'alt="x">',
        '"',
        "'",
        "=",
        "<a",
        'href="',
        "<h1>",
        "</h1>",
        "<br>",
        "<sup>",
        "`",
    ]
)


@given(st.lists(PIECES, max_size=40).map(" ".join) | st.text(max_size=200))
def test_any_text_has_a_reading(page):
    assert as_text(page) == as_text(page)


@given(
    st.lists(
        st.sampled_from(["word", "two", "<b>", "</b>", "<p>", "</p>", "<td>", "<tr>", "<li>", "<a href=/x>", "</a>"])
    )
)
def test_every_visible_word_stays_in_order(pieces):
    shown = as_text(" ".join(pieces)).replace("(/x)", "").replace("[", " ").replace("]", " ")
    assert [word for word in shown.split() if word in ("word", "two")] == [p for p in pieces if p in ("word", "two")]


@pytest.mark.parametrize(
    "unit", ["<a ", '<a b=">" ', "<a b='", "<!--", "<ul><li>x", "<pre>`", "<script>", "<a href=x>y", "<td>", "<", "&"]
)
def test_a_hostile_page_is_read_in_one_go(unit):
    page = "<html>" + unit * 30_000 + ">"
    assert len(as_text(page)) <= 3 * len(page)
