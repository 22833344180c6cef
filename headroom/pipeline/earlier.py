"""The tool outputs that stand before a block, and the reference to one of them that may take the block's place."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from headroom.blocks import Block, Decision, JsonPath, Lossless
from headroom.transforms import cross_turn

LEAST_GAIN = 60
"""Tokens that a reference must save beyond what the block's own form saves."""
_RESULT = 4
"""Length of the path to a result where results have no ids (Gemini): `contents`, index, `parts`, index."""


@dataclass(slots=True)
class Names:
    """What references call the texts of results: by the call, and by the text's place if a call returned several."""

    _calls: Counter[str] = field(default_factory=Counter)
    _texts: Counter[tuple[int, str | JsonPath]] = field(default_factory=Counter)

    def next(self, block: Block) -> str:
        """Return the name of the next text in order; empty for a call whose tool is unknown."""
        plain = cross_turn.label(block.tool, block.arguments, 1)
        if not plain:
            return ""
        call = (block.message, block.call or block.path[:_RESULT])
        if call[1]:
            self._texts[call] += 1
        place = self._texts[call]
        self._calls[plain] += place <= 1
        name = cross_turn.label(block.tool, block.arguments, self._calls[plain])
        return f"{name} (text {place} of its result)" if place > 1 else name


@dataclass(frozen=True, slots=True)
class _Result:
    name: str
    text: str
    sent_whole: bool


@dataclass(slots=True)
class Earlier:
    """Tool outputs of one conversation in order.

    `chain` names all of them and how each was sent: equal chains, equal references.
    Only a text that was sent as it came lends lines; an equal text may have been sent in any form but a reference.
    """

    count: Callable[[str], int]
    chain: bytes = b""
    _results: list[_Result] = field(default_factory=list)
    _by_text: dict[str, int] = field(default_factory=dict)
    _names: Names = field(default_factory=Names)
    _lines: cross_turn.Lines = field(default_factory=cross_turn.Lines)
    _lined: int = 0

    def add(self, block: Block, key: bytes, decision: Decision, *, referred: bool) -> None:
        """Take a block that has been decided, so that later ones may refer to it."""
        sent_whole = decision.tokens_after == decision.tokens_before
        name = self._names.next(block)
        told = key + bytes([sent_whole, referred]) + name.encode("utf-8", "surrogatepass")
        self.chain = hashlib.blake2b(self.chain + told, digest_size=20).digest()
        if referred or not name:
            return
        self._results.append(_Result(name, block.text, sent_whole))
        self._by_text.setdefault(block.text, len(self._results) - 1)

    def reference(self, block: Block, tokens: int) -> tuple[Lossless, int] | None:
        """Return a reference that takes the block's place and its tokens, if it is shorter than `tokens` by enough."""
        index = self._by_text.get(block.text)
        equal = index is not None
        if index is None and tokens >= 2 * LEAST_GAIN:
            index = self._most_alike(block.text)
        if index is None:
            return None
        there = self._results[index]
        refer = cross_turn.same(block.text, there.name) if equal else None
        form = refer or cross_turn.much_the_same(block.text, there.text, there.name)
        if form is None or cross_turn.decode(form.text, {there.name: there.text}) != block.text:
            return None
        price = self.count(form.text)
        return (form, price) if price + LEAST_GAIN <= tokens else None

    def _most_alike(self, text: str) -> int | None:
        """Return the result that shares most lines with a text. Lines are taken in when they are first asked for."""
        for index in range(self._lined, len(self._results)):
            if self._results[index].sent_whole:
                self._lines.add(index, self._results[index].text)
        self._lined = len(self._results)
        return self._lines.most_alike(text)
