"""An agent whose model reads a hundred orders in fewer tokens. Offline: what the model says is written down here."""

import json
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage

from headroom_langchain import HeadroomMiddleware


class ScriptedModel(GenericFakeChatModel):
    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self


def list_orders() -> str:
    """List all orders."""
    orders = [{"id": n, "state": "failed" if n == 41 else "shipped", "total": n * 7 % 90} for n in range(100)]
    return json.dumps(orders, indent=2)


def main() -> None:
    call = {"name": "list_orders", "args": {}, "id": "call_1"}
    said = [AIMessage("", tool_calls=[call]), AIMessage("Order 41 failed.")]
    headroom = HeadroomMiddleware()
    agent = create_agent(ScriptedModel(messages=iter(said)), [list_orders], middleware=[headroom])
    messages = agent.invoke({"messages": [HumanMessage("Which order failed?")]})["messages"]

    print(f"answer: {messages[-1].text}")
    print(f"the state keeps the whole: {messages[2].content == list_orders()}")
    print("tokens of tool output before: {tokens_before}, after: {tokens_after}".format_map(headroom.stats()))


if __name__ == "__main__":
    main()
