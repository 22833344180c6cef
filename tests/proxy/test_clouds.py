"""Models in clouds: their bodies are read where they have a wire of ours, and go on in the form in which they came."""

import asyncio
import base64
import json
import struct
import zlib
from typing import Any

import pytest
from proxy.canary import proxied
from proxy.net import Answer, Seen, Upstream, connected, request, saying
from support.samples import sample
from support.wires import BUILDERS, Step, body_of, encoded

from headroom.demo.provider.app import answer as offline
from headroom.demo.provider.exchange import Recorded
from headroom.providers.routes import ROUTES

JSON = (b"Content-Type", b"application/json")
STEPS = [Step(sample("log_lines")), Step(sample("search_lines"))]
CLOUDS = [row for row in ROUTES if row.cloud]
BEDROCK = [row for row in CLOUDS if row.name.startswith("bedrock")]
rows = pytest.mark.parametrize("row", CLOUDS, ids=lambda row: row.name)


def body_for(row: Any) -> dict[str, Any]:
    """Return a body as the clients of the clouds send it: what the path says already is not in it."""
    body = body_of(row.wire, STEPS, tools=True)
    if row.wire == "anthropic":
        body = {key: value for key, value in body.items() if key != "model"}
        body["anthropic_version"] = "bedrock-2023-05-31" if row in BEDROCK else "vertex-2023-10-16"
    return body


def asked(path: str, body: bytes, *headers: tuple[bytes, bytes], said: bytes = b"{}") -> tuple[Answer, Seen]:
    async def run() -> tuple[Answer, Seen]:
        kind = b"application/vnd.amazon.eventstream" if path.endswith("stream") else b"application/json"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (kind, len(said))
        upstream = Upstream(saying(head, said))
        async with proxied(upstream, optimize=True) as port, connected(port) as client:
            await client.send(request("POST", path, body, JSON, *headers))
            return await client.answer(), upstream.seen[0]

    return asyncio.run(run())


def test_every_cloud_has_rows() -> None:
    assert {row.cloud.name for row in CLOUDS if row.cloud} == {"vertex", "bedrock"}
    assert {row.wire for row in CLOUDS} <= set(BUILDERS)


@rows
def test_a_body_is_shortened_and_its_structure_stands(row: Any) -> None:
    body = body_for(row)
    answer, seen = asked(row.example, encoded(body))
    sent = json.loads(seen.body)
    assert len(seen.body) < len(encoded(body))
    assert sent.keys() == body.keys()
    assert sent.get("anthropic_version") == body.get("anthropic_version")
    assert answer.values(b"x-headroom-tokens-saved") != [b"0"]


@pytest.mark.parametrize("row", BEDROCK, ids=lambda row: row.name)
def test_no_tool_is_offered_where_the_answer_to_it_could_not_be_read(row: Any) -> None:
    body = body_for(row)
    _, seen = asked(row.example, encoded(body))
    assert json.loads(seen.body)["tools"] == body["tools"]
    assert b"headroom_retrieve" not in seen.body


@rows
@pytest.mark.parametrize(
    "header",
    [(b"Authorization", b"AWS4-HMAC-SHA256 Credential=x, Signature=y"), (b"X-Amz-Content-Sha256", b"abc")],
    ids=["signed", "digest"],
)
def test_a_body_that_a_signature_stands_for_goes_on_as_it_came(row: Any, header: tuple[bytes, bytes]) -> None:
    body = encoded(body_for(row))
    _, seen = asked(row.example, body, header)
    assert seen.body == body
    assert header[1] in [value for _, value in seen.headers]


def test_the_converse_api_is_passed_on_unread() -> None:
    path = "/model/amazon.nova-pro-v1:0/converse"
    body = encoded({"messages": [{"role": "user", "content": [{"text": sample("log_lines")}]}]})
    _, seen = asked(path, body)
    assert (seen.line, seen.body) == (f"POST {path} HTTP/1.1".encode(), body)


def events_in(stream: bytes) -> list[dict[str, Any]]:
    """Read `application/vnd.amazon.eventstream`, checksums and all."""
    found = []
    while stream:
        size, headers, checksum = struct.unpack("!III", stream[:12])
        assert checksum == zlib.crc32(stream[:8])
        assert struct.unpack("!I", stream[size - 4 : size])[0] == zlib.crc32(stream[: size - 4])
        payload = json.loads(stream[12 + headers : size - 4])
        found.append(json.loads(base64.b64decode(payload["bytes"])))
        stream = stream[size:]
    return found


def test_a_stream_of_bedrock_passes_byte_for_byte() -> None:
    row = next(row for row in BEDROCK if row.name.endswith("stream"))
    body = encoded({**body_for(row), "max_tokens": 10})
    said = b"".join(offline(Recorded("POST", row.example, (), body)).chunks)
    events = events_in(said)
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    answer, _ = asked(row.example, body, said=said)
    assert (answer.status, answer.body) == (200, said)
