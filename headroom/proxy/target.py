"""Where a request goes: to a handler that answers it, or to an upstream under the operator's or an allowed origin."""

from __future__ import annotations

from dataclasses import dataclass, field

from headroom.errors import RequestError, UpstreamRefusedError
from headroom.integrations.body import Scope
from headroom.providers.routes import Route, route_of
from headroom.providers.vendors import Vendor, vendor_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.handlers import BaseHandlerMixin, ForwardingHandler, find
from headroom.proxy.helpers import bearer_token, request_upstream_override, text
from headroom.proxy.named import NamedUpstream
from headroom.proxy.origins import Origins
from headroom.state.tenant import CREDENTIAL_HEADERS

_CREDENTIALS = frozenset(name.decode() for name in (*CREDENTIAL_HEADERS, b"cookie"))


@dataclass(frozen=True, slots=True)
class Upward:
    """Relay to `target` (path and query) under the URL `base`. `secrets` are the operator's headers for this base."""

    base: str
    target: str
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def dressed(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the headers to send. The operator's secrets take the place of whatever credentials a client has."""
        if not self.secrets:
            return headers
        replaced = _CREDENTIALS | {name for name, _ in self.secrets}
        return [*(pair for pair in headers if pair[0].lower() not in replaced), *self.secrets]


@dataclass(frozen=True, slots=True)
class Answered:
    """Let this handler answer."""

    handler: BaseHandlerMixin


Target = Upward | Answered


class Targets:
    """Finds the target of a request. Raises `ConfigError` if an upstream of the configuration cannot be used."""

    def __init__(self, config: ProxyConfig) -> None:
        self.upstreams = config.default_upstreams
        self._named = config.upstreams
        self._origins = Origins(config)

    def of(self, scope: Scope, vendor: Vendor) -> Target:
        """Return where the request goes; `vendor` is the provider that path and credentials name.

        Raises `UpstreamRefusedError` if it names an upstream that is not allowed, `RequestError` if its target
        is no path.
        """
        path = raw_target(scope)
        row = _row_of(scope)
        override = request_upstream_override(scope["headers"])
        if override is not None:
            return self._overridden(override, path, row)
        name, below = self._named_by_path(scope["path"], path)
        if name:
            return self._by_name(name, below, row)
        bearer = bearer_token(scope["headers"])
        if self._is_name(bearer):
            return self._by_name(bearer, path, row)
        return self._handled((row.host if row else vendor).name, path)

    def _overridden(self, override: str, path: str, row: Route | None) -> Target:
        if self._is_name(override):
            return self._by_name(override, path, row)
        if ":" not in override or not self._origins.may_be_named(override):
            raise UpstreamRefusedError("The upstream named in X-Headroom-Upstream is not allowed.")
        return Upward(override, path)

    def _is_name(self, name: str) -> bool:
        return name in self._named or find(name) is not None

    def _by_name(self, name: str, path: str, row: Route | None) -> Target:
        """Return the target of a name; an upstream of the configuration goes before a handler."""
        return _to(self._named[name], path, row) if name in self._named else self._handled(name, path)

    def _handled(self, name: str, path: str) -> Target:
        """Return the target of a handler; each provider has one."""
        handler = find(name)
        if isinstance(handler, ForwardingHandler):
            return Upward(handler.base_url or self.upstreams[handler.vendor.name], path)
        if handler is None:
            raise UpstreamRefusedError("No such handler.")
        return Answered(handler)

    def _named_by_path(self, path: str, target: str) -> tuple[str, str]:
        """Return name and remaining target of `/<name>/v1...`; two empty strings for other paths."""
        parts = path.split("/", 3)
        if len(parts) < 3 or not parts[2].startswith("v1") or not self._is_name(parts[1]):
            return "", ""
        below = target[len(parts[1]) + 1 :]
        return (parts[1], below) if target.startswith(f"/{parts[1]}/") else ("", "")


def _to(named: NamedUpstream, path: str, row: Route | None) -> Upward:
    if row is not None and not named.takes(row.wire):
        raise UpstreamRefusedError("The upstream named by this request does not take requests of this kind.")
    return Upward(named.base, path, tuple((name, value.get_secret_value()) for name, value in named.secrets))


def vendor_for(scope: Scope) -> Vendor:
    """Return the provider that the route, the path or the credentials name."""
    row = _row_of(scope)
    if row is not None:
        return row.vendor
    return vendor_of(scope["path"], frozenset(name.lower() for name, _ in scope["headers"]))


def _row_of(scope: Scope) -> Route | None:
    """Return the row of a request; a WebSocket, which has no method, has that of a request to its path."""
    return route_of(scope.get("method", "POST"), scope["path"])


def raw_target(scope: Scope) -> str:
    """Return path and query as they came, byte for byte.

    Raises `RequestError` if the target is no absolute path: appended to a base URL, it could change the host.
    """
    path = text(scope.get("raw_path") or scope["path"].encode())
    query = text(scope.get("query_string", b""))
    if not path.startswith("/") or "#" in path or "?" in path:
        raise RequestError("The request target must be an absolute path.")
    return f"{path}?{query}" if query else path
