"""As a library: a list of messages in, a shorter one out, and why."""

import json
from typing import Any

from headroom import compress


def main() -> None:
    orders = [{"id": n, "state": "failed" if n == 41 else "shipped", "total": n * 7 % 90} for n in range(100)]
    call = {"id": "call_1", "type": "function", "function": {"name": "list_orders", "arguments": "{}"}}
    messages: list[Any] = [
        {"role": "user", "content": "Which order failed?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps(orders, indent=2)},
    ]
    result = compress(messages, model="gpt-5")
    print(f"tokens: {result.tokens_before} -> {result.tokens_after}, by {', '.join(result.transforms_applied)}")
    print(f"the caller's own list stays whole: {messages[2]['content'] == json.dumps(orders, indent=2)}")
    print(result.messages[2]["content"][:200])


if __name__ == "__main__":
    main()
