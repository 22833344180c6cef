"""Keys of clients and of the operator are passed on, and stand nowhere else: no log, no figure, no file, no answer."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from proxy.canary import UPGRADE
from proxy.canary_keys import KEYS, KINDS, forms_of, found_in, talkative
from proxy.net import Call, Upstream, connected, request
from proxy.sockets import Provider
from proxy.test_websocket_responses import create, output
from support.samples import sample
from support.wires import Step, body_of
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

JSON = (b"Content-Type", b"application/json")
TOKEN = (b"X-Headroom-Token", KEYS["token"].encode())
PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-3:generateContent",
}
OTHERS = ["/v1/embeddings", "/v1beta/files", "/anything/at/all"]
QUERY = f"?key={KEYS['query']}&access_token={KEYS['query-token']}"
SCENES = ["ok", "stream", "400", "401", "429", "500", "redirect", "cut", "garbage", "hangs up"]
VIEWS = ["/stats", "/metrics", "/health", "/livez", "/readyz", "/stats?format=json"]

CREDENTIALS = [
    (b"Authorization", b"Bearer " + KEYS["authorization"].encode()),
    (b"Authorization", b"Basic " + b"dXNlcjo" + KEYS["basic"].encode()),
    (b"Authorization", b"AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host, Signature=" + KEYS["signature"].encode()),
    *((kind.encode(), KEYS[kind].encode()) for kind in ("x-api-key", "x-goog-api-key", "api-key")),
    (b"Cookie", b"session=" + KEYS["cookie"].encode()),
    (b"Proxy-Authorization", b"Bearer " + KEYS["proxy-authorization"].encode()),
    *((kind.encode(), KEYS[kind].encode()) for kind in ("x-amz-security-token", "x-amz-credential")),
]
NOT_SENT = {"subprotocol", "wrong-token", "token", "marker-key", "proxy-authorization", "upstream-value"}
"""Keys that do not come to the provider: they are ours, of this hop, or of a request that is refused."""


@dataclass
class Record:
    """All that could be read anywhere after a run, by place; and what the provider got."""

    places: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    sent: bytes = b""


async def _provider(call: Call) -> None:
    """Answer as the header of the scene says; never with anything of the request."""
    (scene,) = call.seen.values(b"x-scene") or [b"ok"]
    plain = b"HTTP/1.1 %s X\r\nContent-Type: application/json\r\nRetry-After: 9\r\n%sContent-Length: 2\r\n\r\n{}"
    said = {
        b"stream": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 16\r\n\r\ndata: [DONE]\n\n\n\n",
        b"redirect": plain % (b"307", b"Location: http://127.0.0.1:1/\r\n"),
        b"cut": b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: 1\n\n",
        b"garbage": b"no HTTP at all\r\n\r\n",
        b"hangs up": b"",
        b"ok": plain % (b"200", b""),
    }.get(scene, plain % (scene, b""))
    await call.say(said)
    if scene in (b"cut", b"garbage", b"hangs up"):
        call.writer.close()


class Client:
    """Sends requests with every key that there is, and keeps what it hears."""

    def __init__(self, port: int, record: Record) -> None:
        self.port = port
        self.record = record

    async def send(self, name: str, raw: bytes) -> None:
        async with connected(self.port) as client:
            await client.send(raw)
            try:
                answer = await client.answer()
            except asyncio.IncompleteReadError as cut:
                self.record.places[f"answer: {name}"] = cut.partial
                return
        self.record.statuses[name] = answer.status
        heard = b"\n".join(one + b": " + value for one, value in answer.headers) + answer.body
        self.record.places[f"answer: {name}"] = heard

    async def post(self, name: str, path: str, body: Any, *headers: tuple[bytes, bytes]) -> None:
        """Send a body once for each way to say who one is, since a caller is known by all of its credentials."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        others = [pair for pair in CREDENTIALS if pair[0] != b"Authorization"]
        for number, one in enumerate(pair for pair in CREDENTIALS if pair[0] == b"Authorization"):
            raw = request("POST", path + QUERY, content, JSON, TOKEN, one, *others, *headers)
            await self.send(f"{name} ({number})", raw)


