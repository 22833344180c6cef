"""Facts of a text that a reader may need, found without a model and without looking at any compressor.

Critical probes are what an agent most likely looks for: errors, names of failing things, changed lines, headings, odd
values. Needles stand at seeded random places: any of them could be asked for. A probe is kept verbatim if it is a part
of the new text, and by words if all its words are: that credits tables and templates, which split a line over a
heading and a cell.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.corpus import Item
from benchmarks.probes_json import json_probes
from benchmarks.probes_markup import html_probes

Found = tuple[list[str], list[str]]
"""Critical probes and the pool of which needles are drawn."""

MAX_CRITICAL, MAX_NEEDLES = 40, 30
MIN_CHARS, MAX_CHARS = 3, 200

_ALARM = re.compile(
    r"(?i)\b(?:error|exception|fatal|fail(?:ed|ure)?|panic|traceback|denied|refused|time(?:d )?out|unable|cannot|"
    r"critical|invalid|not found)\b|^E  "
)
_VERDICT = re.compile(r"FAILED|ERROR|E   |=+ .*(?:passed|failed)")
_PLACE = re.compile(r"[\w./-]{1,200}\.\w{1,5}:\d+")
_FACT = re.compile(r"https?://[^\s\"'<>)\]]+|[A-Za-z_][\w./-]{6,}|\d[\d.,:-]{3,}\d")
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w{2,}")
_ESCAPES = (("\\n", "\n"), ("\\t", "\t"), ('\\"', '"'), ("\\/", "/"))
_DEFINES = re.compile(
    r"\s*(?:async def|def|class|func|fn|pub|impl|type|interface|export|function|public|private|protected|static|"
    r"struct|enum|import|from|#include|use)\b"
)
_LINE_NUMBER = re.compile(r"^ *\d+\t")
_COMMENT = re.compile(r"\s*(?:#|//|/?\*)")
_MATCH = re.compile(r"([^:\s]+):(\d+)[:-]")
_CELLS = re.compile(r"[,|\t│┃]+")
_RULE = re.compile(r"[\s─━═┄+:|-]*")
_HEADING = re.compile(r"#{1,4} |[A-Z][A-Z -]{3,}$")
_LINK = re.compile(r"https?://[^\s)>\]\"]+")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]{3,}")


@dataclass(frozen=True, slots=True)
class Probes:
    """What must be found again in the new text."""

    critical: tuple[str, ...] = ()
    needles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recall:
    """How many probes were looked for, kept verbatim, and kept by words."""

    tried: int = 0
    verbatim: int = 0
    words: int = 0

    def plus(self, other: Recall) -> Recall:
        """Return both together."""
        return Recall(self.tried + other.tried, self.verbatim + other.verbatim, self.words + other.words)


def probes_of(item: Item) -> Probes:
    """Return the probes of an item; equal items have equal probes."""
    rng = random.Random(f"probes of {item.id}")
    critical, pool = RULES.get(item.kind, _lines)(item.content, rng)
    text = normal(item.content)
    kept = _distinct((probe for probe in critical if normal(probe) in text), MAX_CRITICAL)
    known = set(kept)
    needles = (probe for probe in _drawn(rng, pool, MAX_NEEDLES) if probe not in known and normal(probe) in text)
    return Probes(tuple(kept), tuple(needles))


def recall(probes: Sequence[str], text: str) -> Recall:
    """Look for the probes in a text that has gone through `normal`."""
    words = set(_WORD.findall(text))
    kept = [probe in text for probe in map(normal, probes)]
    said = [whole or words.issuperset(_WORD.findall(normal(probe))) for whole, probe in zip(kept, probes, strict=True)]
    return Recall(len(kept), sum(kept), sum(said))


def normal(text: str) -> str:
    """Return the text with the escapes of JSON strings undone and runs of white space squeezed."""
    for escape, meant in _ESCAPES:
        text = text.replace(escape, meant)
    return _SPACE.sub(" ", text)


def _lines(text: str, rng: random.Random) -> Found:
    """Probe logs, builds, tests and traces."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return [], []
    alarms = _one_of_a_shape(line for line in lines if _ALARM.search(line))[:16]
    verdicts = [line.strip()[:160] for line in lines if _VERDICT.match(line)][:14]
    places = [place for line in alarms for place in _PLACE.findall(line)][:8]
    rare = _only_of_their_shape(lines)
    if len(rare) > len(lines) / 5:
        rare = []
    facts = [fact for line in lines for fact in _FACT.findall(line)]
    ends = [lines[0].strip()[:160], lines[-1].strip()[:160]]
    return [*alarms, *places, *ends, *verdicts, *_drawn(rng, rare, 6)], facts


