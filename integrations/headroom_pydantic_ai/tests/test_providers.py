"""What reaches other providers than OpenAI: the same short texts, in the shape of each."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from contracts.adapters import restored, same_value
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart, UserPromptPart
from support.samples import sample

from headroom_pydantic_ai import HeadroomCapability
from headroom_pydantic_ai.tests.pydantic_running import own_loop

ROWS = json.loads(sample("json_rows"))
LONG = sample("log_lines")


class Refusal(BaseHTTPRequestHandler):
    """Writes down the body of each request and refuses it."""

    def do_POST(self):
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        answer = b'{"error": {"code": 400, "message": "no", "type": "invalid_request_error"}}'
        self.send_response(400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@contextmanager
def refusing():
    bodies = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Refusal,), {"bodies": bodies}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def anthropic(url):
    sdk = pytest.importorskip("anthropic")
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = sdk.AsyncAnthropic(base_url=url, api_key="none", max_retries=0)
    return AnthropicModel("claude-none", provider=AnthropicProvider(anthropic_client=client)), client.close


def google(url):
    sdk = pytest.importorskip("google.genai")
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    client = sdk.Client(api_key="none", http_options={"base_url": url})
    return GoogleModel("gemini-2.5-flash", provider=GoogleProvider(client=client)), client.aio.aclose


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from strings_in(one)


def sent(provider, content):
    history = [ModelRequest([UserPromptPart("What went wrong?")])]
    history += [ModelResponse([ToolCallPart("look_up", {"number": 1}, "c1")])]
    history += [ModelRequest([ToolReturnPart("look_up", content, "c1")])]
    with refusing() as (url, bodies), own_loop() as loop:
        model, close = provider(url)
        agent = Agent(model, capabilities=[HeadroomCapability()])
        with pytest.raises(ModelHTTPError):
            loop.run_until_complete(agent.run("Go on.", message_history=history))
        loop.run_until_complete(close())
    assert history[2].parts[0].content is content
    return [text for body in bodies for text in strings_in(body)]


@pytest.mark.parametrize("provider", [anthropic, google])
@pytest.mark.parametrize("content", [LONG, [LONG, "fine"], ROWS, {"rows": ROWS}], ids=["text", "texts", "list", "dict"])
def test_other_providers_get_the_short_form_too(provider, content):
    given = LONG if isinstance(content, str) or "fine" in content else json.dumps(content)
    found = [text for text in sent(provider, content) if any(same_value(one, given) for one in restored(text))]
    (short,) = found
    assert len(short) < len(given)