def _body(wire: str) -> dict[str, Any]:
    """A request with something to compress, whose answer may be kept, and a key in a field that nobody knows."""
    body = body_of(wire, [Step(sample("log_lines"))], tools=False)
    wish = {"generationConfig": {"temperature": 0}} if wire == "gemini" else {"temperature": 0}
    return {**body, **wish, "user_secret": KEYS["body-key"]}


async def _well_behaved(client: Client) -> None:
    for wire, path in PATHS.items():
        for scene in SCENES:
            await client.post(f"{wire} {scene}", path, _body(wire), (b"X-Scene", scene.encode()))
        await client.post(f"{wire} again", path, _body(wire), (b"X-Scene", b"ok"))
    for path in OTHERS:
        for scene in SCENES:
            await client.post(f"{path} {scene}", path, {"input": "x"}, (b"X-Scene", scene.encode()))
    await client.post("named", PATHS["openai-chat"], _body("openai-chat"), (b"X-Headroom-Upstream", b"own"))
    await client.post("dummy", PATHS["openai-chat"], {"messages": []}, (b"X-Headroom-Upstream", b"dummy"))


async def _odd(client: Client) -> None:
    path = PATHS["anthropic"]
    secret = KEYS["upstream-value"].encode()
    for value in (
        b"http://" + secret + b".test",
        b"http://user:" + secret + b"@h.test",
        b"http://127.0.0.1:1/" + secret,
    ):
        await client.post("refused", path, b"{}", (b"X-Headroom-Upstream", value))
    for body in (b"{", b'{"a": "' + KEYS["body-key"].encode(), b"\xff", b"[" * 10_000, gzip.compress(b"{}")[:-3]):
        await client.post(f"bad body {body[:6]!r}", path, body)
        await client.post(f"bad gzip {body[:6]!r}", path, body, (b"Content-Encoding", b"gzip"))
        await client.post(f"bad compress {body[:6]!r}", "/v1/compress", body)
    await client.post("too large", path, b"x" * 3_000_000)
    await client.post("not there", path, b"{}", (b"X-Headroom-Upstream", b"gone"))
    await client.post("bad wish", path, b"{}", (b"X-Headroom-Tier", KEYS["body-key"].encode()))
    wrong = (b"X-Headroom-Token", KEYS["wrong-token"].encode())
    await client.send("wrong token", request("POST", path, b"{}", JSON, wrong, *CREDENTIALS))
    await client.send("no target", request("OPTIONS", "*", b"", TOKEN, *CREDENTIALS))
    await client.send("no HTTP", b"POST " + KEYS["body-key"].encode() + b"\r\n\r\n")
    await client.send("bad header", request("POST", path, b"{}", TOKEN, *CREDENTIALS, (b"Bad Name", b"x")))


async def _managing(client: Client) -> None:
    body = {"messages": body_of("openai-chat", [Step(sample("log_lines"))])["messages"], "config": {"mode": "ccr"}}
    await client.post("compress", "/v1/compress", body)
    await client.post("retrieve", f"/v1/retrieve/{'0' * 24}", {"query": "x"})
    await client.post("clear", "/cache/clear", {})
    for path in VIEWS:
        await client.send(f"view {path}", request("GET", path, b"", TOKEN, *CREDENTIALS))


async def _on_sockets(client: Client) -> None:
    headers = [(name.decode(), value.decode()) for name, value in [TOKEN, *CREDENTIALS] if name != b"Authorization"]
    headers.append(("Authorization", "Bearer " + KEYS["authorization"]))
    heard = []
    for named in ("sockets", "closing", "gone", "elsewhere"):
        url = f"ws://127.0.0.1:{client.port}/v1/responses{QUERY}"
        protocol = "openai-insecure-api-key." + KEYS["subprotocol"]
        try:
            given = [*headers, ("X-Headroom-Upstream", named)]
            async with connect(url, additional_headers=given, subprotocols=["realtime", protocol]) as socket:  # type: ignore[list-item]
                for frame in (create(output()), "no JSON", create("{", secret=KEYS["body-key"])):
                    await socket.send(frame)
                    heard.append(str(await socket.recv()))
        except (WebSocketException, OSError) as error:
            heard.append(repr(error))
    client.record.places["frames"] = "\n".join(heard).encode()
    await client.send("handshake", request("GET", "/v1/responses" + QUERY, b"", *UPGRADE, TOKEN, *CREDENTIALS))


