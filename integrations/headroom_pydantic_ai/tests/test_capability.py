"""The capability beyond the common suite: values, files, other capabilities, retrieval, what providers drop."""

import copy
import dataclasses
import json
import re
import threading
from dataclasses import dataclass
from itertools import pairwise

import pytest
from contracts.adapters import OUTPUTS, Script, restored, same_value
from pydantic import BaseModel
from pydantic_ai import Agent, messages
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import (
    ImageUrl,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import FunctionModel
from support.samples import sample
from support.scripted_model import scripted_model

from headroom.ccr.tool import definition
from headroom.integrations.adapter import Adapter
from headroom.integrations.transcript import Called, Returned
from headroom.proxy.config import ProxyConfig
from headroom_pydantic_ai import HeadroomCapability
from headroom_pydantic_ai.messages import Transcript
from headroom_pydantic_ai.tests.pydantic_running import MODES, ended, kept_by, own_loop, run

LONG = "\n".join(sample("log_lines", seed) for seed in range(8))
ROWS = json.loads(sample("json_rows"))


class Page(BaseModel):
    number: int
    rows: list[dict[str, object]]


@dataclass
class Report:
    title: str
    rows: list[dict[str, object]]


VALUES = {
    "list": ROWS,
    "dict": {"rows": ROWS},
    "model": Page(number=1, rows=ROWS),
    "dataclass": Report("orders", ROWS),
}


def returned(content, call="c1", tool="look_up", **more):
    return ToolReturnPart(tool, content, call, **more)


def exchange(*parts):
    """A history in which one response called tools and one request holds what they returned."""
    calls = [ToolCallPart(part.tool_name, {"number": n}, part.tool_call_id) for n, part in enumerate(parts)]
    return [ModelRequest([UserPromptPart("What went wrong?")]), ModelResponse(calls), ModelRequest(list(parts))]


def sent(capability, history, **settings):
    """What a model gets of a history, and the result of the run."""
    seen = []

    def answer(given, _):
        seen.extend(given)
        return ModelResponse([TextPart("The router failed.")])

    agent = Agent(FunctionModel(answer), capabilities=[capability] if capability else [], **settings)
    with own_loop():
        result = agent.run_sync("Go on.", message_history=history)
    return seen, result


def returns_in(given):
    return [part for message in given for part in message.parts if isinstance(part, ToolReturnPart)]


@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize("kind", VALUES)
def test_values_are_sent_in_a_shorter_form_of_the_json_that_the_framework_makes_of_them(kind, wire):
    script = Script(outputs=(VALUES[kind],))
    plain, short = (run(script, "run", layers=n, wire=wire) for n in (0, 1))
    texts = []
    for seen in (plain, short):
        last = seen.requests[-1]
        items = last["messages"] if wire == "chat" else last["input"]
        texts.append(items[-1]["content"] if wire == "chat" else items[-1]["output"])
    before, after = texts
    assert len(after) < len(before)
    assert any(same_value(text, before) for text in restored(after))
    assert short.history == plain.history


def test_values_stay_the_very_objects_in_the_history():
    page = Page(number=1, rows=ROWS)
    history = exchange(returned(page))
    seen, result = sent(HeadroomCapability(), history)
    assert isinstance(returns_in(seen)[0].content, str)
    assert returns_in(result.all_messages())[0].content is page


def test_messages_and_parts_that_stay_are_the_very_objects_and_nothing_given_is_changed():
    history = exchange(returned("short"), returned(LONG, "c2"), returned("also short", "c3"))
    before = copy.deepcopy(history)
    seen, result = sent(HeadroomCapability(), history)
    assert history == before
    assert result.all_messages()[:3] == before
    assert seen[:2] == before[:2]
    assert all(new is old for new, old in zip(seen[1].parts, history[1].parts, strict=True))
    first, changed, last = seen[2].parts[:3]
    assert (first, last) == (before[2].parts[0], before[2].parts[2])
    assert dataclasses.replace(changed, content=LONG) == before[2].parts[1]
    assert len(changed.content) < len(LONG)


def test_beside_files_texts_and_values_are_shortened_one_by_one():
    image = ImageUrl("https://example.com/chart.png")
    (part,) = returns_in(sent(HeadroomCapability(), exchange(returned([LONG, image, ROWS, "fine"])))[0])
    text, kept, rows, fine = part.content
    assert len(text) < len(LONG)
    assert kept is image
    assert any(same_value(one, json.dumps(ROWS)) for one in restored(rows))
    assert fine == "fine"


@pytest.mark.parametrize("content", [None, "", 3, True, [], {}, ImageUrl("https://example.com/a.png"), [None, 3]])
def test_small_and_odd_contents_stay_as_they_are(content):
    (part,) = returns_in(sent(capability := HeadroomCapability(), exchange(returned(content)))[0])
    assert part.content is content
    assert capability.stats()["failures"] == 0


def test_texts_in_a_list_are_shortened_one_by_one_and_values_beside_them_stay():
    values = {"code": 0}
    (part,) = returns_in(sent(HeadroomCapability(), exchange(returned([LONG, values, "fine"])))[0])
    text, kept, fine = part.content
    assert LONG in restored(text)
    assert kept is values
    assert fine == "fine"


def test_messages_that_cannot_be_read_go_on_as_they_came(monkeypatch):
    monkeypatch.setattr("headroom_pydantic_ai.capability.Transcript", lambda given: given.unknown)
    (part,) = returns_in(sent(capability := HeadroomCapability(), exchange(returned(LONG)))[0])
    assert part.content == LONG
    assert capability.stats()["failures"] == 1


@pytest.mark.parametrize("content", [sample("log_lines", 5), ROWS], ids=["text", "values"])
def test_failures_stay_whole(content):
    (part,) = returns_in(sent(HeadroomCapability(), exchange(returned(content, outcome="failed")))[0])
    assert part.content is content
    assert part.outcome == "failed"


def test_values_that_say_what_failed_stay_even_if_they_are_long():
    part = returned(ROWS, outcome="failed")
    assert len(part.model_response_str()) > 1_000
    assert [turn for turn in Transcript(exchange(part)).turns if isinstance(turn, Returned)] == []


class OfTheFramework(ToolReturnPart):
    """A result that the framework reads again, as it does its own of a search for tools."""


def test_results_that_the_framework_reads_itself_stay():
    part = OfTheFramework("search_tools", ROWS, "c1")
    assert returns_in(sent(HeadroomCapability(), exchange(part))[0])[0].content is ROWS


def test_a_result_whose_call_is_no_longer_there_is_known_by_its_tool():
    history = exchange(returned("a", tool="read_file"), returned("b", "c2", tool="look_up"))
    del history[1].parts[0]
    turns = Transcript(history).turns[1:]
    assert turns[0] == Called("c2", "look_up", {"number": 1})
    assert turns[1:] == [Called("c1", "read_file"), Returned("c1", "a"), Returned("c2", "b")]


class Other(AbstractCapability):
    """A capability that puts messages in place of messages, as a history processor does."""

    def __init__(self, change=list):
        super().__init__()
        self.change = change
        self.seen = []

    async def before_model_request(self, ctx, request_context):
        self.seen += [part.content for part in returns_in(request_context.messages)]
        changed = self.change(request_context.messages)
        ctx.messages[:] = changed
        return dataclasses.replace(request_context, messages=list(changed))


@pytest.mark.parametrize("ours_first", [True, False])
def test_other_capabilities_see_and_keep_the_whole_wherever_they_stand(ours_first):
    other = Other()
    both = [HeadroomCapability(), other]
    agent = Agent(
        FunctionModel(lambda given, _: ModelResponse([TextPart(returns_in(given)[0].content)])),
        capabilities=both if ours_first else both[::-1],
    )
    with own_loop():
        result = agent.run_sync("Go on.", message_history=exchange(returned(LONG)))
    assert other.seen == [LONG]
    assert [part.content for part in returns_in(result.all_messages())] == [LONG]
    assert len(result.output) < len(LONG)


def test_no_result_refers_to_one_that_another_capability_dropped():
    history = [*exchange(returned(LONG)), *exchange(returned(LONG, "c2"))]
    referring = returns_in(sent(HeadroomCapability(), history)[0])[1].content
    seen = []

    def answer(given, _):
        seen.extend(returns_in(given))
        return ModelResponse([TextPart("Done.")])

    agent = Agent(FunctionModel(answer), capabilities=[HeadroomCapability(), Other(lambda given: given[3:])])
    with own_loop():
        agent.run_sync("Go on.", message_history=history)
    (alone,) = seen
    assert LONG in restored(alone.content)
    assert LONG not in restored(referring)


@pytest.mark.parametrize(
    "settings",
    [
        {"openai_truncation": "auto"},
        {"anthropic_context_management": {"edits": []}},
        {"extra_body": {"context_management": {}}},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_where_the_provider_may_drop_results_none_refers_to_another(settings):
    history = [*exchange(returned(LONG)), *exchange(returned(LONG, "c2"))]
    first, second = returns_in(sent(HeadroomCapability(), history)[0])
    assert len(second.content) < len(first.content)
    first, second = returns_in(sent(HeadroomCapability(), history, model_settings=settings)[0])
    assert first.content == second.content
    disabled = {"openai_truncation": "disabled", "temperature": 0.0}
    first, second = returns_in(sent(HeadroomCapability(), history, model_settings=disabled)[0])
    assert len(second.content) < len(first.content)


@pytest.mark.skipif(not hasattr(messages, "CompactionPart"), reason="this release has no summaries of providers")
def test_behind_a_summary_of_the_provider_no_result_refers_to_one_before_it():
    summary = ModelResponse([messages.CompactionPart(content="It went wrong.", provider_name="anthropic")])
    history = [*exchange(returned(LONG)), summary, *exchange(returned(LONG, "c2"))]
    contents = [part.content for part in returns_in(sent(HeadroomCapability(), history)[0])]
    assert all(LONG in restored(content) for content in contents)


def test_a_conversation_goes_on_with_the_same_short_forms():
    capability = HeadroomCapability()
    outputs = iter(OUTPUTS)

    def look_up(number: int) -> str:
        """Return the records of a day."""
        return next(outputs)

    with scripted_model(1) as model:
        _, first = ended(model.url, "run", "One?", tools=[look_up], capabilities=[capability])
        model.calls = 2
        given = {"message_history": first.all_messages()}
        _, second = ended(model.url, "run_stream", "Two?", given=given, tools=[look_up], capabilities=[capability])
    conversations = [request["messages"] for request in model.requests]
    assert len(conversations) == 4
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(conversations))
    assert [part.content for part in returns_in(second.all_messages())] == [*OUTPUTS[:2]]
    assert [part.content for part in returns_in(second.new_messages())] == [OUTPUTS[1]]


def test_long_texts_are_worked_on_in_a_thread(monkeypatch):
    threads = []
    shorten = Adapter.shorten
    monkeypatch.setattr(Adapter, "shorten", lambda *a, **k: threads.append(threading.get_ident()) or shorten(*a, **k))
    sent(HeadroomCapability(), exchange(returned(LONG)))
    sent(HeadroomCapability(), exchange(returned("short")))
    assert threads[0] != threading.get_ident() == threads[1]


def curious(given, info):
    """Read the log, then ask for what was left out of it, then answer."""
    results = returns_in(given)
    if not results:
        return ModelResponse([ToolCallPart("read_log", {}, "c1")])
    if len(results) == 1:
        (handle,) = re.findall(r"hash=([0-9a-f]{24})", results[0].content)
        return ModelResponse([ToolCallPart("headroom_retrieve", {"hash": handle}, "c2")])
    return ModelResponse([TextPart(json.dumps([part.content for part in results]))])


def test_a_model_gets_back_what_was_left_out_byte_for_byte():
    capability = HeadroomCapability(ProxyConfig(marker_key="key"), retrieval=True)

    def read_log() -> str:
        """Read the log."""
        return LONG

    agent = Agent(FunctionModel(curious), tools=[read_log], capabilities=[capability])
    with own_loop():
        result = agent.run_sync("What went wrong?")
    short, whole = json.loads(result.output)
    assert len(short) < len(LONG) / 2
    assert whole == LONG
    assert [part.content for part in returns_in(result.all_messages())] == [LONG, LONG]
    stats = capability.stats()
    assert (stats["requests"], stats["retrievals"], stats["misses"], stats["failures"]) == (3, 1, 0, 0)
    capability.close()


def test_the_tool_is_declared_as_everywhere_and_in_every_request():
    capability = HeadroomCapability(ProxyConfig(marker_key="key"), retrieval=True)
    with scripted_model(1) as model:
        ended(model.url, "run", "What went wrong?", tools=[look_up_long], capabilities=[capability])
    for request in model.requests:
        (declared,) = [t["function"] for t in request["tools"] if t["function"]["name"] == "headroom_retrieve"]
        wanted = definition("openai-chat")["function"]
        assert declared["description"] == wanted["description"]
        assert {**declared["parameters"], **wanted["parameters"]} == declared["parameters"]
    assert "headroom_retrieve hash=" in model.requests[1]["messages"][-1]["content"]


def look_up_long(number: int) -> str:
    """Return a log."""
    return LONG


look_up_long.__name__ = "look_up"


def test_without_retrieval_there_is_no_tool_and_nothing_is_left_out():
    capability = HeadroomCapability()
    assert capability.get_toolset() is None
    (part,) = returns_in(sent(capability, exchange(returned(LONG)))[0])
    assert LONG in restored(part.content)


@pytest.mark.parametrize("mode", MODES)
def test_the_saving_is_counted_in_every_way_of_running(mode):
    capability = HeadroomCapability()
    with scripted_model(1) as model:
        _, result = ended(model.url, mode, "What?", tools=[look_up_long], capabilities=[capability])
    stats = capability.stats()
    assert (stats["requests"], stats["failures"]) == (2, 0)
    assert stats["tokens_saved"] == stats["tokens_before"] - stats["tokens_after"] > 1_000
    assert json.dumps(LONG)[1:-1] in json.dumps(kept_by(result))
