"""The example of a handler: it answers without a provider and shows what would have been sent."""

from __future__ import annotations

from headroom.blocks import Payload
from headroom.proxy.handlers.base import BaseHandlerMixin


class DummyHandler(BaseHandlerMixin):
    """Echoes the request body that reached it, as a chat completion."""

    async def call_provider(self, request_body: Payload) -> Payload:
        """Return an answer that carries the request under `echo`."""
        return {"object": "dummy.echo", "model": request_body.get("model"), "echo": request_body}

    def postprocess_response(self, response: Payload) -> Payload:
        """Give the echo the outline of a chat completion, so that SDKs can read it."""
        message = {"role": "assistant", "content": "echo"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**response, "id": "dummy-0", "object": "chat.completion", "created": 0, "choices": [choice]}
