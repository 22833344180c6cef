"""A process that claims as often as it is told, and says what it was granted.

usage: counters_worker.py URL ROUNDS

Each round claims one request, seven tokens, a slot and a share, all or nothing, and settles with less than it claimed.
Prints a line when it is ready, waits for a line, and prints the number of grants and the most slots ever refused.
"""

import sys
from threading import Thread

from headroom.state.counters import Grant, Rate, Share, Slot
from headroom.state.counters_opening import open_counters

REQUESTS, TOKENS, LIMIT = 101, 10_000, 1_000_000
A_YEAR = 2_000_000_000.0
SLOWLY = 1e-6
"""So little a minute that nothing comes back while a test runs."""


def claims():
    return (
        Rate("tenant", "requests", 1, SLOWLY, REQUESTS),
        Rate("tenant", "tokens", 70, SLOWLY, TOKENS),
        Slot("tenant", "requests", 3),
        Share("tenant", "budget", "2026", 5_000, LIMIT, A_YEAR),
    )


def work(counters, rounds, granted):
    for _ in range(rounds):
        answer = counters.claim(claims())
        if isinstance(answer, Grant):
            granted.append(answer)
            counters.settle(answer, (1, 7, 0, 1_000))


def main(url, rounds):
    counters = open_counters(url)
    granted = []
    crew = [Thread(target=work, args=(counters, int(rounds), granted)) for _ in range(2)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    counters.close()
    sys.stdout.write(f"{len(granted)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
