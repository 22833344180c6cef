"""The management endpoints: true figures, the spec's fields, refusals that say what is wrong."""

import asyncio
import json
from typing import Any

import pytest
from proxy.bench import config_for, request, through
from proxy.net import Answer, Client, Upstream, saying
from support.drive import answer_of, drive, scope_of

from headroom.proxy.management import MANAGEMENT, Management
from headroom.proxy.server import create_app
from headroom.proxy.state import ProxyState
from headroom.proxy.stats import Stats
from headroom.proxy.upstream import Upstream as Pool

JSON = (b"Content-Type", b"application/json")
MESSAGES = [{"role": "user", "content": "Which of the lines matter?"}]
ANSWER = b'{"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}}}'
ROWS = "\n".join(f"2026-11-21T10:00:{n % 60:02d} INFO worker-{n % 4} finished job {n} in 12 ms" for n in range(300))
TOOL = [
    {
        "role": "assistant",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "logs", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": ROWS},
]


def asked(*raws: bytes, **options: Any) -> list[Answer]:
    """Send requests one after another over one connection, in front of a chat provider."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)

    async def act(client: Client) -> list[Answer]:
        answers = []
        for raw in raws:
            await client.send(raw)
            answers.append(await client.answer())
        return answers

    return through(Upstream(saying(head + ANSWER)), act, **options)


def compress(body: Any, *headers: tuple[bytes, bytes], **options: Any) -> Answer:
    options = {"optimize": True} | options
    (answer,) = asked(request("POST", "/v1/compress", json.dumps(body).encode(), JSON, *headers), **options)
    return answer


def chat(messages: Any = MESSAGES, path: str = "/v1/chat/completions") -> bytes:
    return request("POST", path, json.dumps({"model": "gpt-5", "messages": messages}).encode(), JSON)


def test_livez_says_that_the_process_is_alive() -> None:
    (answer,) = asked(request("GET", "/livez"))
    view = json.loads(answer.body)
    assert (answer.status, view["service"], view["alive"]) == (200, "headroom-proxy", True)
    assert view["timestamp"].endswith("Z")
    assert view["uptime_seconds"] >= 0


def test_readyz_follows_start_and_drain() -> None:
    async def statuses() -> list[int]:
        config = config_for("http://127.0.0.1:9")
        state = ProxyState(config, Stats(), Pool(config))
        management = Management(state)
        found = []
        for change in (dict, lambda: setattr(state, "started", True), state.upstream.open, _drain(state)):
            change()
            sent: list[Any] = []
            await management(scope_of("/readyz", "GET"), None, _collector(sent))
            found.append(sent[0]["status"])
        await state.upstream.aclose()
        return found

    assert asyncio.run(statuses()) == [503, 503, 200, 503]


def _drain(state: ProxyState) -> Any:
    return lambda: setattr(state, "draining", True)


def _collector(sent: list[Any]) -> Any:
    async def send(message: Any) -> None:
        sent.append(message)

    return send


def test_health_shows_version_and_every_option_but_no_objects() -> None:
    (answer,) = asked(request("GET", "/health"), min_tokens_to_compress=77)
    view = json.loads(answer.body)
    assert view["config"]["min_tokens_to_compress"] == 77
    assert {"version", "ready", "checks", "status"} <= view.keys()
    assert not {"hooks", "transforms"} & view["config"].keys()
    assert view["config"]["token"] == "not set"


def test_stats_count_what_went_through_and_what_the_provider_reported() -> None:
    *_, answer = asked(chat(), chat(), request("GET", "/v1/models"), request("GET", "/stats"))
    view = json.loads(answer.body)
    assert view["requests"]["by_route"] == {"openai.chat": 2}
    assert view["requests"]["by_model"] == {"gpt-5": 2}
    assert view["requests"]["by_status"] == {"200": 2}
    assert view["provider_tokens"]["openai"] == {"cache_read": 16, "input": 24, "output": 6}
    assert view["latency"]["overhead"]["count"] == 2
    assert view["tokens"]["saved"] == 0


def test_stats_say_what_was_saved_and_by_whom() -> None:
    *_, answer = asked(chat([*MESSAGES, *TOOL]), request("GET", "/stats"), optimize=True)
    view = json.loads(answer.body)
    assert view["tokens"]["saved"] == view["tokens"]["before"] - view["tokens"]["after"] > 0
    assert view["decisions"]["by_reason"]["compressed"]["blocks"] == 1
    assert sum(part["tokens_saved"] for part in view["decisions"]["by_compressor"].values()) == view["tokens"]["saved"]


def test_stats_count_failures_by_code() -> None:
    refused = request("POST", "/v1/messages", b"{}", JSON, (b"X-Headroom-Upstream", b"http://evil.test"))
    *_, answer = asked(refused, request("GET", "/stats"))
    view = json.loads(answer.body)
    assert view["failures"] == {"upstream_not_allowed": 1}
    assert view["requests"]["by_status"] == {"403": 1}


def test_stats_name_the_plug_ins_that_failed_and_were_left_out() -> None:
    class Broken:
        def on_pipeline_event(self, event: Any) -> None:
            raise ValueError

    *_, answer = asked(chat(), request("GET", "/stats"), pipeline_extensions=[Broken()])
    assert json.loads(answer.body)["left_out"]["Broken"] > 0


def test_a_reset_begins_a_new_ledger() -> None:
    *_, answer = asked(chat(), request("POST", "/stats/reset"), request("GET", "/stats"))
    assert json.loads(answer.body)["requests"]["total"] == 0


def test_reading_has_no_side_effects_so_reset_is_no_get() -> None:
    _, refused, answer = asked(chat(), request("GET", "/stats/reset"), request("GET", "/stats"))
    assert refused.status == 405
    assert json.loads(refused.body)["error"]["type"] == "invalid_request_error"
    assert json.loads(answer.body)["requests"]["total"] == 1


def test_metrics_are_a_view_of_the_same_ledger() -> None:
    _, answer = asked(chat(), request("GET", "/metrics"))
    text = answer.body.decode()
    assert answer.values(b"content-type")[0].startswith(b"text/plain")
    row = 'headroom_requests_total{model="gpt-5",provider="openai",route="openai.chat",status="200"} 1.0'
    assert row in text
    assert 'headroom_provider_tokens_total{kind="cache_read",provider="openai"} 8.0' in text
    assert 'headroom_request_overhead_seconds_bucket{le="+Inf"} 1.0' in text


def test_compress_returns_shorter_messages_and_true_counts() -> None:
    answer = compress({"messages": [*MESSAGES, *TOOL], "model": "gpt-5"})
    view = json.loads(answer.body)
    assert len(view["messages"]) == 3
    assert view["messages"][:2] == [*MESSAGES, TOOL[0]]
    assert view["tokens_saved"] == view["tokens_before"] - view["tokens_after"] > 0
    assert view["compression_ratio"] == pytest.approx(view["tokens_after"] / view["tokens_before"])
    assert view["transforms_applied"]
    assert [d["reason"] for d in view["decisions"]][-1] == "compressed"


def test_compress_with_bypass_returns_the_messages_as_they_are() -> None:
    answer = compress({"messages": [*MESSAGES, *TOOL]}, (b"X-Headroom-Bypass", b"true"))
    view = json.loads(answer.body)
    assert view["messages"] == [*MESSAGES, *TOOL]
    assert view["tokens_before"] == view["tokens_after"] > 1000
    assert view["tokens_saved"] == 0


@pytest.mark.parametrize("key", ["messages", "input", "contents"])
def test_compress_takes_the_lists_of_all_wires(key: str) -> None:
    assert json.loads(compress({key: []}).body)[key] == []


def test_a_request_may_choose_its_own_settings() -> None:
    body = {"messages": [*MESSAGES, *TOOL], "config": {"min_tokens_to_compress": 1_000_000}}
    assert json.loads(compress(body).body)["tokens_saved"] == 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "'messages'"),
        ({"messages": [], "input": []}, "'input'"),
        ({"messages": "text"}, "'messages'"),
        ({"messages": [], "surprise": 1}, "'surprise'"),
        ({"messages": [], "model": 5}, "'model'"),
        ({"messages": [], "tools": {}}, "'tools'"),
        ({"messages": [], "config": []}, "'config'"),
        ({"messages": [], "config": {"port": 1}}, "'config.port'"),
        ({"messages": [], "config": {"lossless_tier": "huge"}}, "lossless_tier"),
        ([], "object"),
    ],
)
def test_compress_says_which_field_is_wrong(body: Any, named: str) -> None:
    answer = compress(body)
    assert answer.status == 400
    assert named in json.loads(answer.body)["error"]["message"]
    assert answer.values(b"x-headroom-request-id")


@pytest.mark.parametrize("body", [b"no json", b'{"messages": "\xff"}', b'{"messages":' + b"[" * 100_000, b"1e999"])
def test_compress_refuses_what_is_no_json(body: bytes) -> None:
    (answer,) = asked(request("POST", "/v1/compress", body, JSON))
    assert answer.status == 400
    assert json.loads(answer.body)["error"]["message"].startswith("The body is")


def test_compress_refuses_bodies_over_the_cap() -> None:
    assert compress({"messages": MESSAGES}, max_body_bytes=10).status == 413


def test_compress_is_not_booked_as_traffic() -> None:
    body = json.dumps({"messages": MESSAGES}).encode()
    *_, answer = asked(request("POST", "/v1/compress", body, JSON), request("GET", "/stats"))
    assert json.loads(answer.body)["requests"]["total"] == 0


@pytest.mark.parametrize("path", sorted(MANAGEMENT))
def test_management_paths_are_never_forwarded(path: str) -> None:
    app = create_app(config_for("http://127.0.0.1:9", retry_max_attempts=0))
    status, _, _ = answer_of(drive(app, scope_of(path, "DELETE"), [{"type": "http.request", "body": b""}]))
    assert status in (200, 405, 503)
