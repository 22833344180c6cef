"""Which records say the same thing with other values: those that share the words that are frequent in their text.

    npm http fetch GET 200 https://registry.example.org/minipass 114ms   ->   npm http fetch GET 0 * 0

Numbers are masked, words that few lines have are values. A record that is mostly made of such words is of no kind.
The idea is that of SLCT (Vaarandi 2003, "A data clustering algorithm for mining patterns from event logs").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from headroom.transforms.coding.shapes import shapes

LEAST = 3
"""A word that fewer lines have is a value."""
_SHARE = 50
"""One in so many lines must have a word, at least."""
_TELLING = 0.5
"""Share of the words with letters that must be frequent for a record to be of a kind."""
_LOOKED_AT = 400
"""Characters of a line that are looked at."""
_VALUE = "*"


def kinds(heads: Sequence[str]) -> list[str]:
    """Return the kind of each record, told by its first line; empty for one that is of no kind."""
    wordings = list(map(str.split, shapes([head[:_LOOKED_AT] for head in heads])))
    seen = Counter(word for words in wordings for word in set(words))
    least = max(LEAST, len(heads) // _SHARE)
    frequent = {word: any(map(str.isalpha, word)) for word, count in seen.items() if count >= least}
    return [_kind(words, frequent) for words in wordings]


def _kind(words: Iterable[str], frequent: Mapping[str, bool]) -> str:
    """Return the frequent words in order with a sign for what stands between; `frequent` says which have letters."""
    out: list[str] = []
    common = telling = 0
    for word in words:
        if word in frequent:
            out.append(word)
            common += frequent[word]
            telling += frequent[word]
        else:
            telling += any(map(str.isalpha, word))
            if not out or out[-1] != _VALUE:
                out.append(_VALUE)
    return " ".join(out) if common and common >= _TELLING * telling else ""
