"""The folder in which a deployment keeps what must outlive a process: first of all, its secrets."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from headroom.errors import ConfigError
from headroom.state.files import create_private_file, make_private_folder

SECRET_BYTES = 32
MARKER_KEY = "marker.key"
"""The secret with which markers are signed."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Workspace:
    """A folder for its owner alone; made if there is none. Raises `ConfigError` if it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            make_private_folder(path)
            mode = path.stat().st_mode
        except OSError as error:
            raise ConfigError(f"the workspace {path} cannot be made: {error.strerror}") from error
        if mode & _OTHERS_WRITE:
            raise ConfigError(f"others may write to the workspace {path}: chmod 700 it, or name another folder")

    def secret(self, name: str = MARKER_KEY) -> bytes:
        """Return the secret of that name, 32 random bytes: the same ones in every process and after every restart.

        Raise `ConfigError` if its file is damaged or others may read it.
        """
        path = self.path / name
        try:
            if not path.exists():
                _settle(path)
            return _checked(path)
        except OSError as error:
            raise ConfigError(f"the secret {path} cannot be read or made: {error.strerror}") from error


def _settle(path: Path) -> None:
    # A link appears whole or not at all, and only once: of several processes that start together, one makes the
    # secret and the others find it.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    create_private_file(draft, secrets.token_bytes(SECRET_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _checked(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise ConfigError(
                f"others may read the secret {path}: remove it, so that a new one is made, or chmod 600 it"
            )
        secret = file.read(SECRET_BYTES + 1)
    if len(secret) != SECRET_BYTES:
        raise ConfigError(f"the secret {path} has not {SECRET_BYTES} bytes: remove it, so that a new one is made")
    return secret
