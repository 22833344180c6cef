"""`python -m tools.fuzz [EXECUTIONS] [--seed N] [--only TARGET:SEED]`: a million inputs by chance, and no law broken.

make fuzz [EXECUTIONS=1000000] [SEED=0]

Ends with 1 if an input raises, hangs or breaks a law. Each failure is told with its seed: `--only bodies:4711` runs
that input alone, and what it raises is not caught.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from random import Random

from tools.fuzz.answers import Answers
from tools.fuzz.bodies import Bodies
from tools.fuzz.markers import Markers
from tools.fuzz.requests import Requests
from tools.fuzz.running import Check, Figures, execute, watched

EXECUTIONS = 1_000_000
TARGETS: dict[str, tuple[Callable[[], Check], int]] = {
    "bodies": (lambda: Bodies().check, 2),
    "answers": (lambda: Answers().check, 8),
    "requests": (lambda: Requests().check, 45),
    "markers": (lambda: Markers().check, 45),
}
"""What makes a target, and its share in a hundred: one of the first takes as long as a hundred of the last."""

_PROCESSES = 2
_PORTIONS = 100

Portion = tuple[str, range]


@cache
def check_of(name: str) -> Check:
    """Return the target, made once a process."""
    return TARGETS[name][0]()


def executed(portion: Portion) -> Figures:
    """Run one portion of the seeds of a target."""
    logging.getLogger("headroom").setLevel(logging.CRITICAL)
    name, seeds = portion
    return execute(name, check_of(name), seeds)


def portions(executions: int, seed: int) -> Iterator[Portion]:
    """Divide executions among the targets by their shares, a portion of each in turn; another seed, other inputs."""
    for number in range(_PORTIONS):
        for name, (_, share) in TARGETS.items():
            first, count = seed * executions, executions * share // 100
            yield name, range(first + count * number // _PORTIONS, first + count * (number + 1) // _PORTIONS)


def report(figures: Figures, seconds: float) -> str:
    """Return what was seen: how many, how fast, what became of them, and all that was wrong."""
    rows = [
        f"  {count:9,} {way}"
        for way, count in sorted(figures.ways.items(), key=lambda one: (one[0].split(":")[0], -one[1]))
    ]
    rate = figures.executions / max(seconds, 0.001)
    total = f"{figures.executions:,} executions in {seconds:.0f} s, {rate:,.0f} a second"
    return "\n".join([total, *rows, f"{len(figures.broken)} kinds of failure", *figures.broken.values()])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print what was seen, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executions", nargs="?", type=int, default=EXECUTIONS)
    parser.add_argument("--seed", type=int, default=0, help="another number makes other inputs")
    parser.add_argument("--only", metavar="TARGET:SEED", help="run this one input, here")
    options = parser.parse_args(arguments)
    if options.only:
        name, _, seed = options.only.partition(":")
        with watched() as start_clock:
            start_clock()
            print(check_of(name)(Random(f"{name} {seed}")))
        return 0
    begun, figures = time.monotonic(), Figures()
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn"), os.nice, (10,)) as pool:
        for number, found in enumerate(pool.map(executed, portions(options.executions, options.seed)), 1):
            figures.add(found)
            if number % (10 * len(TARGETS)) == 0:
                print(f"{figures.executions:,} executions, {len(figures.broken)} kinds of failure", flush=True)
    print(report(figures, time.monotonic() - begun))
    return 1 if figures.broken else 0


if __name__ == "__main__":
    sys.exit(main())
