"""A transport in front of an HTTP client's own: whatever speaks to a provider through it sends less."""

import json
from typing import Any

import httpx2  # or httpx: the transport works with the library that its requests are of

from headroom.demo.provider import OfflineProvider, running
from headroom.integrations.httpx import HeadroomTransport


def main() -> None:
    pods = [{"name": f"pod-{n}", "ready": n % 5 > 0, "restarts": n % 7, "node": f"node-{n % 3}"} for n in range(80)]
    call = {"functionCall": {"name": "list_pods", "args": {}}}
    result = {"functionResponse": {"name": "list_pods", "response": {"output": json.dumps(pods, indent=2)}}}
    contents = [{"role": "model", "parts": [call]}, {"role": "user", "parts": [result]}]
    provider = OfflineProvider()
    transport: Any = HeadroomTransport(httpx2.HTTPTransport())
    with running(provider) as url, httpx2.Client(base_url=url, transport=transport) as client:
        sent = client.build_request("POST", "/v1beta/models/gemini-3:generateContent", json={"contents": contents})
        print(client.send(sent).json()["candidates"][0]["content"]["parts"][0]["text"])
        received = len(provider.since(0)[0].body)
        print(f"the client sent {len(sent.content)} bytes, the provider received {received}")
        print("tokens: {tokens_before} -> {tokens_after}".format_map(transport.get_stats()))


if __name__ == "__main__":
    main()
