"""The Python code of the documents and examples runs where only what a user installs is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
EXAMPLES = sorted((PROJECT / "examples").glob("*.py"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PROGRAM = """
import json, sys
from importlib.machinery import PathFinder

name, blocks, absent = json.load(sys.stdin)
find = PathFinder.find_spec
PathFinder.find_spec = staticmethod(
    lambda module, *more: None if module.partition(".")[0] in absent else find(module, *more)
)
variables = {"__name__": "__main__"}
for line, code in blocks:
    exec(compile("\\n" * line + code, name, "exec"), variables)
"""


def documents() -> list[Path]:
    found = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
    return [path for path in found if BLOCK.search(path.read_text("utf-8"))]


def blocks(path: Path) -> list[tuple[int, str]]:
    """Return the blocks of Python code, each with the number of lines before it."""
    text = path.read_text("utf-8")
    return [(text.count("\n", 0, m.start(1)), m.group(1)) for m in BLOCK.finditer(text)]


def distributions_of_a_user() -> set[str]:
    """Return what `pip install 'onelayer[study]'` brings, by the names of distributions."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    waiting = [Requirement(line) for line in project["dependencies"] + extras.get("study", [])]
    found: set[str] = {canonicalize_name(project["name"])}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found:
            continue
        try:
            lines = requires(name) or []
        except PackageNotFoundError:
            continue  # for another Python, or another system
        found.add(name)
        needed = map(Requirement, lines)
        waiting += [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def absent_modules() -> list[str]:
    """Return the modules that are installed here and that a user does not get."""
    there = distributions_of_a_user()
    return [
        module
        for module, owners in packages_distributions().items()
        if there.isdisjoint(map(canonicalize_name, owners))
    ]


def run(name: str, code: list[tuple[int, str]], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        input=json.dumps([name, code, absent_modules()]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_code_of_a_document_runs(document: Path, tmp_path: Path) -> None:
    """From top to bottom: a block may use what those before it have made."""
    done = run(document.name, blocks(document), tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_runs(example: Path, tmp_path: Path) -> None:
    done = run(example.name, [(0, example.read_text("utf-8"))], tmp_path)
    assert done.returncode == 0, done.stderr


def test_documents_have_code() -> None:
    assert {"README.md", "estimators.md", "python.md", "large-data.md", "probes.md"} <= {
        path.name for path in documents()
    }
    assert EXAMPLES


def anchors(text: str) -> set[str]:
    """Return the names by which a document's headings are linked."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path, text: str) -> list[str]:
    """Return the links to what is not there."""
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path) if path else document
        there = target.exists()
        if there and anchor:
            there = anchor in anchors(target.read_text("utf-8"))
        if not there:
            broken.append(link)
    return broken


def test_links_lead_somewhere() -> None:
    found = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    for document in found:
        assert broken_links(document, document.read_text("utf-8")) == [], document
    assert len(found) > 40
    wrong = "[a](no.md) [b](docs/l2.md#no) [c](#start) [d](docs/l2.md)"
    assert broken_links(PROJECT / "README.md", wrong) == ["no.md", "docs/l2.md#no"]


@pytest.mark.parametrize("module", ["pandas", "pytest"])
def test_what_a_user_does_not_have_is_absent(module: str, tmp_path: Path) -> None:
    """Without this the tests above could not fail."""
    done = run("a document", [(0, f"import numpy, sklearn, polars\nimport {module}")], tmp_path)
    assert done.returncode == 1
    assert f"No module named '{module}'" in done.stderr
    assert 'File "a document", line 2' in done.stderr
