"""`headroom bench FILE...`: what would be saved on your own data, and how long it takes, without sending anything."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from headroom.blocks import Payload, Reason
from headroom.cli.running import run_command
from headroom.cli.stats import printable
from headroom.compress import CompressResult
from headroom.errors import ConfigError
from headroom.integrations.adapter import Adapter
from headroom.integrations.transcript import Returned
from headroom.providers import recognise
from headroom.proxy.config import ProxyConfig

MOST_FILES = 1_000


def run(arguments: list[str], prog: str) -> int:
    """Measure and print."""
    return run_command(_bench, arguments, prog)


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: tokens before and after, by what, and milliseconds at first sight and when it comes again."""

    file: str
    tokens_before: int
    tokens_after: int
    by: str
    first_ms: float
    again_ms: float

    @property
    def row(self) -> tuple[str, ...]:
        """The file as cells of a table."""
        saved = 100 * (self.tokens_before - self.tokens_after) / self.tokens_before if self.tokens_before else 0.0
        times = (f"{self.first_ms:,.1f}", f"{self.again_ms:,.2f}")
        return (self.by, f"{self.tokens_before:,}", f"{self.tokens_after:,}", f"{saved:.0f} %", *times)


@click.command(help="Measure what would be saved on files: request bodies as JSON, anything else as a tool's output.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="gpt-4o", show_default=True, help="Whose tokens are counted, if a body names none.")
@click.option("--times", default=3, show_default=True, type=click.IntRange(1, 100), help="Runs; medians are shown.")
@click.option("--retrieval", is_flag=True, help="Leave out what a model that has the tool could ask for.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def _bench(files: tuple[Path, ...], model: str, times: int, *, retrieval: bool, as_json: bool) -> None:
    """Measure files, and those in folders, in the order of their names; what is no text is left out."""
    try:
        config = ProxyConfig()
        found = [
            measured(file, content, model, [Adapter(config, retrieval=retrieval) for _ in range(times + 1)])
            for file, content in islice(_contents(files), MOST_FILES)
        ]
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    if not found:
        raise click.UsageError("there is no text in these files")
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
    else:
        _report(found, Console(highlight=False))


def measured(file: str, content: str | Payload, model: str, adapters: Sequence[Adapter]) -> Measured:
    """Measure one text or request body; each adapter but the first sees it for the first time, and then again."""
    firsts: list[float] = []
    agains: list[float] = []
    result = _shortened(adapters[0], content, model)  # what the process does once is not part of a figure
    for adapter in adapters[1:]:
        for times in (firsts, agains):
            start = time.perf_counter()
            result = _shortened(adapter, content, model)
            times.append((time.perf_counter() - start) * 1e3)
    first, again = statistics.median(firsts), statistics.median(agains)
    return Measured(file, result.tokens_before, result.tokens_after, _by(result), first, again)


def _shortened(adapter: Adapter, content: str | Payload, model: str) -> CompressResult:
    if isinstance(content, str):
        return adapter.shorten([Returned("", content)], model)
    named = content.get("model")
    return adapter.shorten_body(content, named if isinstance(named, str) and named else model)


def _by(result: CompressResult) -> str:
    """Name the compressors at work, or else why nothing was done."""
    names = dict.fromkeys(d.compressor for d in result.decisions if d.reason is Reason.COMPRESSED)
    others = dict.fromkeys(d.reason.value for d in result.decisions)
    return ", ".join(names or others) or "nothing to read"


def _contents(files: Sequence[Path]) -> Iterator[tuple[str, str | Payload]]:
    for given in files:
        for file in [given] if given.is_file() else sorted(given.rglob("*")):
            try:
                text = file.read_text(encoding="utf-8") if file.is_file() else ""
            except (OSError, UnicodeDecodeError):
                continue
            if text.strip():
                yield str(file), _body_in(text) or text


def _body_in(text: str) -> Payload | None:
    """Return the request body that a text is, None if it is anything else."""
    try:
        value: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return value if isinstance(value, dict) and recognise(value) is not None else None


def _report(found: Sequence[Measured], console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("file", overflow="fold")
    table.add_column("by")
    for name in ("before", "after", "saved", "first ms", "again ms"):
        table.add_column(name, justify="right")
    for one in found:
        table.add_row(printable(one.file), *one.row)
    before, after = (sum(getattr(one, name) for one in found) for name in ("tokens_before", "tokens_after"))
    first, again = (sum(getattr(one, name) for one in found) for name in ("first_ms", "again_ms"))
    table.add_section()
    table.add_row("all", *Measured("", before, after, "", first, again).row, style="bold")
    console.print(table)
