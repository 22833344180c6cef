"""What stays of the text of a web page: all but the middles of long lists of entries, and addresses without end.

- and
- and_then
[38 entries left out]
- zip
- zip_with
[link left out: an address of 512 characters]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from headroom.transforms.base import Hint
from headroom.transforms.coding import notes
from headroom.transforms.coding.focus import Focus

_LONG = 20
"""So many entries are a long list."""
_FIRST, _LAST = 6, 3
"""Entries of a long list that stay."""
_ENTRY = re.compile(r"- .{1,100}$|\[[^\]\n]{0,100}\]\([^()\n]{0,200}\)$")
_ADDRESS = re.compile(r"\[[^\]\n]*\]\((\S{160,})\)$")
_RELEVANT = 24


def reduced(lines: Sequence[str], hint: Hint) -> tuple[str, str] | None:
    """Return what stays of a page, and what does not in a phrase; None if nothing is worth leaving out."""
    addresses = {at: found for at, line in enumerate(lines) if (found := _ADDRESS.match(line)) is not None}
    lists = _middles(lines, frozenset(Focus(hint).rank(lines)[:_RELEVANT]))
    if not addresses and not lists:
        return None
    out = list(lines)
    for at, found in addresses.items():
        out[at] = notes.bracketed(f"link left out: an address of {len(found[1])} characters")
    for start, length in reversed(lists.items()):
        out[start : start + length] = [notes.bracketed(f"{length} entries left out")]
    what = [f"{sum(lists.values())} entries of long lists"] if lists else []
    what += [f"{len(addresses)} addresses of links"] if addresses else []
    return "\n".join(out), f"{' and '.join(what)} left out"


def _middles(lines: Sequence[str], relevant: frozenset[int]) -> dict[int, int]:
    """Return the middles of long lists of entries: where they start and how many lines they have."""
    found, at = {}, 0
    for is_entry, run in groupby(lines, lambda line: _ENTRY.match(line) is not None):
        end = at + sum(1 for _ in run)
        start, stop = at + _FIRST, end - _LAST
        if is_entry and end - at >= _LONG and relevant.isdisjoint(range(start, stop)):
            found[start] = stop - start
        at = end
    return found
