"""Nothing is lost: the model asks for a line that was left out, and the caller sees one answer."""

from typing import Any

import openai

from headroom import HeadroomClient
from headroom.demo.provider import OfflineProvider, running

LOG = "\n".join(
    f"2026-11-21T10:{n // 60 % 60:02d}:{n % 60:02d} INFO worker-{n % 7} finished job {n * 7919 % 10_007} in {n % 53} ms"
    for n in range(2_000)
)
READ_LOG = {"name": "read_log", "parameters": {"type": "object", "properties": {}}}
TOOLS: list[Any] = [{"type": "function", "function": READ_LOG}]


def main() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "read_log", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": LOG},
        {"role": "user", "content": "Quote line 1234 of the result of call_1, word for word."},
    ]
    provider = OfflineProvider()
    with running(provider) as url:
        client = HeadroomClient(openai.OpenAI(base_url=f"{url}/v1", api_key="offline"))
        answer = client.chat.completions.create(model="gpt-5", messages=messages, tools=TOOLS)
        print(answer.choices[0].message.content)
        print(f"line 1234 is:             {LOG.splitlines()[1233]}")
        first = provider.since(0)[0].body
        print(f"the first request had {len(first)} bytes, the log alone has {len(LOG)}")
        print("requests: 1 + {further_requests}, originals given: {retrievals}".format_map(client.get_stats()))
        client.close()


if __name__ == "__main__":
    main()
