"""Chat models without a provider that note what they are given: one for each way in which classes can answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field
from support.samples import sample

LONG = sample("json_rows")
ANSWER = AIMessage("It is in order.")


def conversation(content: Any = LONG, **settings: Any) -> list[BaseMessage]:
    """Return a conversation whose only result has this content."""
    call = {"name": "look_up", "args": {"number": 1}, "id": "call_1"}
    result = ToolMessage(content, tool_call_id="call_1", name="look_up", **settings)
    return [HumanMessage("Which failed?"), AIMessage("", tool_calls=[call]), result]


class Plain(BaseChatModel):
    """Answers whole, and synchronously only."""

    model_name: str = "gpt-4o"
    temperature: float = 0.5
    seen: list[list[BaseMessage]] = Field(default_factory=list, exclude=True)

    @property
    def _llm_type(self) -> str:
        return "plain"

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        self.seen.append(messages)
        return ChatResult(generations=[ChatGeneration(message=ANSWER)])


class Streaming(Plain):
    """Streams too; its whole answers are made from its streams, as some classes do it."""

    closed: list[str] = Field(default_factory=list, exclude=True)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        text = "".join(str(chunk.message.content) for chunk in self._stream(messages, stop, run_manager, **kwargs))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        self.seen.append(messages)
        for word in ("It is ", "in order."):
            yield ChatGenerationChunk(message=AIMessageChunk(word))

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.seen.append(messages)
        try:
            for word in ("It is ", "in order."):
                yield ChatGenerationChunk(message=AIMessageChunk(word))
        finally:
            self.closed.append("stream")


class Eventful(Plain):
    """Streams events of its own, as LangChain 1.3 and later ask for."""

    def _stream_chat_model_events(self, messages: list[BaseMessage], **kwargs: Any) -> Iterator[Any]:
        self.seen.append(messages)
        yield from _events()

    async def _astream_chat_model_events(self, messages: list[BaseMessage], **kwargs: Any) -> AsyncIterator[Any]:
        self.seen.append(messages)
        for event in _events():
            yield event


def _events() -> list[dict[str, Any]]:
    text = {"type": "text", "text": "It is in order."}
    return [
        {"event": "message-start", "role": "ai", "id": "m1"},
        {"event": "content-block-start", "index": 0, "content": {"type": "text", "text": ""}},
        {"event": "content-block-delta", "index": 0, "delta": {"type": "text-delta", "text": text["text"]}},
        {"event": "content-block-finish", "index": 0, "content": text},
        {"event": "message-finish", "reason": "stop"},
    ]
