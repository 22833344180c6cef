"""`headroom mcp`: the tools of Headroom for MCP clients, on standard input and output or over HTTP."""

from __future__ import annotations

from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import click

from headroom.blocks import Channel
from headroom.cli.running import run_command
from headroom.errors import ConfigError, StoreError
from headroom.proxy.config import ProxyConfig

_MISSING = 3


def run(arguments: list[str], prog: str) -> int:
    """Serve until the client goes or the process is told to stop."""
    return run_command(_mcp, arguments, prog)


@click.command(help="Serve headroom_compress, headroom_retrieve and headroom_stats to an MCP client.")
@click.option("--http", metavar="HOST:PORT", help="Listen there, at the path /mcp, instead of on standard input.")
@click.option("--store", help="Where the proxy keeps originals: sqlite:PATH or redis://HOST:PORT/DB.")
@click.option("--tenant", help="Whose originals they are. [default: local]")
@click.option("--config", metavar="FILE", help="The proxy's TOML file, to find its store and tenant.")
@click.option("--lossless", is_flag=True, default=None, help="headroom_compress leaves nothing out.")
@click.option("--token", help="What a request over HTTP must show. Better: HEADROOM_TOKEN.")
@click.option("--allow-hosts", metavar="NAME", multiple=True, help="A host name to answer to, where there is no token.")
@click.option("--insecure-no-auth", is_flag=True, default=None, help="Need no token where others reach the address.")
def _mcp(http: str | None, **given: Any) -> int:
    """Fail with a sentence on standard error: 1 for what cannot be opened, 2 for wrong usage, 3 for a missing extra."""
    config = _config(http, {name: value for name, value in given.items() if value not in (None, ())})
    try:
        serving: Any = import_module("headroom_mcp.serving")  # an adapter: the core does not know its types
    except ImportError as error:
        click.echo(f"headroom mcp: {error}", err=True)
        return _MISSING
    if config.store == "memory:":
        click.echo(
            "headroom mcp: no store is named, so headroom_retrieve knows only what headroom_compress leaves out here "
            "(--store, HEADROOM_STORE)",
            err=True,
        )
    try:
        if http is None:
            serving.serve_stdio(config)
            return 0
        return 0 if serving.serve_http(config) else 1
    except (ConfigError, StoreError) as error:
        raise click.ClickException(str(error)) from error


def _config(http: str | None, typed: dict[str, Any]) -> ProxyConfig:
    """Return the settings with which the proxy that leaves things out and this server meet."""
    from headroom.proxy.workers import with_shared_store  # noqa: PLC0415 - not every system has its parts

    if http is not None:
        typed |= _address(http)
    try:
        return with_shared_store(ProxyConfig(retrieval=Channel.MCP.value, **typed))
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def _address(http: str) -> dict[str, Any]:
    try:
        where = urlsplit(f"//{http}")
        host, port = where.hostname, where.port
    except ValueError:
        host = port = None
    if not host or port is None or where.netloc != http:
        raise click.UsageError(f"--http {http!r} must be HOST:PORT, such as 127.0.0.1:8790.")
    return {"host": host, "port": port}
