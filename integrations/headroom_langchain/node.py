"""A LangGraph node that writes a model's input beside the messages of the state, which stay whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableLambda

from headroom.integrations.adapter import Adapter
from headroom.proxy.config import ProxyConfig
from headroom_langchain.shortener import Shortener


def headroom_node(
    config: ProxyConfig | None = None,
    *,
    model: BaseChatModel | str = "",
    messages_key: str = "messages",
    output_key: str = "llm_input_messages",
) -> Runnable[Any, dict[str, list[BaseMessage]]]:
    """Return a node that reads the state's messages and writes `{output_key: shorter messages}`.

    `llm_input_messages` is what LangGraph's agents read when such a node is their `pre_model_hook`; a graph of your own
    declares the key in its state. `model` is the one that is asked, or its name: tokens are counted for it.
    What the node is given must have messages. Raises ConfigError or StoreError for settings that cannot be used.
    """
    shortener = Shortener(Adapter(config))

    def shorten(state: Any) -> dict[str, list[BaseMessage]]:
        return {output_key: list(shortener.short(_messages(state, messages_key), model, {}))}

    async def shorten_async(state: Any) -> dict[str, list[BaseMessage]]:
        return {output_key: list(await shortener.short_async(_messages(state, messages_key), model, {}))}

    return RunnableLambda(shorten, shorten_async, name="headroom")


def _messages(state: Any, key: str) -> list[BaseMessage]:
    return list(state[key] if isinstance(state, Mapping) else getattr(state, key))
