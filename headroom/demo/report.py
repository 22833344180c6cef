"""The findings for people: one table a conversation, totals, checks, times. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headroom.blocks import Reason
from headroom.demo.findings import Check, Claim, Findings, Row
from headroom.tokens import TokenCounter

_TITLES = {"openai-chat": "OpenAI chat completions", "anthropic": "Anthropic messages"}
_COLUMNS: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("turn", "right"),
    ("tool", "left"),
    ("output", "left"),
    ("form or reason", "left"),
    ("tokens", "right"),
    ("sent", "right"),
    ("saved", "right"),
)
_WHY = {
    Reason.NO_GAIN: "recognised, but no form of it is shorter",
    Reason.UNRECOGNISED: "of no kind that is known",
    Reason.TOO_SHORT: "too short to be worth a look",
    Reason.EXCLUDED_TOOL: "the agent edits by this text, so it stays exact",
    Reason.IS_ERROR: "errors stay whole",
    Reason.BUDGET: "took too long here, so it stays",
    Reason.FAILED: "a compressor failed, so it stays",
}


def as_json(found: Findings) -> dict[str, Any]:
    """Return the findings as JSON values; times in milliseconds."""
    whole = asdict(found)
    whole["checks"] = [
        {"claim": claim.value, "passed": check.passed, **asdict(check)} for claim, check in found.checks.items()
    ]
    whole["tokens_before"] = found.tokens_before
    whole["tokens_after"] = found.tokens_after
    whole["added_ms_first"] = found.added_first
    whole["added_ms_again"] = found.added_again
    whole["passed"] = found.passed
    return whole


def show(found: Findings, console: Console) -> None:
    """Print the findings."""
    for name, rows in groupby(found.rows, key=lambda row: row.conversation):
        console.print(_table(name, list(rows)))
        console.print()
    _show_reasons(found.rows, console)
    _show_totals(found, console)
    _show_checks(found.checks, console)
    _show_times(found, console)


def _table(name: str, rows: list[Row]) -> Table:
    turns = max(row.turn for row in rows)
    table = Table(
        title=f"{_TITLES.get(name, name)}, {turns} turns",
        title_justify="left",
        box=None,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for heading, justify in _COLUMNS:
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        style = "" if row.changed else "dim"
        figures = (
            f"{row.tokens_before:,}",
            f"{row.tokens_after:,}",
            _saved(row.tokens_before, row.tokens_after),
        )
        table.add_row(str(row.turn), row.tool, row.label, row.outcome.replace("_", " "), *figures, style=style)
    return table


def _saved(before: int, after: int) -> str:
    return f"{100 * (1 - after / before):.0f}%" if after != before else "-"


def _show_reasons(rows: Iterable[Row], console: Console) -> None:
    stayed = {row.outcome for row in rows if not row.changed}
    for reason, words in _WHY.items():
        if reason.value in stayed:
            console.print(f"{reason.value.replace('_', ' ')}: {words}", style="dim")
    made_by = dict.fromkeys(row.source for row in rows)
    console.print(f"Made just now by: {'; '.join(made_by)}.", style="dim", highlight=False, markup=False)
    console.print()


def _show_totals(found: Findings, console: Console) -> None:
    console.print("[bold]Tokens of tool outputs[/bold], counted on the bytes that reached the provider")
    pairs = (
        ("every output once", found.tokens_before, found.tokens_after),
        ("as resent, turn by turn", found.request_tokens_before, found.request_tokens_after),
    )
    for words, before, after in pairs:
        console.print(f"  {words:<24}{before:>10,} -> {after:>10,}   {_saved(before, after)} less")
    console.print(f"  counting: gpt-5 {TokenCounter('gpt-5').method}, claude {TokenCounter('claude').method}")
    console.print()


def _show_checks(checks: dict[Claim, Check], console: Console) -> None:
    console.print("[bold]Checks[/bold]")
    for claim, check in checks.items():
        sign = "[green]ok[/green]  " if check.passed else "[red]FAIL[/red]"
        held = check.tried - len(check.failures)
        console.print(f"  {sign}  {claim.value:<46}{held:>4} of {check.tried}", highlight=False)
        for where in check.failures[:5]:
            console.print(f"          {escape(where)}", highlight=False)
    console.print()


def _show_times(found: Findings, console: Console) -> None:
    largest = max(timing.first for timing in found.timings)
    console.print(f"[bold]Milliseconds added by the proxy[/bold], medians of {len(found.timings)} pairs of requests")
    console.print(f"  {found.added_first:6.1f}  a turn that brings a new output (largest: {largest:.1f})")
    console.print(f"  {found.added_again:6.1f}  the same turn again: all of it is remembered")
    streamed = f"{found.requests} requests through the proxy, {found.streamed} of them streamed"
    console.print(f"  {streamed}; as many sent directly", highlight=False)
