"""What every adapter package comes with: found by its folder, so that a new one is held to it too."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path for path in (ROOT / "integrations").glob("headroom_*") if (path / "__init__.py").exists())
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

every_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)


def framework_of(package):
    return package.name.removeprefix("headroom_").replace("_", "-")


def imported_by(package):
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def test_all_adapters_are_there():
    frameworks = {"agno", "langchain", "litellm", "mcp", "openai-agents", "pydantic-ai", "strands"}
    assert {framework_of(package) for package in PACKAGES} >= frameworks


@every_package
def test_it_has_an_extra_that_is_in_all(package):
    framework = framework_of(package)
    assert framework in EXTRAS
    assert framework in re.split(r"[\[\],]", EXTRAS["all"][0])


@every_package
def test_it_has_a_page_that_can_be_found_and_says_what_to_install(package):
    page = ROOT / "docs" / "integrations" / f"{framework_of(package)}.md"
    assert f"integrations/{page.name}" in NAVIGATION
    for document in (page, package / "README.md"):
        assert f"headroom[{framework_of(package)}]" in document.read_text(encoding="utf-8"), document


@every_package
def test_it_has_a_short_example_and_tests_of_its_own(package):
    example = (package / "example.py").read_text(encoding="utf-8")
    assert len(example.splitlines()) <= 40
    tests = "".join(file.read_text(encoding="utf-8") for file in (package / "tests").rglob("*.py"))
    assert "example" in tests


@every_package
def test_it_is_tested_with_its_oldest_and_its_newest_framework(package):
    rows = tomllib.loads((package / "versions.toml").read_text(encoding="utf-8"))["environment"]
    assert len(rows) >= 2
    folder = f"integrations/{package.name}"
    assert any(folder in row.get("typed", ()) for row in rows)
    for row in rows:
        assert framework_of(package) in row["extras"].split(",")
        assert any(argument.startswith(folder) for argument in row["tests"])
        assert any("==" in requirement for requirement in row["requirements"])


@every_package
def test_it_imports_no_other_adapter(package):
    others = {other.name for other in PACKAGES if other != package}
    assert not others & {name.partition(".")[0] for name in imported_by(package)}


def test_the_npm_package_has_a_page_too():
    assert "integrations/vercel-ai-sdk.md" in NAVIGATION
    assert (ROOT / "docs" / "integrations" / "vercel-ai-sdk.md").exists()
    assert (ROOT / "integrations" / "vercel-ai-sdk" / "README.md").exists()
