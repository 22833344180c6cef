"""The scripted model quotes what it is asked for, and fetches what it is not shown."""

import pytest

from headroom.blocks import Block
from headroom.demo.provider.script import LOOKING, QUESTION, TOOL, Saying, next_saying

HASH = "0123456789abcdef01234567"
NOTE = f"[2 of 3 lines left out | headroom_retrieve hash={HASH}]"


def result(text, call="call_1", tool="bash", arguments="{}"):
    return Block(("messages", 1), text, "tool", tool=tool, arguments=arguments, call=call)


def question(line=2, call="call_1"):
    return Block(("messages", 2), QUESTION.format(line=line, call=call), "user")


def test_other_conversations_have_no_script():
    assert next_saying([], ()) is None
    assert next_saying([result("one\ntwo"), Block((), "Why?", "user")], (TOOL,)) is None
    assert next_saying([question(), Block((), "Thank you.", "user")], (TOOL,)) is None


def test_a_line_that_is_there_is_quoted():
    assert next_saying([result("one\ntwo"), question()], (TOOL,)) == Saying("It reads: two")


@pytest.mark.parametrize("asked", [question(line=3), question(line=0), question(call="call_9")])
def test_a_line_that_nobody_has_is_not_invented(asked):
    assert next_saying([result("one\ntwo"), asked], ()).text == "There is no such line."


def test_what_was_left_out_is_asked_for_by_its_hash():
    assert next_saying([result(f"one\n{NOTE}"), question()], (TOOL,)) == Saying(LOOKING, {"hash": HASH})


def test_without_the_tool_and_without_a_note_at_the_end_nothing_is_asked_for():
    assert next_saying([result(f"one\n{NOTE}"), question()], ()) == Saying(f"It reads: {NOTE}")
    assert next_saying([result(f"one\n{NOTE}\nthree"), question()], (TOOL,)) == Saying(f"It reads: {NOTE}")


def test_what_was_fetched_is_quoted():
    fetched = result("one\ntwo\nthree", "call_2", TOOL, f'{{"hash":"{HASH}"}}')
    read = [result(f"one\n{NOTE}"), question(line=3), fetched]
    assert next_saying(read, (TOOL,)) == Saying("It reads: three")


@pytest.mark.parametrize("arguments", ["", "[]", '{"hash":1}', '{"hash":"fedcba98765432100fedcba9"}'])
def test_what_was_fetched_for_another_hash_is_not_taken(arguments):
    read = [result(f"one\n{NOTE}"), question(), result("a\nb", "call_2", TOOL, arguments)]
    assert next_saying(read, (TOOL,)).arguments == {"hash": HASH}
