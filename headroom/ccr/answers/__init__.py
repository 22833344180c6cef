"""What the resolver must know of an answer, a module a wire."""

from headroom.ccr.answers.anthropic import AnthropicAnswers
from headroom.ccr.answers.base import Answers, ToolCall, Turn
from headroom.ccr.answers.gemini import GeminiAnswers
from headroom.ccr.answers.openai_chat import ChatAnswers
from headroom.ccr.answers.openai_responses import ResponsesAnswers

ANSWERS: dict[str, Answers] = {
    answers.wire: answers for answers in (ChatAnswers(), ResponsesAnswers(), AnthropicAnswers(), GeminiAnswers())
}
"""By the name of the wire; a wire that is not here (batches) is not answered on the spot."""

__all__ = ["ANSWERS", "Answers", "ToolCall", "Turn"]
