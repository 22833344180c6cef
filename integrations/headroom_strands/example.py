"""An agent that reads a log: the model gets it short, the agent keeps it whole. Runs offline.

python -m headroom.demo.provider   # prints its address; any server that speaks Chat Completions will do
python example.py http://127.0.0.1:PORT/v1
"""

import sys

from strands import Agent, tool
from strands.middleware import InvokeModelStage
from strands.models.openai import OpenAIModel

from headroom_strands import headroom_middleware


@tool
def look_up(number: int) -> str:
    """Return the log of a day."""
    lines = (f"2026-03-{number + 1:02d} 10:{n:02d}:07 INFO [worker-{n % 4}] order {4711 + n} packed" for n in range(60))
    return "\n".join(lines)


def main(url: str) -> tuple[str, bool, dict[str, int]]:
    headroom = headroom_middleware()
    model = OpenAIModel(client_args={"base_url": url, "api_key": "none"}, model_id="gpt-4o")
    agent = Agent(model=model, tools=[look_up], callback_handler=None)
    agent.add_middleware(InvokeModelStage, headroom)
    answer = agent("Were all orders packed?")
    results = [
        block["toolResult"] for message in agent.messages for block in message["content"] if "toolResult" in block
    ]
    return str(answer).strip(), results[0]["content"] == [{"text": look_up(0)}], headroom.get_stats()


if __name__ == "__main__":
    print(*main(sys.argv[1]))
