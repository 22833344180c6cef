"""How commands ask a running proxy."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from headroom.proxy.config import ProxyConfig
from headroom.proxy.security import TOKEN_HEADER

URL = "http://127.0.0.1:8787"
"""Where a proxy listens if it is not told otherwise."""

_SECONDS = 30.0


def token_of(config: ProxyConfig) -> dict[str, str]:
    """Return the header that opens a proxy with a token: the one of the environment (HEADROOM_TOKEN)."""
    return {} if config.token is None else {TOKEN_HEADER.decode(): config.token.get_secret_value()}


def asked(
    url: str, target: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes | None = None
) -> tuple[int, dict[str, Any]]:
    """Return status and JSON object of a proxy's answer, an empty one if the body is none.

    Raises `click.UsageError` if the address is none, `click.ClickException` if nobody answers there.
    """
    where = urlsplit(url)
    if where.scheme not in ("http", "https") or not where.hostname:
        raise click.UsageError(f"--url {url!r} must begin with http:// or https://.")
    kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = kind(where.netloc.rpartition("@")[2], timeout=_SECONDS)
    try:
        connection.request(method, where.path.rstrip("/") + target, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, _object(answer.read())
    except (OSError, HTTPException) as error:
        raise click.ClickException(f"no proxy answers at {url}: {error}") from error
    finally:
        connection.close()


def refusal(url: str, status: int, answer: Mapping[str, Any]) -> click.ClickException:
    """Return the error for an answer that is not what was asked for."""
    error = answer.get("error")
    said = error.get("message") if isinstance(error, dict) else None
    return click.ClickException(f"{url} answers with {status}: {said or 'this is no headroom proxy.'}")


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
