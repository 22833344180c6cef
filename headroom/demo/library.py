"""The same work by a library call in this process, with the key of the proxy: it must come to the same texts."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from headroom.blocks import Channel, Payload
from headroom.compress import CompressResult, compress
from headroom.proxy.config import ProxyConfig
from headroom.state.memory import MemoryStore


class _Defaults(ProxyConfig):
    """The settings that the proxy process runs with: the defaults, whatever this environment says."""

    def __init__(self, workspace: Path) -> None:
        super().__init__(workspace_dir=workspace)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take nothing but what is given."""
        return (init_settings,)


def by_library(payload: Payload, model: str, workspace: Path, channel: Channel | None) -> CompressResult:
    """Compress a whole request body. `channel` is how its reader gets back what is left out; None: nothing is."""
    return compress(payload, model, config=_Defaults(workspace), store=MemoryStore(), capability=channel)
