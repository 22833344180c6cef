"""`python -m benchmarks.confusion [CORPUS]`: which compressor the router takes for real texts of known kinds.

The texts are the items of the corpus and files of this machine, whose extension says what they are. A text of which
no compressor makes anything (code, prose) is right with none. For a wrong answer it is told whether harm was done.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from benchmarks.corpus import CONVERSATION, chosen
from benchmarks.report import Bar, Report, Table, publish
from headroom.errors import CompressionError
from headroom.pipeline.lineup import Lineup, lineup_of
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.view import View

NONE = "none"
WANTED_FILES = 400
_MIN_CHARS, _MAX_CHARS = 1_000, 120_000
_SCANNED, _PER_EXTENSION = 60_000, 60
_COUNT = TokenCounter("gpt-4o")
_INTRO = (
    "The corpus ({corpus}) and {files} files of the machine, drawn by a fixed seed; rows are what a text is, columns "
    "what the router takes it for first. Harm: the text became longer, or the cheapest form does not restore it."
)

EXPECTED: dict[str, frozenset[str]] = {
    **dict.fromkeys(("json_list", "json_doc"), frozenset({"smart_crusher"})),
    **dict.fromkeys(("log", "build_output", "test_output", "trace"), frozenset({"log"})),
    "search": frozenset({"search"}),
    "listing": frozenset({"listing"}),
    "table": frozenset({"table"}),
    "html": frozenset({"html"}),
    "diff": frozenset({"diff"}),
    "code": frozenset({"code", NONE}),
    "prose": frozenset({NONE}),
}
"""Which compressors are right for a kind, by their names without `_compressor`."""

EXTENSIONS: dict[str, str] = {
    ".json": "json_doc",
    ".html": "html",
    ".htm": "html",
    ".csv": "table",
    ".diff": "diff",
    ".patch": "diff",
    ".log": "log",
    **dict.fromkeys(
        (".py", ".pyi", ".js", ".ts", ".c", ".h", ".hpp", ".rs", ".go", ".java", ".sh", ".pl", ".css"), "code"
    ),
    **dict.fromkeys((".cmake", ".m4", ".rb", ".php", ".sql", ".toml", ".yml", ".yaml", ".cfg"), "code"),
    **dict.fromkeys((".md", ".rst"), "prose"),
}
"""What a file is by its extension."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a known kind, and how a tool would have been asked for it."""

    name: str
    kind: str
    text: str
    hint: Hint


@dataclass(frozen=True, slots=True)
class Seen:
    """What the router said about a text. `harm` says what went wrong with it, empty if nothing did."""

    name: str
    kind: str
    taken_for: str
    size: int
    milliseconds: float
    saved: int
    harm: str

    @property
    def right(self) -> bool:
        """Say whether the answer is one that fits the kind."""
        return self.taken_for in EXPECTED.get(self.kind, frozenset({NONE}))


def see(text: Text, lineup: Lineup) -> Seen:
    """Ask the router about a text, and see what comes of it."""
    view = View(text.text)
    start = time.perf_counter()
    found = lineup.router.route(view, text.hint, lineup.compressors)
    milliseconds = (time.perf_counter() - start) * 1e3
    name = _short(found[0]) if found else NONE
    saved = _saved(text, lineup)
    harm = "longer" if saved < 0 else "" if all(_restores(one, text) for one in found) else "not restored"
    return Seen(text.name, text.kind, name, len(text.text), milliseconds, saved, harm)


def _short(compressor: Compressor) -> str:
    return compressor.name.removesuffix("_compressor")


def _saved(text: Text, lineup: Lineup) -> int:
    """Return the tokens that the text is shorter by."""
    view = View(text.text)
    try:
        routed = lineup.router.shrink(view, text.hint, Context(_COUNT), lineup.compressors, lineup.protector)
    except CompressionError:
        return 0
    return 0 if routed.result is None else view.tokens(_COUNT) - _COUNT(routed.result.text)


def _restores(compressor: Compressor, text: Text) -> bool:
    """Say whether the cheapest form can be restored; the pipeline proves it only for texts up to a size."""
    found = compressor.cheapest(View(text.text), Context(_COUNT, verify=False))
    return found is None or compressor.restores(found.result, text.text)


