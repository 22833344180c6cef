"""Middleware for agents of `langchain.agents.create_agent`.

It stands around each call of the model. The agent's state keeps what tools returned whole; a checkpointer, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest
from langchain_core.tools import BaseTool, StructuredTool

from headroom.ccr.tool import definition
from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom.state import Store
from headroom_langchain.shortener import Shortener, sending


class HeadroomMiddleware(AgentMiddleware[Any, Any]):
    """Lets an agent's model read what tools returned in a shorter form.

    With `retrieval` more is left out, and the agent gets one more tool, `headroom_retrieve`, with which the model asks
    for an original; its calls stand in the agent's state as those of any tool. `store` keeps originals in place of the
    configured one. Raises ConfigError or StoreError for settings that cannot be used.
    """

    def __init__(
        self, config: ProxyConfig | None = None, *, store: Store | None = None, retrieval: bool = False
    ) -> None:
        super().__init__()
        self._adapter = Adapter(config, store=store, retrieval=retrieval)
        self._shortener = Shortener(self._adapter)
        self.tools = [_tool(self._adapter)] if retrieval else []

    def wrap_model_call(self, request: ModelRequest, handler: Callable[[ModelRequest], Any]) -> Any:
        """Call the model with shorter messages."""
        short = self._shortener.short(request.messages, request.model, request.model_settings)
        with sending(short):
            return handler(self._adapter.attempt(lambda: request.override(messages=short), request))

    async def awrap_model_call(self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[Any]]) -> Any:
        """Call the model with shorter messages."""
        short = await self._shortener.short_async(request.messages, request.model, request.model_settings)
        with sending(short):
            return await handler(self._adapter.attempt(lambda: request.override(messages=short), request))

    def stats(self) -> dict[str, int]:
        """Return what was saved so far; see `Adapter.stats`."""
        return self._adapter.stats()

    def close(self) -> None:
        """Close the store, if it was opened here."""
        self._adapter.close()


def _tool(adapter: Adapter) -> BaseTool:
    """Return the tool with which the model asks for originals, as every request declares it."""
    declared = definition("openai-chat")["function"]

    def answer(**arguments: Any) -> str:
        return adapter.retrieve(arguments)

    return StructuredTool(
        name=declared["name"], description=declared["description"], args_schema=declared["parameters"], func=answer
    )
