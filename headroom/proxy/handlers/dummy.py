"""The example of a handler: it answers without a provider and shows what would have been sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

from headroom.blocks import Payload
from headroom.proxy.handlers.base import BaseHandlerMixin, StreamEvent


class DummyHandler(BaseHandlerMixin):
    """Echoes the request body that reached it, as a chat completion."""

    async def call_provider(self, request_body: Payload) -> Payload:
        """Return an answer that carries the request under `echo`."""
        return {"object": "dummy.echo", "model": request_body.get("model"), "echo": request_body}

    async def stream_provider(self, request_body: Payload) -> AsyncIterator[StreamEvent]:
        """Yield the same as chunks of a chat completion."""
        head = {"id": "dummy-0", "object": "chat.completion.chunk", "created": 0, "model": request_body.get("model")}
        delta = {"role": "assistant", "content": "echo"}
        yield {**head, "echo": request_body, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        yield "[DONE]"

    def postprocess_response(self, response: Payload) -> Payload:
        """Give the echo the outline of a chat completion, so that SDKs can read it."""
        message = {"role": "assistant", "content": "echo"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**response, "id": "dummy-0", "object": "chat.completion", "created": 0, "choices": [choice]}
