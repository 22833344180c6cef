"""Agent conversations in OpenAI and Anthropic shape, composed from recordings.

A conversation is a list of steps: what the agent says, and the tools that it calls then. Turn `n` of an agent is
the request that it sends after its first `n` steps: the whole history, as chat APIs want it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headroom.blocks import Payload
from headroom.demo.recordings import Recording
from headroom.demo.shapes import SHAPES, Step

_AT_THE_END = "That is what I have found."


@dataclass(frozen=True, slots=True)
class Conversation:
    """An agent at work on a task. `wire` names the request format: `openai-chat` or `anthropic`."""

    wire: str
    model: str
    task: str
    steps: tuple[Step, ...]

    @property
    def path(self) -> str:
        """The route that its requests go to."""
        return SHAPES[self.wire].path

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a client of this shape sends."""
        return SHAPES[self.wire].headers

    @property
    def turns(self) -> int:
        """How many turns there are."""
        return len(self.steps)

    def body(self, turn: int, *, stream: bool, with_tools: bool = True) -> bytes:
        """Return the request after `turn` steps, with or without the definitions of the tools."""
        return self._request(self._messages(turn), stream=stream, with_tools=with_tools)

    def question(self, words: str, *, stream: bool) -> bytes:
        """Return the request with which the user asks something once the agent is done."""
        more: list[Payload] = [{"role": "assistant", "content": _AT_THE_END}, {"role": "user", "content": words}]
        return self._request(self._messages(self.turns) + more, stream=stream)

    def outputs(self) -> list[tuple[int, Recording]]:
        """Return every recording with the turn in which it is sent first, in order."""
        return [(turn, output) for turn, step in enumerate(self.steps, start=1) for output in step.outputs]

    def _request(self, messages: list[Payload], *, stream: bool, with_tools: bool = True) -> bytes:
        shape = SHAPES[self.wire]
        first_calls = {output.tool: output for _, output in reversed(self.outputs())}
        tools = shape.tools([call for _, call in sorted(first_calls.items())]) if with_tools else []
        return shape.body(self.model, tools, messages, stream=stream)

    def _messages(self, turn: int) -> list[Payload]:
        shape = SHAPES[self.wire]
        later = [shape.step(number, step) for number, step in enumerate(self.steps[:turn])]
        return shape.opening(self.task) + [message for messages in later for message in messages]


def fixing(made: Mapping[str, Recording]) -> Conversation:
    """Compose the conversation of an agent that looks for a fault, in OpenAI shape."""
    step = _steps(made)
    return Conversation(
        wire="openai-chat",
        model="gpt-5",
        task="The price tests fail since this morning. Find out why, please.",
        steps=(
            step("I run the tests first.", "test run"),
            step("Every seventh quantity fails. Which Python is this, and what is here?", "version", "listing"),
            step("I look for places that refuse a value.", "search"),
            step("I read the program's log.", "program log", then="Was anything installed since yesterday?"),
            step("The install log will tell.", "install log"),
            step("And these are the versions.", "packages"),
            step("One module was changed; this is the difference.", "difference"),
            step("I read the parser around it.", "numbered source"),
            step("I open the file that I am going to edit.", "source to edit"),
            step("I see what it looks like now, and whether a file was added.", "edited source", "listing"),
        ),
    )


def surveying(made: Mapping[str, Recording]) -> Conversation:
    """Compose the conversation of an agent that gets to know a machine, in Anthropic shape."""
    step = _steps(made)
    return Conversation(
        wire="anthropic",
        model="claude-sonnet-5",
        task="Tell me what is installed here and why the settings do not load.",
        steps=(
            step("I begin with the packages.", "packages"),
            step("I try the settings.", "crash"),
            step("The page on processes, and the library's folder.", "help page", "listing"),
            step("I search for errors of the same kind.", "search", then="Is it the parser's fault?"),
            step("I read the parser.", "numbered source"),
            step("The indexer's log may name the file.", "program log"),
            step("I see what a renaming would touch.", "difference"),
            step("I install the parts anew and run the tests.", "install log", "test run"),
            step("Nothing else has changed, I suppose.", "listing"),
        ),
    )


def _steps(made: Mapping[str, Recording]) -> Callable[..., Step]:
    def step(says: str, *names: str, then: str = "") -> Step:
        return Step(says, tuple(made[name] for name in names), then)

    return step