def files(wanted: int, roots: Sequence[Path] | None = None) -> list[Text]:
    """Draw files whose extension is known, the same number of each as far as there are."""
    known: dict[str, list[Path]] = {}
    for path in _walk(roots or (Path("/usr/share"), Path("/usr/include"), Path(sysconfig.get_paths()["purelib"]))):
        known.setdefault(path.suffix, []).append(path)
    rng = random.Random("files")
    drawn: list[Path] = []
    for suffix in sorted(known):
        same = sorted(known[suffix])
        drawn += rng.sample(same, min(_PER_EXTENSION, len(same)))
    rng.shuffle(drawn)
    texts = (_read(path) for path in drawn)
    return list(islice((text for text in texts if text is not None), wanted))


def _walk(roots: Sequence[Path]) -> Iterator[Path]:
    for root in roots:
        found = (path for path in root.rglob("*.*") if path.suffix in EXTENSIONS)
        yield from islice(found, _SCANNED)


def _read(path: Path) -> Text | None:
    """Return a file as text; None if it is none, or none of a usual size."""
    try:
        if path.is_symlink() or not _MIN_CHARS <= path.stat().st_size <= _MAX_CHARS:
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    kind = EXTENSIONS[path.suffix]
    return Text(str(path), kind, text, Hint("fetch_url" if kind == "html" else "run_command", ""))


def matrix(seen: Sequence[Seen], lineup: Lineup) -> Table:
    """Return the confusion matrix."""
    names = [*(_short(compressor) for compressor in lineup.compressors), NONE]
    heading = ("kind", *names, "right %")
    counts = Counter((one.kind, one.taken_for) for one in seen)
    rows = []
    for kind in (kind for kind in EXPECTED if any(one.kind == kind for one in seen)):
        of_kind = [one for one in seen if one.kind == kind]
        share = 100 * sum(one.right for one in of_kind) / len(of_kind)
        rows.append((kind, *(str(counts[kind, name] or ".") for name in names), f"{share:.1f}"))
    return Table("What texts are, and what they are taken for", heading, rows)


def mistakes(seen: Sequence[Seen]) -> Table:
    """Return what came of the wrong answers. Names of files are not told: they are this machine's."""
    wrong = Counter((one.kind, one.taken_for, _effect(one)) for one in seen if not one.right)
    rows = [(kind, taken, effect, str(count)) for (kind, taken, effect), count in sorted(wrong.items())]
    return Table("Wrong answers", ("kind", "taken for", "effect", "texts"), rows)


def _effect(one: Seen) -> str:
    return one.harm or ("saves tokens, restored" if one.saved else "stays as it is")


def bars(seen: Sequence[Seen]) -> list[Bar]:
    """Return the limits of the design."""
    per_10_kb = [one.milliseconds * 10_000 / max(10_000, one.size) for one in seen]
    return [
        Bar("right answers", 100 * sum(one.right for one in seen) / len(seen), 98, "%", at_least=True),
        Bar("texts harmed, right or wrong", sum(bool(one.harm) for one in seen), 0),
        Bar("router, median for 10 KB", statistics.median(per_10_kb), 1, "ms"),
    ]


def report(corpus: str, texts: Sequence[Text], of_files: int) -> Report:
    """Ask the router about every text."""
    lineup = lineup_of(tuple(DEFAULT_TRANSFORMS))
    seen = [see(text, lineup) for text in texts]
    intro = _INTRO.format(corpus=corpus, files=of_files)
    wrong = [asdict(one) for one in seen if not one.right or one.harm]
    return Report("confusion", intro, [matrix(seen, lineup), mistakes(seen)], bars(seen), {"wrong": wrong})


def main() -> int:
    """Measure, print and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", help="folder of items; else the shared corpus, or one recorded here")
    name, items = chosen(parser.parse_args().corpus)
    of_corpus = [
        Text(item.id, item.kind, item.content, Hint(item.tool, str(item.args)))
        for item in items
        if item.kind != CONVERSATION
    ]
    drawn = files(WANTED_FILES)
    publish(report(name, [*of_corpus, *drawn], len(drawn)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
