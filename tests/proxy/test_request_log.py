"""The log of requests: a line each, whoever writes; rotation loses none of the newest; no text, no credential."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from proxy.bench import request, through
from proxy.net import Answer, Client, Upstream, saying
from support.processes import environment

from headroom.blocks import Decision, Outcome, Reason
from headroom.errors import ConfigError
from headroom.pipeline import Exchange, PipelineEvent, PipelineStage
from headroom.providers import Usage
from headroom.proxy.request_log import RequestLog, line_of

JSON = (b"Content-Type", b"application/json")
BODY = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "canary in the text"}]}'
ANSWER = b'{"usage":{"prompt_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8}}}'


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def event(number: int = 0, model: str = "m") -> PipelineEvent:
    exchange = Exchange(f"r{number}", model=model)
    return PipelineEvent(PipelineStage.RESPONSE_RECEIVED, exchange=exchange)


def test_a_request_through_the_proxy_is_a_line_without_its_text_and_credentials(tmp_path: Path) -> None:
    async def act(client: Client) -> list[Answer]:
        answers = []
        for path in ("/v1/chat/completions", "/v1/messages"):
            await client.send(request("POST", path, BODY, JSON, (b"Authorization", b"Bearer canary-key")))
            answers.append(await client.answer())
        return answers

    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)
    log = tmp_path / "requests.log"
    answers = through(Upstream(saying(head + ANSWER)), act, log_file=log)
    first, second = lines(log)
    assert [one["request_id"].encode() for one in (first, second)] == [
        answer.values(b"x-headroom-request-id")[0] for answer in answers
    ]
    assert (first["route"], first["model"], first["status"]) == ("openai.chat", "gpt-5", 200)
    assert (first["output_tokens"], first["cache_read_tokens"], first["error"]) == (3, 8, "")
    assert first["input_tokens_original"] > 0
    assert (second["provider"], second["decisions"]) == ("anthropic", {"user": 1})
    assert "canary" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_what_was_saved_is_told_in_tokens_and_percent() -> None:
    decision = Decision((), Reason.COMPRESSED, 200, 50, compressor="log_compressor")
    exchange = Exchange("r", usage=Usage(1, 2, 3, 4), outcome=Outcome(b"", (decision,)), overhead=0.0015, total=2.0)
    line = line_of(exchange)
    assert (line["input_tokens_original"], line["input_tokens_optimized"], line["tokens_saved"]) == (200, 50, 150)
    assert (line["savings_percent"], line["optimization_latency_ms"], line["total_latency_ms"]) == (75.0, 1.5, 2000.0)
    assert line["transforms_applied"] == ["router:log_compressor:0.25"]
    assert (line["cache_read_tokens"], line["cache_write_tokens"]) == (3, 4)


def test_a_name_that_a_client_makes_up_cannot_break_or_fill_the_log(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log", 1_000_000)
    log.on_pipeline_event(event(model='x"\n{"status": 200}\r' * 1000))
    (line,) = lines(tmp_path / "log")
    assert len(line["model"]) == 200


def test_a_full_log_is_set_aside_and_the_one_before_goes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = RequestLog(path, 2000)
    for number in range(20):
        log.on_pipeline_event(event(number))
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["log", "log.1"]
    both = [*lines(path.with_name("log.1")), *lines(path)]
    assert [one["request_id"] for one in both] == [f"r{number}" for number in range(20)][-len(both) :]
    assert all(one.stat().st_size <= 2000 for one in tmp_path.iterdir())


def test_whoever_takes_the_file_away_gets_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = RequestLog(path, 1_000_000)
    log.on_pipeline_event(event(1))
    path.rename(tmp_path / "taken")
    log.on_pipeline_event(event(2))
    path.unlink()
    log.on_pipeline_event(event(3))
    assert [one["request_id"] for one in lines(path)] == ["r3"]
    assert [one["request_id"] for one in lines(tmp_path / "taken")] == ["r1"]


WRITERS = """
import os, sys
from proxy.test_request_log import RequestLog, event, Path
path, limit, is_forked = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "forked"
log = RequestLog(path, limit)
workers = []
for worker in range(3):
    workers.append(os.fork())
    if not workers[-1]:
        log = log if is_forked else RequestLog(path, limit)
        for number in range(400):
            log.on_pipeline_event(event(worker * 1000 + number))
        os._exit(0)
sys.exit(sum(os.waitpid(one, 0)[1] for one in workers))
"""


@pytest.mark.parametrize("kind", ["forked", "apart"])
@pytest.mark.parametrize("limit", [10_000_000, 30_000])
def test_several_processes_write_whole_lines_to_one_log(limit: int, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "log"
    command = [sys.executable, "-c", WRITERS, str(path), str(limit), kind]
    assert subprocess.run(command, env=environment(), check=False).returncode == 0
    before = path.with_name("log.1")
    files = [one for one in (before, path) if one.exists()]
    found = [one["request_id"] for file in files for one in lines(file)]
    assert len(found) == len(set(found))
    assert len(found) == 1200 or limit < 10_000_000
    assert found[-1] in {f"r{worker * 1000 + 399}" for worker in range(3)}
    if before.exists():  # it was full when it was set aside, so nobody has done that twice
        assert limit - 1000 < before.stat().st_size


def test_a_log_that_cannot_be_written_stops_the_start_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'log_file': .* cannot be written: Is a directory"):
        RequestLog(tmp_path, 1)
