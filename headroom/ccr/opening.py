"""What a configuration says about retrieval, opened: the store of originals, and the key of the handles."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from headroom.blocks import Channel
from headroom.ccr.keeper import Retrieval
from headroom.ccr.marker import Mint
from headroom.errors import ConfigError
from headroom.state import Store, Workspace, open_store

if TYPE_CHECKING:
    from headroom.proxy.config import ProxyConfig

T = TypeVar("T")

_log = logging.getLogger("headroom")
_CHANNELS = {channel.value: channel for channel in Channel}


class NoKeyError(ConfigError):
    """The key of the handles can neither be read nor made."""


def opened(
    config: ProxyConfig, store: Store | None = None, channel: Channel | None = None
) -> tuple[Store, Retrieval | None]:
    """Open the store, and the retrieval if there is to be any; what is given takes the place of what is configured.

    Whoever gives a channel vouches for it.

    Raises ConfigError if an address, the workspace or the key cannot be used, StoreError if a file cannot be opened.
    """
    if store is None:
        store = open_store(config.store, max_bytes=config.store_max_bytes, idle_seconds=config.store_idle_seconds)
    chosen = channel or _CHANNELS.get(config.retrieval)
    if chosen is None:
        return store, None
    try:
        key = _key(config, store)
    except ConfigError as error:
        raise NoKeyError(str(error)) from error
    return store, Retrieval(chosen, Mint(key), vouched=channel is not None)


def with_tool(config: ProxyConfig, build: Callable[[ProxyConfig], T]) -> T:
    """Return what is built with retrieval through the tool, where the operator has not chosen.

    What nobody asked for by name must not stand in the way: without a place to keep the key it is off.
    """
    if config.retrieval != "auto":
        return build(config)
    try:
        return build(config.model_copy(update={"retrieval": Channel.TOOL.value}))
    except NoKeyError as reason:
        _log.warning("retrieval is off, so nothing is left out: %s", reason)
        return build(config.model_copy(update={"retrieval": "off"}))


def _key(config: ProxyConfig, store: Store) -> bytes:
    """Return the secret that all who serve one conversation share."""
    if config.marker_key is not None:
        return config.marker_key.get_secret_value().encode()
    shared = getattr(store, "secret", None)
    if shared is not None:  # a store that several machines share keeps the key for them too
        key: bytes = shared()
        return key
    return Workspace(Path(config.workspace_dir).expanduser()).secret()
