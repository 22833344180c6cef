r"""Where JSON that breaks off can be closed, so that all that is complete in it can be read.

    {"id":7,"log":"one\ntwo ... \u00      is read up to     ...     and closed by     "}
    [{"id":7},{"id":8},{"na              is read up to     8}      and closed by     ]

A value that breaks off within a long string is closed there, any other behind its last complete member: a number may
lack digits, and the beginning of a short string is none of what its column holds.
"""

from __future__ import annotations

import json
import re

from headroom.transforms.coding.json_spelling import MAX_DEPTH, outside_of_strings, strings_apart, without_escapes

_MARKS = "]},"
_NO_BRACKETS = re.compile(r"[^\[\]{}]++")
_CHARACTERS = re.compile(r'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_LEAST_STRING = 200
_CLOSERS = str.maketrans("[{", "]}")


def closed(text: str, start: int, limit: int, *, behind_member: bool) -> tuple[int, str]:
    """Return how far JSON that breaks off can be read, and what closes it there; `start` and nothing if it cannot be.

    It is valid before `limit`: that is within the string if it is a string that breaks off, and `behind_member` says
    that nothing breaks off there but the brackets. Nothing is read where these nest more deeply than `MAX_DEPTH`.
    """
    valid = without_escapes(text[start:limit])
    border, brackets = _border(valid)
    if not brackets:
        return start, ""
    quote = valid.rfind('"') if valid.count('"') % 2 else -1
    if quote >= 0 and (brackets[-1] == "[" or valid[:quote].rstrip()[-1:] == ":"):
        end = _end_of_string(text, start + quote + 1)
        if end:
            return end, '"' + _closing(brackets)
    complete = valid.rstrip()
    if behind_member and not complete[-1:].isdigit():
        return start + len(complete), _closing(brackets)
    behind = outside_of_strings(valid[border:])
    still_open = len(brackets) - behind.count("[") - behind.count("{")
    return start + border, _closing(brackets[:still_open]) if border else ""


def _end_of_string(text: str, start: int) -> int:
    """Return up to where the string at `start`, which breaks off, can be read; 0 if that is too little.

    Its characters count, not their spelling, so that it is read in either or in neither.
    """
    found = _CHARACTERS.match(text, start)
    if found is None or len(found[0]) < _LEAST_STRING or len(json.loads(f'"{found[0]}"')) < _LEAST_STRING:
        return 0
    return found.end()


def _closing(brackets: str) -> str:
    return brackets[::-1].translate(_CLOSERS)


def _border(valid: str) -> tuple[int, str]:
    """Return the last place behind a bracket that closes or before a comma, and the brackets open at the end.

    The place is 0, and nothing is open, where brackets nest more deeply than `MAX_DEPTH`.
    """
    border, brackets = 0, ""
    for start, parts, first in strings_apart(valid):
        brackets = _unmatched(brackets + _NO_BRACKETS.sub("", "".join(parts[first::2])))
        if len(brackets) > MAX_DEPTH:
            return 0, ""
        for index in range(len(parts) - 1 - (len(parts) - 1 - first) % 2, -1, -2):
            mark = max(map(parts[index].rfind, _MARKS))
            if mark >= 0:
                at = start + sum(map(len, parts[:index])) + index + mark
                border = at if valid[at] == "," else at + 1
                break
    return border, brackets


def _unmatched(brackets: str) -> str:
    """Return the brackets that are not closed, a step a level; pairs within more than `MAX_DEPTH` others stay."""
    for _ in range(MAX_DEPTH + 1):
        fewer = brackets.replace("[]", "").replace("{}", "")
        if fewer == brackets:
            break
        brackets = fewer
    return brackets
