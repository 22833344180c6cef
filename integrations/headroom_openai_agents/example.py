"""An agent that reads a log: the model gets it short, the session keeps it whole. Runs offline.

python -m headroom.demo.provider   # prints its address; any server that speaks the Responses API will do
python example.py http://127.0.0.1:PORT/v1
"""

import asyncio
import sys

from agents import Agent, OpenAIResponsesModel, RunConfig, Runner, function_tool
from openai import AsyncOpenAI

from headroom_openai_agents import headroom_input_filter


@function_tool
def look_up(number: int) -> str:
    """Return the log of a day."""
    lines = (f"2026-03-{number + 1:02d} 10:{n:02d}:07 INFO [worker-{n % 4}] order {4711 + n} packed" for n in range(60))
    return "\n".join(lines)


async def main(url: str) -> tuple[str, dict[str, int]]:
    headroom = headroom_input_filter()
    config = RunConfig(call_model_input_filter=headroom, tracing_disabled=True)
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        agent = Agent("clerk", model=OpenAIResponsesModel("gpt-4o", client), tools=[look_up])
        result = await Runner.run(agent, "Were all orders packed?", run_config=config)
    return str(result.final_output), headroom.get_stats()


if __name__ == "__main__":
    print(*asyncio.run(main(sys.argv[1])))
