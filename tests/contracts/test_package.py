"""What is shipped: the wheel, its extras, and adapters beside the core."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of this tree with one adapter more, as a new one would be added."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(ROOT / "headroom", copy / "headroom", ignore=shutil.ignore_patterns("__pycache__"))
    adapter = copy / "integrations" / "headroom_probe"
    (adapter / "tests").mkdir(parents=True)
    (adapter / "__init__.py").write_text("ANSWER = 42\n")
    (adapter / "README.md").write_text("An adapter.\n")
    (adapter / "tests" / "test_probe.py").write_text("")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(copy / "dist")]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (built,) = (copy / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_the_adapters_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"headroom", "headroom_probe"}
    assert {"headroom/py.typed", "headroom/demo/provider/app.py", "headroom_probe/__init__.py"} <= set(names)
    assert not [name for name in names if "/tests/" in name]
    assert wheel.stat().st_size < 1_000_000


def test_package_and_adapters_import_from_the_wheel(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = "import headroom, headroom_probe; print(headroom.__file__, headroom_probe.ANSWER, headroom.compress([]).messages)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "headroom" / "__init__.py"), "42", "[]"]


def test_every_extra_is_in_all_and_the_core_is_small():
    extras = PROJECT["optional-dependencies"]
    joined = {name for one in extras["all"] for name in one.removeprefix("headroom[").removesuffix("]").split(",")}
    assert joined == set(extras) - {"all", "dev"}
    assert len(PROJECT["dependencies"]) <= 6
    heavy = ("litellm", "torch", "transformers", "httpx", "fastapi", "starlette", "aiohttp")
    assert not [name for name in PROJECT["dependencies"] if name.startswith(heavy)]


def test_the_version_is_one():
    import headroom

    assert headroom.__version__ == PROJECT["version"]


def test_the_licence_is_apache_2():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
