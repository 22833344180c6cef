"""Diffs: what is said once, what stays, what is no diff."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forms import Subject

from headroom.blocks import Block, Tier
from headroom.transforms.base import Context
from headroom.transforms.diff_compressor import DiffCompressor
from headroom.transforms.view import View

DIFF = DiffCompressor()
SUBJECT = Subject(DIFF, Tier.MAX)
CONTEXT = SUBJECT.context
evidence, shrunk, restores = SUBJECT.evidence, SUBJECT.shrunk, SUBJECT.restores


def file(name: str, hunks: str, old: str = "a/", new: str = "b/") -> str:
    header = f"diff --git {old}{name} {new}{name}\nindex 1a2b3c4..5d6e7f8 100644\n--- {old}{name}\n+++ {new}{name}\n"
    return header + hunks


HUNK = "@@ -3,3 +3,3 @@ import os\n import sys\n-x = 1\n+x = 2\n y = 3\n"
ADDED = "".join(f"+    value_{n} = load({n})\n" for n in range(40))
GIT = "".join(file(f"src/shop/orders/part_{n}.py", HUNK) for n in range(6))
NEW_FILE = (
    "diff --git a/docs/new.md b/docs/new.md\nnew file mode 100644\nindex 0000000..6f77c94\n"
    "--- /dev/null\n+++ b/docs/new.md\n@@ -0,0 +1,40 @@\n" + ADDED
)
NAMES = ("accepts", "body-parser", "cookie", "debug", "encodeurl", "finalhandler", "merge-descriptors", "qs")
OLD = "".join(
    f'-    "{name}": "https://registry.example.org/{name}-1.20.{number}.tgz",\n' for number, name in enumerate(NAMES)
)
NEW = "".join(
    f'+    "{name}": "https://registry.example.org/{name}-1.21.{number}.tgz",\n' for number, name in enumerate(NAMES)
)
CHANGE = (
    "@@ -1,6 +1,7 @@\n import logging\n+from shop.tracing import traced, tracer\n \n class {}:\n"
    "-    log = logging.getLogger(__name__)\n+    log = tracer(logging.getLogger(__name__))\n \n def load_{}():\n"
)
LOCKED = (
    '+    "node_modules/{0}": {{\n       "license": "MIT",\n-      "dev": true,\n'
    '+      "engines": {{\n+        "node": ">=6.9.0"\n+      }}\n     }},\n'
)

FORMATS = {
    "git diff of many files": GIT,
    "git show with a message": "commit 1f2e3d\nAuthor: A <a@b.c>\n\n    Say more\n\n" + GIT,
    "two folders compared": "".join(file(f"p_{n}.c", HUNK, "a/lib-1.2.3/", "b/lib-1.3.0/") for n in range(6)),
    "long runs": file("a.py", "@@ -1,3 +1,43 @@\n import os\n" + ADDED + " last\n"),
    "a new file": NEW_FILE,
    "new and deleted files": "".join(NEW_FILE.replace("new.md", f"new_{n}.md") for n in range(3))
    + NEW_FILE.replace("new file", "deleted file")
    .replace("--- /dev/null", "--- a/docs/new.md")
    .replace("+++ b/docs/new.md", "+++ /dev/null"),
    "renames": GIT + "diff --git a/old.txt b/new.txt\nsimilarity index 100%\nrename from old.txt\nrename to new.txt\n",
    "binary files": GIT + "diff --git a/x.png b/x.png\nindex 1..2 100644\nBinary files a/x.png and b/x.png differ\n",
    "a plain unified diff": "--- old/a.c\t2026-01-01\n+++ new/a.c\t2026-01-02\n@@ -1,41 +1,1 @@\n a\n"
    + ADDED.replace("+", "-"),
    "lines changed in part": file("package.json", "@@ -3,5 +3,5 @@\n {\n" + OLD + NEW + " }\n"),
    "methods of a class": file(
        "shop.py",
        "".join(
            f"@@ -{n},5 +{n},5 @@ class Shop:\n     @sold\n     def sell_{n}(self):\n-        pass\n+        ...\n"
            f" \n     @bought\n     def buy_{n}(self):\n"
            for n in range(40)
        ),
    ),
    "the same change in several files": "".join(
        file(f"src/{name}.py", CHANGE.format(name, name)) for name in ("order", "invoice", "refund", "basket")
    ),
    "a series of patches": "".join(
        f"From 1f2e3d{n} Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: [PATCH {n}/4] Trace the {name}s\n\n"
        f"---\n src/{name}.py | 3 ++-\n 1 file changed, 2 insertions(+), 1 deletion(-)\n\n"
        f"{file(f'src/{name}.py', CHANGE.format(name, name))}-- \n2.39.5\n\n"
        for n, name in enumerate(("order", "invoice", "refund", "basket"), 1)
    ),
    "a diff of Subversion": "".join(
        f"Index: src/{name}.py\n{'=' * 67}\n--- src/{name}.py\t(revision 7)\n+++ src/{name}.py\t(working copy)\n"
        + CHANGE.format(name, name)
        for name in ("order", "invoice", "refund", "basket")
    ),
    "a merge": "".join(
        f"diff --cc src/{name}.py\nindex 1a2b3c4,5d6e7f8..9a8b7c6\n--- a/src/{name}.py\n+++ b/src/{name}.py\n"
        "@@@ -1,4 -1,4 +1,5 @@@ import logging\n  from shop.tracing import traced, tracer\n- log = logging.getLogger(__name__)\n"
        " -log = logging.getLogger('shop')\n++log = tracer(logging.getLogger(__name__))\n  \n"
        for name in ("order", "invoice", "refund", "basket")
    ),
    "a lock file": file("package-lock.json", "@@ -1,9 +1,49 @@\n {\n" + "".join(map(LOCKED.format, NAMES)) + " }\n"),
    "headings that repeat": file(
        "a.py",
        "".join(f"@@ -{n},1 +{n},1 @@ def main(arguments: list[str]) -> int:\n-{n}\n+{n}0\n" for n in range(1, 90, 9)),
    ),
}


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_format_is_recognised_shortened_and_restored(text: str) -> None:
    assert evidence(text) >= 0.5
    result = shrunk(text)
    assert result is not None
    assert DIFF.decode(result) == text


def test_a_file_header_becomes_one_line() -> None:
    result = shrunk(GIT)
    assert result is not None
    lines = result.split("\n")
    assert lines[0] == '[diff: 6 files, a/ to b/; "=== name; details" is diff --git, its details, --- and +++]'
    assert lines[1:6] == [
        "=== b/src/shop/orders/part_0.py; index 1a2b3c4..5d6e7f8 100644",
        "@@ -3,3 +3,3 @@ import os",
        " import sys",
        "-x = 1",
        "+x = 2",
    ]


def test_the_sign_of_a_long_run_stands_at_its_ends() -> None:
    result = shrunk(FORMATS["long runs"])
    assert result is not None
    assert " import os\n<+\n    value_0 = load(0)\n" in result
    assert "    value_39 = load(39)\n+>\n last\n" in result


def test_an_added_line_stands_whole_unless_the_reader_may_be_asked_for_most() -> None:
    whole = DIFF.shrink(Block((), FORMATS["lines changed in part"], "tool"), Context())
    assert whole is None or all(line in whole.text for line in NEW.splitlines())


def test_a_line_that_changed_in_part_is_shown_once() -> None:
    result = shrunk(FORMATS["lines changed in part"])
    assert result is not None
    assert result.startswith("[diff: a line with ~ is one removed and one added: [-removed-]{+added+}]\n")
    assert '\n {\n~    "accepts": "https://registry.example.org/accepts-[-1.20.0.tgz-]{+1.21.0.tgz+}",\n~' in result


def test_indentation_that_a_hunk_shares_is_told_in_its_header() -> None:
    result = shrunk(FORMATS["methods of a class"])
    assert result is not None
    assert "\n@@ -0,5 +0,5 @@ class Shop: >4\n @sold\n def sell_0(self):\n-    pass\n+    ...\n \n @bought\n" in result
    assert '\n@@ -1,5 +1,5 @@ " >4\n @sold\n def sell_1(self):\n' in result


def test_a_rename_names_its_files_once() -> None:
    result = shrunk(FORMATS["renames"])
    assert result is not None
    assert "\n=== a/old.txt b/new.txt; similarity index 100%; rename from it to it\n" in result


def test_changed_lines_of_short_runs_and_hunk_headers_stay_verbatim() -> None:
    result = shrunk(GIT)
    assert result is not None
    for line in ("-x = 1", "+x = 2", "@@ -3,3 +3,3 @@ import os"):
        assert result.count(f"\n{line}") == 6


NOT_DIFF = {
    "a list of points": "".join(f"- point {n}\n" for n in range(30)),
    "indented code": "".join(f"    x{n} = {n}\n" for n in range(30)),
    "a shell prompt": "".join(f"+ echo {n}\n{n}\n" for n in range(20)),
    "prose on a diff": "The diff --git line names two files.\n" * 20,
    "a log with at signs": "".join(f"@@ event {n} happened @@\n" for n in range(20)),
    "csv": "a,b\n" + "".join(f"-{n},+{n}\n" for n in range(20)),
    "nothing": "",
}


@pytest.mark.parametrize("text", NOT_DIFF.values(), ids=NOT_DIFF)
def test_another_kind_is_not_taken_for_a_diff(text: str) -> None:
    assert evidence(text) < 0.5


HOSTILE = {
    "our note": "[diff: lines from <+ to +> are added, from <- to -> removed]\n" + GIT,
    "our headers": GIT + "=== x; index 1..2\n=== a b c\n|y\n",
    "our marks": GIT + "<+\nx\n+>\n<-\n->\n" + ADDED + "++>\n" + ADDED,
    "our heading": '@@ -1,1 +1,1 @@ "\n-a\n@@ -2,1 +2,1 @@ "\n+b\n' + GIT,
    "our merged lines": FORMATS["lines changed in part"] + "~a [-b-]{+c+}\n" + FORMATS["lines changed in part"],
    "our brackets": FORMATS["lines changed in part"].replace("1.2", "[-1-]{+2+}"),
    "our indentation": FORMATS["methods of a class"].replace("class Shop:", "class Shop: >4"),
    "our indentation below our heading": FORMATS["methods of a class"].replace("class Shop:", '" >4'),
    "our rename": GIT.replace("index 1a2b3c4", "rename from it to it\nindex 1a2b3c4"),
    "a rename of other names": GIT + "diff --git a/o b/n\nsimilarity index 9%\nrename from x\nrename to n\n",
    "names with blanks": file("a b.txt", HUNK) * 4,
    "details with semicolons": file("a.txt", HUNK).replace("100644", "1; 2") * 4,
    "a removed line that looks like a name": file("a.sql", "@@ -1,8 +0,0 @@\n" + "--- note\n" * 8),
    "odd line ends": GIT.replace("\n", "\r\n") + "\x0b\u2028",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_text_that_imitates_the_form_is_restored(text: str) -> None:
    assert restores(text)


@pytest.mark.parametrize("text", FORMATS.values(), ids=FORMATS)
def test_a_result_is_not_shortened_again(text: str) -> None:
    result = shrunk(text)
    assert result is not None
    assert shrunk(result) is None


@pytest.mark.parametrize(
    "text", ["", "[diff: x]x", "@@ -1 +1 @@", "[diff: lines from <+ to +> are added, from <- to -> removed]\n<+\nx"]
)
def test_what_is_no_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        DIFF.decode(text)


BOMBS = {
    "a heading": ['[diff: a hunk under " has the heading of the hunk before]', "@@ -1 +1 @@ " + "x" * 9_000]
    + ['@@ -1 +1 @@ "'] * 9_000,
    "a base": [f'[diff: 1 files, {"x" * 9_000} to ; "=== name; details" is diff --git, its details, --- and +++]']
    + ["=== y"] * 9_000,
}


@pytest.mark.parametrize("lines", BOMBS.values(), ids=BOMBS)
def test_a_text_that_stands_for_too_much_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match="too much"):
        DIFF.decode("\n".join(lines))


_LINES = st.one_of(
    st.sampled_from(
        [
            *file("x.py", HUNK).split("\n"),
            *NEW_FILE.split("\n")[:6],
            "deleted file mode 100644",
            "=== x",
            "|",
            "<+",
            "+>",
            "<-",
            "->",
            "++>",
            '@@ -1 +1 @@ "',
            "@@ -3,3 +3,3 @@ import os",
            "@@ -3,3 +3,3 @@ import os >4",
            "~a [-b-]",
            "-    value = load(path)",
            "+    value = load(path, 1)",
        ]
    ),
    st.text(st.sampled_from('+-@ a|=<>"'), max_size=6),
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            _LINES.map(lambda x: [x]),
            st.just(file("x.py", HUNK).split("\n")),
            st.just(["+a"] * 8),
            st.just(LOCKED.split("\n")),
        ),
        max_size=16,
    )
)
def test_any_mixture_of_diff_lines_is_restored(pieces: list[list[str]]) -> None:
    text = "\n".join(line for piece in pieces for line in piece)
    evidence(text)
    assert restores(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_restored(text: str) -> None:
    evidence(text)
    assert restores(text)


def test_every_word_survives() -> None:
    words = re.compile(r"[A-Za-z0-9_]{2,}")
    for text in FORMATS.values():
        for form in DIFF.candidates(View(text), CONTEXT):
            assert set(words.findall(text)) <= set(words.findall(form.text))


def test_lines_that_come_again_are_named() -> None:
    text = FORMATS["a lock file"]
    form = Subject(DIFF).shrunk(text)
    assert form is not None
    assert form.startswith(
        '[diff: "#1, 3 lines:" names the lines below it, "#1" alone stands for them again]\n'
        "diff --git a/package-lock.json b/package-lock.json\n"
    )
    assert (
        """
 {
+    "node_modules/accepts": {
#1, 6 lines:
       "license": "MIT",
-      "dev": true,
+      "engines": {
+        "node": ">=6.9.0"
+      }
     },
+    "node_modules/body-parser": {
#1
+    "node_modules/cookie": {
#1
"""
        in form
    )


def test_a_line_like_a_name_is_a_line() -> None:
    again = "".join(map(LOCKED.format, NAMES))
    for line in ("#1", "#1, 6 lines:", "#9"):
        text = f"{line}\n" + file("a.json", f"@@ -1,9 +1,49 @@\n {{\n{again}{line}\n }}\n") + FORMATS["a lock file"]
        for form in DIFF.candidates(View(text), CONTEXT):
            assert DIFF.decode(form.text) == text
