"""`/v1/chat/completions` behind a real socket, answered by what the request asks for.

Tools it may or must call are called with arguments made from their JSON schema, a response format is answered with an
instance of its schema, anything else with a sentence. Texts and numbers of instances are taken from what the user said
last. Streams come in several chunks; `stop` cuts, usage is counted, the model's name is the one that was asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Json = dict[str, Any]
SENTENCE = "Nice of you to ask: all of it is in order."


@contextmanager
def chat_server(answer: Callable[[Json], Json] | None = None) -> Iterator[tuple[str, list[Json]]]:
    """Run one on a free port; yield its base URL and the list of the requests that come.

    `answer` returns the assistant's message for a request, in place of `answer_to`.
    """
    requests: list[Json] = []
    members = {"requests": requests, "answer": staticmethod(answer or answer_to)}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), members))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    requests: list[Json]
    answer: Callable[[Json], Json]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.requests.append(body)
        message, usage = self.answer(body), usage_of(body)
        if body.get("stream"):
            events = [json.dumps(chunk) for chunk in chunks(body, message, usage)]
            self._send("text/event-stream", "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]))
        else:
            choice = {"index": 0, "message": message, "finish_reason": _finish(message)}
            self._send("application/json", json.dumps({**_base(body, ""), "choices": [choice], "usage": usage}))

    def _send(self, kind: str, text: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        self.send_header("connection", "close")  # clients that outlive their event loop would leave sockets open
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def answer_to(body: Json) -> Json:
    """Return the assistant's message: calls of tools, an instance of a schema, or a sentence."""
    said = _last_said(body["messages"])
    tool = _tool_to_call(body)
    if tool is not None:
        arguments = json.dumps(instance(tool.get("parameters", {}), said), ensure_ascii=False)
        function = {"name": tool["name"], "arguments": arguments}
        call = {"id": f"call_{len(body['messages'])}", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": _cut(_text(body.get("response_format") or {}, said), body.get("stop"))}


def _tool_to_call(body: Json) -> Json | None:
    """Return the function that the choice names, or the first one unless results have just come in or none is wanted."""
    functions = {tool["function"]["name"]: tool["function"] for tool in body.get("tools") or ()}
    choice = body.get("tool_choice", "auto")
    if isinstance(choice, dict):
        return dict(functions[choice["function"]["name"]])
    is_answering = body["messages"][-1]["role"] == "tool" and choice == "auto"
    return None if choice == "none" or is_answering else next(iter(functions.values()), None)


def _text(wanted: Json, said: str) -> str:
    if wanted.get("type") == "json_schema":
        return json.dumps(instance(wanted["json_schema"]["schema"], said))
    if wanted.get("type") == "json_object":  # the keys stand in the question: there is no schema
        return json.dumps(dict.fromkeys(re.findall(r"'(\w+)'", said), "a value"))
    return SENTENCE


def _cut(text: str, stop: Any) -> str:
    for word in [stop] if isinstance(stop, str) else stop or ():
        text = text.split(word, maxsplit=1)[0]
    return text


def _last_said(messages: list[Json]) -> str:
    content = next((m["content"] for m in reversed(messages) if m["role"] == "user"), "")
    parts = [content] if isinstance(content, str) else [part.get("text", "") for part in content]
    return " ".join(parts)


def instance(schema: Json, said: str, root: Json | None = None) -> Any:
    """Return a value of a JSON schema."""
    root = root or schema
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], said, root)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return instance(schema[key][0], said, root)
    if "enum" in schema or "const" in schema:
        return schema.get("enum", [schema.get("const")])[0]
    match schema.get("type", "object"):
        case "object":
            return {name: instance(part, said, root) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [instance(schema.get("items", {"type": "string"}), said, root)]
        case "integer" | "number":
            return int(next(iter(re.findall(r"-?\d+", said)), 1))
        case "boolean":
            return True
        case "null":
            return None
    return next(iter(re.findall(r"'([^']+)'", said)), "a value")


def usage_of(body: Json) -> Json:
    """Return token counts: a token is four characters of the messages."""
    given = len(json.dumps(body["messages"])) // 4
    return {"prompt_tokens": given, "completion_tokens": 8, "total_tokens": given + 8}


def chunks(body: Json, message: Json, usage: Json) -> Iterator[Json]:
    """Return the events of a streamed answer: words, or a call whose arguments come in halves; then the end."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    for call in message.get("tool_calls", ()):
        function = call["function"]
        half = len(function["arguments"]) // 2
        first = {**call, "index": 0, "function": {**function, "arguments": function["arguments"][:half]}}
        rest = {"index": 0, "function": {"arguments": function["arguments"][half:]}}
        deltas += [{"tool_calls": [first]}, {"tool_calls": [rest]}]
    deltas += [{"content": word} for word in re.findall(r"\s*\S+|\s+$", message["content"] or "")]
    base = _base(body, ".chunk")
    for delta in deltas:
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(message)}]}
    if (body.get("stream_options") or {}).get("include_usage"):
        yield {**base, "choices": [], "usage": usage}


def _finish(message: Json) -> str:
    return "tool_calls" if message.get("tool_calls") else "stop"


def _base(body: Json, kind: str) -> Json:
    return {"id": "chatcmpl-1", "object": f"chat.completion{kind}", "created": 1, "model": body["model"]}
