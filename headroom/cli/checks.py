"""What `headroom doctor` looks at on this machine: Python, extras, other distributions, workspace, store."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path
from re import compile as compiled

from headroom import __version__
from headroom.errors import ConfigError, StoreError
from headroom.proxy.config import ProxyConfig
from headroom.state import Workspace, open_store
from headroom.state.workspace import MARKER_KEY

OK, NOTE, FAILURE = "ok", "note", "failure"

_OLDEST = (3, 11)
_PACKAGE = "headroom"
_EXTRAS = {
    "proxy": "the proxy and most commands do not run",
    "code": "source code is shortened without a grammar: only where it is numbered or repeated",
    "redis": "several machines cannot share a store",
}
"""What is off without an extra."""

_REQUIREMENT = compiled(r"^([A-Za-z0-9._-]++).*extra == '([a-z]+)'$")


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, whether it is `ok`, worth a `note` or a `failure`, and what was found."""

    name: str
    status: str
    found: str


def checks(config: ProxyConfig) -> Iterator[Check]:
    """Yield what was found on this machine; a failure is something that has to be put right."""
    is_new = sys.version_info >= _OLDEST
    yield Check("python", OK if is_new else FAILURE, f"{platform.python_version()}, {sys.executable}")
    yield Check("headroom", OK, f"{__version__}, {Path(__file__).parents[1]}")
    yield name_clash(packages_distributions().get(_PACKAGE, []))
    for extra, off in _EXTRAS.items():
        yield extra_of(extra, off, is_installed)
    yield workspace(config)
    yield store(config)


def name_clash(distributions: list[str]) -> Check:
    """Tell other distributions that bring a package of our name: whichever came last has overwritten the other."""
    others = sorted({name for name in distributions if name.lower() != _PACKAGE})
    if not others:
        return Check("package name", OK, "no other distribution brings a package 'headroom'")
    names = ", ".join(others)
    advice = f"pip uninstall {' '.join(others)}, then pip install --force-reinstall headroom"
    return Check("package name", FAILURE, f"{names} brings a package 'headroom', too: {advice}")


def extra_of(extra: str, off: str, is_there: Callable[[str], bool]) -> Check:
    """Tell what of an extra is missing, and what is off without it."""
    found = (_REQUIREMENT.match(line.replace('"', "'")) for line in requires(_PACKAGE) or ())
    names = [match[1] for match in found if match and match[2] == extra]
    missing = [name for name in names if not is_there(name)]
    if not missing:
        return Check(f"extra {extra}", OK, f"{len(names)} packages")
    return Check(f"extra {extra}", NOTE, f"without {', '.join(missing)} {off}: pip install '{_PACKAGE}[{extra}]'")


def is_installed(name: str) -> bool:
    """Say whether a distribution is installed."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def workspace(config: ProxyConfig) -> Check:
    """Tell whether the workspace can be written, and the key of the handles read by its owner alone."""
    path = config.workspace_dir.expanduser()
    try:
        folder = Workspace(path)
        if config.marker_key is None:
            folder.secret()
    except ConfigError as error:
        return Check("workspace", FAILURE, str(error))
    if not os.access(path, os.W_OK):
        return Check("workspace", FAILURE, f"nothing can be written to {path}")
    key = "its key is that of the configuration" if config.marker_key else f"{MARKER_KEY} is its owner's alone"
    return Check("workspace", OK, f"{path}, {key}")


def store(config: ProxyConfig) -> Check:
    """Tell whether the store answers, and what it holds."""
    try:
        opened = open_store(config.store, max_bytes=config.store_max_bytes, idle_seconds=config.store_idle_seconds)
    except (ConfigError, StoreError) as error:
        return Check("store", FAILURE, str(error))
    try:
        held = opened.stats()
    except StoreError as error:
        return Check("store", FAILURE, str(error))
    finally:
        opened.close()
    return Check("store", OK, f"{held.backend}, {held.entries:,} entries in {held.bytes:,} bytes")
