"""What the documents say is run, and what they name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _blocks(language):
    found = []
    for document in DOCUMENTS:
        for number, (kind, code) in enumerate(FENCE.findall(document.read_text(encoding="utf-8"))):
            if kind == language:
                found.append(pytest.param(code, id=f"{document.name}-{number}"))
    return found


@pytest.mark.parametrize("code", _blocks("python"))
def test_python_examples_run(code):
    names = {"__name__": "example"}
    exec(compile(code, "example", "exec"), names)
    assert len(names) > 2, "the example defines nothing"


@pytest.mark.parametrize("code", _blocks("sh"))
def test_shell_examples_name_real_targets_and_commands(code):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    from headroom.cli import COMMANDS

    for target in re.findall(r"^make (\w[\w-]*)", code, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command in re.findall(r"^headroom (\w+)", code, re.MULTILINE):
        assert command in {one.name for one in COMMANDS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_files_that_documents_name_exist(document):
    text = document.read_text(encoding="utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)#:]+)\)", prose):
        assert (document.parent / link).exists(), link
    for name in re.findall(r"`((?:headroom|tests)/[\w/]+\.py|(?:headroom|tests)/[\w/]+/)`", text):
        assert (ROOT / name).exists(), name


def test_the_readme_has_exactly_two_commands_to_set_up():
    first = FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))[0][1]
    assert [line.split()[:2] for line in first.splitlines()] == [["make", "demo"], ["make", "test"]]


def test_no_document_names_a_path_of_somebodys_machine():
    for document in DOCUMENTS:
        assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", document.read_text(encoding="utf-8")), (
            document
        )
