"""Any ASGI callable, here one of no framework at all: what `install_headroom` returns is the app to serve."""

import http.client
import json
from typing import Any

from headroom.demo.provider import running
from headroom.proxy.extensions import install_headroom


async def gateway(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    answer = json.dumps({"path": scope["path"], "received": len(body)}).encode()
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


app = install_headroom(gateway)


def main() -> None:
    found = "\n".join(f"/srv/shop/orders/views.py:{n}:    raise OrderError({n})" for n in range(1, 90))
    results = [{"type": "tool_result", "tool_use_id": "t1", "content": found}]
    calls = [{"type": "tool_use", "id": "t1", "name": "search", "input": {}}]
    messages = [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    body = json.dumps({"model": "claude-sonnet-5", "max_tokens": 100, "messages": messages}).encode()
    with running(app) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/llm/v1/messages", body, {"content-type": "application/json"})
        print(f"sent {len(body)} bytes, the app received {json.load(connection.getresponse())['received']}")
        connection.close()


if __name__ == "__main__":
    main()
