"""A process that works on a store with many threads, until it is killed or has done its share.

usage: sqlite_worker.py FILE MAX_BYTES THREADS ROUNDS

Values follow from their keys, so that whoever reads one knows what it must be. Prints a line when it has put
something, and ends with status 3 on the first value that is wrong, with 4 on the first failure.
"""

import os
import random
import sys
import threading
from pathlib import Path

from headroom.state.sqlite import SQLiteStore

KEYS = 60


def value_of(key: str) -> bytes:
    chance = random.Random(key)
    return chance.randbytes(chance.randrange(4000)) + key.encode() * chance.randrange(2000)


def work(store: SQLiteStore, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(rounds):
        key = str(chance.randrange(KEYS))
        if chance.random() < 0.5:
            store.put("tenant", key, value_of(key))
        elif store.get("tenant", key) not in {None, value_of(key)}:
            os._exit(3)


def main(path: str, max_bytes: str, threads: str, rounds: str) -> None:
    store = SQLiteStore(Path(path), int(max_bytes))
    store.put("tenant", "0", value_of("0"))
    sys.stdout.write("at work\n")
    sys.stdout.flush()
    threading.excepthook = lambda failure: os._exit(4)
    seeds = [os.getpid() * 100 + number for number in range(int(threads))]
    crew = [threading.Thread(target=work, args=(store, int(rounds), seed)) for seed in seeds]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
