"""Listening on a Unix socket: for programs of one user on one machine, without a port."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing, suppress
from pathlib import Path

from headroom.errors import ConfigError


def unix_listener(path: Path, backlog: int) -> socket.socket:
    """Return a socket that listens at the path, for this user alone.

    A socket file that a killed process has left is replaced. Raises ConfigError if the path cannot be had, or if
    somebody listens there.
    """
    _clear(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # from its first moment on, nobody else may connect
    try:
        bound.bind(str(path))
    except OSError as error:
        bound.close()
        raise ConfigError(f"cannot listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    bound.listen(backlog)
    return bound


def _clear(path: Path) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise ConfigError(f"cannot listen on {path}: there is a file that is no socket")
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as caller:
            if caller.connect_ex(str(path)) == 0:
                raise ConfigError(f"cannot listen on {path}: somebody listens there")
        path.unlink()
