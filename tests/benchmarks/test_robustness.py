"""The run over files of all kinds, on a few."""

import json
from concurrent.futures import Future
from pathlib import Path

import pytest

from benchmarks.robustness import WAYS, Outcome, look_at, looked_at, main, outcome, report, sample
from headroom.blocks import Fidelity, Lossless, Tier
from headroom.transforms.base import Compressor

SOURCE = "import os\n\n" + "".join(
    f"def value_{n}(self):\n    if self.cache is None:\n        self.cache = load({n})\n    return self.cache\n\n"
    for n in range(30)
)


class Careless(Compressor):
    """Takes any text for its own, and shortens it by a line each time."""

    name = "careless"

    def evidence(self, view, hint):
        return 1.0

    def candidates(self, view, context):
        yield Lossless(view.text.partition("\n")[2], Fidelity.BYTES, "careless", Tier.PLAIN)

    def decode(self, text):
        return "a line\n" + text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.json").write_text(json.dumps([{"id": n, "name": f"row {n}"} for n in range(99)], indent=2))
    (tmp_path / "notes.txt").write_text("A few words.\n")
    (tmp_path / "blob.bin").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "empty").touch()
    return tmp_path


def test_files_of_all_kinds_go_through(folder, capsys):
    assert main(["--root", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("4 files, ")
    assert "0 went wrong" in printed


@pytest.mark.parametrize(
    ("way", "compressor"),
    list(zip(WAYS, ["smart_crusher", "code_compressor", "search_compressor", "diff_compressor"], strict=True)),
)
def test_a_file_is_shown_as_tools_do(folder, way, compressor):
    path = folder / "rows.py"
    path.write_text((folder / "rows.json").read_text() if compressor == "smart_crusher" else SOURCE)
    found = look_at(path, Tier.LEGEND, way)
    assert (found.compressor, found.wrong) == (compressor, "")


def test_a_seed_takes_the_same_files_each_time(folder):
    assert sample([folder], 3, seed=1) == sample([folder], 3, seed=1)
    assert len(sample([folder], 3, seed=1)) == 3
    assert {tuple(sample([folder], 3, seed)) for seed in range(9)} != {tuple(sample([folder], 3, seed=1))}


def test_a_form_that_changes_when_it_comes_again_is_told(folder):
    (folder / "lines").write_text("a line\n" * 40)
    found = look_at(folder / "lines", Tier.LEGEND, compressors=[Careless()])
    assert found.wrong == "came out otherwise the second time, as careless"
    assert found.wrong in report([found])


def test_a_file_that_cannot_be_read_is_passed_over(folder):
    assert next(looked_at([folder / "gone"])).wrong == ""


def test_whatever_is_raised_is_told(folder):
    path = folder / "notes.txt"
    failed: Future[Outcome] = Future()
    failed.set_exception(ValueError("out of order"))
    assert outcome(path, failed) == Outcome(str(path), wrong="raised ValueError('out of order')")


def test_when_time_is_up_no_more_files_are_looked_at(folder):
    assert list(looked_at(sample([folder], 4, seed=0), at_most_seconds=-1)) == []


def test_no_files_at_all_are_no_success(tmp_path):
    assert main(["--root", str(tmp_path)]) == 1
