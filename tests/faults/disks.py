"""Disks that fill up or may only be read: small file systems in memory, mounted for one test (Linux, root or sudo)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

_AS_ROOT = ["sudo", "-n"] if os.getuid() else []
_BLOCK = b"x" * 4096


@dataclass
class Disk:
    """A file system of its own in a folder."""

    folder: Path

    def fill(self) -> None:
        """Leave no room at all."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while file.write(_BLOCK):
                pass

    def free(self) -> None:
        """Give back what `fill` took."""
        self._ballast.unlink()

    def protect(self) -> None:
        """Let nobody write, not even root; to be done before anybody does."""
        _mount("-o", "remount,ro", str(self.folder))

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def mounted(folder: Path, size: str = "2m") -> Iterator[Disk]:
    """Mount a disk of a size in a new folder; where that is not allowed, the test is skipped."""
    folder.mkdir()
    options = f"size={size},mode=0700,uid={os.getuid()},gid={os.getgid()}"
    try:
        _mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system takes root, or sudo without a password")
    try:
        yield Disk(folder)
    finally:
        subprocess.run([*_AS_ROOT, "umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run([*_AS_ROOT, "mount", *arguments], check=True, capture_output=True)
