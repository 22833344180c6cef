"""Which origins a request may be sent to, and which of them may stand in our own network."""

from __future__ import annotations

from collections.abc import Iterable

from headroom.errors import ConfigError
from headroom.providers.vendors import PUBLIC_ORIGINS
from headroom.proxy.addresses import is_loopback, origin_of
from headroom.proxy.config import ProxyConfig
from headroom.proxy.handlers import bases


class Origins:
    """The operator's rule for origins. Raises `ConfigError` for a URL of the configuration that can be no base.

    What the operator has written is *listed*: it may be named by requests, and its name may stand for a private
    address. The public origins of providers may be named too where only programs of this machine come in; their
    names stand for public addresses, or for nothing.
    """

    def __init__(self, config: ProxyConfig) -> None:
        own = [url for url in config.default_upstreams.values() if url not in PUBLIC_ORIGINS]
        named = [one.base for one in config.upstreams.values()]
        self._listed = _origins([*own, *named, *config.allow_upstream])
        reached = PUBLIC_ORIGINS if is_loopback(config.host) else ()
        self._known = _origins([*reached, *config.default_upstreams.values()])

    def may_be_named(self, url: str) -> bool:
        """Say whether a request may name this base URL."""
        origin = origin_of(url)
        return origin in self._listed or origin in self._known

    def may_be_private(self, host: str, port: int) -> bool:
        """Say whether host and port may stand in our own network: the operator or a handler has written them."""
        asked = {f"{scheme}://{host}:{port}" for scheme in ("http", "https")}
        return not asked.isdisjoint(self._listed) or not asked.isdisjoint(_origins(bases()))


def _origins(urls: Iterable[str]) -> frozenset[str]:
    return frozenset(map(_origin, urls))


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError as error:
        raise ConfigError(f"upstream {url!r}: {error}") from error
