"""`headroom stats`: the figures of a running proxy, for reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from headroom.cli.asking import URL, asked, refusal, token_of
from headroom.cli.running import run_command
from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig


def run(arguments: list[str], prog: str) -> int:
    """Print the figures."""
    return run_command(_stats, arguments, prog)


@click.command(help="Print what a running proxy has counted since its start or the last reset.")
@click.option("--url", default=URL, show_default=True, help="The proxy to ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def _stats(url: str, as_json: bool) -> None:
    """Fail with a sentence on standard error if no proxy answers there."""
    try:
        headers = token_of(ProxyConfig())
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    status, view = asked(url, "/stats", headers)
    if status != 200 or view.get("service") != "headroom-proxy":
        raise refusal(url, status, view)
    if as_json:
        click.echo(json.dumps(view, indent=2))
    else:
        _report(view, Console(highlight=False))


def _report(view: Mapping[str, Any], console: Console) -> None:
    tokens = view["tokens"]
    share = f" ({100 * tokens['saved'] / tokens['before']:.1f} %)" if tokens["before"] else ""
    console.print(
        f"{view['requests']['total']:,} requests in {view['uptime_seconds']:,.0f} s, {view['workers']} worker(s); "
        f"{tokens['saved']:,} of {tokens['before']:,} tokens saved{share}"
    )
    for title, by in (("what was decided", "by_reason"), ("by compressor", "by_compressor"), ("kept as", "by_kept")):
        _show_blocks(title, view["decisions"][by], console)
    for title, counts in (
        *((f"requests by {part}", view["requests"][f"by_{part}"]) for part in ("route", "model", "status")),
        *((f"tokens as {name} reports them", counts) for name, counts in view["provider_tokens"].items()),
        ("calls of models for originals", view["retrieval"]),
        ("passed on unread", view["passed_unread"]),
        ("failures", view["failures"]),
        ("refusals", view["refusals"]),
        ("plug-ins that failed", view["left_out"]),
    ):
        _show(title, ("number",), {name: (f"{count:,}",) for name, count in counts.items() if count}, console)
    times = {name: one for name, one in view["latency"].items() if one["count"]}
    names = ("p50_ms", "p90_ms", "p99_ms")
    _show("milliseconds", names, {name: [f"{one[key]:,.1f}" for key in names] for name, one in times.items()}, console)


def _show_blocks(title: str, parts: Mapping[str, Mapping[str, int]], console: Console) -> None:
    names = ("blocks", "tokens_before", "tokens_after", "tokens_saved")
    _show(title, names, {name: [f"{part[key]:,}" for key in names] for name, part in parts.items()}, console)


def _show(title: str, columns: tuple[str, ...], rows: Mapping[str, Any], console: Console) -> None:
    """Print a table, if it has rows."""
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(title, min_width=32)
    for name in columns:
        table.add_column(name.removesuffix("_ms").replace("_", " "), justify="right")
    for name, cells in rows.items():
        table.add_row(printable(name), *cells)
    console.print()
    console.print(table)


def printable(name: str) -> Text:
    """Return a name as text without a meaning for the terminal: those of models come from clients."""
    return Text("".join(one if one.isprintable() else "?" for one in name))
