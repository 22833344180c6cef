"""The door: who may come in at all. Pure ASGI in front of everything else; every route, HTTP and WebSocket alike.

With a token, whoever shows it may come in. Without one, only programs on this side of a loopback address may: a web
page that got there by a name of its own (DNS rebinding), or that asks from another origin, may not.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from headroom.errors import ConfigError, RequestError
from headroom.integrations.body import ASGIApp, Receive, Scope, Send
from headroom.proxy.addresses import is_address, is_loopback
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import bearer_token, header
from headroom.proxy.refusals import refuse

TOKEN_HEADER = b"x-headroom-token"
PROBES = frozenset({"/livez", "/readyz"})
"""Paths that balancers ask, who have no token."""

_LOCAL_NAMES = ("localhost",)


class NotAllowedError(RequestError):
    """The request comes from where none may come from."""

    status = 403
    code = "not_allowed"


class NoTokenError(RequestError):
    """The request does not show the gateway's token."""

    status = 401
    code = "unauthorized"


class Doorkeeper:
    """Lets requests in to `app`. Raises ConfigError for an address that others reach if no token is asked for."""

    def __init__(self, app: ASGIApp, config: ProxyConfig) -> None:
        self.app = app
        self._token = "" if config.token is None else config.token.get_secret_value()
        self._hosts = frozenset(name.lower() for name in config.allow_hosts)
        if not (self._token or config.insecure_no_auth or is_loopback(config.host)):
            raise ConfigError(
                f"setting 'host': {config.host} can be reached by others: set a token (--token, HEADROOM_TOKEN), "
                "or say --insecure-no-auth"
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            scope = self._admitted(scope)
        except RequestError as error:
            await refuse(error, scope, send)
            return
        await self.app(scope, receive, send)

    def _admitted(self, scope: Scope) -> Scope:
        """Return the scope to go on with, the token taken out. Raises RequestError if it may not come in."""
        headers = scope["headers"]
        if self._token:
            if scope["path"] in PROBES and scope["type"] == "http":
                return scope
            if not _shows(self._token, scope):
                raise NoTokenError("This gateway asks for its token, in X-Headroom-Token.")
            return {**scope, "headers": [pair for pair in headers if not _is_token(self._token, *pair)]}
        host = header(headers, b"host")
        if host and not self._is_known(_name_of(host)):
            raise NotAllowedError("This gateway does not answer to that host name (--allow-hosts).")
        origin = header(headers, b"origin")
        if origin and not self._is_own(origin):
            raise NotAllowedError("This gateway does not answer web pages of other origins.")
        return scope

    def _is_known(self, host: str) -> bool:
        """Say whether a host name is one that only we, not somebody's DNS, can have pointed here."""
        return host in self._hosts or host in _LOCAL_NAMES or host.endswith(".localhost") or is_address(host)

    def _is_own(self, origin: str) -> bool:
        """Say whether an origin is local. Origins of other schemes are programs: no page can take such a one on."""
        try:
            parts = urlsplit(origin)
        except ValueError:  # brackets that hold no address: no browser says so
            return False
        if parts.scheme not in ("http", "https", ""):
            return True
        host = _name_of(parts.netloc)
        return host in self._hosts or host in _LOCAL_NAMES or host.endswith(".localhost") or is_loopback(host)


def _name_of(host: str) -> str:
    """Return the name or address of a Host header (RFC 9110, 7.2), without the port; empty if it is neither."""
    name, colon, port = host.lower().rpartition(":")
    if not colon or port.endswith("]"):
        name, port = host.lower(), ""
    is_whole = name.startswith("[") == name.endswith("]")
    return name if is_whole and (port.isdecimal() or not port) else ""


def _shows(token: str, scope: Scope) -> bool:
    own, bearer = header(scope["headers"], TOKEN_HEADER), bearer_token(scope["headers"])
    return hmac.compare_digest((own or bearer).encode(), token.encode())


def _is_token(token: str, name: bytes, value: bytes) -> bool:
    """Say whether a header carries the token: it is meant for us, not for the provider."""
    if name.lower() == TOKEN_HEADER:
        return True
    return name.lower() == b"authorization" and hmac.compare_digest(
        bearer_token([(name, value)]).encode(), token.encode()
    )
