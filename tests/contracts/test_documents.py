"""What the documents say is run, and what they name exists."""

import re
from pathlib import Path

import pytest
from contracts.documents import blocks_in, run

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
OF_ADAPTERS = [*(ROOT / "docs" / "integrations").glob("*.md"), *(ROOT / "integrations").glob("*/README.md")]
"""Their examples need a framework: they are run in its environment, by the tests of the adapter."""
EVERY_DOCUMENT = sorted({*DOCUMENTS, *OF_ADAPTERS})


def _blocks(language, documents):
    return [
        pytest.param(code, id=f"{document.name}-{number}")
        for document in documents
        for number, code in enumerate(blocks_in(document, language))
    ]


@pytest.mark.parametrize("code", _blocks("python", [one for one in DOCUMENTS if one not in OF_ADAPTERS]))
def test_python_examples_run(code):
    run(code)


@pytest.mark.parametrize("code", _blocks("sh", EVERY_DOCUMENT))
def test_shell_examples_name_real_targets_and_commands(code):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    from headroom.cli import COMMANDS

    for target in re.findall(r"^make (\w[\w-]*)", code, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command in re.findall(r"^headroom (\w+)", code, re.MULTILINE):
        assert command in {one.name for one in COMMANDS}


@pytest.mark.parametrize("document", EVERY_DOCUMENT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_links_and_files_that_documents_name_exist(document):
    text = document.read_text(encoding="utf-8")
    prose = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)#:]+)\)", prose):
        assert (document.parent / link).exists(), link
    for name in re.findall(r"`((?:headroom|tests)/[\w/]+\.py|(?:headroom|tests)/[\w/]+/)`", text):
        assert (ROOT / name).exists(), name


def test_the_readme_has_exactly_two_commands_to_set_up():
    first = blocks_in(ROOT / "README.md", "sh")[0]
    assert [line.split()[:2] for line in first.splitlines()] == [["make", "demo"], ["make", "test"]]


def test_no_document_names_a_path_of_somebodys_machine():
    for document in EVERY_DOCUMENT:
        assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|Users)/", document.read_text(encoding="utf-8")), (
            document
        )
