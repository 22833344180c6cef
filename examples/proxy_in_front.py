"""The proxy in front of a provider: a client changes its base URL, nothing else."""

import json
from typing import Any

import anthropic

from headroom.demo.provider import OfflineProvider, running
from headroom.demo.proxy_process import proxy_process


def main() -> None:
    issues = [{"number": n, "state": "open", "title": f"Crash in module {n % 9}", "labels": []} for n in range(90)]
    call = {"type": "tool_use", "id": "t1", "name": "list_issues", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": json.dumps(issues, indent=2)}
    messages: list[Any] = [
        {"role": "user", "content": "Which issues are open?"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]
    provider = OfflineProvider()
    with running(provider) as url, proxy_process(url) as proxy:
        for base in (url, proxy):
            with anthropic.Anthropic(base_url=base, api_key="offline") as client:
                answer = client.messages.create(model="claude-sonnet-5", max_tokens=100, messages=messages)
            received = provider.recorded(-1)
            kind = "directly" if base == url else "through the proxy"
            print(f"{kind}: {len(received.body) if received else 0} bytes, answer: {answer.content[0]}")


if __name__ == "__main__":
    main()
