"""Who answers a request. The built-in handlers are registered as any other."""

from headroom.proxy.handlers.anthropic import AnthropicHandler
from headroom.proxy.handlers.base import (
    BaseHandlerMixin,
    ForwardingHandler,
    Handler,
    bases,
    find,
    register,
    unregister,
)
from headroom.proxy.handlers.clouds import BedrockHandler, VertexHandler
from headroom.proxy.handlers.dummy import DummyHandler
from headroom.proxy.handlers.gemini import GeminiHandler
from headroom.proxy.handlers.openai import OpenAIHandler

__all__ = ["BaseHandlerMixin", "ForwardingHandler", "Handler", "bases", "find", "register", "unregister"]

register("openai", OpenAIHandler)
register("anthropic", AnthropicHandler)
register("gemini", GeminiHandler)
register("vertex", VertexHandler)
register("bedrock", BedrockHandler)
register("dummy", DummyHandler)
