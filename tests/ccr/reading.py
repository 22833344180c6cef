"""What a client makes of an answer: one reader a wire, written after the providers' documents.

They are strict: an event out of order, an index that was skipped or a second beginning fails the test.
"""

from __future__ import annotations

import json
from typing import Any


def events(body: bytes) -> list[tuple[str, str]]:
    """Name and data of every event."""
    found = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append((fields.get("event", ""), fields["data"]))
    return found


def read(form: str, body: bytes) -> dict[str, Any]:
    """Put a stream together: `parts` as (kind, ...) tuples in order, `stop`, `usage`, `id`, and whether it `ended`."""
    return _READERS[form](body)


def read_whole(wire: str, body: bytes) -> dict[str, Any]:
    """The same of a whole answer."""
    return _WHOLE[wire](json.loads(body))


def _anthropic(body: bytes) -> dict[str, Any]:
    message: dict[str, Any] = {}
    ended, error = False, None
    for name, data in events(body):
        event = json.loads(data)
        assert name == event["type"]
        assert not ended
        if name == "message_start":
            assert not message
            message = event["message"]
        elif name == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append({**event["content_block"], "json": ""})
        elif name == "content_block_delta":
            assert event["index"] == len(message["content"]) - 1
            block, delta = message["content"][-1], event["delta"]
            key = {"input_json_delta": "partial_json"}.get(delta["type"], delta["type"].removesuffix("_delta"))
            target = "json" if key == "partial_json" else key
            block[target] += delta[key]
        elif name == "content_block_stop":
            assert event["index"] == len(message["content"]) - 1
        elif name == "message_delta":
            message |= event["delta"]
            message["usage"] |= event["usage"]
        elif name == "error":
            error = event["error"]
        elif name == "message_stop":
            ended = True
        else:
            assert name == "ping"
    for block in message.get("content", []):
        text = block.pop("json")
        if text:
            block["input"] = json.loads(text)
    return {**_whole_anthropic(message), "ended": ended, "error": error}


def _whole_anthropic(message: dict[str, Any]) -> dict[str, Any]:
    parts = []
    for block in message.get("content", []):
        if block["type"] == "text":
            parts.append(("text", block["text"]))
        elif block["type"] == "thinking":
            parts.append(("thought", block["thinking"], block["signature"]))
        else:
            parts.append(("call", block["id"], block["name"], block["input"]))
    return {"parts": parts, "stop": message.get("stop_reason"), "usage": message.get("usage"), "id": message.get("id")}


def _chat(body: bytes) -> dict[str, Any]:
    message: dict[str, Any] = {"tool_calls": []}
    stop = usage = identifier = error = None
    ended = False
    for _, data in events(body):
        assert not ended
        if data == "[DONE]":
            ended = True
            continue
        chunk = json.loads(data)
        if "error" in chunk:
            error = chunk["error"]
            continue
        assert identifier in (None, chunk["id"])
        identifier = chunk["id"]
        usage = chunk["usage"] or usage
        for choice in chunk["choices"]:
            assert stop is None
            stop = choice["finish_reason"]
            delta = choice["delta"]
            for call in delta.pop("tool_calls", []):
                _add_call(message["tool_calls"], call)
            if "role" in delta:
                assert "role" not in message
            for key, value in delta.items():
                message[key] = (message.get(key) or "") + value if value is not None else message.get(key)
    whole = {"id": identifier, "usage": usage, "choices": [{"message": message, "finish_reason": stop}]}
    return {**_whole_chat(whole), "ended": ended, "error": error}


def _add_call(calls: list[Any], call: dict[str, Any]) -> None:
    if call["index"] == len(calls):
        calls.append({"id": call["id"], "function": dict(call["function"])})
    else:
        assert call["index"] == len(calls) - 1
        assert "id" not in call
        calls[-1]["function"]["arguments"] += call["function"]["arguments"]


def _whole_chat(answer: dict[str, Any]) -> dict[str, Any]:
    (choice,) = answer["choices"]
    message = choice["message"]
    assert message["role"] == "assistant"
    parts: list[Any] = []
    if message.get("reasoning_content"):
        parts.append(("thought", message["reasoning_content"]))
    if message.get("content"):
        parts.append(("text", message["content"]))
    for call in message.get("tool_calls") or []:
        parts.append(("call", call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])))
    return {"parts": parts, "stop": choice["finish_reason"], "usage": answer["usage"], "id": answer["id"]}


