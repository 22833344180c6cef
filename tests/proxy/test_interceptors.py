"""Interceptors: chosen by name or registered, before the pipeline, open or closed when they fail, and never skipped."""

import gzip
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxy.bench import ask, request
from proxy.net import Answer, Upstream
from proxy.sockets import Provider
from proxy.sockets import through as sockets_through
from support.retrieval import handles_in, readable_by, retrieving
from support.wires import MODELS, Step, body_of, outputs_of

from headroom.blocks import Channel
from headroom.compress import compress
from headroom.errors import ConfigError, RequestError
from headroom.pipeline import Exchange, Pipeline
from headroom.policy import Policy
from headroom.proxy.config import ProxyConfig
from headroom.proxy.interceptors import AstGrep, BaseInterceptor, RedactEmail
from headroom.proxy.interceptors.redact_email import redacted

JSON = (b"Content-Type", b"application/json")
PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-3:generateContent",
}
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "mail bob@example.test"}]}'
PLACEHOLDER = re.compile(r"\[email [0-9a-f]{8}\]")


class Broken(BaseInterceptor):
    """Fails, and leaves the request to others."""

    def intercept(self, payload: dict[str, Any]) -> dict[str, Any]:
        raise PermissionError("inner detail")


class Closed(Broken):
    """Fails, and refuses the request."""

    fail_closed = True


class Refuser(BaseInterceptor):
    """Changes whatever it sees, and must see it."""

    fail_closed = True

    def intercept(self, payload: dict[str, Any]) -> dict[str, Any]:
        return {**payload, "seen": True}


def sent(path: str, body: bytes, *headers: tuple[bytes, bytes], **options: Any) -> tuple[Answer, list[bytes]]:
    """Return the answer, and the bodies that reached the provider."""
    upstream = Upstream()
    answer = ask(upstream, request("POST", path, body, *(headers or (JSON,))), **options)
    return answer, [seen.body for seen in upstream.seen]


def test_one_that_fails_is_left_out() -> None:
    answer, bodies = sent(PATHS["openai"], BODY, interceptors=[Broken(), "redact_email"])
    assert answer.status == 200
    assert b"bob" not in bodies[0]


@pytest.mark.parametrize("vendor", PATHS)
def test_one_that_fails_closed_refuses_in_the_providers_words_and_sends_nothing(vendor: str) -> None:
    answer, bodies = sent(PATHS[vendor], BODY, interceptors=[Closed()])
    assert (answer.status, bodies) == (403, [])
    error = json.loads(answer.body)
    assert "policy" in error["error"]["message"]
    assert b"inner" not in answer.body
    shape = {
        "openai": error["error"].get("code"),
        "anthropic": error.get("type"),
        "gemini": error["error"].get("status"),
    }
    assert shape[vendor] in ("refused_by_policy", "error", "PERMISSION_DENIED")


WAYS_AROUND = {
    "bypass": (BODY, (b"X-Headroom-Bypass", b"true"), JSON),
    "no kind of content": (BODY, (b"Content-Type", b"text/plain")),
    "nothing said of it": (BODY, (b"X-Nothing", b"1")),
    "coded": (gzip.compress(BODY), JSON, (b"Content-Encoding", b"gzip")),
}


@pytest.mark.parametrize("way", WAYS_AROUND)
def test_no_request_gets_around_a_policy_that_fails_closed(way: str) -> None:
    body, *headers = WAYS_AROUND[way]
    answer, (arrived,) = sent(PATHS["openai"], body, *headers, interceptors=[Refuser()])
    assert answer.status == 200
    assert json.loads(arrived)["seen"] is True


