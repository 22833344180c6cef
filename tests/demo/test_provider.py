"""The offline provider answers in every wire as the real ones do, and keeps what it got byte for byte."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.ccr.tool import definition
from headroom.demo.link import Link
from headroom.demo.provider import OfflineProvider, Recorded, running
from headroom.demo.provider.app import answer
from headroom.demo.provider.script import LOOKING, QUESTION
from headroom.providers.routes import ROUTES
from headroom.wire.sse import EventParser


def chat(output: str = "found nothing", **more):
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Look around."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": output},
    ]
    return "/v1/chat/completions", {"model": "m", "messages": messages, **more}


def responses(output: str = "found nothing", **more):
    items = [
        {"role": "user", "content": "Look around."},
        {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": output},
    ]
    return "/v1/responses", {"model": "m", "input": items, **more}


def claude(output: str = "found nothing", **more):
    messages = [
        {"role": "user", "content": "Look around."},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": output}]},
    ]
    return "/v1/messages", {"model": "m", "max_tokens": 9, "messages": messages, **more}


def gemini(output: str = "found nothing", how: str = "generateContent", **more):
    response = {"functionResponse": {"name": "look", "response": {"output": output}}}
    contents = [
        {"role": "user", "parts": [{"text": "Look around."}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {}}}]},
        {"role": "user", "parts": [response]},
    ]
    return f"/v1beta/models/m:{how}", {"contents": contents, **more}


def ask(case, headers=()):
    target, payload = case
    return answer(Recorded("POST", target, tuple(headers), json.dumps(payload).encode()))


def whole(case):
    reply = ask(case)
    assert (reply.status, reply.content_type) == (200, "application/json")
    return json.loads(b"".join(reply.chunks))


def streamed(case):
    reply = ask(case)
    assert reply.content_type.startswith("text/event-stream")
    parser = EventParser()
    return [event for chunk in reply.chunks for event in parser.feed(chunk)]


KEYS = [
    "messages",
    "input",
    "contents",
    "requests",
    "params",
    "model",
    "stream",
    "max_tokens",
    "content",
    "parts",
    "role",
    "type",
    "tools",
]
TEXT = "Messages read: 3, tool outputs among them: 1. Résumé ✓."


def test_chat_answers_with_a_choice_and_usage():
    answered = whole(chat())
    assert answered["choices"][0]["message"]["content"] == TEXT
    assert answered["choices"][0]["finish_reason"] == "stop"
    assert answered["usage"]["total_tokens"] > 0


def test_chat_streams_deltas_usage_and_done():
    events = streamed(chat(stream=True, stream_options={"include_usage": True}))
    assert events[-1].data == b"[DONE]"
    chunks = [json.loads(event.data) for event in events[:-1]]
    said = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]
    assert "".join(said) == TEXT
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["prompt_tokens"] > 0


def test_chat_streams_no_usage_that_was_not_asked_for():
    assert all(b"usage" not in event.data for event in streamed(chat(stream=True)))


def test_responses_answer_with_an_output_message():
    answered = whole(responses())
    assert answered["status"] == "completed"
    assert answered["output"][0]["content"][0]["text"] == TEXT


def test_responses_stream_numbered_events_from_created_to_completed():
    events = [json.loads(event.data) for event in streamed(responses(stream=True))]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert (events[0]["type"], events[-1]["type"]) == ("response.created", "response.completed")
    assert "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta") == TEXT


def test_messages_answer_with_a_text_block():
    assert whole(claude())["content"] == [{"type": "text", "text": TEXT}]


def test_messages_stream_named_events_with_a_ping():
    events = streamed(claude(stream=True))
    assert all(json.loads(event.data)["type"] == event.type for event in events)
    names = list(dict.fromkeys(event.type for event in events))
    assert names == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_tokens_and_batches_of_messages_are_acknowledged():
    _, payload = claude()
    assert whole(("/v1/messages/count_tokens", payload))["input_tokens"] > 0
    batch = {"requests": [{"custom_id": "a", "params": payload}]}
    assert whole(("/v1/messages/batches", batch))["request_counts"]["processing"] == 1


def test_gemini_answers_whole_as_events_and_as_an_array():
    assert whole(gemini())["candidates"][0]["content"]["parts"] == [{"text": TEXT}]
    path, payload = gemini(how="streamGenerateContent")
    events = [json.loads(event.data) for event in streamed((f"{path}?alt=sse", payload))]
    array = json.loads(b"".join(ask((path, payload)).chunks))
    assert events == array
    assert "".join(chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in array) == TEXT
    assert whole(gemini(how="countTokens"))["totalTokens"] > 0


def test_counting_takes_a_wrapped_gemini_request():
    _, payload = gemini()
    wrapped = {"generateContentRequest": {"model": "models/m", **payload}}
    assert whole(("/v1beta/models/m:countTokens", wrapped)) == whole(gemini(how="countTokens"))


@pytest.mark.parametrize("make", [chat, responses, claude, gemini])
@pytest.mark.parametrize("more", [{}, {"stream": True}], ids=["whole", "streamed"])
def test_an_answer_does_not_depend_on_the_text_of_a_tool_output(make, more):
    assert ask(make("short", **more)) == ask(make("long " * 1000, **more))


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: row.name)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"messages": 3}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_none_is_refused_in_the_shape_of_the_provider(row, body):
    reply = answer(Recorded("POST", row.example, (), body))
    assert reply.status == 400
    assert json.loads(reply.chunks[0])["error"]["message"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150)
@given(st.sampled_from(ROUTES), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_object_is_answered_or_refused(row, payload):
    reply = answer(Recorded("POST", row.example, (), json.dumps(payload).encode()))
    assert reply.status in (200, 400)
    assert b"".join(reply.chunks)


@pytest.mark.parametrize("depth", [100, 500, 900, 1000, 2000])
def test_a_deep_body_is_answered_or_refused(depth):
    body = b'{"model":"m","input":"hi","tools":' + b"[" * depth + b"]" * depth + b"}"
    assert answer(Recorded("POST", "/v1/responses", (), body)).status in (200, 400)


def asking(make, stream):
    """Return a request that ends in the scripted question, on an output that leaves something out."""
    target, payload = make(
        "shown\n[all else left out | headroom_retrieve hash=0123456789abcdef01234567]", stream=stream
    )
    call = "call_1" if make is chat else "toolu_1"
    payload["messages"].append({"role": "user", "content": QUESTION.format(line=1, call=call)})
    payload["tools"] = [definition("openai-chat" if make is chat else "anthropic")]
    return target, payload


def test_chat_calls_the_tool_whole_and_streamed():
    (choice,) = whole(asking(chat, False))["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], call["function"]["name"]) == ("tool_calls", "headroom_retrieve")
    chunks = [json.loads(event.data) for event in streamed(asking(chat, True))[:-1]]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    first, *more = [entry for delta in deltas for entry in delta.get("tool_calls", ())]
    assert (first["id"], first["function"]["name"]) == (call["id"], "headroom_retrieve")
    assert len(more) > 1
    assert "".join(entry["function"]["arguments"] for entry in more) == call["function"]["arguments"]
    assert json.loads(call["function"]["arguments"]) == {"hash": "0123456789abcdef01234567"}


def test_messages_call_the_tool_whole_and_streamed():
    answered = whole(asking(claude, False))
    text, call = answered["content"]
    assert (answered["stop_reason"], text["text"], call["name"]) == ("tool_use", LOOKING, "headroom_retrieve")
    events = [json.loads(event.data) for event in streamed(asking(claude, True))]
    (begun,) = [e for e in events if e["type"] == "content_block_start" and e["index"] == 1]
    assert begun["content_block"] == {**call, "input": {}}
    pieces = [e["delta"]["partial_json"] for e in events if e["type"] == "content_block_delta" and e["index"] == 1]
    assert len(pieces) > 1
    assert json.loads("".join(pieces)) == call["input"] == {"hash": "0123456789abcdef01234567"}


def test_the_requests_since_a_number_are_those_still_kept():
    provider = OfflineProvider(max_requests=2)
    for n in range(4):
        provider.keep(Recorded("POST", f"/{n}", (), b""))
    assert [request.target for request in provider.since(1)] == ["/2", "/3"]
    assert provider.since(4) == ()


def test_an_unknown_route_is_not_found():
    assert answer(Recorded("POST", "/v1/embeddings", (), b"{}")).status == 404
    assert answer(Recorded("DELETE", "/v1/messages", (), b"")).status == 404


@pytest.mark.parametrize(
    ("path", "headers", "key"),
    [
        ("/v1/models", (), "data"),
        ("/v1/models", ((b"anthropic-version", b"2023-06-01"),), "has_more"),
        ("/v1beta/models", (), "models"),
    ],
)
def test_models_are_listed_in_the_shape_of_the_provider(path, headers, key):
    assert key in json.loads(answer(Recorded("GET", path, headers, b"")).chunks[0])


def test_requests_are_kept_as_they_came_over_the_socket():
    provider = OfflineProvider()
    body = b'{"model":"m", "messages":[{"role":"user","content":"\\u0041\\/"}],"n":1.0}'
    with running(provider) as url, Link(url) as link:
        assert link.ask("POST", "/v1/chat/completions?a=%2F", {"X-Mark": "yes"}, body).status == 200
        view = json.loads(link.ask("GET", "/_recorded/0", {}).body)
        assert json.loads(link.ask("GET", "/_recorded", {}).body) == {"seen": 1}
        for unknown in ("7", "-2", "first", "9" * 5000):
            assert link.ask("GET", f"/_recorded/{unknown}", {}).status == 404
    kept = provider.recorded(0)
    assert kept is not None
    assert (kept.body, kept.target) == (body, "/v1/chat/completions?a=%2F")
    assert ["x-mark", "yes"] in view["headers"]


def test_the_oldest_requests_are_forgotten_first():
    provider = OfflineProvider(max_requests=3, max_bytes=100)
    for number in range(5):
        provider.keep(Recorded("POST", f"/{number}", (), b"x"))
    assert provider.recorded(1) is None
    assert provider.recorded(5) is None
    assert [provider.recorded(n).target for n in (2, 4, -1, -3)] == ["/2", "/4", "/4", "/2"]
    provider.keep(Recorded("POST", "/large", (), b"x" * 1000))
    assert provider.recorded(-1).target == "/large"
    assert provider.recorded(-2) is None
