import pytest

from headroom.blocks import Block, Fidelity
from headroom.errors import BudgetExceededError
from headroom.transforms.base import Context, Hint
from headroom.transforms.html_compressor import NOTE, HtmlCompressor
from headroom.transforms.view import View

HTML = HtmlCompressor()
CONTEXT = Context()

BODY = "".join(
    f'<section class="entry" id="e{i}"><h2 class="title"><a class="anchor" href="#e{i}">Release {i}</a></h2>'
    f'<p class="lead">Version <code class="v">1.{i}.0</code> mends the <em>{i}th</em> leak, see '
    f'<a class="link external" rel="noopener" href="https://tracker.example/issues/{i}">issue {i}</a>.</p></section>\n'
    for i in range(12)
)
HEAD = '<head><meta charset="utf-8"><title>Releases</title><style>.entry { margin: 0 }</style><script src="a.js"></script></head>'
PAGES = {
    "a page": f'<!DOCTYPE html>\n<html lang="en">{HEAD}<body class="light">{BODY}</body></html>\n',
    "an old page in capitals": f"<HTML\n>{HEAD.upper()}<BODY\nBGCOLOR='#FFF'\n>{BODY}</BODY\n></HTML\n>",
    "XHTML with a prolog": f'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html xmlns="http://www.w3.org/1999/xhtml">{HEAD}<body>{BODY}</body></html>',
    "a fragment": f'<div class="content">{BODY}</div>',
    "a page under its response": f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html><html>{HEAD}<body>{BODY}</body></html>",
    "a page that breaks off": f"<!doctype html><html>{HEAD}<body>{BODY}"[:-60],
    "a page below a comment": f"<!-- saved from elsewhere -->\n<!doctype html><html>{HEAD}<body>{BODY}</body></html>",
}


def shrunk(text):
    return HTML.shrink(Block((), text, "tool"), CONTEXT)


def evidence(text, arguments=""):
    return HTML.evidence(View(text), Hint("tool", arguments))


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_pages_are_recognised_and_halved(page):
    assert evidence(page) >= 0.5
    assert CONTEXT.count(shrunk(page).text) <= CONTEXT.count(page) / 2


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_what_a_browser_shows_comes_back(page):
    result = shrunk(page)
    assert result.of is Fidelity.DISPLAY
    assert HTML.decode(result.text) == HTML.normal(page, Fidelity.DISPLAY)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_shrinking_what_was_shrunk_changes_nothing(page):
    assert shrunk(shrunk(page).text) is None


def test_a_page_reads_like_this():
    page = f'<!doctype html><html>{HEAD}<body><h1>Releases</h1><p>All of them.</p><div class="box">{BODY}</div></body></html>'
    assert shrunk(page).text.split("\n")[:8] == [
        "[web page as text; markup left out]",
        "Releases",
        "",
        "# Releases",
        "All of them.",
        "",
        "## Release 0",
        "Version 1.0.0 mends the 0th leak, see [issue 0](https://tracker.example/issues/0).",
    ]


def test_the_head_of_a_response_stays():
    text = shrunk(PAGES["a page under its response"]).text
    assert text.startswith(f"{NOTE}HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\nReleases\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Use <b>bold</b> words with <i>care</i>, see <a href='x'>y</a> and <p>.",
        '<p align="center">\n  <img src="logo.svg">\n</p>\n\n# Tool\n\nA tool.\n\n```sh\npip install tool\n```\n<div></div><p></p>\n',
        "<template>\n  <div v-if='ok'><p>{{ text }}</p><span></span></div>\n</template>\n<script>export default {}</script>",
        "export const App = () => (\n  <div className='a'><p>x</p><p>y</p><ul><li>z</li></ul></div>\n);",
        "<div className='a'><p onClick={go}>x</p><p>y</p><ul><li>z</li></ul></div>",
        "<!doctype html><html><body>{% for x in y %}<p>{{ x }}</p><b></b>{% endfor %}</body></html>",
        "<!doctype html><html><body><?php foreach ($a as $b): ?><p><?= $b ?></p><b></b></body></html>",
        "<?xml version='1.0'?><project><a></a><dependencies><dependency><groupId>x</groupId></dependency></dependencies></project>",
        "<rss><channel><title>a</title><link>b</link><item><title>c</title></item></channel></rss>",
        "<svg width='9'><path d='M0 0'/><path d='M1 1'/><g><path d='M2 2'/><path/></g></svg>",
        "<testsuite><testcase name='a'/><testcase name='b'/><testcase name='c'/></testsuite>",
        "2026-01-01 <html> error in <div> of <body>\n" * 5,
        "src/a.html:3:<div><p>x</p></div>\nsrc/a.html:4:<div><p>x</p></div>\n",
    ],
    ids=lambda text: text[:20],
)
def test_other_texts_with_tags_are_not_pages(text):
    assert evidence(text) < 0.5


@pytest.mark.parametrize("arguments", ['{"command": "cat web/index.html"}', '{"command": "sed -n 1,80p a.xhtml"}'])
def test_the_source_of_a_page_that_is_read_from_a_file_stays(arguments):
    assert evidence(PAGES["a page"], arguments) == 0


@pytest.mark.parametrize(
    "arguments", ['{"command": "cat notes | wget -i - a.html"}', '{"command": "ls a.html; cat b"}']
)
def test_a_file_that_no_reader_is_given_is_not_read(arguments):
    assert evidence(PAGES["a page"], arguments) > 0.5


def test_a_block_whose_time_is_used_up_ends_there():
    def check():
        raise BudgetExceededError

    with pytest.raises(BudgetExceededError):
        HTML.shrink(Block((), PAGES["a page"], "tool"), Context(check=check))


def test_a_page_below_a_note_that_looks_like_ours_shrinks_too():
    spoofed = NOTE + PAGES["a page"]
    assert shrunk(spoofed).text == NOTE + shrunk(PAGES["a page"]).text
    assert shrunk(shrunk(spoofed).text) is None


def test_the_text_of_a_page_about_pages_is_not_taken_for_a_page():
    sample = "".join(f"&lt;p&gt;&lt;b&gt;line {i}&lt;/b&gt;&lt;/p&gt;" for i in range(9))
    page = f"<!doctype html><html>{HEAD}<body>&lt;html&gt; and more<h1>Tags</h1><pre>{sample}</pre>{BODY}</body></html>"
    assert shrunk(shrunk(page.replace("<title>Releases</title>", "")).text) is None


def test_a_text_that_merely_begins_with_our_note_is_not_taken_for_ours():
    with pytest.raises(ValueError, match="no note"):
        HTML.decode("plain words")
    assert evidence(NOTE + "plain words") == 0
