"""`install_headroom` in five frameworks on four servers, as real processes on real sockets.

Which of them are tried depends on what is installed: `make test-integrations ENVIRONMENT=hosts` has them all.
"""

import http.client
import json
import os
import socket

import pytest
from hosts.hosts_model import CONFIG, OUTPUT, seen
from hosts.hosts_running import HOSTS, NO_LIFESPAN, NO_WEBSOCKETS, SERVERS, THERE, running
from support.processes import ask
from support.wires import Step, body_of, encoded
from websockets.sync.client import connect

LLM_PATHS = ["/ai/v1/chat/completions", "/chat"]
LOSSLESS = {"x_headroom_lossless": "true"}


@pytest.fixture(scope="module", params=THERE, ids=" on ".join)
def app(request, tmp_path_factory):
    with running(*request.param, tmp_path_factory.mktemp("host")) as one:
        yield one


def request_of(*, tools=False, **also):
    return encoded({**body_of("openai-chat", [Step(OUTPUT)], tools=tools), **also})


def said_of(answer):
    return json.loads(json.loads(answer)["choices"][0]["message"]["content"])


def streamed_of(answer):
    events = [line.removeprefix("data: ") for line in answer.decode().split("\n") if line.startswith("data: ")]
    assert events.pop() == "[DONE]"
    deltas = [choice["delta"] for event in events for choice in json.loads(event)["choices"]]
    assert not any(delta.get("tool_calls") for delta in deltas)
    return json.loads("".join(delta.get("content") or "" for delta in deltas))


@pytest.mark.parametrize("path", LLM_PATHS)
def test_the_app_gets_a_shorter_body_and_its_answer_goes_back(app, path):
    body = request_of()
    status, answer = ask(app.url, "POST", path, body, **LOSSLESS)
    assert status == 200
    assert 0 < said_of(answer)["size"] < len(body)


@pytest.mark.parametrize("path", LLM_PATHS)
def test_a_streamed_answer_goes_back_as_events(app, path):
    body = request_of(stream=True)
    status, answer = ask(app.url, "POST", path, body, **LOSSLESS)
    assert status == 200
    assert 0 < streamed_of(answer)["size"] < len(body)


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
def test_the_app_is_asked_again_with_what_its_model_asked_for(app, is_streamed):
    body = request_of(tools=True, **({"stream": True} if is_streamed else {}))
    status, answer = ask(app.url, "POST", LLM_PATHS[0], body)
    assert status == 200
    assert (streamed_of if is_streamed else said_of)(answer)["original"] is True


def test_a_body_in_chunks_of_unknown_length_is_shortened(app):
    body = request_of()
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
    pieces = (body[start : start + 777] for start in range(0, len(body), 777))
    headers = {"content-type": "application/json", "x-headroom-lossless": "true"}
    connection.request("POST", "/chat", pieces, headers, encode_chunked=True)
    answer = connection.getresponse()
    assert 0 < said_of(answer.read())["size"] < len(body)
    assert int(answer.headers["x-headroom-tokens-saved"]) > 0
    connection.close()


def test_an_upload_is_untouched(app):
    file = os.urandom(3_000_000)
    status, answer = ask(app.url, "POST", "/upload", file, content_type="application/octet-stream")
    assert status == 200
    assert json.loads(answer) == seen(file)


def test_a_body_over_the_cap_comes_whole(app):
    empty = request_of()
    body = empty[:-1] + b" " * (CONFIG.max_body_bytes + 1 - len(empty)) + empty[-1:]
    status, answer = ask(app.url, "POST", "/chat", body)
    assert status == 200
    told = said_of(answer)
    assert {name: told[name] for name in ("size", "digest")} == seen(body)


def test_a_websocket_is_untouched(app):
    if (app.host, app.server) in NO_WEBSOCKETS:
        pytest.skip("these two serve no WebSockets, with or without us")
    text = json.dumps({"type": "response.create", "input": OUTPUT})
    with connect(f"ws://127.0.0.1:{app.port}/ai/v1/responses", proxy=None) as channel:
        channel.send(text)
        assert channel.recv(60) == text


def test_the_figures_are_found_under_the_prefix(app):
    ask(app.url, "POST", "/chat", request_of())
    status, answer = ask(app.url, "GET", "/headroom/stats")
    assert status == 200
    assert json.loads(answer)["requests"]["total"] > 0


def test_clients_that_leave_do_no_harm(app):
    body = request_of(stream=True)
    head = f"POST /chat HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    for sent in (head.encode(), head.encode() + body[:1000], head.encode() + body):
        with socket.create_connection(("127.0.0.1", app.port), timeout=60) as gone:
            gone.sendall(sent)
    status, answer = ask(app.url, "POST", "/chat", body, **LOSSLESS)
    assert status == 200
    assert 0 < streamed_of(answer)["size"] < len(body)


@pytest.mark.parametrize(("host", "server"), THERE, ids=[" on ".join(pair) for pair in THERE])
def test_the_app_is_told_of_its_start_and_its_end(host, server, tmp_path):
    with running(host, server, tmp_path) as one:
        assert ask(one.url, "POST", "/chat", request_of())[0] == 200
        assert one.life == ([] if one.names & NO_LIFESPAN else ["up"])
        one.stop()
        assert one.life == ([] if one.names & NO_LIFESPAN else ["up", "down"])
        assert "Traceback" not in one.log


def test_where_one_of_the_rarer_frameworks_is_installed_all_are():
    frameworks = {host for host, _ in THERE}
    if frameworks <= {"starlette", "fastapi"}:
        pytest.skip("these have an environment of their own")
    assert sorted(THERE) == sorted((host, server) for host in HOSTS for server in SERVERS)
