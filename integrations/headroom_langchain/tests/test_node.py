from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AnyMessage, BaseMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

from headroom_langchain import headroom_node
from headroom_langchain.tests.models import LONG, Plain, conversation


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    llm_input_messages: list[AnyMessage]


def graph(model: Plain) -> Any:
    def ask(state: State) -> dict[str, Any]:
        return {"messages": [model.invoke(state["llm_input_messages"])]}

    builder = StateGraph(State)
    builder.add_node("shorten", headroom_node(model="gpt-4o"))
    builder.add_node("ask", ask)
    builder.add_edge(START, "shorten")
    builder.add_edge("shorten", "ask")
    builder.add_edge("ask", END)
    return builder.compile()


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_in_a_graph_of_ones_own_the_model_reads_the_short_form_and_the_state_keeps_the_whole(mode: str) -> None:
    plain, state = Plain(), {"messages": conversation()}
    app = graph(plain)
    after = app.invoke(state) if mode == "sync" else asyncio.run(app.ainvoke(state))
    assert [message.content for message in after["messages"]][2:] == [LONG, "It is in order."]
    assert len(plain.seen[0][2].content) < len(LONG)


@dataclass
class Record:
    chat: list[BaseMessage]


@pytest.mark.parametrize("state", [{"chat": conversation()}, Record(conversation())], ids=["dict", "object"])
def test_keys_can_be_named(state: Any) -> None:
    written = headroom_node(messages_key="chat", output_key="short").invoke(state)
    assert list(written) == ["short"]
    assert type(written["short"]) is list
    assert len(written["short"][2].content) < len(LONG)


def test_a_failure_of_ours_writes_the_messages_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headroom_langchain.shortener.turns_of", lambda _: 1 / 0)
    messages = conversation()
    assert headroom_node().invoke({"messages": messages}) == {"llm_input_messages": messages}


def test_a_state_without_messages_is_the_applications_error() -> None:
    with pytest.raises(KeyError):
        headroom_node().invoke({"chat": []})