def _responses(body: bytes) -> dict[str, Any]:
    items: list[dict[str, Any]] = []
    done: list[dict[str, Any]] = []
    response: dict[str, Any] = {}
    created = None
    ended, error = False, None
    for number, (name, data) in enumerate(events(body)):
        event = json.loads(data)
        assert name == event["type"]
        assert event["sequence_number"] == number
        assert not ended
        if name == "response.created":
            assert created is None
            created = event["response"]["id"]
        elif name == "response.output_item.added":
            assert event["output_index"] == len(items)
            items.append(event["item"])
        elif name == "response.output_item.done":
            assert event["output_index"] == len(done)
            assert event["item"]["id"] == items[-1]["id"]
            done.append(event["item"])
        elif name == "error":
            error = event
        elif name in ("response.completed", "response.incomplete"):
            response, ended = event["response"], True
            assert response["id"] == created
        elif "output_index" in event:
            assert event["output_index"] == len(items) - 1
            assert event["item_id"] == items[-1]["id"]
    read = _whole_responses(response or {"id": created, "output": done, "status": None, "usage": None})
    seen = [item for item in done if item in response.get("output", done)]
    assert seen == response.get("output", done)
    return {**read, "items": done, "ended": ended, "error": error}


def _whole_responses(response: dict[str, Any]) -> dict[str, Any]:
    parts = []
    for item in response["output"]:
        if item["type"] == "message":
            parts.append(("text", item["content"][0]["text"]))
        elif item["type"] == "reasoning":
            parts.append(("thought", item["summary"][0]["text"], item["encrypted_content"]))
        else:
            parts.append(("call", item["call_id"], item["name"], json.loads(item["arguments"])))
    return {"parts": parts, "stop": response["status"], "usage": response["usage"], "id": response["id"]}


def _gemini(body: bytes) -> dict[str, Any]:
    return _gemini_chunks([json.loads(data) for _, data in events(body)])


def _gemini_array(body: bytes) -> dict[str, Any]:
    return _gemini_chunks(json.loads(body))


def _gemini_chunks(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    parts: list[Any] = []
    stop = usage = identifier = error = None
    for chunk in chunks:
        if "error" in chunk:
            error = chunk["error"]
            continue
        assert stop is None
        assert identifier in (None, chunk["responseId"])
        identifier = chunk["responseId"]
        usage = chunk["usageMetadata"]
        (candidate,) = chunk["candidates"]
        parts += candidate["content"]["parts"]
        stop = candidate.get("finishReason")
    content = {"parts": parts, "role": "model"}
    whole = {
        "candidates": [{"content": content, "finishReason": stop}],
        "usageMetadata": usage,
        "responseId": identifier,
    }
    return {**_whole_gemini(whole), "ended": stop is not None, "error": error}


def _whole_gemini(answer: dict[str, Any]) -> dict[str, Any]:
    (candidate,) = answer["candidates"]
    parts: list[Any] = []
    for part in candidate["content"]["parts"]:
        if "functionCall" in part:
            call = part["functionCall"]
            parts.append(("call", call["id"], call["name"], call["args"]))
        elif part.get("thought"):
            parts.append(("thought", part["text"], part["thoughtSignature"]))
        elif parts and parts[-1][0] == "text":
            parts[-1] = ("text", parts[-1][1] + part["text"])
        elif part["text"]:
            parts.append(("text", part["text"]))
    usage, identifier = answer["usageMetadata"], answer["responseId"]
    return {"parts": parts, "stop": candidate["finishReason"], "usage": usage, "id": identifier}


_READERS = {
    "anthropic": _anthropic,
    "openai-chat": _chat,
    "openai-responses": _responses,
    "gemini": _gemini,
    "gemini-array": _gemini_array,
}
_WHOLE = {
    "anthropic": _whole_anthropic,
    "openai-chat": _whole_chat,
    "openai-responses": _whole_responses,
    "gemini": _whole_gemini,
}
