"""`headroom demo`: real outputs of this machine through the real proxy, offline, with proof."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from headroom.cli.running import run_command
from headroom.demo.findings import Findings
from headroom.demo.proxy_process import ProxyDownError
from headroom.demo.report import as_json, show
from headroom.demo.run import LostRequestError, Tell
from headroom.demo.scene import STEPS, Scene, scene
from headroom.errors import HeadroomError


def run(arguments: list[str], prog: str) -> int:
    """Run the demo."""
    return run_command(_demo, arguments, prog)


@click.command(help="Show what is saved on real outputs of this machine, through the real proxy, offline, with proof.")
@click.option("--serve", is_flag=True, help="Keep proxy and offline provider running.")
@click.option("--json", "as_document", is_flag=True, help="Print the findings as JSON.")
def _demo(serve: bool, as_document: bool) -> int:
    """Return 0 if every check passes, 1 if not, 130 if it is interrupted before it knows."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the proxy is stopped, too
    started = time.perf_counter()
    try:
        with _bar() as tell, scene(tell) as up:
            found = up.perform(tell)
            tell("")
            _print(found, time.perf_counter() - started, as_document=as_document)
            if serve:
                _serve(up)
    except (ProxyDownError, LostRequestError, HeadroomError, HTTPException, OSError, RuntimeError) as error:
        print(f"headroom demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if found.passed else 1


@contextmanager
def _bar() -> Iterator[Tell]:
    """Show a progress bar on standard error while the demo works, if somebody looks; an empty word ends it."""
    console = Console(stderr=True)
    columns = (BarColumn(bar_width=30), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=STEPS)

        def tell(what: str) -> None:
            if what:
                progress.update(task, advance=1, description=what)
            else:
                progress.stop()

        yield tell


def _print(found: Findings, seconds: float, *, as_document: bool) -> None:
    if as_document:
        print(json.dumps(as_json(found), indent=2))
        return
    console = Console(highlight=False)
    show(found, console)
    console.print(f"\n{'All checks passed' if found.passed else 'A CHECK FAILED'}, in {seconds:.1f} s, offline.")


def _serve(up: Scene) -> None:
    """Say how to use what is running, and wait for an interrupt."""
    with suppress(KeyboardInterrupt):
        print(f"\nproxy     {up.proxy_url}\nprovider  {up.provider_url} (answers offline, keeps what it got)")
        print(f"\n  export OPENAI_BASE_URL={up.proxy_url}/v1\n  export ANTHROPIC_BASE_URL={up.proxy_url}")
        print(
            f"  curl {up.provider_url}/_recorded/-1     # the last request as it arrived\n\nCtrl-C ends it.",
            flush=True,
        )
        threading.Event().wait()
