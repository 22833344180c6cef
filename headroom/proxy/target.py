"""Where a request goes: to a handler that answers it, or to an upstream under the operator's or an allowed origin."""

from __future__ import annotations

from dataclasses import dataclass

from headroom.errors import ConfigError, RequestError, UpstreamRefusedError
from headroom.integrations.body import Scope
from headroom.providers.routes import route_of
from headroom.providers.vendors import Vendor, vendor_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.handlers import BaseHandlerMixin, ForwardingHandler, Handler, find
from headroom.proxy.helpers import bearer_token, origin_of, request_upstream_override, text


@dataclass(frozen=True, slots=True)
class Upward:
    """Relay to `target` (path and query) under the URL `base`."""

    base: str
    target: str


@dataclass(frozen=True, slots=True)
class Answered:
    """Let this handler answer."""

    handler: BaseHandlerMixin


Target = Upward | Answered


class Targets:
    """Finds the target of a request. Raises `ConfigError` if an upstream of the configuration cannot be used."""

    def __init__(self, config: ProxyConfig) -> None:
        self.upstreams: dict[str, str] = {
            "openai": config.openai_api_url,
            "anthropic": config.anthropic_api_url,
            "gemini": config.gemini_api_url,
        }
        self._allowed = frozenset(map(_origin, (*self.upstreams.values(), *config.allow_upstream)))

    def of(self, scope: Scope, vendor: Vendor) -> Target:
        """Return where the request goes; `vendor` is the provider that path and credentials name.

        Raises `UpstreamRefusedError` if it names an upstream that is not allowed, `RequestError` if its target
        is no path.
        """
        path = raw_target(scope)
        override = request_upstream_override(scope["headers"])
        if override is not None:
            return self._overridden(override, path)
        name, below = _named_by_path(scope["path"], path)
        if name:
            return self._handled(find(name), below)
        handler = find(bearer_token(scope["headers"]))
        if handler is not None:
            return self._handled(handler, path)
        return Upward(self.upstreams[vendor.name], path)

    def _overridden(self, override: str, path: str) -> Target:
        handler = find(override)
        if handler is not None:
            return self._handled(handler, path)
        if ":" not in override or origin_of(override) not in self._allowed:
            raise UpstreamRefusedError("The upstream named in X-Headroom-Upstream is not allowed.")
        return Upward(override, path)

    def _handled(self, handler: Handler | None, path: str) -> Target:
        if isinstance(handler, ForwardingHandler):
            return Upward(handler.base_url or self.upstreams[handler.vendor.name], path)
        if handler is None:
            raise UpstreamRefusedError("No such handler.")
        return Answered(handler)


def vendor_for(scope: Scope) -> Vendor:
    """Return the provider that the route, the path or the credentials name."""
    row = route_of(scope["method"], scope["path"])
    if row is not None:
        return row.vendor
    return vendor_of(scope["path"], frozenset(name.lower() for name, _ in scope["headers"]))


def raw_target(scope: Scope) -> str:
    """Return path and query as they came, byte for byte.

    Raises `RequestError` if the target is no absolute path: appended to a base URL, it could change the host.
    """
    path = text(scope.get("raw_path") or scope["path"].encode())
    query = text(scope.get("query_string", b""))
    if not path.startswith("/") or "#" in path or "?" in path:
        raise RequestError("The request target must be an absolute path.")
    return f"{path}?{query}" if query else path


def _named_by_path(path: str, target: str) -> tuple[str, str]:
    """Return handler name and remaining target of `/<name>/v1...`; two empty strings for other paths."""
    parts = path.split("/", 3)
    if len(parts) < 3 or not parts[2].startswith("v1") or find(parts[1]) is None:
        return "", ""
    below = target[len(parts[1]) + 1 :]
    return (parts[1], below) if target.startswith(f"/{parts[1]}/") else ("", "")


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError as error:
        raise ConfigError(f"upstream {url!r}: {error}") from error
