"""Listings: which are recognised, what they become, what stays as it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import Subject

from headroom.blocks import Tier
from headroom.transforms.coding import headings
from headroom.transforms.coding.padding import unpadded
from headroom.transforms.listing_compressor import ListingCompressor
from headroom.transforms.view import View

LISTING = ListingCompressor()
SUBJECT = Subject(LISTING)
IN_PLAIN = Subject(LISTING, Tier.PLAIN)
CONTEXT = SUBJECT.context
evidence, shrunk, restores = SUBJECT.evidence, SUBJECT.shrunk, SUBJECT.restores

FIND = "".join(
    f"/srv/shop/backend/src/{folder}/{name}.py\n" for folder in ("orders", "stock/tests") for name in "abcdefgh"
)
LS = """\
total 24
drwxr-xr-x  4 root root 4096 Nov 21 09:16 .
drwxr-xr-x 11 root root 4096 Nov 21 09:16 ..
-rw-r--r--  1 root root  271 Nov 21 09:07 __init__.py
-rw-r--r--  1 root root 6171 Nov 21 09:07 app.py
-rw-r--r--  1 root root  454 Nov 21 09:07 my notes.md
-rw-r--r--  1 root root 3718 Nov 21 09:07 cli.py
-rw-r--r--  1 root root    0 Nov 21 09:07 py.typed
"""

FORMATS = {
    "find": FIND,
    "ls -la": LS,
    "ls -lR": "./a:\n" + LS + "\n./b:\n" + LS,
    "git ls-files": FIND.replace("/srv/shop/", ""),
    "du": "".join(f"{n // 4}K\t/srv/shop/data/part-{n}.bin\n" for n in range(40, 60)),
    "sha256sum": "".join(f"{n:064x}  dist/wheels/pkg-{n}.whl\n" for n in range(12)),
    "tar tv": "".join(f"-rw-r--r-- 0/0 {n * 77:>14} 1985-10-26 08:15 package/lib/f{n}.js\n" for n in range(12)),
    "dpkg -l": "||/ Name            Version         Architecture Description\n+++-===============-===============-============-====\n"
    + "".join(f"ii  lib{n:<12} 1.{n:<13} amd64        shared library {n}\n" for n in range(12)),
    "ps": "  PID TTY          TIME CMD\n"
    + "".join(f"{n:5} pts/0    00:00:{n % 60:02} worker-{n}\n" for n in range(90, 120)),
    "df": "Filesystem     1K-blocks    Used Available Use% Mounted on\n"
    + "".join(f"/dev/sda{n}      {n * 8000:>9} {n:>7} {n * 7:>9}  {n}% /mnt/{n}\n" for n in range(1, 12)),
    "kubectl": "NAME            READY   STATUS    RESTARTS   AGE\n"
    + "".join(f"web-7f9c-{n:<6} 1/1     Running   0          {n}d\n" for n in range(10, 22)),
    "grep -c": "".join(f"/srv/shop/backend/src/orders/part_{n}.py:{n}\n" for n in range(20)),
    "docker ps": "CONTAINER ID   IMAGE          COMMAND       STATUS         PORTS      NAMES\n"
    + "".join(
        f'0f3a91bb{n:04x}   nginx:latest   "/start.sh"   Up {n} weeks    80/tcp     web-{n}\n' for n in range(10, 30)
    ),
    "netstat": "Proto Recv-Q Send-Q Local Address           Foreign Address         State\n"
    + "".join(
        f"tcp        0      0 127.0.0.1:{n}          0.0.0.0:*               LISTEN\n" for n in range(8100, 8130)
    ),
    "pip list": "Package              Version\n-------------------- ---------\n"
    + "".join(f"package-{n:<12} {n}.0.1\n" for n in range(30)),
    "maps": "".join(
        f"7f{n:010x}-7f{n + 1:010x} r--p 00000000 fe:00 260131                     /usr/lib/libc.so\n"
        for n in range(12)
    ),
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_format_is_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert LISTING.decode(result) in (text, unpadded(text))


def test_paths_stand_under_their_folders_in_order() -> None:
    assert (
        shrunk(FIND)
        == """\
