from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.blocks import Block, Fidelity, Tier
from headroom.transforms.base import Context, Hint
from headroom.transforms.coding.display import as_displayed
from headroom.transforms.coding.signs import Signs
from headroom.transforms.content_router import ENOUGH
from headroom.transforms.log_compressor import Header, LogCompressor
from headroom.transforms.view import View

LOG = LogCompressor()
CONTEXT = Context()
WORD = re.compile(r"[A-Za-z0-9_]{2,}")


def evidence(text: str) -> float:
    return LOG.evidence(View(text), Hint())


def shrunk(text: str, context: Context = CONTEXT) -> str | None:
    result = LOG.shrink(Block((), text, "tool"), context)
    return None if result is None else result.text


def saved(text: str) -> float:
    result = shrunk(text)
    return 0.0 if result is None else 1 - CONTEXT.count(result) / CONTEXT.count(text)


def many(form: str, lines: int = 60) -> str:
    """Lines of one form with seeded values: {t} seconds, {n} a counter, {a} and {b} numbers, {w} and {f} names."""
    rng = random.Random(7)
    words = ["mail", "billing", "search", "archive", "upload"]
    rows = (
        form.format(
            t=f"{n // 60:02}:{n % 60:02}",
            n=n,
            a=rng.randrange(10**6),
            b=rng.randrange(200),
            w=rng.choice(words),
            f=rng.choice(["src/queue.py", "src/store.py", "lib/http/client.py"]),
        )
        for n in range(lines)
    )
    return "\n".join(rows) + "\n"


