"""Upstreams with a name: `NAME=URL`, then, after semicolons, what else is known of them.

    deepseek=https://api.deepseek.com/v1;wire=openai-chat;header=Authorization:DEEPSEEK_API_KEY

`wire` (repeatable) names the request formats that the upstream takes; requests on routes of others are refused.
`header` (repeatable) is a header whose value stands in an environment variable. It is sent to this upstream alone,
and shown nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from headroom.providers.routes import ROUTES
from headroom.proxy.addresses import normal_base_url, origin_of

_WIRES = tuple(dict.fromkeys(row.wire for row in ROUTES))
_OF_A_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_OF_A_HEADER = frozenset("!#$%&'*+-.^_`|~") | _OF_A_NAME
"""Characters of a header's name (RFC 9110, 5.6.2), in lower case."""
_OF_THE_MESSAGE = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade"})
"""Headers that say where and how a message is sent; nobody sets them beside the HTTP client."""


@dataclass(frozen=True, slots=True)
class NamedUpstream:
    """One upstream: its base URL in normal form, the wires that it takes (none named: all), its secret headers."""

    base: str
    wires: tuple[str, ...] = ()
    secrets: tuple[tuple[str, SecretStr], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Bring the base URL into its normal form. Raises ValueError if it can be none."""
        object.__setattr__(self, "base", normal_base_url(self.base))
        origin_of(self.base)

    def takes(self, wire: str) -> bool:
        """Say whether requests of a wire may be sent here."""
        return not self.wires or wire in self.wires


def named_upstreams(
    pairs: Iterable[tuple[str, str | NamedUpstream]], environment: Mapping[str, str]
) -> dict[str, NamedUpstream]:
    """Return upstreams by name; one that is text, `URL;...`, is read. Raises ValueError, which never holds a secret."""
    found: dict[str, NamedUpstream] = {}
    for name, one in pairs:
        if not one or name in found:
            raise ValueError("must be NAME=URL, each name once")
        if not name or not _OF_A_NAME.issuperset(name):
            raise ValueError(f"upstream name {name!r}: use lower case letters, digits, '-' and '_'")
        found[name] = _read(name, one, environment) if isinstance(one, str) else one
    return found


def _read(name: str, text: str, environment: Mapping[str, str]) -> NamedUpstream:
    url, *more = text.split(";")
    wires: list[str] = []
    secrets: list[tuple[str, SecretStr]] = []
    for one in more:
        key, _, value = one.strip().partition("=")
        if key == "wire" and value in _WIRES:
            wires.append(value)
        elif key == "header":
            secrets.append(_secret(name, value, environment))
        else:
            raise ValueError(f"upstream {name!r}: after the URL only header=NAME:VARIABLE and wire={'|'.join(_WIRES)}")
    return NamedUpstream(url, tuple(wires), tuple(secrets))


def _secret(name: str, text: str, environment: Mapping[str, str]) -> tuple[str, SecretStr]:
    """Return a header with its value. A bare key for `Authorization` becomes a bearer token (RFC 6750, 2.1)."""
    header, _, variable = text.partition(":")
    header = header.strip().lower()
    value = environment.get(variable.strip(), "").strip()
    if not header or not _OF_A_HEADER.issuperset(header) or header in _OF_THE_MESSAGE:
        raise ValueError(f"upstream {name!r}: a header is given as header=NAME:VARIABLE")
    if not value or not value.isascii() or not value.isprintable():
        raise ValueError(f"upstream {name!r}: the environment variable {variable.strip()!r} holds no header value")
    if header == "authorization" and " " not in value:
        value = f"Bearer {value}"
    return header, SecretStr(value)
