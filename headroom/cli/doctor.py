"""`headroom doctor`: whether everything is in place, and what becomes of a known conversation, block by block."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from headroom import __version__
from headroom.blocks import Reason
from headroom.cli.asking import URL, asked, refusal, token_of
from headroom.cli.checks import FAILURE, NOTE, OK, Check, checks
from headroom.cli.running import run_command
from headroom.cli.stats import printable
from headroom.compress import compress
from headroom.errors import ConfigError
from headroom.proxy.config import ProxyConfig

MODEL = "gpt-4o"
_STYLES = {OK: "green", NOTE: "yellow", FAILURE: "bold red"}

_WORDS = {
    Reason.COMPRESSED: "shortened",
    Reason.NO_GAIN: "no form of it is shorter",
    Reason.TOO_SHORT: "too short to be worth it",
    Reason.TOO_LARGE: "too large to be looked at",
    Reason.UNRECOGNISED: "no kind of text that we know",
    Reason.SYSTEM: "instructions stay as they are",
    Reason.ASSISTANT: "what the model said stays as it is",
    Reason.USER: "what the user wrote stays as it is (--compress-user-messages)",
    Reason.EXCLUDED_TOOL: "the tool is excluded (--excluded-tools)",
    Reason.IS_ERROR: "errors stay as they are",
    Reason.OPAQUE: "must not be read",
    Reason.RETRIEVED: "an original that was asked for",
    Reason.FROZEN: "stands where the provider has it cached",
    Reason.BYPASS: "the request asks for no change",
    Reason.HOOK: "a hook wants it as it is",
    Reason.OFF: "compression is off (--no-optimize)",
    Reason.BUDGET: "time was up",
    Reason.FAILED: "a compressor failed",
}
"""Every reason, for people."""


def run(arguments: list[str], prog: str) -> int:
    """Look at everything; return 1 if something has to be put right."""
    return run_command(_doctor, arguments, prog)


@click.command(help="Check this installation, and show what becomes of each block of a known conversation.")
@click.option("--url", default="", help=f"A proxy that must be running. [default: {URL}, if one is]")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def _doctor(url: str, as_json: bool) -> int:
    try:
        config = ProxyConfig()
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    found = list(checks(config))
    answer = _sent(url, config, found)
    found.append(_result(answer, config))
    if as_json:
        click.echo(json.dumps({"checks": [asdict(one) for one in found], "blocks": answer["decisions"]}, indent=2))
    else:
        _report(found, answer["decisions"], Console(highlight=False))
    return int(any(one.status == FAILURE for one in found))


def conversation() -> list[dict[str, Any]]:
    """Return a conversation with blocks of several kinds; each of them has a decision that is known beforehand."""
    rows = [{"id": n, "name": f"host-{n}", "state": "up", "zone": "eu-1"} for n in range(60)]
    log = [f"2026-01-05T10:00:{n % 60:02d} INFO worker-{n % 4} finished job {n}" for n in range(120)]
    calls = [_call("list_hosts"), _call("read_log"), _call("whoami")]
    return [
        {"role": "system", "content": "You look after hosts."},
        {"role": "user", "content": "Which hosts are up, and what does the log say?"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "list_hosts", "content": json.dumps(rows, indent=2)},
        {"role": "tool", "tool_call_id": "read_log", "content": "\n".join(log)},
        {"role": "tool", "tool_call_id": "whoami", "content": "operator"},
    ]


def _call(name: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}}


def _sent(url: str, config: ProxyConfig, found: list[Check]) -> Mapping[str, Any]:
    """Send the conversation to a proxy; to none, if none runs and none was named. Adds what was found of it."""
    try:
        answer, note = _through(url or URL, config)
    except click.UsageError:
        raise
    except click.ClickException as error:
        found.append(Check("proxy", FAILURE if url else NOTE, f"{error.message}; the conversation is tried without"))
        return _here()
    found.append(note)
    return answer


def _through(url: str, config: ProxyConfig) -> tuple[Mapping[str, Any], Check]:
    headers = token_of(config)
    status, health = asked(url, "/health", headers)
    if status != 200 or "version" not in health:
        raise refusal(url, status, health)
    body = json.dumps({"model": MODEL, "messages": conversation()}).encode()
    sent = {**headers, "content-type": "application/json"}
    status, answer = asked(url, "/v1/compress", sent, method="POST", body=body)
    if status != 200 or "decisions" not in answer:
        raise refusal(url, status, answer)
    return answer, _proxy_check(url, health)


def _proxy_check(url: str, health: Mapping[str, Any]) -> Check:
    text = f"{url}, version {health['version']}"
    if not health.get("ready"):
        return Check("proxy", FAILURE, f"{text}: it is not ready")
    if health["version"] != __version__:
        return Check("proxy", NOTE, f"{text}: this is another version than the one installed here")
    return Check("proxy", OK, text)


def _here() -> Mapping[str, Any]:
    """Return what this installation does, as `/v1/compress` would say it."""
    result = compress(conversation(), MODEL)
    decisions = [
        {"role": one.role, "tool": one.tool, "reason": one.reason.value, "compressor": one.compressor}
        | {"tokens_before": one.tokens_before, "tokens_after": one.tokens_after}
        for one in result.decisions
    ]
    return {"decisions": decisions, "tokens_before": result.tokens_before, "tokens_after": result.tokens_after}


def _result(answer: Mapping[str, Any], config: ProxyConfig) -> Check:
    before, after = answer["tokens_before"], answer["tokens_after"]
    text = f"{before:,} tokens before, {after:,} after"
    if after < before:
        return Check("conversation", OK, text)
    is_off = any(one["reason"] == Reason.OFF for one in answer["decisions"]) or not config.optimize
    return Check("conversation", NOTE if is_off else FAILURE, f"{text}: nothing was saved")


def _report(found: list[Check], blocks: list[Mapping[str, Any]], console: Console) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in found:
        table.add_row(f"[{_STYLES[one.status]}]{one.status}[/]", one.name, printable(one.found))
    console.print(table)
    console.print()
    console.print(_blocks(blocks))


def _blocks(blocks: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("block")
    table.add_column("what becomes of it")
    for name in ("before", "after"):
        table.add_column(name, justify="right")
    for block in blocks:
        reason = block["reason"]
        words = _WORDS[Reason(reason)] if reason in set(Reason) else reason
        done = f"{words}: {block['compressor']}" if reason == Reason.COMPRESSED else words
        counts = (f"{block[key]:,}" for key in ("tokens_before", "tokens_after"))
        table.add_row(printable(block["tool"] or block["role"]), printable(done), *counts)
    return table
