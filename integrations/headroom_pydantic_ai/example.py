"""An agent whose model reads a log in fewer tokens. Offline: what the model says is written down here."""

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from headroom_pydantic_ai import HeadroomCapability


def look_up(number: int) -> str:
    """Return the log of a day."""
    lines = (f"2026-03-{number + 1:02d} 10:{n:02d}:07 INFO [worker-{n % 4}] order {4711 + n} packed" for n in range(60))
    return "\n".join(lines)


def texts_in(messages: list[ModelMessage]) -> list[str]:
    return [str(p.content) for message in messages for p in message.parts if isinstance(p, ToolReturnPart)]


def model(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
    read = texts_in(messages)
    if not read:
        return ModelResponse([ToolCallPart("look_up", {"number": 0}, "call_1")])
    return ModelResponse([TextPart(f"All were packed, as I read in {len(read[0])} characters.")])


def main() -> None:
    headroom = HeadroomCapability()
    agent = Agent(FunctionModel(model), tools=[look_up], capabilities=[headroom])
    result = agent.run_sync("Were all orders packed?")

    print(f"answer: {result.output}")
    print(f"the history keeps the whole: {texts_in(result.all_messages()) == [look_up(0)]}")
    print("tokens of tool output before: {tokens_before}, after: {tokens_after}".format_map(headroom.stats()))


if __name__ == "__main__":
    main()
