"""`python -m benchmarks.robustness [COUNT] [--seed N] [--root FOLDER]`: do files of any kind go through unharmed?

A sample of the files of this machine goes through the router as tools show them: bare, with line numbers, as matches of
a search, as a diff; in every tier by turns. Ends with 1 if any of them raises, grows, is not restored, changes once
more when it comes again, or takes too long.
"""

from __future__ import annotations

import argparse
import random
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from headroom.blocks import Tier
from headroom.tokens import TokenCounter
from headroom.transforms.base import Compressor, Context, Hint
from headroom.transforms.content_router import ContentRouter, Routed
from headroom.transforms.pipeline import DEFAULT_TRANSFORMS
from headroom.transforms.view import View

ROOTS = (Path("/usr/share"), Path("/usr/lib/python3"), *map(Path, map(sysconfig.get_path, ("stdlib", "purelib"))))
COUNT = 10_000
LONGEST = 200_000
"""Characters of a file that are looked at; the cut makes for texts that break off, too."""
SLOW_SECONDS = 2.0
"""CPU time for one text, the proof that it can be restored included."""
AT_MOST_SECONDS = 540.0
_AT_A_TIME = 256
_SHOWN = 20

Shown = Callable[[Path, str], str]
"""What a tool prints of a file, given its path and text."""

COMPRESSORS = tuple(one for one in DEFAULT_TRANSFORMS if isinstance(one, Compressor))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: tokens before and after, who shortened it, CPU seconds, what went wrong if it did."""

    path: str
    before: int = 0
    after: int = 0
    compressor: str = ""
    seconds: float = 0.0
    wrong: str = ""


def sample(roots: Sequence[Path], count: int, seed: int) -> list[Path]:
    """Return so many files below the folders, the same ones for the same seed and files."""
    found = sorted({path for root in roots for path in root.rglob("*") if path.is_file()})
    return random.Random(seed).sample(found, min(count, len(found)))


def text_of(path: Path) -> str:
    """Return the beginning of a file as text; bytes that are no UTF-8 are replaced."""
    with path.open("rb") as file:
        return file.read(LONGEST).decode("utf-8", "replace")


def _bare(_: Path, text: str) -> str:
    return text


def _numbered(_: Path, text: str) -> str:
    return "\n".join(f"{number:6}\t{line}" for number, line in enumerate(text.split("\n"), 1))


def _matched(path: Path, text: str) -> str:
    return "\n".join(f"{path}:{number}:{line}" for number, line in enumerate(text.split("\n"), 1))


def _added(path: Path, text: str) -> str:
    lines = text.split("\n")
    header = f"diff --git a{path} b{path}\nnew file mode 100644\nindex 0000000..1a2b3c4\n--- /dev/null\n+++ b{path}\n"
    return "\n".join([f"{header}@@ -0,0 +1,{len(lines)} @@", *("+" + line for line in lines)])


WAYS = (_bare, _numbered, _matched, _added)
"""How `cat`, `cat -n`, `grep -n` and `git diff` show a file."""


def look_at(path: Path, tier: Tier, shown: Shown = _bare, compressors: Sequence[Compressor] = COMPRESSORS) -> Outcome:
    """Send one file through the router, and what comes out once more. Raises whatever any of it raises."""
    context = Context(TokenCounter(""), tier)
    view = View(shown(path, text_of(path)))
    start = time.process_time()
    found = ContentRouter().shrink(view, Hint(), context, compressors)
    seconds = time.process_time() - start
    before = view.tokens(context.count)
    after = before if found.result is None else found.tokens
    wrong = f"took {seconds:.1f} s" if seconds > SLOW_SECONDS else _what_is_wrong(found, before, context, compressors)
    return Outcome(str(path), before, after, found.compressor, seconds, wrong)


def _what_is_wrong(found: Routed, before: int, context: Context, compressors: Sequence[Compressor]) -> str:
    """Say what is wrong with a form, if anything is. That it can be restored was proven when it was chosen."""
    if found.result is None:
        return ""
    if found.tokens >= before:
        return f"{before} tokens became {found.tokens}"
    again = ContentRouter().shrink(View(found.result.text), Hint(), context, compressors)
    return "" if again.result is None else f"came out otherwise the second time, as {again.result.encoding}"


def looked_at(paths: Sequence[Path], at_most_seconds: float = AT_MOST_SECONDS) -> Iterator[Outcome]:
    """Look at the files on all processors, in order, as many as there is time for."""
    end = time.monotonic() + at_most_seconds
    tiers, ways = cycle(Tier), cycle(WAYS)
    with ProcessPoolExecutor() as pool:
        for start in range(0, len(paths), _AT_A_TIME):
            if time.monotonic() > end:
                return
            some = paths[start : start + _AT_A_TIME]
            yield from map(outcome, some, [pool.submit(look_at, path, next(tiers), next(ways)) for path in some])


def outcome(path: Path, future: Future[Outcome]) -> Outcome:
    """Return what became of a file, its look over."""
    error = future.exception()
    if isinstance(error, OSError):  # a file for others to read, or gone since
        return Outcome(str(path))
    return future.result() if error is None else Outcome(str(path), wrong=f"raised {error!r}")


def report(outcomes: Sequence[Outcome]) -> str:
    """Return what was seen: counts, tokens, the slowest, and everything that went wrong."""
    before, after = sum(one.before for one in outcomes), sum(one.after for one in outcomes)
    by = Counter(one.compressor for one in outcomes if one.compressor)
    wrong = [one for one in outcomes if one.wrong]
    slowest = max(outcomes, key=lambda one: one.seconds, default=Outcome("nothing"))
    lines = [
        f"{len(outcomes)} files, {before:,} tokens, {after:,} of them left",
        *(f"  {count:6} shortened by {name}" for name, count in by.most_common(_SHOWN)),
        f"the slowest took {slowest.seconds:.2f} s: {slowest.path}",
        f"{len(wrong)} went wrong",
        *(f"  {one.path}: {one.wrong}" for one in wrong[:_SHOWN]),
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Look at the files, print what was seen, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=COUNT, help="files to look at")
    parser.add_argument("--seed", type=int, default=0, help="another number takes other files")
    parser.add_argument("--root", type=Path, action="append", help="look below this folder (more than once: these)")
    options = parser.parse_args(arguments)
    outcomes = list(looked_at(sample(options.root or ROOTS, options.count, options.seed)))
    print(report(outcomes))
    return 1 if any(one.wrong for one in outcomes) or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
