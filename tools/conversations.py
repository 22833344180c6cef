"""Does what was sent stay as it was sent? Thousands of growing conversations through two workers, one at times killed.

make conversations [NUMBER=of conversations in each wire] [SEED=any number]

Ends with 1 if any byte of any earlier turn came out otherwise on a later one.
"""

from __future__ import annotations

import sys
import time

from support.conversations import Figures, run
from support.growing import SINGLE

_SHOWN = 20


def main(count: int, seed: int) -> int:
    """Run the conversations, print what was seen, and return the exit status."""
    start = time.monotonic()

    def tell(figures: Figures) -> None:
        if figures.conversations % 400 == 0:
            print(f"  {figures.conversations} conversations, {len(figures.breaks)} breaks", flush=True)

    seen = run(count, seed=seed, tell=tell)
    print(
        f"{seen.conversations} conversations ({', '.join(SINGLE)}), {seen.requests} requests, "
        f"{seen.compared} compared with the turn before, {seen.kills} workers killed, "
        f"{time.monotonic() - start:.0f} s"
    )
    print(
        f"sent {seen.bytes_out:,} of {seen.bytes_in:,} bytes; at the last turns {seen.references} references and "
        f"{seen.retrievable} markers"
    )
    print(f"{len(seen.breaks)} breaks", *seen.breaks[:_SHOWN], sep="\n  ")
    return 1 if seen.breaks else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
