"""Real distributions that offer plug-ins, installed in a folder: a module, and metadata with entry points."""

from __future__ import annotations

from pathlib import Path

EXTENSION = '''
"""A distribution that adds a route to the proxy, counts its requests and answers under a name."""

from headroom.proxy.extensions import register_handler, register_interceptor
from headroom.proxy.handlers.dummy import DummyHandler
from headroom.proxy.interceptors.base import BaseInterceptor


class Count:
    seen = 0

    def on_pipeline_event(self, event):
        Count.seen += event.stage == "response_received"


class Stamp(BaseInterceptor):
    def intercept(self, payload):
        return {**payload, "stamped": True}


def install(app, config):
    @app.get("/plugged/count")
    def count():
        return {"seen": Count.seen, "mode": config.mode}

    register_handler("plugged", DummyHandler)
    register_interceptor(Stamp())


def broken(app, config):
    raise LookupError("no licence")


nothing = 5
'''


def installed(folder: Path, name: str, code: str = EXTENSION, **points: str) -> Path:
    """Install a distribution of one module; `points` are rows of its entry points: group's last word and name, value."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    groups: dict[str, list[str]] = {"pipeline": [], "proxy": []}
    for point, value in points.items():
        kind, _, called = point.partition("_")
        groups[kind].append(f"{called} = {name}:{value}" if value else f"{called} = {name}")
    text = "".join(f"[headroom.{kind}_extension]\n" + "\n".join(rows) + "\n" for kind, rows in groups.items())
    (info / "entry_points.txt").write_text(text)
    return folder
