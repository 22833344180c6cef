"""The report fits 80 columns, says what was done, and names what failed."""

import io
import json

from rich.console import Console

from headroom.demo.findings import Claim, Findings, Kind, Row, Timing, Tokens
from headroom.demo.report import as_json, show

HASH = "0123456789abcdef01234567"
WORDS = "229 of 306 lines left out: INFO 201, DEBUG 28; 2026-03-01 10:02:11 to 10:07:45"


def row(kind: Kind, outcome: str, before: int, after: int, left_out: str = "", handle: str = "") -> Row:
    made = ("openai-chat", 10, "program's log", "Python's logging")
    return Row(*made, kind, outcome, left_out, handle, before, after)


def findings(*, broken: str = "") -> Findings:
    found = Findings(requests=2, streamed=1, resent=Tokens(5000, 4000), tool=Tokens(0, 139), with_tool=1)
    found.questions, found.retrievals, found.retrieved, found.asked = 1, 1, 600, Tokens(1000, 1500)
    found.rows = [
        row(Kind.LOSSLESS, "json.tables", 12_345, 6_789),
        row(Kind.KEPT, "too_short", 8, 8),
        row(Kind.REFERENCE, "repeat.same", 1000, 40),
        row(Kind.LEFT_OUT, "log.selected+log.templates", 20_000, 644, WORDS, HASH),
    ]
    found.timings.append(Timing(first=5.25, again=1.5))
    for claim in Claim:
        found.note(claim, "turn 1", held=True)
    if broken:
        found.note(Claim.PREFIX, broken, held=False)
    return found


def printed(found: Findings) -> str:
    page = io.StringIO()
    show(found, Console(file=page, width=80, highlight=False))
    return page.getvalue()


def test_every_line_fits_eighty_columns_and_has_no_colour():
    page = printed(findings())
    assert max(map(len, page.splitlines())) <= 80
    assert "\x1b" not in page


def test_what_was_done_and_why_not_is_said():
    page = printed(findings())
    for words in (
        "lossless: json.tables",
        "45%",
        "as it came: too short",
        "refers back: repeat.same",
        "left out: log.selected+log.templates",
        f"  10 {HASH} 229 of 306 lines left out: INFO 201",
        "12,345",
        "5.2",
        "prefix of every earlier turn",
        "1 of 1",
    ):
        assert words in page
    assert "FAIL" not in page


def test_the_totals_say_what_saved_and_what_that_costs():
    lines = [" ".join(line.split()) for line in printed(findings()).splitlines()]
    for words in (
        "every output once 33,353 -> 7,481 78% less",
        "5,556 less by lossless forms",
        "960 less by references to earlier outputs",
        "19,356 less by leaving out what the model can ask for",
        "questions on what is left out: 1 1,000 -> 1,500 50% more",
        "600 brought back by retrievals: 1, each a further call",
        "the tool, in requests: 1 0 -> 139",
        "net: all requests, with all costs 6,000 -> 5,639 6% less",
    ):
        assert words in lines


def test_a_form_with_a_long_name_is_cut_and_the_figures_stay():
    found = findings()
    found.rows = [row(Kind.LEFT_OUT, "a.very.long.name.of.an.encoding+another", 20_000, 10_644, WORDS, HASH)]
    page = printed(found)
    assert "left out: a.very.long.name.of.an.en…" in page
    assert "20,000 10,644   47%" in page


def test_a_failure_is_shown_with_its_place():
    found = findings(broken="openai-chat turn 7 [odd]")
    page = printed(found)
    assert not found.passed
    assert "FAIL" in page
    assert "openai-chat turn 7 [odd]" in page
    assert "1 of 2" in page


def test_a_claim_that_was_never_tried_does_not_pass():
    assert not Findings().passed


def test_the_document_is_json_and_whole():
    document = json.loads(json.dumps(as_json(findings())))
    assert document["passed"]
    assert document["tokens_before"] == 33_353
    assert document["saved_by"] == {"lossless": 5_556, "refers back": 960, "left out": 19_356}
    assert document["net"] == {"before": 6_000, "after": 5_639}
    assert {check["claim"] for check in document["checks"]} == {claim.value for claim in Claim}
