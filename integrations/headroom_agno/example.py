"""An agent that reads a log: the model gets it short, the run keeps it whole. Runs offline.

python -m headroom.demo.provider   # prints its address; any server that speaks Chat Completions will do
python example.py http://127.0.0.1:PORT/v1
"""

import sys

from agno.agent import Agent
from agno.models.openai import OpenAIChat

from headroom_agno import HeadroomCompressionManager


def look_up(number: int) -> str:
    """Return the log of a day."""
    lines = (f"2026-03-{number + 1:02d} 10:{n:02d}:07 INFO [worker-{n % 4}] order {4711 + n} packed" for n in range(60))
    return "\n".join(lines)


def main(url: str) -> tuple[str, bool, dict[str, int]]:
    headroom = HeadroomCompressionManager()
    model = OpenAIChat(id="gpt-4o", base_url=url, api_key="none")
    agent = Agent(model=model, tools=[look_up], compression_manager=headroom)
    answer = agent.run("Were all orders packed?")
    results = [message.content for message in answer.messages or () if message.role == "tool"]
    model.get_client().close()
    return str(answer.content), look_up(0) in results, headroom.get_stats()


if __name__ == "__main__":
    print(*main(sys.argv[1]))
