"""A loop of one tool through LiteLLM: its log goes to the model in a shorter form, the application keeps it whole."""

import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # LiteLLM asks the network for prices unless it is told not to

import litellm

from headroom_litellm import install_litellm

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}


def look_up() -> str:
    """Return what a service wrote down today."""
    return "\n".join(f"2026-03-01 10:{n // 60:02d}:{n % 60:02d} INFO [pool] request {n} served" for n in range(300))


def main(api_base: str) -> None:
    """Ask a model at an address that speaks like OpenAI."""
    headroom = install_litellm()
    messages: list[object] = [{"role": "user", "content": "Is anything wrong?"}]
    while True:
        answer = litellm.completion("openai/gpt-4o", messages, tools=[TOOL], api_base=api_base, api_key="sk-none")
        message = answer.choices[0].message
        messages.append(message)
        if not message.tool_calls:
            break
        messages += [{"role": "tool", "tool_call_id": call.id, "content": look_up()} for call in message.tool_calls]
    stats = headroom.get_stats()
    print(message.content)
    print(f"{stats['tokens_saved']} of {stats['tokens_before']} tokens saved in {stats['requests']} requests")


if __name__ == "__main__":
    main(sys.argv[1])
