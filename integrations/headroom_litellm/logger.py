"""The callback: shortens what a call of LiteLLM sends, before it is sent.

    proxy    request ─► async_pre_call_hook ─► router ─► async_pre_call_deployment_hook ─► provider
    SDK      acompletion(...) ──────────────────────────► async_pre_call_deployment_hook ─► provider

In the proxy both are called: what the first has done, the second finds done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom_litellm.calls import conversation_key, payload_of, put_back

_LARGE = 65_536
"""Characters from which on the size of a conversation is not counted further."""


class HeadroomLogger(CustomLogger):
    """Shortens tool outputs in the calls of LiteLLM; without loss, unless the configuration names a way to retrieve.

    `config` and `store` are as in `headroom.integrations.adapter.Adapter`.
    """

    def __init__(self, config: ProxyConfig | None = None, *, store: Store | None = None) -> None:
        super().__init__()
        self.adapter = Adapter(config, store=store)

    def get_stats(self) -> dict[str, int]:
        """Return the counts of requests, tokens and failures."""
        return self.adapter.stats()

    async def async_pre_call_hook(
        self,
        user_api_key_dict: object,  # noqa: ARG002 - given by this name
        cache: object,  # noqa: ARG002 - likewise
        data: dict[str, Any],
        call_type: object,
    ) -> dict[str, Any] | None:
        """Return a request of the proxy with a short conversation, None if it stays as it is."""
        return await self._after(data, call_type)

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: object) -> dict[str, Any] | None:
        """Return the arguments of a call with a short conversation, None if they stay as they are."""
        return await self._after(kwargs, call_type)

    def shortened(self, call: Mapping[str, Any], call_type: object) -> dict[str, Any] | None:
        """Return the short conversation of a call by the name of its argument, None if there is nothing to do.

        The call and its items are never mutated. Never raises.
        """
        return self.adapter.attempt(lambda: self._shortened(call, call_type), None)

    async def _after(self, call: dict[str, Any], call_type: object) -> dict[str, Any] | None:
        size = self.adapter.attempt(lambda: _size_of(call, call_type), 0)
        if not size:
            return None
        changed = await self.adapter.attempt_aside(lambda: self._shortened(call, call_type), None, size)
        return None if changed is None else {**call, **changed}

    def _shortened(self, call: Mapping[str, Any], call_type: object) -> dict[str, Any] | None:
        key = conversation_key(call, call_type)
        if key is None:
            return None
        payload = payload_of(call, key)
        result = self.adapter.shorten_body(payload, str(payload.get("model", "")))
        return {key: put_back(call[key], payload[key], result.messages[key])}


def _size_of(call: Mapping[str, Any], call_type: object) -> int:
    """Return about how many characters the conversation has; 0 if there is nothing to do."""
    key = conversation_key(call, call_type)
    waiting, size = [] if key is None else [call[key]], 0
    while waiting and size < _LARGE:
        value = waiting.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif hasattr(value, "__dict__"):
            waiting.append(vars(value))
    return size
