"""`headroom compress FILE|-`: what would be done to a conversation, without sending it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from headroom.cli.running import run_command
from headroom.compress import CompressResult, compress


def run(arguments: list[str], prog: str) -> int:
    """Compress a file and print the report."""
    return run_command(_compress, arguments, prog)


@click.command(help="Compress a request body, or a list of messages, and report what was done.")
@click.argument("file")
@click.option("--model", default="gpt-4o", show_default=True, help="Whose tokens are counted, if the body names none.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def _compress(file: str, model: str, as_json: bool) -> None:
    """Read `file` (JSON; - is standard input) and report."""
    value = _read(file)
    named = value.get("model") if isinstance(value, dict) else None
    result = compress(value, named if isinstance(named, str) and named else model)
    if as_json:
        print(msgspec.json.encode(_as_json(result)).decode())
    else:
        _report(result)


def _read(file: str) -> Any:
    """Read a JSON object or list; ends the command with a clear line if there is none."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        value = msgspec.json.decode(data)
    except OSError as error:
        raise _wrong(f"cannot read {file}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(f"{file} is not JSON: {error}") from error
    if not isinstance(value, (dict, list)):
        raise _wrong(f"{file} holds neither a request body nor a list of messages")
    return value


def _wrong(text: str) -> click.UsageError:
    return click.UsageError(text)


def _as_json(result: CompressResult) -> dict[str, Any]:
    return {
        "messages": result.messages,
        "tokens_before": result.tokens_before,
        "tokens_after": result.tokens_after,
        "tokens_saved": result.tokens_saved,
        "compression_ratio": result.compression_ratio,
        "transforms_applied": result.transforms_applied,
        "ccr_hashes": result.ccr_hashes,
        "decisions": [
            {"path": list(d.path), "reason": d.reason, "compressor": d.compressor, "encoding": d.encoding}
            | {"tool": d.tool, "tokens_before": d.tokens_before, "tokens_after": d.tokens_after}
            for d in result.decisions
        ],
    }


def _report(result: CompressResult) -> None:
    """Print a row for every block, and the sum."""
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("block")
    table.add_column("what was done")
    for name in ("before", "after", "saved"):
        table.add_column(name, justify="right")
    for d in result.decisions:
        done = f"{d.compressor} {d.encoding}".strip() if d.tokens_saved else d.reason.value
        name = d.tool or d.role
        table.add_row(
            name, done, f"{d.tokens_before:,}", f"{d.tokens_after:,}", _percent(d.tokens_before, d.tokens_after)
        )
    table.add_section()
    share = _percent(result.tokens_before, result.tokens_after)
    table.add_row("all", "", f"{result.tokens_before:,}", f"{result.tokens_after:,}", share, style="bold")
    console.print(table)


def _percent(before: int, after: int) -> str:
    return f"{100 * (before - after) / before:.0f} %" if before > after else ""
