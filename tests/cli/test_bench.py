"""`headroom bench`: figures of one's own files."""

import json

import pytest
from support.samples import PROSE, sample

from headroom.cli import main


@pytest.fixture
def folder(tmp_path):
    body = {"model": "gpt-4o", "messages": [{"role": "tool", "tool_call_id": "c", "content": sample("json_rows")}]}
    (tmp_path / "a.log").write_text(sample("log_lines"))
    (tmp_path / "b.json").write_text(json.dumps(body))
    (tmp_path / "c.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "d.txt").write_text(PROSE * 9)
    return tmp_path


def figures(capsys, *arguments):
    assert main(["bench", "--json", "--times", "1", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_texts_and_request_bodies_are_measured_and_what_is_no_text_is_left_out(folder, capsys):
    log, body, prose = figures(capsys, str(folder))
    assert [one["file"] for one in (log, body, prose)] == [
        str(folder / name) for name in ("a.log", "b.json", "deep/d.txt")
    ]
    assert (log["by"], body["by"], prose["by"]) == ("log_compressor", "smart_crusher", "unrecognised")
    assert all(0 < one["tokens_after"] < one["tokens_before"] for one in (log, body))
    assert prose["tokens_after"] == prose["tokens_before"] > 0
    assert all(one["first_ms"] > 0 and one["again_ms"] > 0 for one in (log, body, prose))


def test_with_retrieval_more_is_saved(folder, capsys):
    large = folder / "large.log"
    large.write_text("\n".join(sample("log_lines", seed) for seed in range(8)))
    (without,), (with_it,) = (figures(capsys, str(large), *also) for also in ((), ("--retrieval",)))
    assert with_it["tokens_after"] < without["tokens_after"]


def test_the_report_sums_up(folder, capsys):
    assert main(["bench", "--times", "1", str(folder / "a.log"), str(folder / "b.json")]) == 0
    out = capsys.readouterr().out
    assert out.split("\n")[0].split()[:2] == ["file", "by"]
    assert out.rstrip().rsplit("\n", 1)[-1].startswith("all")


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "FILES"), (["/nowhere/at/all"], "does not exist"), (["{bin}"], "no text")]
)
def test_without_anything_to_measure_it_says_so(folder, arguments, said, capsys):
    given = [argument.format(bin=folder / "c.bin") for argument in arguments]
    assert main(["bench", *given]) == 2
    assert said in capsys.readouterr().err
