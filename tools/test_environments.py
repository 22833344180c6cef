"""Run tests in environments of their own: frameworks and versions that cannot live together.

usage: test_environments.py [NAME...]

The environments are the rows of tests/environments.toml and of the `versions.toml` of each adapter under
integrations/. Each gets a virtual environment under .cache/environments, made once and made anew when its row or the
project's dependencies change.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = (ROOT / "tests" / "environments.toml", *sorted(ROOT.glob("integrations/*/versions.toml")))
CACHE = ROOT / ".cache" / "environments"


@dataclass(frozen=True)
class Environment:
    """One row: what is installed beside the project, which tests run there, and which folders mypy reads there."""

    name: str
    extras: str
    requirements: list[str]
    tests: list[str]
    typed: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where its virtual environment is."""
        return CACHE / self.name

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def stamp(self) -> str:
        """What it was made from."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = [project["optional-dependencies"][name] for name in self.extras.split(",") if name]
        made_from = [repr(self), repr(project["dependencies"]), repr(extras)]
        return hashlib.sha256("\n".join(made_from).encode()).hexdigest()

    def make(self) -> None:
        """Create the environment unless it is there and current."""
        stamp = self.folder / "stamp"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == self.stamp:
            return
        venv.create(self.folder, clear=True, with_pip=True)
        install = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        project = f".[{self.extras}]" if self.extras else "."
        subprocess.run([*install, "-e", project, *self.requirements], cwd=ROOT, check=True)
        stamp.write_text(self.stamp, encoding="utf-8")

    def run(self) -> bool:
        """Run its tests; say whether they passed."""
        print(f"== {self.name}: {' '.join(self.requirements)}", flush=True)
        self.make()
        typing = ["mypy", "--strict", "--cache-dir", str(self.folder / "mypy")]  # what is cached is of these packages
        commands = [["pytest", *self.tests]] + [[*typing, folder] for folder in self.typed]
        done = [subprocess.run([self.python, "-m", *command], cwd=ROOT, check=False) for command in commands]
        return not any(one.returncode for one in done)


def main(names: list[str]) -> int:
    """Run the named environments, or all; return 1 if tests failed, 2 for a name that is no row."""
    rows = [row for file in FILES for row in tomllib.loads(file.read_text(encoding="utf-8"))["environment"]]
    known = {row["name"]: Environment(**row) for row in rows}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no environment {', '.join(unknown)}; there are: {', '.join(known)}")
        return 2
    failed = [name for name in names or known if not known[name].run()]
    print(f"environments failed: {', '.join(failed)}" if failed else "environments: all passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
