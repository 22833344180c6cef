"""A FastAPI app with a route that takes LLM requests: its handler gets them shorter."""

import http.client
import json

from fastapi import FastAPI, Request

from headroom.demo.provider import running
from headroom.proxy.config import ProxyConfig
from headroom.proxy.extensions import install_headroom

app = FastAPI()
install_headroom(app, ProxyConfig(paths={"/chat": "auto"}), manage="/headroom")


@app.post("/chat")
async def chat(request: Request) -> dict[str, int]:
    return {"received": len(await request.body())}  # a real app sends the body to its provider


def main() -> None:
    log = "\n".join(f"2026-11-21T10:00:{n % 60:02d} INFO worker-{n % 4} finished job {n}" for n in range(200))
    call = {"id": "call_1", "type": "function", "function": {"name": "read_log", "arguments": "{}"}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": log},
    ]
    body = json.dumps({"model": "gpt-5", "messages": messages}).encode()
    with running(app) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/chat", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        print(f"sent {len(body)} bytes, the app received {json.load(answer)['received']}")
        print(f"tokens saved: {answer.headers['x-headroom-tokens-saved']}")
        connection.close()


if __name__ == "__main__":
    main()
