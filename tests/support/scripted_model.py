"""A model behind a real socket that calls a tool as often as it is told, then answers: OpenAI chat and Responses.

Needs the standard library only, so that it runs in every framework's own environment. It calls the tool `look_up`
with `{"number": n}`, n counting from 0, once per request, until the request holds as many results as there are
`calls`; then it says `answer`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TOOL = "look_up"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass
class ScriptedModel:
    """What it was asked (`requests`, bodies in order of arrival), where it listens, and what it says."""

    calls: int
    answer: str = "All of it is in order."
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)

    def next(self, results: int) -> str | None:
        """Return the arguments of the next call, None if it is time to answer."""
        return json.dumps({"number": results}) if results < self.calls else None


@contextmanager
def scripted_model(calls: int, **settings: Any) -> Iterator[ScriptedModel]:
    """Run one on a free port; `url` ends in `/v1`, as clients of OpenAI want it."""
    model = ScriptedModel(calls, **settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"model": model}))
    server.daemon_threads = True
    model.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield model
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    model: ScriptedModel
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.model.requests.append(body)
        is_chat = self.path.endswith("/chat/completions")
        whole, events = (_chat if is_chat else _responses)(self.model, body)
        if body.get("stream"):
            text = "".join(f"{_event_line(event)}data: {json.dumps(event)}\n\n" for event in events)
            self._send("text/event-stream", text + "data: [DONE]\n\n" * is_chat)
        else:
            self._send("application/json", json.dumps(whole))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _event_line(event: dict[str, Any]) -> str:
    """Responses name their events, chat completions do not."""
    return f"event: {event['type']}\n" if "type" in event else ""


def _chat(model: ScriptedModel, body: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    results = sum(message["role"] == "tool" for message in body["messages"])
    arguments = model.next(results)
    message: dict[str, Any] = {"role": "assistant", "content": model.answer}
    if arguments is not None:
        call = {"id": f"call_{results}", "type": "function", "function": {"name": TOOL, "arguments": arguments}}
        message |= {"content": None, "tool_calls": [call]}
    reason = "stop" if arguments is None else "tool_calls"
    base = {"id": f"chatcmpl-{results}", "created": 1, "model": body["model"]}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    whole = {**base, "object": "chat.completion", "choices": [choice], "usage": USAGE}
    delta = {**message, "tool_calls": [{**c, "index": 0} for c in message.get("tool_calls", [])]}
    steps = [(delta if delta["tool_calls"] else message, None), ({}, reason)]
    chunk = {**base, "object": "chat.completion.chunk"}
    events = [{**chunk, "choices": [{"index": 0, "delta": d, "finish_reason": r}]} for d, r in steps]
    return whole, [*events, {**chunk, "choices": [], "usage": USAGE}]


def _responses(model: ScriptedModel, body: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    given = body["input"] if isinstance(body["input"], list) else []
    earlier = int((body.get("previous_response_id") or "resp_0").removeprefix("resp_"))
    results = earlier + sum(item.get("type") == "function_call_output" for item in given)
    arguments = model.next(results)
    text = {"type": "output_text", "text": model.answer, "annotations": [], "logprobs": []}
    item: dict[str, Any] = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    item |= {"content": [text]}
    if arguments is not None:
        item = {"type": "function_call", "id": f"fc_{results}", "call_id": f"call_{results}", "status": "completed"}
        item |= {"name": TOOL, "arguments": arguments}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18, **details}
    fixed = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": body.get("tools", []), "error": None}
    base = {"id": f"resp_{results}", "object": "response", "created_at": 1, "model": body["model"], **fixed}
    whole = {**base, "status": "completed", "output": [item], "usage": usage}
    began = {**base, "status": "in_progress", "output": [], "usage": None}
    steps: list[dict[str, Any]] = [{"type": "response.created", "response": began}]
    steps.append({"type": "response.output_item.added", "output_index": 0, "item": _begun(item)})
    steps += _deltas(item)
    steps.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    steps.append({"type": "response.completed", "response": whole})
    return whole, [{**step, "sequence_number": number} for number, step in enumerate(steps)]


def _begun(item: dict[str, Any]) -> dict[str, Any]:
    empty = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
    return {**item, "status": "in_progress", **empty}


def _deltas(item: dict[str, Any]) -> list[dict[str, Any]]:
    where = {"item_id": item["id"], "output_index": 0}
    if item["type"] == "function_call":
        done = {"name": item["name"], "arguments": item["arguments"]}
        kind = "response.function_call_arguments"
        return [
            {"type": f"{kind}.delta", **where, "delta": item["arguments"]},
            {"type": f"{kind}.done", **where, **done},
        ]
    where["content_index"] = 0
    part = item["content"][0]
    added = {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
    delta = {"type": "response.output_text.delta", **where, "delta": part["text"], "logprobs": []}
    done = {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []}
    return [added, delta, done, {"type": "response.content_part.done", **where, "part": part}]
