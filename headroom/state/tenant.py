"""Whose a value is: the caller is known by the credential that it sends, and the credential is never kept."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs

CREDENTIAL_HEADERS = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")
"""Headers by which clients of the providers say who they are, in the order in which they are read."""

_ANONYMOUS = b"anonymous"
_HEX_DIGITS = 32


def tenant_of(headers: Mapping[bytes, bytes], key: bytes, query: bytes = b"") -> str:
    """Return the tenant of a caller: 32 hex digits of an HMAC-SHA256 (RFC 2104) over its credentials.

    `headers` has lower-case names, as ASGI gives them; in `query` Gemini's clients may give their key. All callers
    without a credential are one tenant. `key` is the secret of the workspace: without it nobody can tell which
    credential a tenant stands for.
    """
    given = [(name, value) for name in CREDENTIAL_HEADERS if (value := headers.get(name, b"").strip())]
    if query:
        given += [(b"x-goog-api-key", value) for value in _keys_in(query)]
    # Lengths before the values, so that no credential can be spelled as two others.
    message = b"".join([b"%s=%d:%s;" % (name, len(value), value) for name, value in given]) or _ANONYMOUS
    return hmac.digest(key, message, "sha256").hex()[:_HEX_DIGITS]


def _keys_in(query: bytes) -> list[bytes]:
    """Return the values of `key`, decoded. As Latin-1, which has a character for every byte that may be escaped."""
    found = parse_qs(query.decode("latin-1"), encoding="latin-1").get("key", ())
    return [value.encode("latin-1") for value in found]
