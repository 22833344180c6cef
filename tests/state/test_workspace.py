"""The workspace: a folder and secrets that its owner alone may read, and that all processes share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headroom.errors import ConfigError
from headroom.state import Workspace

ROOT = Path(__file__).parents[2]

# Each says that it is ready, and asks for the secret only when all are.
RACER = """
import sys
from pathlib import Path
from headroom.state import Workspace
print("ready", flush=True)
sys.stdin.read(1)
print(Workspace(Path(sys.argv[1])).secret().hex())
"""


def test_a_workspace_and_its_secrets_are_for_the_owner_alone(tmp_path):
    before = os.umask(0)
    try:
        Workspace(tmp_path / "deep" / "workspace").secret()
    finally:
        os.umask(before)
    folder = tmp_path / "deep" / "workspace"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()} == {"marker.key": 0o600}


def test_a_secret_stays_the_same_and_differs_by_name_and_workspace(tmp_path):
    secret = Workspace(tmp_path / "one").secret()
    assert len(secret) == 32
    assert Workspace(tmp_path / "one").secret() == secret
    assert Workspace(tmp_path / "one").secret("other.key") != secret
    assert Workspace(tmp_path / "two").secret() != secret


def test_processes_that_start_together_get_one_secret(tmp_path):
    command = [sys.executable, "-c", RACER, str(tmp_path / "workspace")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(6)]
    assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 6
    for racer in racers:
        racer.stdin.write(".")
        racer.stdin.flush()
    answers = {racer.communicate()[0] for racer in racers}
    assert answers == {Workspace(tmp_path / "workspace").secret().hex() + "\n"}
    assert [one.name for one in (tmp_path / "workspace").iterdir()] == ["marker.key"]


def test_whoever_comes_second_to_the_secret_takes_the_first_one(tmp_path, monkeypatch):
    workspace, theirs = Workspace(tmp_path / "workspace"), b"t" * 32
    link = os.link

    def link_too_late(source, target):
        target.write_bytes(theirs)
        target.chmod(0o600)
        link(source, target)

    monkeypatch.setattr(os, "link", link_too_late)
    assert workspace.secret() == theirs
    assert [one.name for one in workspace.path.iterdir()] == ["marker.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused(tmp_path, mode):
    workspace = Workspace(tmp_path / "workspace")
    workspace.secret()
    (workspace.path / "marker.key").chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        workspace.secret()


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_secret_of_another_length_is_refused(tmp_path, content):
    workspace = Workspace(tmp_path / "workspace")
    workspace.secret()
    (workspace.path / "marker.key").write_bytes(content)
    with pytest.raises(ConfigError, match="remove it"):
        workspace.secret()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_workspace_that_others_may_write_to_is_refused(tmp_path, mode):
    folder = tmp_path / "workspace"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 700"):
        Workspace(folder)


def test_a_place_where_no_folder_can_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        Workspace(tmp_path / "file" / "workspace")
