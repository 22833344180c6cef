"""`headroom retrieve`: originals of real proxies, over HTTP and straight from the store that they share."""

import json
import socket
import subprocess
import sys

import pytest
from support.processes import ask, environment, last_received, provider, proxy
from support.retrieval import handles_in, long_sample
from support.wires import Step, body_of, outputs_of

from headroom.proxy.config import ProxyConfig

TEXT = long_sample("long_log")
BODY = json.dumps(body_of("openai-chat", [Step(TEXT)], tools=True)).encode()
KEY = "Bearer one"


@pytest.fixture(scope="module")
def upstream():
    with provider() as url:
        yield url


def retrieve(*arguments, **also):
    command = [sys.executable, "-m", "headroom.cli", "retrieve", *arguments]
    return subprocess.run(command, capture_output=True, check=False, env=environment(**also))


def sent_handle(base, upstream, body=BODY):
    """Send a conversation through a proxy; return the handle of what was left out."""
    assert ask(base, "POST", "/v1/chat/completions", body, authorization=KEY)[0] == 200
    [handle] = handles_in(outputs_of("openai-chat", json.loads(last_received(upstream)))[0])
    return handle


def test_a_proxy_gives_the_original_byte_for_byte_to_the_credential_that_it_is_kept_for(upstream):
    with proxy(upstream) as (base, _):
        handle = sent_handle(base, upstream)
        done = retrieve(handle, "--url", base, "--credential-env", "SOME_KEY", SOME_KEY="one")
        assert (done.stdout, done.stderr, done.returncode) == (TEXT.encode(), b"", 0)
        other = retrieve(handle, "--url", base, "--credential-env", "SOME_KEY", SOME_KEY="two")
        assert (other.stdout, other.returncode) == (b"", 1)
        assert b"unknown here" in other.stderr
        assert retrieve(handle, "--url", base, OPENAI_API_KEY="one").returncode == 1


def test_a_proxy_with_a_token_is_shown_the_one_of_the_environment(upstream):
    with proxy(upstream, "--tenant", "all", "--token", "sesame") as (base, _):
        assert ask(base, "POST", "/v1/chat/completions", BODY, x_headroom_token="sesame")[0] == 200
        [handle] = handles_in(outputs_of("openai-chat", json.loads(last_received(upstream)))[0])
        assert retrieve(handle, "--url", base).returncode == 1
        assert retrieve(handle, "--url", base, HEADROOM_TOKEN="sesame").stdout == TEXT.encode()


def test_a_part_is_chosen_by_words_and_by_lines(upstream):
    lines = TEXT.splitlines(keepends=True)
    with proxy(upstream, "--tenant", "all") as (base, _):
        handle = sent_handle(base, upstream)
        done = retrieve(handle, "--url", base, "--lines", "3-5")
        assert done.stdout.decode() == "".join(lines[2:5])
        found = retrieve(handle, "--url", base, "--query", "request 4711").stdout.decode()
        assert lines[117] in found
        assert len(found) < len(TEXT) / 10


@pytest.mark.parametrize("channel", ["shell", "mcp"])
def test_readers_without_the_credential_find_what_was_left_out_for_them(channel, upstream, tmp_path):
    store = f"sqlite:{tmp_path}/originals.db"
    body = json.loads(BODY)
    if channel == "mcp":
        tool = json.dumps(body["tools"][0]).replace("run_command", "mcp__headroom__headroom_retrieve")
        body["tools"].append(json.loads(tool))
    with proxy(upstream, "--store", store, "--retrieval", channel) as (base, _):
        handle = sent_handle(base, upstream, json.dumps(body).encode())
    done = retrieve(handle, HEADROOM_STORE=store)
    assert (done.stdout, done.stderr, done.returncode) == (TEXT.encode(), b"", 0)
    assert retrieve(handle, "--store", store, "--lines", "1").stdout.decode() == TEXT.splitlines(keepends=True)[0]
    assert retrieve(handle, "--store", store, "--tenant", "other").returncode == 1


def test_a_compress_call_that_wishes_the_shell_is_kept_for_the_shell(upstream, tmp_path):
    store = f"sqlite:{tmp_path}/originals.db"
    wish = {"messages": json.loads(BODY)["messages"], "model": "gpt-4o", "config": {"retrieval": "shell"}}
    with proxy(upstream, "--store", store) as (base, _):
        _, view = ask(base, "POST", "/v1/compress", json.dumps(wish).encode(), authorization=KEY)
        [handle] = json.loads(view)["ccr_hashes"]
    assert retrieve(handle, "--store", store).stdout == TEXT.encode()


def test_one_tenant_is_local_only_where_readers_have_no_credential():
    def tenant(**settings):
        return ProxyConfig(**settings).one_tenant

    assert [tenant(retrieval=one) for one in ("auto", "off", "tool", "http")] == [""] * 4
    assert [tenant(retrieval=one) for one in ("shell", "mcp")] == ["local"] * 2
    assert tenant(retrieval="shell", tenant="mine") == tenant(retrieval="tool", tenant="mine") == "mine"


def test_an_unknown_hash_ends_with_a_sentence(tmp_path):
    done = retrieve("0" * 24, "--store", f"sqlite:{tmp_path}/new.db")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"is unknown in this store" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_store_that_cannot_be_opened_ends_with_a_sentence(tmp_path):
    done = retrieve("0" * 24, "--store", f"sqlite:{tmp_path}")  # a folder
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"the store cannot be" in done.stderr


def test_a_proxy_that_is_not_there_ends_with_a_sentence():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = retrieve("0" * 24, "--url", f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"no proxy answers at" in done.stderr


def test_what_is_no_proxy_is_said_to_be_none(upstream):
    done = retrieve("0" * 24, "--url", upstream)
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"404" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], b"HASH"),
        (["abc"], b"24 characters"),
        (["A" * 24], b"24 characters"),
        (["0" * 24, "--url", "ftp://x"], b"--url"),
        (["0" * 24, "--store", "ftp://x"], b"not the address of a store"),
        (["0" * 24, "--credential-env", "NOT_SET_ANYWHERE"], b"NOT_SET_ANYWHERE"),
    ],
)
def test_wrong_usage_is_named(arguments, named):
    done = retrieve(*arguments)
    assert (done.stdout, done.returncode) == (b"", 2)
    assert named in done.stderr
