from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from headroom.integrations.transcript import Called, Returned, Said
from headroom_langchain.messages import mapped, size_of, turns_of, with_returned
from headroom_langchain.tests.models import LONG, conversation

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_a_conversation_is_said_called_and_returned_in_order() -> None:
    assert turns_of([SystemMessage("Be brief."), *conversation("done")]) == [
        Said("system", "Be brief."),
        Said("user", "Which failed?"),
        Said("assistant", ""),
        Called("call_1", "look_up", {"number": 1}),
        Returned("call_1", "done"),
    ]


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        (AIMessageChunk("a part"), Said("assistant", "a part")),
        (ChatMessage("Be brief.", role="developer"), Said("system", "Be brief.")),
        (ChatMessage("Yes.", role="assistant"), Said("assistant", "Yes.")),
        (ChatMessage("Well.", role="critic"), Said("user", "Well.")),
        (HumanMessage([{"type": "text", "text": "What is"}, IMAGE, " this?"]), Said("user", "What is this?")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whoever_speaks_has_a_role(message: object, turn: Said) -> None:
    assert turns_of([message]) == [turn]


def test_a_call_that_could_not_be_read_is_a_call() -> None:
    broken = {"name": "look_up", "args": '{"number": ', "id": "call_1", "error": "no JSON"}
    assert turns_of([AIMessage("", invalid_tool_calls=[broken])])[1:] == [Called("call_1", "look_up", '{"number": ')]


def test_a_failed_result_says_so() -> None:
    assert turns_of(conversation("Boom", status="error"))[-1] == Returned("call_1", "Boom", is_error=True)


def test_a_result_whose_call_was_trimmed_away_still_has_its_tool() -> None:
    assert turns_of(conversation("done")[2:]) == [Called("call_1", "look_up"), Returned("call_1", "done")]


def test_functions_are_tools_without_ids() -> None:
    call = AIMessage("", additional_kwargs={"function_call": {"name": "look_up", "arguments": "{}"}})
    turns = turns_of([call, FunctionMessage("done", name="look_up")])
    assert turns[1:] == [Called("function look_up", "look_up", "{}"), Returned("function look_up", "done")]


def test_only_the_texts_of_results_change_and_only_in_copies() -> None:
    marked = {"type": "text", "text": "second", "cache_control": {"type": "ephemeral"}}
    messages = conversation(["first", IMAGE, marked, {"type": "file", "file_id": "f"}, "third"], status="error", id="m")
    before = copy.deepcopy(messages)
    after = with_returned(messages, ["1st", "2nd", "third"])
    assert messages == before
    assert after[2].content == ["1st", IMAGE, {**marked, "text": "2nd"}, {"type": "file", "file_id": "f"}, "third"]
    assert (after[2].id, after[2].status, after[2].tool_call_id) == ("m", "error", "call_1")
    assert all(one is other for one, other in zip(after[:2], messages[:2], strict=True))
    assert after[2].content[1] is messages[2].content[1]


def test_a_message_in_which_nothing_changes_is_the_very_same() -> None:
    messages = conversation(["first", IMAGE])
    texts = [turn.text for turn in turns_of(messages) if isinstance(turn, Returned)]
    assert with_returned(messages, texts)[2] is messages[2]


def test_artifacts_stay_with_their_message() -> None:
    artifact = object()
    message = ToolMessage(LONG, tool_call_id="c", artifact=artifact)
    assert with_returned([message], ["short"])[0].artifact is artifact


@pytest.mark.parametrize("part", [IMAGE, {"type": "reasoning", "text": "hm"}, {"type": "text", "text": None}, {}, 7])
def test_unknown_parts_stay(part: object) -> None:
    content = [part]
    assert mapped(content, str.upper) is content


PARTS = st.one_of(st.text(), st.builds(lambda t: {"type": "text", "text": t, "n": 1}, st.text()), st.just(IMAGE))


@given(st.lists(st.one_of(st.text(), st.lists(PARTS)), max_size=5))
def test_texts_come_out_in_the_order_in_which_they_go_back(contents: list[object]) -> None:
    messages = [ToolMessage(content, tool_call_id=f"c{n}") for n, content in enumerate(contents)]
    texts = [turn.text for turn in turns_of(messages)]
    again = [turn.text for turn in turns_of(with_returned(messages, [f"{text}!" for text in texts]))]
    assert again == [f"{text}!" for text in texts]


def test_the_size_is_that_of_all_texts() -> None:
    assert size_of([HumanMessage("four"), ToolMessage(["five!", IMAGE], tool_call_id="c")]) == 9
