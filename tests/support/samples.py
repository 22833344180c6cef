"""Tool outputs of every kind, made here: for each compressor at least one text that it must shorten."""

from __future__ import annotations

import difflib
import json
from random import Random

WORDS = [
    "cache",
    "reader",
    "table",
    "socket",
    "worker",
    "parser",
    "queue",
    "index",
    "stream",
    "token",
    "buffer",
    "engine",
    "router",
    "ledger",
    "signal",
]


def _word(r: Random) -> str:
    return r.choice(WORDS)


def json_rows(r: Random) -> str:
    rows = [
        {"id": n, "name": f"{_word(r)}-{n}", "status": r.choice(["ok", "ok", "late"]), "size": r.randrange(10**6)}
        for n in range(40 + r.randrange(20))
    ]
    return json.dumps(rows, indent=2)


def log_lines(r: Random) -> str:
    lines = []
    for n in range(80):
        stamp = f"2026-03-0{1 + n // 40} 10:{n % 60:02d}:{r.randrange(60):02d}"
        lines.append(f"{stamp} INFO [{_word(r)}] request {r.randrange(10**5)} served in {r.randrange(900)} ms by pool")
    lines[17] = "2026-03-01 10:17:03 ERROR [router] request 4711 failed: upstream closed the connection"
    return "\n".join(lines)


def build_lines(r: Random) -> str:
    lines = []
    for n in range(60):
        path = f"src/module_{n // 12}/{WORDS[n // 12]}.c"
        lines.append(
            f"{path}:{n * 7 + 3}:{r.randrange(1, 60)}: warning: unused variable '{_word(r)}' [-Wunused-variable]"
        )
    return "\n".join(lines)


def json_text(r: Random) -> str:
    return json.dumps({"exit_code": 1, "stdout": build_lines(r) + "\n", "stderr": ""}, indent=2)


def json_cut(r: Random) -> str:
    """An answer that the limit of its tool cut off, within a text."""
    return json_text(r)[:-600] + "\n[Output truncated]"


def trace_lines(r: Random) -> str:
    frame = '  File "/srv/app/lib/engine.py", line {}, in {}\n    return self.{}(value, depth + 1)'
    lines = ["Traceback (most recent call last):"]
    for n in range(40):
        name = WORDS[n % 2]
        lines.append(frame.format(80 + n % 2, name, name))
    return "\n".join([*lines, f"RecursionError: maximum depth {r.randrange(500, 999)} exceeded in {_word(r)}"])


def search_lines(r: Random) -> str:
    lines = []
    for n in range(60):
        path = f"/srv/project/source/package/{WORDS[n // 10]}_module.py"
        lines.append(f"{path}:{n * 3 + 1}:    raise ValueError('{_word(r)} {r.randrange(999)}')")
    return "\n".join(lines)


def diff_lines(r: Random) -> str:
    old = [f"{_word(r)} = {_word(r)}({n})" for n in range(120)]
    new = [line if n % 9 else f"{_word(r)} = None  # line {n}" for n, line in enumerate(old)]
    pieces = []
    for name in ("alpha/some/long/path/engine.py", "alpha/some/long/path/ledger.py", "alpha/some/long/path/queue.py"):
        pieces.append(f"diff --git a/{name} b/{name}\nindex {r.randrange(16**7):07x}..{r.randrange(16**7):07x} 100644")
        pieces += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(pieces)


def listing_lines(r: Random) -> str:
    lines = ["total 812"]
    for n in range(70):
        size = r.randrange(10**6)
        lines.append(
            f"-rw-r--r-- 1 builder builder {size:>8} Mar {1 + n % 28:>2} 10:{n % 60:02d} {_word(r)}_{n}.tar.gz"
        )
    return "\n".join(lines)


def path_lines(r: Random) -> str:
    folders = [f"./services/{a}/src/main/{b}" for a in WORDS[:4] for b in WORDS[4:8]]
    return "\n".join(f"{folder}/{_word(r)}_{n}.java" for folder in folders for n in range(6))


def csv_lines(r: Random) -> str:
    rows = ["date,region,product,units,price"]
    rows += [
        f"2026-01-{1 + n // 6:02d},northern district,standard package,{r.randrange(90)},{r.randrange(99)}.50"
        for n in range(90)
    ]
    return "\n".join(rows)


def markdown_table(r: Random) -> str:
    head = "| name               | kind               | owner              | size       |"
    rule = "|--------------------|--------------------|--------------------|------------|"
    rows = [
        f"| {_word(r):<18} | {_word(r):<18} | {'platform team':<18} | {r.randrange(10**6):>10} |" for _ in range(60)
    ]
    return "\n".join([head, rule, *rows])


def html_page(r: Random) -> str:
    items = "".join(
        f'<li class="entry item-{n}" data-id="{n}" style="margin:0;padding:4px"><a class="link" href="/p/{n}" '
        f'rel="nofollow noopener" target="_blank">{_word(r)} {_word(r)} number {n}</a></li>\n'
        for n in range(60)
    )
    return (
        "<!DOCTYPE html>\n<html><head><title>Index</title><style>.entry{color:#333}</style>"
        f"<script>var a=1;</script></head>\n<body><h1>Index of parts</h1><ul>\n{items}</ul></body></html>"
    )


def numbered_code(r: Random) -> str:
    return "\n".join(f"{n:6d}\tdef {_word(r)}_{n}(value):" if n % 3 else f"{n:6d}\t" for n in range(1, 140))


SAMPLES = {
    "json_rows": json_rows,
    "json_text": json_text,
    "json_cut": json_cut,
    "log_lines": log_lines,
    "build_lines": build_lines,
    "trace_lines": trace_lines,
    "search_lines": search_lines,
    "diff_lines": diff_lines,
    "listing_lines": listing_lines,
    "path_lines": path_lines,
    "csv_lines": csv_lines,
    "markdown_table": markdown_table,
    "html_page": html_page,
    "numbered_code": numbered_code,
}

# Texts that no compressor of tool output has any business with.
PROSE = (
    "The committee met on Tuesday and agreed that the bridge should be repaired before winter. Nobody could say "
    "what it would cost, and the engineer, who had been asked twice, said that guessing would help no one. "
)
UNTOUCHED = {
    "prose": PROSE * 12,
    "one word": "word " * 900,
    "random letters": "".join(Random(7).choices("abcdefghijklmnopqrstuvwxyz \n", k=6000)),
}


def sample(name: str, seed: int = 1) -> str:
    """Return the named sample; another seed gives another text of the same kind."""
    return SAMPLES[name](Random(seed))