UNREADABLE = {
    "no JSON": (b"bob@example.test", JSON),
    "not UTF-8": (b'{"a": "\xff"}', JSON),
    "too deep": (b'{"a":' + b"[" * 600 + b"]" * 600 + b"}", JSON),
    "an unknown coding": (BODY, JSON, (b"Content-Encoding", b"compress")),
    "a signature": (BODY, JSON, (b"Content-Digest", b"sha-256=:x:")),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_such_a_policy_cannot_see_or_change_is_refused(kind: str) -> None:
    body, *headers = UNREADABLE[kind]
    answer, bodies = sent(PATHS["openai"], body, *headers, interceptors=[Refuser()])
    assert (answer.status, bodies) == (403, [])
    answer, bodies = sent(PATHS["openai"], body, *headers, interceptors=[Broken()])
    assert (answer.status, bodies) == (200, [body])


@pytest.mark.parametrize("depth", [100, 500])
def test_nesting_as_deep_as_the_limit_is_no_error(depth: int) -> None:
    body = BODY[:-1] + b', "metadata": ' + b"[" * depth + b"]" * depth + b"}"
    answer, (arrived,) = sent(PATHS["openai"], body, interceptors=["redact_email"])
    assert answer.status == 200
    assert PLACEHOLDER.search(arrived.decode())


def test_names_come_from_the_environment_and_unknown_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADROOM_INTERCEPTORS", "redact_email, astgrep")
    found = [type(one) for one in Pipeline.of(ProxyConfig()).interceptors]
    assert found == [RedactEmail, AstGrep]
    with pytest.raises(ConfigError, match="no interceptor 'redact'; known are: astgrep, redact_email"):
        Pipeline.of(ProxyConfig(interceptors=["redact"]))


SECRET = "write to Ann.Other+x@mail.example.org, please."


@pytest.mark.parametrize("wire", MODELS)
def test_addresses_are_replaced_wherever_the_model_would_read_them(wire: str) -> None:
    arguments = json.dumps({"to": SECRET, "url": SECRET, "id": SECRET})
    steps = [Step(SECRET, arguments=arguments, user=SECRET, assistant=SECRET)]
    body = json.dumps(body_of(wire, steps)).replace("You are an agent.", SECRET)
    assert len(re.findall("Ann", body)) == 7
    after = json.dumps(RedactEmail().intercept(json.loads(body)))
    signed = 3 if wire == "gemini" else 0  # a signature stands beside the arguments of the call
    assert len(re.findall("Ann", after)) == signed
    assert len(PLACEHOLDER.findall(after)) == 7 - signed
    assert PLACEHOLDER.sub("Ann.Other+x@mail.example.org", after) == body


@pytest.mark.parametrize(
    "signed",
    [
        {"type": "thinking", "thinking": SECRET, "signature": "s"},
        {"type": "redacted_thinking", "data": SECRET},
        {"type": "reasoning", "summary": [{"text": SECRET}], "encrypted_content": "x"},
        {"text": SECRET, "thoughtSignature": "s"},
        {"type": "web_search_tool_result", "content": [{"title": SECRET}]},
        {"type": "server_tool_use", "input": {"query": SECRET}},
        {"type": "mcp_call", "output": SECRET},
        {"type": "image_url", "image_url": {"url": "https://a@example.org/x.png"}},
    ],
)
def test_what_a_provider_has_signed_or_made_stays(signed: dict[str, Any]) -> None:
    payload = {"messages": [{"role": "assistant", "content": [signed]}]}
    assert RedactEmail().intercept(payload) is payload


def test_a_result_that_looks_signed_is_looked_at_all_the_same() -> None:
    response = {"functionResponse": {"name": "f", "response": {"signature": "s", "type": "compaction", "id": SECRET}}}
    after = RedactEmail().intercept({"contents": [{"role": "user", "parts": [response]}]})
    assert "Ann" not in json.dumps(after)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bob@example.org", ""),
        ("<bob@example.org>, (eve@x.example.com).", "<>, ()."),
        ("bob@example.org.", "."),
        ("müller@größe.example", ""),
        ("a@b.co@c.de", "@c.de"),
        (
            "@app.route, x@1.2.3, root@localhost, a@@b.co, user@host:22",
            "@app.route, x@1.2.3, root@localhost, a@@b.co, user@host:22",
        ),
    ],
)
def test_addresses_are_told_from_what_only_has_the_sign(text: str, kept: str) -> None:
    assert PLACEHOLDER.sub("", redacted(text)) == kept


def test_equal_addresses_get_equal_texts_and_others_do_not() -> None:
    one, same, other = redacted("bob@example.org BOB@EXAMPLE.ORG eve@example.org").split("] ")
    assert one == same != other


