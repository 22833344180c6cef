"""Real tool outputs, made at run time from what any machine has; nothing is shipped and nothing is fetched."""

from collections.abc import Callable

from headroom.demo.recordings import looking, working
from headroom.demo.recordings.recording import Recording

RECORDERS: dict[str, Callable[[], Recording]] = {
    "listing": looking.listing,
    "search": looking.search,
    "help page": looking.help_page,
    "numbered source": looking.numbered_source,
    "source to edit": looking.source_to_edit,
    "edited source": looking.edited_source,
    "packages": looking.packages,
    "difference": looking.difference,
    "version": looking.version,
    "test run": working.test_run,
    "program log": working.program_log,
    "install log": working.install_log,
    "crash": working.crash,
}
"""How each recording is made; where a command is missing, Python does its work and `source` says so."""


def make(name: str) -> Recording:
    """Make one recording; where not even Python can, it says why."""
    try:
        return RECORDERS[name]()
    except (OSError, ValueError) as error:
        return Recording(f"no {name}", "nothing", "bash", {"command": name}, str(error), is_error=True)


__all__ = ["RECORDERS", "Recording", "make"]
