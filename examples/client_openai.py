"""An OpenAI client, wrapped: the same calls, shorter requests. Offline: the provider runs in this process."""

import json
from typing import Any

import openai

from headroom import HeadroomClient
from headroom.demo.provider import OfflineProvider, running


def main() -> None:
    units = [{"id": n, "state": "ready" if n % 3 else "late", "load": n * 37 % 101} for n in range(100)]
    call = {"id": "call_1", "type": "function", "function": {"name": "read_units", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "user", "content": "Which units are late?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps(units, indent=2)},
    ]
    provider = OfflineProvider()
    with running(provider) as url:
        client = HeadroomClient(openai.OpenAI(base_url=f"{url}/v1", api_key="offline"))
        answer = client.chat.completions.create(model="gpt-5", messages=messages)
        print(answer.choices[0].message.content)
        print("tokens: {tokens_before} -> {tokens_after}".format_map(client.get_stats()))
        received = provider.recorded(-1)
        print(f"the provider received {len(received.body) if received else 0} bytes")
        client.close()


if __name__ == "__main__":
    main()