@given(st.text(alphabet="ab@.-_ é\n", max_size=60))
def test_what_is_redacted_holds_no_more_addresses(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("piece", ["a", "@", "a@", "a.", "@a.", "a@b.", ".", "-@-."])
def test_a_megabyte_of_anything_takes_a_pass_over_it(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert len(redacted(text)) <= 10 * len(text)


FUNCTION = '''\
def {0}_{1}(side, {1}="cm"):
    """Return the {0} of a {2}."""
    size = side * {3}
    size += {3}
    return f"{{size}} {{{1}}}"


'''
NOUNS = ("area", "edge", "height", "colour", "angle", "volume", "weight")
FUNCTIONS = [FUNCTION.format(a, b, NOUNS[(i * j) % 7], i + j) for i, a in enumerate(NOUNS) for j, b in enumerate(NOUNS)]
SOURCE = "import math\n\n\nclass Shape:\n    sides = 4\n\n\n" + "".join(FUNCTIONS)


def outlined(wire: str, text: str, command: str, question: str = "Fix it.", **settings: Any) -> tuple[str, Any]:
    """Return what a model is sent for a tool output, and the outcome."""
    steps = [Step(text, arguments=json.dumps({"command": command}), user=question)]
    body = json.dumps(readable_by(wire, steps, Channel.TOOL)).encode()
    outcome = retrieving(policy=Policy(**settings), interceptors=[AstGrep()]).run(body, None, Exchange("r"))
    (after,) = outputs_of(wire, json.loads(outcome.body))
    return after, outcome


@pytest.mark.parametrize("wire", ["openai-chat", "openai-responses", "anthropic", "gemini"])
def test_a_whole_source_file_becomes_an_outline_that_can_be_undone(wire: str) -> None:
    after, outcome = outlined(wire, SOURCE, "cat shapes.py")
    *lines, marker = after.split("\n")
    source = SOURCE.split("\n")
    numbers = [int(line.partition(":")[0]) for line in lines]
    assert [f"{number}:{source[number - 1]}" for number in numbers] == lines
    assert '29:def area_colour(side, colour="cm"):' in lines
    assert not any("size" in line or "Return" in line for line in lines)
    assert "outline of python" in marker
    assert outcome.originals[handles_in(marker)[0]] == SOURCE


def test_a_function_that_is_asked_for_stays_whole() -> None:
    after, _ = outlined("openai-chat", SOURCE, "cat shapes.py", "Fix edge_angle.")
    assert 'return f"{size} {angle}"' in after
    assert after.count("size += ") == 1


def test_lines_that_a_tool_has_numbered_keep_its_numbers() -> None:
    numbered = "\n".join(f"{n:6}\t{line}" for n, line in enumerate(SOURCE.split("\n"), 1))
    after, _ = outlined("openai-chat", numbered, "cat -n shapes.py")
    *lines, _ = after.split("\n")
    assert set(lines) < set(numbered.split("\n"))
    assert len(lines) < 70


@pytest.mark.parametrize("command", ["sed -n 200,400p shapes.py", "head -300 shapes.py", "make", "cat shapes.txt"])
def test_parts_of_files_and_other_outputs_get_no_outline(command: str) -> None:
    after, _ = outlined("openai-chat", SOURCE, command)
    assert "outline" not in after


@pytest.mark.parametrize("settings", [{"lossless": True}, {"code_aware": False}])
def test_nothing_is_outlined_where_nothing_may_be_left_out_or_code_is_none_of_our_business(settings: Any) -> None:
    assert outlined("openai-chat", SOURCE, "cat shapes.py", **settings)[0] == SOURCE


def test_without_a_way_back_nothing_is_left_out() -> None:
    body = json.dumps(body_of("openai-chat", [Step(SOURCE, arguments='{"command": "cat shapes.py"}')])).encode()
    assert Pipeline(interceptors=[AstGrep()]).run(body, None, Exchange("r")).body is body


def test_the_library_runs_them_too() -> None:
    messages = [
        {"role": "user", "content": SECRET},
        {"role": "tool", "tool_call_id": "c", "content": f"{SECRET}\n" * 90},
    ]
    config = ProxyConfig(interceptors=["redact_email", Broken()])
    result = compress(messages, config=config)
    assert "Ann" not in json.dumps(result.messages)
    assert result.messages[0]["content"].startswith("write to [email ")
    assert messages[0]["content"] == SECRET
    untouched = [{"role": "user", "content": "hello"}]
    assert compress(untouched, config=config).messages is untouched
    body = {"model": "m", "messages": messages, "user": SECRET}
    assert "Ann" not in json.dumps(compress(body, config=config).messages)


@pytest.mark.parametrize("content", ["text", float("nan"), object()])
def test_the_library_refuses_what_a_policy_could_not_see(content: Any) -> None:
    messages = [{"role": "user", "content": "hello"}, {"role": "user", "content": [{"type": "text", "text": content}]}]
    with pytest.raises(RequestError, match="policy"):
        compress(messages, config=ProxyConfig(interceptors=[Closed()]))
    assert compress(messages, config=ProxyConfig(interceptors=[Broken()])).messages is messages


def test_compression_as_a_service_runs_them_too() -> None:
    body = json.dumps({"messages": json.loads(BODY)["messages"]}).encode()
    answer, _ = sent("/v1/compress", body, interceptors=["redact_email"])
    assert b"bob" not in answer.body
    answer, _ = sent("/v1/compress", body, interceptors=[Closed()])
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (403, "refused_by_policy")


def test_requests_on_a_responses_socket_are_seen_and_refused_alike() -> None:
    request = json.dumps({"type": "response.create", "model": "gpt-5", "input": [{"role": "user", "content": SECRET}]})

    async def act(socket: Any) -> str:
        await socket.send(request)
        return str(await socket.recv())

    async def script(socket: Any) -> None:
        await socket.recv()
        await socket.say('{"type": "error"}')
        await socket.wait_closed()

    seeing, refusing = Provider(script), Provider(script)
    sockets_through(seeing, act, interceptors=["redact_email"])
    assert PLACEHOLDER.search(seeing.got[0])
    assert "Ann" not in seeing.got[0]
    told = json.loads(sockets_through(refusing, act, interceptors=[Closed()]))
    assert refusing.got == []
    assert told["error"]["code"] == "refused_by_policy"
