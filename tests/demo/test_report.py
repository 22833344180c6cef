"""The report fits 80 columns, says what was done, and names what failed."""

import io
import json

from rich.console import Console

from headroom.demo.findings import Claim, Findings, Row, Timing
from headroom.demo.report import as_json, show


def findings(*, broken: str = "") -> Findings:
    found = Findings(requests=2, streamed=1, request_tokens_before=5000, request_tokens_after=4000)
    short = ("openai-chat", 1, "list_packages", "package metadata, JSON", "importlib.metadata")
    found.rows.append(Row(*short, "smart_crusher", "json.tables", "value", 12_345, 6_789, restored=True))
    found.rows.append(Row(*short, "", "too_short", "", 8, 8, restored=None))
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
    for word in (
        "json.tables",
        "45%",
        "too short",
        "12,345",
        "5.2",
        "prefix of every earlier turn",
        "1 of 1",
    ):
        assert word in page
    assert "FAIL" not in page


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
    assert document["tokens_before"] == 12_353
    assert {check["claim"] for check in document["checks"]} == {claim.value for claim in Claim}
