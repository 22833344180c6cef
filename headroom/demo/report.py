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
from headroom.demo.findings import Check, Claim, Findings, Kind, Row, Tokens
from headroom.tokens import TokenCounter

_TITLES = {"openai-chat": "OpenAI chat completions", "anthropic": "Anthropic messages"}
_COLUMNS: tuple[tuple[str, Literal["left", "right"]], ...] = (
    ("turn", "right"),
    ("output", "left"),
    ("what became of it", "left"),
    ("tokens", "right"),
    ("sent", "right"),
    ("saved", "right"),
)
_WIDEST = 36
"""Characters of what became of an output; with the other columns they fill a line of 80."""
_WHY = {
    Reason.NO_GAIN: "recognised, but no form of it is shorter",
    Reason.UNRECOGNISED: "of no kind that is known",
    Reason.TOO_SHORT: "too short to be worth a look",
    Reason.EXCLUDED_TOOL: "the agent edits by this text, so it stays exact",
    Reason.IS_ERROR: "errors stay whole",
    Reason.BUDGET: "took too long here, so it stays",
    Reason.FAILED: "a compressor failed, so it stays",
}
_SAVED_BY = {
    Kind.LOSSLESS: "by lossless forms",
    Kind.REFERENCE: "by references to earlier outputs",
    Kind.LEFT_OUT: "by leaving out what the model can ask for",
}


def as_json(found: Findings) -> dict[str, Any]:
    """Return the findings as JSON values; times in milliseconds."""
    whole = asdict(found)
    whole["checks"] = [
        {"claim": claim.value, "passed": check.passed, **asdict(check)} for claim, check in found.checks.items()
    ]
    whole["tokens_before"] = found.once.before
    whole["tokens_after"] = found.once.after
    whole["saved_by"] = {kind.value: found.saved_by(kind) for kind in _SAVED_BY}
    whole["net"] = asdict(found.net)
    whole["added_ms_first"] = found.added_first
    whole["added_ms_again"] = found.added_again
    whole["passed"] = found.passed
    return whole


def show(found: Findings, console: Console) -> None:
    """Print the findings."""
    for name, group in groupby(found.rows, key=lambda row: row.conversation):
        rows = list(group)
        console.print(_table(name, rows))
        _show_left_out(rows, console)
        console.print()
    _show_reasons(found.rows, console)
    _show_totals(found, console)
    _show_checks(found.checks, console)
    _show_times(found, console)


def _table(name: str, rows: list[Row]) -> Table:
    turns = max(row.turn for row in rows)
    title = f"{_TITLES.get(name, name)}, {turns} turns"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading, justify in _COLUMNS:
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in rows:
        words = _shortened(f"{row.kind.value}: {row.outcome.replace('_', ' ')}", _WIDEST)
        tokens = Tokens(row.tokens_before, row.tokens_after)
        figures = (f"{tokens.before:,}", f"{tokens.after:,}", f"{_percent(tokens)}%" if tokens.saved else "-")
        style = "dim" if row.kind is Kind.KEPT else ""
        table.add_row(str(row.turn), row.label, words, *figures, style=style)
    return table


def _shortened(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"


def _show_left_out(rows: list[Row], console: Console) -> None:
    """Say what was left out, in the words that the model reads, and the hash by which it asks for it."""
    left_out = [row for row in rows if row.kind is Kind.LEFT_OUT]
    if left_out:
        console.print("Left out, turn by turn, and the hash by which the model gets it back", style="bold")
    for row in left_out:
        words = _shortened(f"{row.turn:>4} {row.handle} {row.left_out}", console.width)
        console.print(words, highlight=False, markup=False)


def _show_reasons(rows: Iterable[Row], console: Console) -> None:
    stayed = {row.outcome for row in rows if row.kind is Kind.KEPT}
    for reason, words in _WHY.items():
        if reason.value in stayed:
            console.print(f"{reason.value.replace('_', ' ')}: {words}", style="dim")
    made_by = dict.fromkeys(row.source for row in rows)
    console.print(f"Made just now by: {'; '.join(made_by)}.", style="dim", highlight=False, markup=False)
    console.print()


def _show_totals(found: Findings, console: Console) -> None:
    console.print("[bold]Tokens of tool outputs[/bold], counted on the bytes that reached the provider")
    _show_tokens("every output once", found.once, console)
    for kind, words in _SAVED_BY.items():
        console.print(f"  {found.saved_by(kind):>12,}  less {words}", highlight=False)
    _show_tokens("as resent, turn by turn", found.resent, console)
    _show_tokens(f"questions on what is left out: {found.questions}", found.asked, console)
    brought = f"{found.retrieved:>12,}  brought back by retrievals: {found.retrievals}, each a further call"
    console.print(f"  {brought}", highlight=False)
    _show_tokens(f"the tool, in requests: {found.with_tool}", found.tool, console)
    _show_tokens("net: all requests, with all costs", found.net, console)
    console.print(f"  counting: gpt-5 {TokenCounter('gpt-5').method}, claude {TokenCounter('claude').method}")
    console.print()


def _show_tokens(words: str, tokens: Tokens, console: Console) -> None:
    change = f"{abs(_percent(tokens))}% {'less' if tokens.saved >= 0 else 'more'}" if tokens.before else ""
    console.print(f"  {words:<34}{tokens.before:>12,} -> {tokens.after:>9,}   {change}".rstrip(), highlight=False)


def _percent(tokens: Tokens) -> int:
    return round(100 * tokens.saved / tokens.before)


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
    console.print(f"  {streamed}; each sent directly, too", highlight=False)
