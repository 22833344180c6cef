"""Texts that are markers or nearly so: what a handle leads to is the original that it was made for, or nothing."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from support.retrieval import LONG, MARKER, MINT, long_sample
from support.samples import SAMPLES, sample

from headroom.blocks import Capability, Channel
from headroom.ccr.keeper import Keeper
from headroom.ccr.marker import Mint, handle_in, marker
from headroom.ccr.retriever import Retriever
from headroom.state.memory import MemoryStore
from tools.fuzz.damage import ODD_VALUES, Writer, damaged_bytes, damaged_text
from tools.fuzz.running import law

TENANT = "fuzz"
_FOREIGN = Mint(b"another key")
_PLANTED = "what somebody else has put there"
_HANDLE = re.compile("[0-9a-f]{24}")
_AROUND = ("{0}", "{0}", "hash={0}", "[x | headroom_retrieve hash={0}]", " {0} ", "{0}{0}", "a{0}", "{0}f", "x\n{0}\ny")
_NOTES = ("9 lines left out", "", " | ", "é€ | headroom_retrieve hash=", "a]b[c", "two\nlines", "\x00\u2028")
_LINES = ("1-2", "2-", "3", "0-0", "-5", " 1 - 1 ", "9999999999", "1-999999999", "a-b", "", "\u0661-\u0662")


class Markers:
    """Originals in a store, handles under which others have put something, and readers who ask for them."""

    def __init__(self) -> None:
        self._store = MemoryStore()
        keeper = Keeper(MINT, Channel.TOOL, self._store, TENANT)
        texts = [long_sample(name)[:2_000] for name in sorted(LONG)] + [
            sample(name)[:2_000] for name in sorted(SAMPLES)
        ]
        texts += ["", "x", "é€𝄞\ud800", "one line", "[1, 2]", '{"a": [1, {"b": "c"}]}', "\r\n\x00\u2028\n\n"]
        self._kept = {MINT.handle(text): text for text in texts}
        self._handles = list(self._kept)
        for text in texts:
            keeper.keep(text)
        for number in range(9):
            self._put(MINT.handle(f"planted {number}"), _PLANTED.encode())
            self._put(f"{number:024x}", b"\xff\xfe no text")
        self._handles += [MINT.handle(f"never kept {number}") for number in range(4)]
        self._handles += [_FOREIGN.handle(text) for text in texts[:4]]

    def _put(self, handle: str, value: bytes) -> None:
        self._store.put(TENANT, handle, value)
        self._handles.append(handle)

    def check(self, r: Random) -> str:
        """Spell a claim, ask by it, and return whether it was believed."""
        handle = self._claimed(r)
        line = self._line(r, handle)
        claimed = handle_in(line)
        documented = MARKER.fullmatch(line)
        law(claimed == (documented[1] if documented else None), "a marker is read otherwise than documented:", line)
        asked = Retriever({}, self._store, TENANT, MINT)
        original = asked.original(claimed or handle)
        law(original == self._kept.get(claimed or handle), "a handle leads to another text:", original)
        self._is_answered(asked, _arguments(r, claimed or handle))
        return "retrieved" if asked.retrievals else "refused"

    def _claimed(self, r: Random) -> str:
        """Return a handle: of an original, of what was planted, or with a character that is another."""
        handle = r.choice(self._handles)
        kind = r.randrange(6)
        if kind == 0:
            at = r.randrange(len(handle))
            return handle[:at] + r.choice("0123456789abcdefABCgé٣ ") + handle[at + 1 :]
        if kind == 1:
            return handle[: r.randrange(24)] + r.choice(self._handles)[: r.randrange(25)]
        return handle

    def _line(self, r: Random, handle: str) -> str:
        """Return a line that claims the handle, damaged or not."""
        line = marker(Capability(r.choice(list(Channel)), handle), r.choice(_NOTES))
        if r.random() < 0.4:
            line = damaged_bytes(r, line.encode()).decode("utf-8", "replace")
        return damaged_text(r, line) if r.random() < 0.1 else line

    def _is_answered(self, asked: Retriever, arguments: str | dict[str, Any]) -> None:
        """Ask; the answer is the very original, lines of it with notes between, or a sentence that tells nothing."""
        answer = asked.answer(arguments)
        law(_PLANTED not in answer, "what others have put in the store is believed:", arguments)
        law(asked.retrievals + asked.misses == 1, "a call is counted otherwise than once:", arguments)
        if asked.misses:
            law(answer.startswith("[headroom_retrieve: ") and "\n" not in answer, "a refusal is no sentence:", answer)
            return
        given = _read(arguments)
        found = _HANDLE.search(given["hash"])
        text = self._kept.get(found[0] if found else "", None)
        law(text is not None, "a text came back for a handle that has none:", arguments)
        if isinstance(text, str) and text.count("\n") > 1:
            known = {"", *text.split("\n")}
            strange = [line for line in answer.split("\n") if line not in known and not line.startswith("[")]
            law(not strange, "lines came back that are not the original's:", strange)
        law("query" in given or "lines" in given or answer == text, "not all of an original came back:", answer)


def _read(arguments: str | dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(arguments) if isinstance(arguments, str) else arguments
    return values


def _arguments(r: Random, handle: str) -> str | dict[str, Any]:
    """Return what a model could give as arguments: as values or as text, right or wrong."""
    values: dict[str, Any] = {"hash": r.choice(_AROUND).format(handle)}
    if r.random() < 0.4:
        values["query"] = r.choice(("error", "", "a", "x" * 500, "late ok", "\x00", 7, None, ["a"], "İ ß"))
    if r.random() < 0.4:
        values["lines"] = r.choice((*_LINES, 3, [1, 2], [2], [[1], {}], -1, 1.5, True))
    if r.random() < 0.1:
        values["hash"] = r.choice((None, 7, [handle], {"hash": handle}, "", handle.upper()))
    if r.random() < 0.5:
        return values
    return Writer(r, 0.05).write(values) if r.random() < 0.9 else r.choice(ODD_VALUES)
