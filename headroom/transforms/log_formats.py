"""How the lines of logs, builds, tests and stack traces begin: the rows by which they are recognised.

Every pattern is tried at the start of a line and must be one that other kinds of text do not hit by chance: a table
row, a search hit, a line of code or of prose is none of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import repeat

from headroom.transforms.coding import clock
from headroom.transforms.coding.shapes import shapes

_LEVEL = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE"
_SEVERITY = r"(?:fatal )?(?:error|warning|note|remark|info|hint|Error|Warning)\b"
_PLACE = r"[^\s:()|][^:()|\n]{0,250}+"

_RECORDS = (
    rf"(?:\S{{1,60}}+ ){{0,5}}[\[<(]?(?:{_LEVEL})[\])>]?(?:[ :|]|$)",  # loggers: a level near the front
    r"\[ *\d+\.\d{6}\] |\d{10}\.\d{3,6}:? |\[\d{4}\.\d\d\.\d\d-",  # kernel ring buffer, Unix time, dotted dates
    r"\w+=[^\n]*?\b(?:level|lvl|severity)=\w|(?:level|lvl)=\w",  # key=value
    r"(?:\S++ - )?\"?(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /\S*(?: HTTP/[\d.]+\")? \d{3}\b",  # web servers
    r"npm (?:verb|info|http|WARN|ERR!|warn|error|notice|timing|sill|silly|verbose|debug)\b",
    r"[a-z_]\w{2,30}\([^\n]{0,400}\) += (?:-?\d|0x|\?)| +\d+:\t|==\d+== ",  # strace, linker, valgrind
    r"(?:Get|Hit|Ign|Err):\d+ |(?:Inst|Conf|Remv) \S+ |(?:Setting up|Unpacking|Selecting previously|Preparing to) ",
    r"(?:Looking in (?:indexes|links):|Collecting|Requirement already satisfied:|Installing collected packages:) ",
    r"Successfully (?:installed|built) |Processing \S+\.(?:whl|gz|zip)| +- (?:Installing|Updating|Removing) \S",
    r" *(?:Using cached|Downloading|Obtaining|Attempting uninstall:|Found existing installation:|Building wheels?) ",
    r"(?:Using|Fetching|Installing) \S+ \d+\.|go: (?:downloading|finding|added|upgraded) ",
    r"make(?:\[\d+\])?: |\[ *\d+%\] |\[[\d,]+ ?/ ?[\d,]+\] |-- [A-Z]|CMake (?:Error|Warning)|libtool: ",
    r"(?:gcc|cc|g\+\+|c\+\+|clang) -| +(?:CC|CXX|LD|AR|AS|CCLD|CXXLD|GEN|HOSTCC)(?: \[M\])? +\S+$",
    r" +(?:Compiling|Checking|Downloaded|Downloading|Fresh|Updating|Adding|Locking|Running|Finished|Installing) \S",
    r"Step \d+/\d+ :| ---> |#\d+ (?:\d+\.\d+ |\[|DONE|CACHED|sha256:)|[0-9a-f]{12}: (?:[A-Z]\w+ )",  # docker
    r"> Task :|asset \S+ [\d.]+ (?:bytes|[KM]iB)| *+\S++ [\d.]++ (?:bytes|[KM]iB) \[|\S++ ++[\d.]++ kB │",  # bundlers
    r"(?:ok|changed|skipping|failed|fatal|unreachable): \[|(?:TASK|PLAY|RUNNING HANDLER) \[",  # ansible
    r"\S+: (?:Creating|Refreshing state|Still \w+|Reading|Modifying|Destroying)\.\.\.",  # terraform
    r"\S+: (?:Creation|Modifications|Destruction|Read) complete after ",
    r"(?:ok|not ok) \d+|=== (?:RUN|PAUSE|CONT|NAME) |\s*--- (?:PASS|FAIL|SKIP): |ok  \t|\?   \t|\[ +\w+ +\] ",
    r"test \S+(?: - .*)? \.\.\. (?:ok|FAILED|ignored)|test_\w+ \([\w.]+\)|\d+\) \S+::\S+",
    r"\S+::\S+ (?:PASSED|FAILED|SKIPPED|ERROR|XFAIL)",
    r" *[✓✕✗✘\u00d7√✔✖○●] |(?:PASS|FAIL) \S+\.\w+|\S+\.py [.FEsxX]+ +\[ *\d+%\]|[.FEsxX]{20,} +\[ *\d+%\]",
    r" *\d+/\d+ Test +#\d+: | *Start +\d+: |Tests run: \d+",
)
"""Lines that stand for themselves."""
_AT_PLACE = (
    rf"(?::\d+(?::\d+)?(?:-\d+)?|\(\d+(?:,\d+)?\)):? (?:- )?{_SEVERITY}",  # gcc, clang, mypy, javac, tsc
    r":\d+(?::\d+)?: (?:\[?[A-Z]{1,5}\d{2,5}\b|[A-Z]: [A-Z])",  # flake8, ruff, pylint, rubocop
    r"(?<=[^:()|\n]\.go):\d+:\d+: [a-z]|: In (?:member )?function ",
)
"""What follows the place that a diagnostic is about."""
_HEADS = (
    rf"{_PLACE}(?:{'|'.join(_AT_PLACE)})|In file included from ",
    r" +\d+:\d+ +(?:error|warning) |\[\S+:\d+\]: \(",  # eslint, cppcheck
    r"(?:error|warning)(?:\[\w+\])?: | *--> \S+:\d+:\d+| *= (?:note|help): ",  # rustc
    r" *File \"[^\"\n]+\", line \d+|Traceback \(most recent call last\)",
    r"\s+at \S.*(?::\d+|:line \d+|\(Native Method\)|\))$|Caused by: |\s+\.\.\. \d+ more",
    r"goroutine \d+ \[|\t\S+\.go:\d+| *#\d+ +(?:0x[0-9a-f]+ in |\S+ \(|\S+\(\d+\): )| +\d+: +\S+::\S",
    r"\s+from \S+:\d+:in |Thread (?:0x)?[0-9a-f]+ ",
    r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Warning|Exit)\b(?::|$)",
    r"={5,} .* ={5,}$|_{5,} .* _{5,}$|(?:FAILED|ERROR|PASSED) \S+::|E   |(?:FAIL|ERROR): \w+ \(|>    ",
)
"""Lines that others belong to: diagnostics, frames, failures."""
_RECORD = re.compile("|".join(_RECORDS))
_HEAD = re.compile("|".join(_HEADS))
_FOREIGN = re.compile(
    r"\S+?:\d+[:-]\s*\d{4}-|[-dlbcps][-rwxsStT]{9}|[+@{}\"|│┌├└]|<(?!\d)|\s*\"[^\"\n]*\":|[^,\n ]*,[^,\n ]*,[^,\n ]*,"
)
"""Lines that hold times or numbers and are yet no log: search hits, listings, diffs, JSON, markup, CSV."""
_CODE = re.compile(
    r"\s*+(?:def|class|if|elif|else|for|while|return|import|from|func|fn|let|const|var|public|private|static|case)\b"
    r"|[^\n]*[;{}(,]$"
)
_AFTER_TIME = re.compile(r"(?:Z|[+-]\d\d:?\d\d)?(?:[\])\"'>|:-]| [+-]\d{4}\]| \d{4}\])*\s+\S")
REACH = 5
"""Lines after a diagnostic, frame or failure that still belong to it: source, markers, values."""
LEAST_HEADS = 0.1
REPEATING = 0.35
"""Share of its letters that a text of no known format must repeat. Code and prose repeat less than half of that."""
FOREIGN = 0.2
"""Share of lines of another kind that a text of no known format may have."""
SEPARATED = 0.8
"""Share of lines with the same number of separators that makes a table."""


def share(sample: Sequence[str]) -> float:
    """Return the share (0 to 1) of the sampled lines that belong to a log, build, test run or trace."""
    heads = covered = reach = 0
    for line in sample:
        if _HEAD.match(line):
            heads, covered, reach = heads + 1, covered + 1, REACH
        elif (_RECORD.match(line) or _timed(line)) and not _is_foreign(line):
            heads, covered, reach = heads + 1, covered + 1, max(0, reach - 1)
        elif reach:
            covered, reach = covered + 1, reach - 1
    if heads < max(2, LEAST_HEADS * len(sample)):
        return 0.0
    return covered / len(sample)


def repeats(sample: Sequence[str]) -> bool:
    """Say whether much of the sampled lines repeats others, numbers aside, though they are of no known kind."""
    if sum(map(_is_foreign, sample)) > FOREIGN * len(sample) or _is_separated(sample):
        return False
    if sum(_CODE.match(line) is not None for line in sample) > FOREIGN * len(sample):
        return False
    again = sum((count - 1) * _letters(shape) for shape, count in Counter(shapes(sample)).items())
    return again > REPEATING * sum(map(len, sample))


def _is_separated(sample: Sequence[str]) -> bool:
    """Say whether most lines have the same number of cells: a table, whatever its separator."""
    for separator in ",;|\t":
        [(cells, lines)] = Counter(map(str.count, sample, repeat(separator))).most_common(1)
        if cells > 1 and lines >= SEPARATED * len(sample):
            return True
    return False


def _timed(line: str) -> bool:
    time = clock.find(line, 60)
    return time is not None and _AFTER_TIME.match(line, time.end()) is not None


def _is_foreign(line: str) -> bool:
    return _FOREIGN.match(line) is not None


def _letters(shape: str) -> int:
    return len(shape) - shape.count("0")
