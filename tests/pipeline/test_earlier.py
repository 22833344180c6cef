"""References name the text that they mean, also where one call has several texts."""

import pytest

from headroom import compress
from headroom.blocks import Block, Decision, Reason
from headroom.pipeline.earlier import Earlier, Names
from headroom.tokens import TokenCounter

CALL = {"type": "tool_use", "name": "look_up", "input": {}}
COUNT = TokenCounter("gpt-4o")
CALLED = "the result of the earlier call look_up {}"


def lines(kind):
    return "\n".join(f"{kind} {number}: {number * number} of {kind} were seen at {number % 7}" for number in range(60))


FIRST, SECOND, THIRD = lines("apples"), lines("pears"), lines("plums")


def used(call):
    return {"role": "assistant", "content": [{**CALL, "id": call}]}


def returned(call, *texts):
    content = [{"type": "text", "text": text} for text in texts]
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call, "content": content}]}


def last_of(*results):
    turns = [
        turn for number, texts in enumerate(results) for turn in (used(f"c{number}"), returned(f"c{number}", *texts))
    ]
    messages = [{"role": "user", "content": "Go on."}, *turns]
    return compress(messages).messages[-1]["content"][0]["content"][0]["text"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (FIRST, f"{CALLED}:"),
        (SECOND, f"{CALLED} (text 2 of its result):"),
        (THIRD, f"{CALLED} (number 2 of this name):"),
    ],
)
def test_a_call_is_counted_once_however_many_texts_it_returned(text, named):
    assert named in last_of([FIRST, SECOND], [THIRD], [text])


def test_texts_of_one_gemini_result_are_told_apart_without_ids():
    results = [{"functionResponse": {"name": "look_up", "response": {"one": FIRST, "two": SECOND}}}]
    again = [{"functionResponse": {"name": "look_up", "response": {"three": SECOND}}}]
    call = {"role": "model", "parts": [{"functionCall": {"name": "look_up", "args": {}}}]}
    contents = [{"role": "user", "parts": [{"text": "Go on."}]}, call, {"role": "user", "parts": results}]
    sent = compress([*contents, call, {"role": "user", "parts": again}]).messages
    assert f"{CALLED} (text 2 of its result):" in sent[-1]["parts"][0]["functionResponse"]["response"]["three"]


def test_the_chain_says_which_texts_are_of_one_call():
    """Decisions are remembered by the chain: conversations that name texts differently must not share one."""

    def chain(*calls):
        earlier = Earlier(COUNT)
        for number, call in enumerate(calls):
            block = Block(
                ("messages", 2, "content", 0, "content", number, "text"), FIRST, "tool", "look_up", "{}", call
            )
            earlier.add(block, b"key", Decision(block.path, Reason.NO_GAIN, 900, 900), referred=False)
        return earlier.chain

    assert len({chain("a", "a"), chain("a", "b")}) == 2


def test_calls_of_a_tool_that_is_unknown_have_no_name_however_many_there_are():
    names = Names()
    blocks = [Block(("messages", number, "content"), FIRST, "tool", message=number) for number in range(3)]
    assert [names.next(block) for block in blocks] == ["", "", ""]
