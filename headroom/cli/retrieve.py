"""`headroom retrieve HASH`: the original of a text that leaves something out, byte for byte.

It comes straight from the store where one is shared (SQLite, Redis), else from a running proxy, which knows its
callers by their credentials.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from urllib.parse import urlencode

import click

from headroom.blocks import Channel
from headroom.ccr.excerpt import excerpt
from headroom.ccr.marker import HANDLE
from headroom.ccr.opening import opened
from headroom.ccr.retriever import Retriever
from headroom.cli.asking import URL, asked, refusal, token_of
from headroom.cli.running import run_command
from headroom.errors import ConfigError, StoreError
from headroom.proxy.config import ProxyConfig

_HEADERS = {
    "ANTHROPIC_API_KEY": "x-api-key",
    "AZURE_OPENAI_API_KEY": "api-key",
    "GEMINI_API_KEY": "x-goog-api-key",
    "GOOGLE_API_KEY": "x-goog-api-key",
}
"""In which header the clients of the providers send what stands in these variables; else it is a bearer token."""


def run(arguments: list[str], prog: str) -> int:
    """Print an original."""
    return run_command(_retrieve, arguments, prog)


@click.command(help="Print the original behind a hash, from the shared store or from a running proxy.")
@click.argument("handle", metavar="HASH")
@click.option("--query", default="", help="Print only lines with these words, and what stands around them.")
@click.option("--lines", default="", metavar="A-B", help="Print only these lines, counted from 1.")
@click.option("--url", default="", help=f"The proxy to ask, even where a store is shared. [default: {URL}]")
@click.option("--store", help="The shared store: sqlite:PATH or redis://HOST:PORT/DB. [default: HEADROOM_STORE]")
@click.option("--tenant", help="Whose original it is, in the store. [default: HEADROOM_TENANT, else local]")
@click.option("--credential-env", metavar="NAME", help="Show the proxy the credential in this variable.")
def _retrieve(
    handle: str,
    query: str,
    lines: str,
    url: str,
    store: str | None,
    tenant: str | None,
    credential_env: str | None,
) -> None:
    """Fail with a sentence on standard error: status 1 if there is no such original, 2 for wrong usage."""
    if not HANDLE.fullmatch(handle):
        raise click.UsageError(f"{handle!r} is no hash: it has 24 characters of 0-9 and a-f.")
    config = _config(store, tenant)
    if url or config.store == "memory:":
        shown = {**token_of(config), **_credential(credential_env)}
        text = _from_proxy(url or URL, handle, {"query": query, "lines": lines}, shown)
    else:
        text = excerpt(_from_store(config, handle), query=query, lines=lines)
    sys.stdout.buffer.write(text.encode("utf-8", "surrogatepass"))
    sys.stdout.buffer.flush()


def _config(store: str | None, tenant: str | None) -> ProxyConfig:
    """Return the settings with which the writer of a shared store and its readers in a shell meet."""
    typed = {name: value for name, value in (("store", store), ("tenant", tenant)) if value is not None}
    try:
        return ProxyConfig(retrieval=Channel.SHELL.value, **typed)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def _from_store(config: ProxyConfig, handle: str) -> str:
    try:
        store, retrieval = opened(config, channel=Channel.SHELL)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    except StoreError as error:
        raise click.ClickException(f"the store cannot be opened: {error}") from error
    if retrieval is None:
        raise click.ClickException("retrieval is off.")
    try:
        text = Retriever({}, store, config.one_tenant, retrieval.mint).original(handle)
    except StoreError as error:
        raise click.ClickException(f"the store cannot be read: {error}") from error
    finally:
        store.close()
    if text is None:
        raise click.ClickException(
            f"the hash {handle} is unknown in this store, has expired, or belongs to another tenant (--tenant) or key."
        )
    return text


def _credential(name: str | None) -> dict[str, str]:
    """Return the header for a credential as a provider's client would send it. Nothing is read that is not named."""
    if name is None:
        return {}
    value = os.environ.get(name, "")
    if not value:
        raise click.UsageError(f"the environment has no {name}.")
    header = _HEADERS.get(name)
    return {header: value} if header else {"authorization": f"Bearer {value}"}


def _from_proxy(url: str, handle: str, wanted: Mapping[str, str], headers: Mapping[str, str]) -> str:
    status, answer = asked(url, f"/v1/retrieve/{handle}?{urlencode(wanted)}", headers)
    text = answer.get("original_content")
    if status == 200 and isinstance(text, str):
        return text
    raise refusal(url, status, answer)
