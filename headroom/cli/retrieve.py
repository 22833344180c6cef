"""`headroom retrieve HASH`: the original of a text that leaves something out, byte for byte.

It comes straight from the store where one is shared (SQLite, Redis), else from a running proxy, which knows its
callers by their credentials.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import click
import msgspec

from headroom.blocks import Channel
from headroom.ccr.excerpt import excerpt
from headroom.ccr.marker import HANDLE
from headroom.ccr.opening import opened
from headroom.ccr.retriever import Retriever
from headroom.cli.running import run_command
from headroom.errors import ConfigError, StoreError
from headroom.proxy.config import ProxyConfig
from headroom.proxy.security import TOKEN_HEADER

URL = "http://127.0.0.1:8787"
_SECONDS = 30.0

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
        shown = {**_token(config), **_credential(credential_env)}
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


def _token(config: ProxyConfig) -> dict[str, str]:
    """Return the header that opens a proxy with a token: the one of the environment (HEADROOM_TOKEN)."""
    return {} if config.token is None else {TOKEN_HEADER.decode(): config.token.get_secret_value()}


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
    status, body = _asked(url, f"/v1/retrieve/{handle}?{urlencode(wanted)}", headers)
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = {}
    text = answer.get("original_content")
    if status == 200 and isinstance(text, str):
        return text
    error = answer.get("error")
    said = error.get("message") if isinstance(error, dict) else None
    raise click.ClickException(f"{url} answers with {status}: {said or 'this is no headroom proxy.'}")


def _asked(url: str, target: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Return status and body of a proxy's answer."""
    where = urlsplit(url)
    if where.scheme not in ("http", "https") or not where.hostname:
        raise click.UsageError(f"--url {url!r} must begin with http:// or https://.")
    kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = kind(where.netloc.rpartition("@")[2], timeout=_SECONDS)
    try:
        connection.request("GET", where.path.rstrip("/") + target, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException) as error:
        raise click.ClickException(f"no proxy answers at {url}: {error}") from error
    finally:
        connection.close()
