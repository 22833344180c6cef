"""Recordings that need no commands, for tests of what is done with them."""

import json

from headroom.demo.recordings import RECORDERS, Recording

TOOLS = {"search": "search_code", "packages": "list_packages", "program log": "get_logs", "source to edit": "read_file"}
ROWS = [{"name": f"part-{n}", "version": f"1.{n}.0", "files": 7 * n, "editable": False} for n in range(60)]


def _recording(name: str) -> Recording:
    text = json.dumps(ROWS, indent=2) if name == "packages" else f"{name} of “here”\n" * 9
    return Recording(f"the {name}", "this test", TOOLS.get(name, "bash"), {"what": name}, text)


MADE = {name: _recording(name) for name in RECORDERS}