def _shape(line: str) -> str:
    return _NUMBERS.sub("#", line)[:80]


def _one_of_a_shape(lines: Iterable[str]) -> list[str]:
    """Return the first of the lines that differ in their numbers only."""
    first: dict[str, str] = {}
    for line in lines:
        first.setdefault(_shape(line), line.strip()[:MAX_CHARS])
    return list(first.values())


def _only_of_their_shape(lines: Sequence[str]) -> list[str]:
    counts: dict[str, int] = {}
    for line in lines:
        counts[_shape(line)] = counts.get(_shape(line), 0) + 1
    return [line.strip()[:160] for line in lines if counts[_shape(line)] == 1]


def _code(text: str, rng: random.Random) -> Found:
    lines = [_LINE_NUMBER.sub("", line).strip()[:160] for line in text.split("\n")]
    defines = [line for line in lines if _DEFINES.match(line)]
    return _drawn(rng, defines, 24), [line for line in lines if len(line) > 18 and not _COMMENT.match(line)]


def _diff(text: str, rng: random.Random) -> Found:
    lines = text.split("\n")
    files = [line[4:].split("\t")[0] for line in lines if line.startswith("+++ ") and line != "+++ /dev/null"]
    changed = [line[1:].strip()[:160] for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    hunks = [line[: line.find("@@", 2) + 2] for line in lines if line.startswith("@@ ")]
    critical = [*_drawn(rng, files, 8), *_drawn(rng, [c for c in changed if len(c) > 11], 20), *_drawn(rng, hunks, 4)]
    return critical, [line.strip()[:160] for line in lines if len(line.strip()) > 12]


def _search(text: str, rng: random.Random) -> Found:
    found = [(match, line[match.end() :].strip()[:140]) for line in text.split("\n") if (match := _MATCH.match(line))]
    names = [match[1].rsplit("/", 1)[-1] for match, _ in found]
    said = [body for _, body in found if len(body) > 8]
    numbers = [match[2] for match, _ in found if len(match[2]) >= MIN_CHARS]
    return [*_drawn(rng, names, 12), *_drawn(rng, said, 10)], said + numbers


def _listing(text: str, rng: random.Random) -> Found:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        return [], []
    names = [line.split()[-1] for line in lines]
    critical = [lines[0][:160], lines[-1][:160], *_drawn(rng, names, 6)]
    return critical, [word for line in lines for word in line.split() if len(word) >= 5]


def _table(text: str, rng: random.Random) -> Found:
    del rng
    lines = [line for line in text.split("\n") if not _RULE.fullmatch(line)]
    rows = [[cell.strip() for cell in _CELLS.split(line)] for line in lines]
    if not rows:
        return [], []
    critical = [*rows[0][:14], *rows[min(1, len(rows) - 1)][:4], *rows[-1][:4]]
    return critical, [cell for row in rows[1:] for cell in row if len(cell) > 3]


def _prose(text: str, rng: random.Random) -> Found:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    headings = [line[:120] for line in lines if _HEADING.match(line)]
    critical = [*headings[:12], *_drawn(rng, _LINK.findall(text), 6), *_drawn(rng, _OPTION.findall(text), 8)]
    return critical, [" ".join(line.split()[:8]) for line in lines if len(line) > 40]


RULES: dict[str, Callable[[str, random.Random], Found]] = {
    "json_list": json_probes,
    "json_doc": json_probes,
    "code": _code,
    "diff": _diff,
    "search": _search,
    "listing": _listing,
    "table": _table,
    "html": html_probes,
    "prose": _prose,
}
"""How a kind is probed; kinds of lines that are not named here are probed as logs."""


def _drawn(rng: random.Random, pool: Sequence[str], count: int) -> list[str]:
    """Draw distinct probes; they come in the order of the text."""
    found = _distinct(pool, len(pool))
    if len(found) <= count:
        return found
    return [found[place] for place in sorted(rng.sample(range(len(found)), count))]


def _distinct(pool: Iterable[Any], count: int) -> list[str]:
    """Return the first so many distinct probes of a sensible length."""
    kept = dict.fromkeys(text for probe in pool if MIN_CHARS <= len(text := probe.strip()) <= MAX_CHARS)
    return list(kept)[:count]