[listing: 17 lines like /srv/shop/backend/src/*; a line "> ..." fills some *, what stands below it the others]
> orders/*
a.py b.py c.py d.py e.py f.py g.py h.py
> stock/tests/*
a.py b.py c.py d.py e.py f.py g.py h.py
"""
    )


def test_what_files_share_stands_in_headings_above_them() -> None:
    assert (
        shrunk(LS)
        == """\
[listing: 9 lines like * * root root * Nov 21 * *; a line "> ..." fills some *, what stands below it the others]
total 24
> drwxr-xr-x * * 09:16 *
4 4096 .
11 4096 ..
> -rw-r--r-- * * 09:07 *
1 271 __init__.py
1 6171 app.py
1 454 my notes.md
1 3718 cli.py
1 0 py.typed
"""
    )


def test_in_the_plain_tier_what_neighbours_begin_with_stands_above_them() -> None:
    entries = "".join(
        f"-rw-r--r-- 1 {owner} {owner} {1000 + n} Nov 21 09:0{n} part_{n}.py\n"
        for owner in ("root", "web")
        for n in range(4)
    )
    form = IN_PLAIN.shrunk(f"total 12\n{entries}")
    assert (
        form
        == """\
[listing: below a line "> ..." each line that does not start with a blank goes on from it]
total 12
> -rw-r--r-- 1 root root
1000 Nov 21 09:00 part_0.py
1001 Nov 21 09:01 part_1.py
1002 Nov 21 09:02 part_2.py
1003 Nov 21 09:03 part_3.py
> -rw-r--r-- 1 web web
1000 Nov 21 09:00 part_0.py
1001 Nov 21 09:01 part_1.py
1002 Nov 21 09:02 part_2.py
1003 Nov 21 09:03 part_3.py
"""
    )
    assert IN_PLAIN.shrunk(form) is None


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_plain_forms_are_restored_and_stay_as_they_are(text: str) -> None:
    assert IN_PLAIN.restores(text)
    form = IN_PLAIN.shrunk(text)
    assert form is None or IN_PLAIN.shrunk(form) is None


def test_columns_lose_their_padding() -> None:
    result = shrunk(FORMATS["df"])
    assert result is not None
    assert "\nFilesystem 1K-blocks Used Available Use% Mounted on\n" in "\n" + result


DOCKER = """\
CONTAINER ID   IMAGE          COMMAND       STATUS         PORTS      NAMES
0f3a91bb2c11   nginx:latest   "/start.sh"   Up 2 weeks     80/tcp     web
1c2d3e4f5a6b   worker:3       "run"         Up 3 days                 job
2c2d3e4f5a6b   redis:7        "redis"       Up 3 days      6379/tcp   cache
"""


def test_columns_named_by_several_words_stay_two_blanks_apart() -> None:
    lines = unpadded(DOCKER.replace("             job", "  81/tcp     job")).split("\n")
    assert lines[0] == "CONTAINER ID  IMAGE  COMMAND  STATUS  PORTS  NAMES"
    assert lines[1] == '0f3a91bb2c11  nginx:latest  "/start.sh"  Up 2 weeks  80/tcp  web'


def test_a_row_with_an_empty_cell_keeps_its_padding_and_so_does_the_header() -> None:
    lines, source = unpadded(DOCKER).split("\n"), DOCKER.split("\n")
    assert lines[0] == source[0]
    assert lines[2] == source[2]
    assert lines[1] != source[1]


def test_cells_of_several_words_stay_whole_under_what_they_share() -> None:
    result = shrunk(FORMATS["docker ps"])
    assert result is not None
    assert result.split("\n")[:4] == [
        '[listing: 22 lines, cells two blanks apart, like *  nginx:latest  "/start.sh"  * weeks  80/tcp  *; '
        'a line "> ..." fills some *, what stands below it the others]',
        "CONTAINER ID  IMAGE  COMMAND  STATUS  PORTS  NAMES",
        "> *  *  *",
        "0f3a91bb000a  Up 10  web-10",
    ]


def test_names_of_files_keep_their_blanks() -> None:
    assert (
        unpadded("-rw-r--r--  1 root   root 12 Nov  3 09:07  a  b.txt")
        == "-rw-r--r-- 1 root root 12 Nov 3 09:07  a  b.txt"
    )
    assert unpadded("-rw-r--r-- 0/0     12 1985-10-26 08:15 a  b.js") == "-rw-r--r-- 0/0 12 1985-10-26 08:15 a  b.js"
    paths = "/srv/a  b.txt\n" + "/srv/c.txt\n" * 9
    assert unpadded(paths) == paths


def test_drawings_of_trees_keep_their_blanks() -> None:
    tree = "  1 init\n 20  \\_ sshd\n 21      \\_ bash\n├──  a\n│    └──  b"
    assert unpadded(tree).split("\n")[1:] == tree.split("\n")[1:]


CPUS = "".join(
    f"processor\t: {n}\nmodel name\t: Xeon Gold 6230\ncpu MHz\t\t: 24{n}0.1\nflags\t\t: fpu vme\npower management:\n\n"
    for n in range(5)
)
RECORDS = {
    "git log": "".join(
        f"commit {n:040x}\nAuthor: Ann Example <ann@example.org>\nDate:   Mon Nov {n} 10:00 2026 +0100\n\n    Do {n}\n\n"
        for n in range(10, 19)
    ),
    "cpuinfo": CPUS,
    "smaps": "".join(
        f"55{n:010x}-55{n + 1:010x} r--p 0000 fe:00 26 /usr/bin/cat\nSize:       {n:>4} kB\nRss:           8 kB\nLocked:        0 kB\n"
        for n in range(12)
    ),
    "an expanded query result": "".join(
        f"-[ RECORD {n} ]--\nid   | {n}\nname | Ann {n}\ncity | Rome; old\n" for n in range(12)
    ),
    "records of two kinds": CPUS + "".join(f"Name: p{n}\nVersion: {n}.0\nLicense: MIT\n---\n" for n in range(9)),
}


@pytest.mark.parametrize("text", RECORDS.values(), ids=RECORDS)
def test_records_are_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert LISTING.decode(result) == unpadded(text)
    assert shrunk(result) is None


def test_records_say_their_keys_and_what_never_changes_once() -> None:
    result = shrunk(CPUS)
    assert result is not None
    assert result.split("\n")[1:5] == [
        "> processor\t: *; model name\t: Xeon Gold 6230; cpu MHz\t\t: *; flags\t\t: fpu vme; power management:",
        "= 0; 2400.1",
        "",
        "= 1; 2410.1",
    ]


TREE = """\
src
├── api
│   ├── views.py
│   └── urls
│       └── a b.py
├── cli.py
├── orders
│   ├── models.py
│   └── tests
│       └── test_models.py
└── stock
    └── levels.py

4 directories, 6 files
"""
NPM = """\
app@1.0.0 /srv/app
├─┬ express@4.18.2
│ ├── accepts@1.3.8
│ └─┬ body-parser@1.20.1
│   ├── bytes@3.1.2
│   └── qs@6.11.0
├── lodash@4.17.21
└─┬ jest@29.0.0
  ├── chalk@4.1.2
  └── semver@7.5.0
"""
TREES = {
    "tree": TREE,
    "tree with hard blanks": TREE.replace("│   ", "│\xa0\xa0 "),
    "a tree that was cut off": TREE[: TREE.index("└── stock")],
    "npm ls": NPM,
    "dashes": TREE.replace("├──", "|--").replace("└──", "`--").replace("│", "|"),
}


@pytest.mark.parametrize("text", TREES.values(), ids=TREES)
def test_a_tree_is_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert LISTING.decode(result) == text
    assert shrunk(result) is None


def test_a_tree_is_written_by_indentation() -> None:
    assert (
        shrunk(NPM)
        == """\
[listing: a tree of 11 lines, one blank a level; drawn with short lines, cut at levels ()]
app@1.0.0 /srv/app
 express@4.18.2
  accepts@1.3.8
  body-parser@1.20.1
   bytes@3.1.2
   qs@6.11.0
 lodash@4.17.21
 jest@29.0.0
  chalk@4.1.2
  semver@7.5.0
"""
    )


NOT_LISTING = {
    "prose": "This is a sentence about nothing in particular.\n" * 12,
    "code": "".join(f"    x{n} = f(a, b)  # note\n" + "y = 1\n" * 2 for n in range(12)),
    "a log with padded levels": "".join(f"2026-11-21 10:15:{n} INFO   app.core   started {n}\n" for n in range(10, 40)),
    "syslog": "".join(f"Nov 21 10:15:{n} web1   sshd[{n}]: opened\n" for n in range(10, 40)),
    "csv": "a,b,c\n" + "".join(f"{n},{n},x\n" for n in range(20)),
    "json": "".join(f'    "k{n}":   {n},\n' for n in range(20)),
    "grep": "".join(f"src/a.py:{n}:x = {n}\n" for n in range(20)),
    "nothing": "",
}


@pytest.mark.parametrize("text", NOT_LISTING.values(), ids=NOT_LISTING)
def test_another_kind_is_not_taken_for_a_listing(text: str) -> None:
    assert evidence(text) < 0.5


NOTE = '[listing: 3 lines like *; a line "> ..." fills some *, what stands below it the others]\n'
RECORDS_NOTE = '[listing: 3 lines; a line "> ..." names keys, "= ..." gives the values for its *, cells end at "; "]\n'
HOSTILE = {
    "our note on records": RECORDS_NOTE + CPUS,
    "our note on records and a record": RECORDS_NOTE + "> a: *\n= 1\n" + CPUS + "= 1\n> a: *\n|\n",
    "separators in records": CPUS.replace("Xeon", "Xeon; | ;; \t"),
    "stars in records": CPUS.replace("Xeon", "*").replace("MHz", "M*z"),
    "our note": NOTE + FIND,
    "our note on cells two blanks apart": NOTE.replace("lines", "lines, cells two blanks apart,")
    + "> a\nb  c\n"
    + FIND,
    "cells of nothing but blanks": DOCKER.replace("worker:3", "        ") * 6,
    "our note and a heading": NOTE + "> a/*\nb c\n" + FIND,
    "our escapes": "|a\n> b\n" + FIND + "|a\n> b\n\n" + FIND,
    "stars": FIND.replace("orders", "or*ers") + "/srv/*\n*\n",
    "percent signs": FIND.replace("orders", "or%sders%").replace("srv", "s%dv"),
    "names with blanks": FIND.replace("/a.py", "/a b.py").replace("/c.py", "/ c.py"),
    "our note on headings": f"[listing: {headings.clause('>')}]\n> a\nb\n>\n" + LS,
    "our note on headings, damaged": f"[listing: {headings.clause('?')}]\n> a\nb\n>\n" + LS,
    "our note on trees": "[listing: a tree of 3 lines, one blank a level; drawn with lines, cut at levels ()]\n" + TREE,
    "bars and blanks in trees": TREE.replace("views", "|views").replace("cli", " cli") + " x\n|y\n",
    "odd line ends": FIND.replace("\n", "\r\n") + "\x0b\u2028",
    "trailing blanks": LS.replace("\n", "  \n"),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_that_imitates_the_form_is_restored(text: str) -> None:
    assert restores(text)
    assert IN_PLAIN.restores(text)


def test_a_note_at_the_top_does_not_make_a_text_immune() -> None:
    result = shrunk(NOTE + FIND)
    assert result is not None
    assert "a.py b.py" in result


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_result_is_not_shortened_again(text: str) -> None:
    result = shrunk(text)
    assert result is not None
    assert shrunk(result) is None


@pytest.mark.parametrize("body", ["> a b\nc", "> *\na b\n> x y z *", "> a*b\nc"])
def test_what_does_not_fill_the_template_is_refused(body: str) -> None:
    note = NOTE.replace("like *", "like * *")
    with pytest.raises(ValueError, match=r"."):
        LISTING.decode(note + body)


_NAMES = st.sampled_from(["a", "b.py", "c d", "*", ">", "| x", "e/f", "%s", "", "2026-01-02"])
_LINES = st.one_of(
    st.tuples(st.sampled_from(["/srv/a/", "/srv/b/c/", "./", "-rw-r--r-- 1 root  ", "  12 /", "4K\t/x/"]), _NAMES).map(
        "".join
    ),
    st.sampled_from(["a: 1", "a: 2", "b: 1", "b= x", "= 1", "a: *", "c: ; ", "---"]),
    st.sampled_from(["", "total 3", "> *", "> a *", "|x", "A B  C   D", "├──   x"]),
    st.sampled_from(["a b  c d  e", "a  b   c", "  a  b  c", "> a  b  c", "A B  C D  E"]),
    st.sampled_from(["├── a", "└── b", "│   ├── c", "│   └── d", "    └── |e", "│ └─┬ f", "|-- g"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_LINES, max_size=30).map("\n".join))
def test_any_mixture_of_listings_is_restored_and_settled(text: str) -> None:
    evidence(text)
    assert restores(text)
    assert IN_PLAIN.restores(text)
    assert unpadded(unpadded(text)) == unpadded(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_restored(text: str) -> None:
    evidence(text)
    assert restores(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(_LINES, max_size=30).map("\n".join))
def test_every_word_survives(text: str) -> None:
    words = re.compile(r"[A-Za-z0-9_]{2,}")
    for form in LISTING.candidates(View(text), CONTEXT):
        assert set(words.findall(text)) <= set(words.findall(form.text))