RECOGNISED = {
    "java logger": "2026-01-05 10:{t},120 INFO  [pool-1-thread-{b}] c.e.shop.Orders - order {a} of {w} was accepted",
    "zulu time": "2026-01-05T10:{t}.250Z INFO order {a} of {w} was accepted after {b} ms",
    "python logger": "2026-01-05 10:{t},120 - shop.orders - WARNING - order {a} of {w} is late by {b} s",
    "go logger": "2026/01/05 10:{t} http: proxy of {w} took {b} ms for request {a}",
    "glog": "I0105 10:{t}.120000    4321 server.cc:{b}] request {a} for {w} is done",
    "syslog": "Jan  5 10:{t} host7 sshd[{a}]: Accepted publickey for {w} from 10.0.0.{b} port 5022 ssh2",
    "access log": '10.0.0.{b} - - [05/Jan/2026:10:{t} +0000] "GET /{w}/{a} HTTP/1.1" 200 {a}',
    "key=value": 'time=2026-01-05T10:{t}Z level=info msg="order accepted" order={a} shop={w} took={b}ms',
    "kernel": "[ {b}.123456] usb 1-{b}: new high-speed USB device number {b} using xhci_hcd on {w}",
    "rust logger": "[2026-01-05T10:{t}Z INFO  shop::orders] order {a} of {w} was accepted in {b} ms",
    "level first": "INFO:shop.{w}:order {a} was accepted after {b} milliseconds of waiting",
    "docker compose": "web-1  | 2026-01-05 10:{t} INFO order {a} of {w} was accepted in {b} ms",
    "gcc": "{f}:{b}:{b}: warning: conversion from 'int' to 'char' may change value [-Wconversion]",
    "mypy": '{f}:{b}: error: Argument 1 to "{w}" has incompatible type "int"; expected "str"  [arg-type]',
    "ruff": "{f}:{b}:80: E501 Line too long ({a} > 79)",
    "tsc": "src/{w}.ts({b},12): error TS2304: Cannot find name 'Widget{a}'.",
    "eslint": "  {b}:12  error  '{w}{a}' is assigned a value but never used  no-unused-vars",
    "go vet": "./cmd/{w}.go:{b}:5: undefined: handler{a}",
    "pytest -v": "tests/test_{w}.py::TestQueue::test_case_{a} PASSED        [ 42%]",
    "go test": "=== RUN   Test{w}/case_{a}",
    "cargo test": "test queue::tests::{w}_{a} ... ok",
    "unittest": "test_{w}_{a} (tests.test_queue.TestQueue.test_{w}_{a}) ... ok",
    "gtest": "[       OK ] QueueTest.{w}{a} ({b} ms)",
    "npm": "npm http fetch GET 200 https://registry.example.org/{w}-{a} {b}ms (cache miss)",
    "apt": "Setting up lib{w}{a}:amd64 (1.2.{b}-1) ...",
    "pip": "Requirement already satisfied: {w}{a}>=1.{b} in ./lib/python3.12/site-packages (2.{b})",
    "cmake": "[ 42%] Building CXX object src/CMakeFiles/app.dir/{w}/part{a}.cc.o",
    "python trace": '  File "/srv/app/{w}/views.py", line {b}, in handle_{a}',
    "java trace": "\tat com.example.shop.{w}.Handler.handle{a}(Handler.java:{b})",
    "node trace": "    at Object.{w}{a} (/srv/app/lib/{w}.js:{b}:12)",
    "gdb": "#{b}  0x00007f0a{a} in handle_{w} (request=0x0) at server.c:{b}",
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_known_format_is_recognised_shortened_and_restored(name: str) -> None:
    text = many(RECOGNISED[name])
    assert evidence(text) >= ENOUGH
    result = shrunk(text)
    assert result is not None
    assert LOG.decode(result) == as_displayed(text)
    assert saved(text) > 0.1
    assert set(WORD.findall(text)) <= set(WORD.findall(result))
    assert shrunk(result) is None


FOREIGN = {
    "csv with times": "2026-01-05 10:{t},{w},{a},{b},north",
    "csv": "{n},{w} of the north,{a},{b}",
    "search hits": "{f}:{b}:    if order.{w} is None or order.number == {a}:",
    "search hits with columns": "{f}:{b}:12:    return self.{w}.get({a})",
    "search hits in a log": "app.log:{n}:2026-01-05 10:{t} INFO order {a} of {w} was accepted",
    "listing": "-rw-r--r-- 1 root root {a} 2026-01-05 10:{t} {w}{a}.txt",
    "python code": "    def handle_{w}_{a}(self, value: int = {b}) -> None:  # see {w}",
    "json lines": '{{"time": "2026-01-05T10:{t}Z", "level": "info", "order": {a}, "shop": "{w}"}}',
    "json": '    "key_{a}": {{"name": "{w}", "value": {b}}},',
    "markdown table": "| {n} | {w} | {a} | {b} |",
    "diff": "+    order_{a} = accept({w}, {b})",
    "prose": "In the year {a} the people of {w} walked for {b} days through the valley, and they sang.",
    "paths": "./src/{w}/module_{a}/part_{b}.py",
    "html": "<tr><td>{a}</td><td>{w}</td><td>{b}</td></tr>",
    "yaml": "  order_{a}: {w}",
    "sql": "INSERT INTO orders VALUES ({a}, '{w}', {b});",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_format_is_not_taken_for_a_log(name: str) -> None:
    assert evidence(many(FOREIGN[name])) <= ENOUGH


NOOP = {
    "an empty text": "",
    "one line": "2026-01-05 10:00:00 INFO the only line",
    "a few lines": "INFO started\nINFO stopped\n",
    "lines with nothing in common": "\n".join(
        f"INFO {word}" for word in ["one", "two", "three", "four", "five", "six", "seven"]
    ),
    "a short traceback": 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\nKeyError: 1\n',
}


@pytest.mark.parametrize("name", NOOP)
def test_what_cannot_become_shorter_stays(name: str) -> None:
    assert shrunk(NOOP[name]) is None


def test_a_log_reads_at_sight() -> None:
    jobs = [f"10:00:{s:02},500 INFO worker-{s % 3} took job {900 + s} from the queue of mail" for s in range(1, 19)]
    lines = [
        "2026-01-05 10:00:00,120 INFO server started on port 8080",
        *(f"2026-01-05 {job}" for job in jobs),
        "2026-01-05 10:00:19,000 ERROR worker-1 lost its connection to 10.0.0.9:5432",
        "2026-01-06 08:30:00,000 INFO server stopped",
    ]
    given = [f"1|:{s:02},500 {s % 3} {900 + s}" for s in range(2, 19)]
    assert shrunk("\n".join(lines)) == "\n".join(
        [
            "[log: N|text shows line kind N, its changing words in {}; later N|words gives only those words in order, "
            '" = as shown; N| or 2-4| alone = the lines as shown; '
            "a time comes first and, cut short, goes on from the line above]",
            "2026-01-05 10:00:00,120 INFO server started on port 8080",
            "1|2026-01-05 10:00:01,500 INFO worker-{1} took job {901} from the queue of mail",
            *given,
            "2026-01-05 10:00:19,000 ERROR worker-1 lost its connection to 10.0.0.9:5432",
            "2026-01-06 08:30:00,000 INFO server stopped",
        ]
    )


def test_repeats_are_counted() -> None:
    text = "start of the long wait\n" + "waiting for the lock on the table of orders ...\n" * 40 + "done\n"
    assert shrunk(text) == (
        "[log: repeats are counted]\nstart of the long wait\nwaiting for the lock on the table of orders ...\n"
        "[the line above 39 more times]\ndone\n"
    )


def test_colours_and_progress_bars_leave_what_a_terminal_shows() -> None:
    text = "\x1b[32mINFO\x1b[0m started the download of the large archive file\n" + "".join(
        f"\rfetching the archive {n:3} % of 100" for n in range(101)
    )
    assert shrunk(text) == (
        "[log: as a terminal shows it]\nINFO started the download of the large archive file\n"
        "fetching the archive 100 % of 100"
    )


PLAIN = Context(tier=Tier.PLAIN)


def test_the_plain_tier_says_a_common_front_once_and_gives_no_templates() -> None:
    text = "".join(
        f"Jan  5 10:00:0{n} host7 sshd: the {name} has come in\n  by the door\n" for n, name in enumerate("abcdefgh")
    )
    assert shrunk(text, PLAIN) == (
        '[log: each line that does not start with a blank starts with "Jan  5 "]\n'
        + "".join(
            f"10:00:0{n} host7 sshd: the {name} has come in\n  by the door\n" for n, name in enumerate("abcdefgh")
        )
    )


def test_the_plain_tier_sets_what_neighbouring_lines_begin_with_above_them() -> None:
    text = "".join(
        f"2026-05-20 16:49:{second} status {state} {package}:amd64 1.6\n"
        for second, package in ((14, "jq"), (15, "libonig5"), (17, "man-db"))
        for state in ("half-configured", "unpacked", "configure", "installed", "triggers-pending")
    )
    assert str(shrunk(text, PLAIN)).startswith(
        '[log: below a line "> ..." each line that does not start with a blank goes on from it; '
        'each line that does not start with a blank starts with "2026-05-20 "]\n'
        "> 16:49:14 status\nhalf-configured jq:amd64 1.6\nunpacked jq:amd64 1.6\n"
    )


@pytest.mark.parametrize("name", sorted(RECOGNISED))
def test_plain_forms_are_restored_and_stay_as_they_are(name: str) -> None:
    text = many(RECOGNISED[name])
    for indented in (text, "".join(f"    {line}\n" for line in text.splitlines())):
        for form in LOG.candidates(View(indented), PLAIN):
            assert LOG.decode(form.text) == LOG.normal(indented, form.of)
        found = LOG.cheapest(View(indented), PLAIN)
        assert found is None or LOG.cheapest(View(found.result.text), PLAIN) is None


def test_a_front_that_reads_like_a_clause_of_ours_is_a_front() -> None:
    for clause in ('each line starts with "', 'each line that does not start with a blank starts with "'):
        text = "".join(f"    {clause} the {name} of the day\n" for name in ("first", "second", "third"))
        for form in LOG.candidates(View(text), PLAIN):
            assert LOG.decode(form.text) == LOG.normal(text, form.of)


def test_a_text_that_begins_like_our_form_is_no_exception() -> None:
    text = str(Header(repeated=True)) + "\n" + many(RECOGNISED["syslog"])
    result = shrunk(text)
    assert result is not None
    assert LOG.decode(result) == text


def test_notes_of_ours_in_an_original_survive() -> None:
    text = many(RECOGNISED["syslog"]) + "[the line above 3 more times]\n" + "same line of a log once more\n" * 20
    result = shrunk(text)
    assert result is not None
    assert LOG.decode(result) == text


def test_signs_of_ours_in_an_original_survive() -> None:
    text = many("1|2026-01-05 10:{t} INFO order {a} of <{w}> and «{b}» {{x}}")
    result = shrunk(text)
    assert result is not None
    assert LOG.decode(result) == text


@pytest.mark.parametrize(
    "text", ["", "plain", "[log: ]", "[log: repeats are counted; more]", "[log: repeats are counted"]
)
def test_what_is_not_our_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no log form"):
        LOG.decode(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(RECOGNISED) + sorted(FOREIGN)), min_size=1, max_size=4),
    st.lists(st.text(alphabet="ab \r\x1b[m1;\t|", max_size=12), max_size=4),
    st.integers(1, 30),
)
def test_any_mixture_of_formats_is_restored_and_stays_as_it_is(names: list[str], noise: list[str], lines: int) -> None:
    forms = RECOGNISED | FOREIGN
    text = "".join(many(forms[name], lines) + "\n".join(noise) for name in names)
    for candidate in LOG.candidates(View(text), CONTEXT):
        assert LOG.decode(candidate.text) == LOG.normal(text, candidate.of)
        assert candidate.of is (Fidelity.BYTES if as_displayed(text) == text else Fidelity.DISPLAY)
    for context in (CONTEXT, PLAIN):
        result = LOG.cheapest(View(text), context)
        assert result is None or LOG.cheapest(View(result.result.text), context) is None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_weighed_and_restored_without_failing(text: str) -> None:
    assert 0 <= evidence(text) <= 1
    for candidate in LOG.candidates(View(text), CONTEXT):
        assert LOG.decode(candidate.text) == LOG.normal(text, candidate.of)


