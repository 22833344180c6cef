"""L14: nothing is asked of any network, at import, at first use or at work."""

import os
import subprocess
import sys

import pytest
from support.samples import SAMPLES, sample
from support.wires import BUILDERS, Step, body_of, encoded

from headroom import compress
from headroom.pipeline import Exchange, Pipeline
from headroom.providers import WIRES

_WATCHED = """
import sys
def watch(event, args):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}:
        raise SystemExit(f"{event} {args!r}")
sys.addaudithook(watch)
import headroom
from headroom.tokens import TokenCounter
from support.samples import SAMPLES, sample
for model in ("gpt-4o", "gpt-4", "claude-sonnet-4-5", "unheard-of"):
    assert TokenCounter(model)("hello world") > 1
    result = headroom.compress([{"role": "tool", "content": sample(name)} for name in SAMPLES], model)
    assert result.tokens_saved > 0
print("quiet")
"""


def _run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    given = {**os.environ, "PYTHONPATH": paths, **env}
    return subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=False)


def test_a_fresh_process_compresses_without_a_single_connection_or_look_up():
    done = _run(_WATCHED)
    assert (done.returncode, done.stdout) == (0, "quiet\n"), done.stderr


def test_nothing_is_written_into_the_home_folder(tmp_path):
    done = _run(_WATCHED, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "cache"), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.disable_socket
@pytest.mark.parametrize("wire", sorted(BUILDERS))
def test_every_wire_works_with_sockets_forbidden(wire):
    body = encoded(body_of(wire, [Step(sample(name)) for name in sorted(SAMPLES)]))
    assert Pipeline().run(body, WIRES[wire], Exchange("r")).tokens_saved > 0


def test_importing_the_package_or_the_middleware_loads_no_web_framework():
    heavy = ["fastapi", "starlette", "uvicorn", "aiohttp", "httpx", "httpx2", "click", "rich", "prometheus_client"]
    code = "import sys, headroom, headroom.integrations.asgi; headroom.integrations.asgi.HeadroomASGIMiddleware(None)\n"
    done = _run(code + f"print([name for name in {heavy!r} if name in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_importing_the_package_loads_no_settings_library():
    done = _run("import sys, headroom; print({'pydantic', 'pydantic_settings', 'asyncio'} & set(sys.modules))")
    assert done.stdout.strip() == "set()", done.stderr


def test_compress_is_a_function_however_it_was_imported():
    code = (
        "import headroom.compress, headroom; from headroom.compress import CompressResult; print(headroom.compress([]))"
    )
    assert _run(code).stdout.startswith("CompressResult(")
    assert compress([]).messages == []
