r"""Diffs (git, unified, combined): what repeats is said once, a line that changed in part is shown once.

    [diff: 3 files, a/ to b/; "=== name; details" is diff --git, its details, --- and +++; \
    a line with ~ is one removed and one added: [-removed-]{+added+}]
    === b/src/app.py; index bdca1b0..e86eb43 100644
    @@ -3,4 +3,20 @@ import os
     import sys
    ~VERSION = "[-1.4.0-]{+1.5.0+}"

`coding.word_diff`, `coding.hunks`, `coding.file_headers` and `coding.named_blocks` tell what can be said once, and how.
All else stays as it is; a line that looks like one of theirs is led by `|`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.coding import diff_selection, file_headers, hunks, named_blocks, word_diff
from headroom.transforms.coding.budget import Budget
from headroom.transforms.view import View

VERBATIM = "|"
_FEW = 3
"""Fewer file headers or merged lines than this do not pay for their explanation."""
_FAR_AHEAD = 400
"""Characters that named blocks save, above which the form without them need not be priced."""
_OF_DIFF = ("diff ", "index ", "+", "-", " ", "@@", "\\ ", "Only in ", "Binary files ", "Index: ", "======")
_GIT = "diff --git "
_HEADERS = ("@@", file_headers.MARK, "diff ", "index ", "--- ", "+++ ")
_LIKE_OURS = "|~=<@"
"""What lines of ours begin with that need not be lines of a diff."""
_FILES_NOTE = '"=== name; details" is diff --git, its details, --- and +++'
_NULL_NOTE = "one of them is /dev/null where a file is new or deleted"
_RUNS_NOTE = "lines from <+ to +> are added, from <- to -> removed"
_HEADINGS_NOTE = 'a hunk under " has the heading of the hunk before'
_OUTDENTED_NOTE = "lines of a hunk with >4 have 4 more blanks (>4t: 4 tabs) behind their sign"
_BLOCKS_NOTE = '"#1, 3 lines:" names the lines below it, "#1" alone stands for them again'
_WORDS_NOTE = "a line with ~ is one removed and one added: [-removed-]{+added+}"
_NOTES = (_NULL_NOTE, _RUNS_NOTE, _HEADINGS_NOTE, _OUTDENTED_NOTE, _BLOCKS_NOTE, _WORDS_NOTE)
_NOTE = re.compile(
    rf"\[diff: (?=[^\]])(?:(\d++) files, (\S*+) to (\S*); {re.escape(_FILES_NOTE)})?"
    + "".join(f"(?:(?:; )?{re.escape(note)})?" for note in _NOTES)
    + r"\]"
)


class DiffCompressor(Compressor):
    """Says what repeats in a diff once: file headers, headings, indentation, signs, what two lines share."""

    name: ClassVar[str] = "diff_compressor"

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - a hint is no proof
        """Return the share of sampled lines that a diff can consist of, if there is a hunk or a file header."""
        if not _is_marked(view):
            return 0.0
        return sum(1 for line in view.sample if line.startswith(_OF_DIFF)) / len(view.sample)

    def candidates(self, view: View, context: Context) -> Iterable[Lossless]:
        """Yield the diff with short headers, then with what hunks share said once, then with changed lines merged.

        Merged lines ask most of the reader: an added line is no longer there as it is in the file.
        """
        lines = [VERBATIM + line if line[:1] in _LIKE_OURS and _is_like_ours(line) else line for line in view.lines]
        view.forget("lines")
        headers = file_headers.find(lines)
        bases = file_headers.bases_of(headers.values())
        notes = []
        if len(headers) >= _FEW:
            lines = file_headers.shortened(lines, headers, bases)
            notes.append(f"{len(headers)} files, {bases[0]} to {bases[1]}; {_FILES_NOTE}")
            notes += [_NULL_NOTE] if any(header.lacks_a_side for header in headers.values()) else []
            yield _form(notes, lines, "diff.headers", Tier.PLAIN)
        del headers
        context.check()
        merged = word_diff.encode(lines) if context.tier >= Tier.MAX else []
        shorter = hunks.shortened(lines)
        del lines
        yield from _said_once(notes, shorter, "diff.hunks", Tier.LEGEND)
        if sum(1 for line in merged if line[:1] == word_diff.MARK) >= _FEW:
            yield from _said_once(notes, hunks.shortened(merged), "diff.words", Tier.MAX)

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterator[Reduction]:  # noqa: ARG002 - a diff says it all
        """Yield the diff with less context, and with generated files told in short."""
        reduced = diff_selection.reduced(view.lines)
        if reduced is not None:
            yield Reduction(*reduced, "diff.selected")

    def decode(self, text: str) -> str:
        """Restore all lines."""
        note, *body = text.split("\n")
        found = _NOTE.fullmatch(note)
        if found is None:
            raise ValueError("not a shortened diff")
        budget = Budget(text)
        if _BLOCKS_NOTE in note:
            body = named_blocks.decode(body, budget)
        lines = word_diff.decode(hunks.restored(body, budget))
        lines = file_headers.restored(lines, (found[2] or "", found[3] or ""), budget)
        return "\n".join([line.removeprefix(VERBATIM) for line in lines])


def _is_marked(view: View) -> bool:
    """Say whether a text has a line that only diffs have: the header of a hunk or of a file."""
    text = view.text
    if not (text.startswith(("@@", _GIT)) or "\n@@" in text or f"\n{_GIT}" in text):
        return False
    return any(line.startswith(_GIT) or hunks.HUNK.match(line) for line in view.lines if line[:2] in ("@@", "di"))


def _is_like_ours(line: str) -> bool:
    return line.startswith((VERBATIM, word_diff.MARK, file_headers.MARK)) or hunks.is_like_ours(line)


def _said_once(notes: Sequence[str], shorter: list[str], encoding: str, tier: Tier) -> Iterator[Lossless]:
    """Yield the forms with shortened hunks, and with blocks of lines that come again said once, if there are any."""
    for body in _worth_pricing(shorter, named_blocks.encode(shorter, _may_move)):
        used = [note for note, is_used in zip(_NOTES[1:], _used(body, shorter), strict=True) if is_used]
        if used:
            yield _form([*notes, *used], body, encoding, tier)


def _worth_pricing(unnamed: list[str], named: list[str]) -> list[list[str]]:
    """Return which of the lines, before and after blocks among them were named, can be the shorter ones."""
    gain = sum(map(len, unnamed)) - sum(map(len, named))
    if gain > _FAR_AHEAD:
        return [named]
    return [unnamed, named] if gain else [unnamed]


def _may_move(line: str) -> bool:
    """Say whether a line may be part of a block that is named: no header, and no mark that others depend on."""
    return not line.startswith(_HEADERS) and not hunks.is_mark(line)


def _used(body: Sequence[str], unnamed: Sequence[str]) -> tuple[bool, ...]:
    """Say of each note whether the lines need it; `unnamed` are the lines before blocks among them were named."""
    headers = [line for line in body if line[:2] == "@@"]
    return (
        any(map(hunks.opens_run, body)),
        any(map(hunks.repeats_heading, headers)),
        any(map(hunks.is_outdented, headers)),
        body is not unnamed,
        any(line[:1] == word_diff.MARK for line in body),
    )


def _form(notes: Sequence[str], lines: Sequence[str], encoding: str, tier: Tier) -> Lossless:
    return Lossless("\n".join([f"[diff: {'; '.join(notes)}]", *lines]), Fidelity.BYTES, encoding, tier)