@pytest.mark.parametrize(
    "header",
    [Header(repeated=True), Header(displayed=True), Header(signs=Signs()), Header(prefix="2026-"), Header(headed=">")],
)
def test_a_header_of_ours_before_a_log_does_not_make_it_immune(header: Header) -> None:
    text = many(RECOGNISED["java logger"])
    result = shrunk(f"{header}\n{text}")
    assert result is not None
    assert len(result) < len(text)
    assert LOG.decode(result) == f"{header}\n{text}"


def test_a_text_of_no_known_format_that_repeats_its_wording_is_shortened() -> None:
    text = many("the {w} of house {a} has {b} doors and as many windows, all of them blue\n  seen from the street")
    assert evidence(text) == ENOUGH
    assert saved(text) > 0.3


def test_code_that_repeats_a_few_lines_is_no_log() -> None:
    code = "\n".join(
        f"def handle_{name}(request):\n    user = request.user\n    if user is None:\n        return redirect('/login')\n"
        f"    {name} = {name.title()}.objects.get(id=request.args['id'])\n    {line}\n    return render({name}, user)\n"
        for name, line in [
            ("order", "order.accept(by=user, now=clock.time())"),
            ("invoice", "for row in invoice.rows: row.total = row.price * row.number"),
            ("basket", "basket.clear()"),
            ("address", "address.street = request.form.get('street', '').strip()"),
        ]
    )
    assert evidence(code * 2) < ENOUGH


def test_no_line_of_a_result_ends_with_a_blank() -> None:
    text = "begin\n" + many("2026-01-05 10:{t} INFO the column {a}\t of the table of {w} was\t read")
    result = shrunk(text)
    assert result is not None
    assert as_displayed(result) == result