async def _answering(socket: Any) -> None:
    done = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}
    while True:
        is_request = (await socket.recv()).startswith("{")
        await socket.send(json.dumps(done if is_request else {"type": "error", "status": 400}))


async def _closing(socket: Any) -> None:
    await socket.recv()
    await socket.close(1011, "broken")


ACTS: list[Callable[[Client], Awaitable[None]]] = [_well_behaved, _odd, _managing, _on_sockets, _managing]


def _options(folder: Path, http: str, sockets: str, closing: str) -> list[str]:
    urls = [f"--{name}-api-url={http}" for name in ("openai", "anthropic", "gemini", "vertex", "bedrock")]
    named = [f"own={http};header=x-org:OWN_KEY", f"sockets={sockets}", f"closing={closing}", "gone=http://127.0.0.1:9"]
    return [
        *urls,
        *(f"--upstream={one}" for one in named),
        *("--workers", "1", "--store", f"sqlite:{folder}/workspace/store.db", "--workspace-dir", f"{folder}/workspace"),
        *("--token", KEYS["token"], "--marker-key", KEYS["marker-key"], "--log-file", f"{folder}/workspace/log"),
        *("--rpm", "100000", "--budget", "1000", "--budget-per-key", "1000", "--unknown-price", "count"),
        *("--retrieval", "http", "--max-body-bytes", "2000000", "--retry-max-attempts", "0"),
    ]


async def _run(folder: Path) -> Record:
    record, upstream = Record(), Upstream(_provider)
    provider, closing = Provider(_answering), Provider(_closing)
    async with (
        asyncio.timeout(120),
        upstream.listening() as url,
        provider.listening() as one,
        closing.listening() as two,
        talkative(folder / "said", *_options(folder, url, one, two), OWN_KEY=KEYS["operator"]) as process,
    ):
        for act in ACTS:
            await act(Client(process.port, record))
        record.places |= _files(folder)  # while it runs, with what SQLite has not yet moved
    record.places |= {f"{place} (after)": held for place, held in _files(folder).items()}
    record.sent = repr([(seen.line, seen.headers, seen.body) for seen in upstream.seen]).encode()
    return record


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """One run of a real process with everything on and everything logged."""
    folder = tmp_path_factory.mktemp("canary")
    for name in ("workspace", "said"):
        (folder / name).mkdir()
    return asyncio.run(_run(folder))


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_found_nowhere(kind: str, record: Record) -> None:
    assert found_in(record.places, KEYS[kind]) == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - NOT_SENT))
def test_a_key_has_come_to_the_provider_so_that_it_could_have_been_found(kind: str, record: Record) -> None:
    assert KEYS[kind].encode() in record.sent


@pytest.mark.parametrize("kind", sorted(NOT_SENT))
def test_a_key_that_is_not_the_providers_does_not_come_to_it(kind: str, record: Record) -> None:
    assert KEYS[kind].encode() not in record.sent


def test_everything_was_on_and_every_kind_of_end_was_seen(record: Record) -> None:
    assert {200, 307, 400, 401, 403, 404, 413, 429, 500, 502} <= set(record.statuses.values())
    assert len(record.places["workspace/log"].splitlines()) > 100
    assert record.places["workspace/store.db (after)"].startswith(b"SQLite format 3")
    assert b"DEBUG:headroom.proxy:logged to the end" in record.places["said/stderr (after)"]
    assert b"x-headroom-cache: hit" in b"".join(record.places.values()).lower()
    assert b"response.completed" in record.places["frames"]


def test_no_traceback_is_written(record: Record) -> None:
    assert b"Traceback" not in record.places["said/stderr (after)"] + record.places["said/stdout (after)"]


@pytest.mark.parametrize("kind", ["authorization", "query"])
def test_each_form_of_a_key_would_be_found(kind: str) -> None:
    for form, needle in forms_of(KEYS[kind]):
        assert form in {found for _, found in found_in({"here": b"before " + needle + b" after"}, KEYS[kind])}
    for before in ("", "x", "xy", "user:"):
        told = b64encode((before + KEYS[kind] + " after").encode())
        assert found_in({"here": told}, KEYS[kind])
