"""Imports go one way through the layers, and what must list the same things does."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from onelayer.report.sections import BUILDERS
from onelayer.study import SECTION_KINDS

PROJECT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")


def contract() -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    found: dict[str, Any] = settings["tool"]["importlinter"]
    return found


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_imports_go_one_way() -> None:
    done = lint(PROJECT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 kept, 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("where", "line", "caught"),
    [
        ("study", "from onelayer.training import x", False),
        ("data", "from onelayer.model import x", True),
        ("training", "from onelayer.study import x", True),
        ("training", "from onelayer.inference import x", False),
        ("inference", "from onelayer.training import x", True),
        ("diagnosis", "from onelayer.report import x", True),
        ("workflow", "from onelayer.live import x", True),
        ("errors", "import onelayer.data", True),
    ],
)
def test_contract_catches_an_import_against_the_flow(
    tmp_path: Path, where: str, line: str, caught: bool
) -> None:
    """The contract of the project, on an empty package with the same layers and one import."""
    package = tmp_path / "onelayer"
    for layer in contract()["contracts"][0]["layers"]:
        (package / layer.partition(".")[2]).mkdir(parents=True)
        (package / layer.partition(".")[2] / "__init__.py").write_text("x = 0\n")
    (package / "__init__.py").touch()
    (package / where / "__init__.py").write_text(f"{line}\n")
    (tmp_path / "pyproject.toml").write_text(tomli_w.dumps({"tool": {"importlinter": contract()}}))
    done = lint(tmp_path)
    assert (done.returncode != 0) is caught, done.stdout + done.stderr
    assert ("0 kept, 1 broken" in done.stdout) is caught


def test_every_package_is_a_layer() -> None:
    found = {p.stem for p in (PROJECT / "src" / "onelayer").iterdir() if not p.name.startswith("_")}
    assert {f"onelayer.{name}" for name in found} - {"onelayer.py"} == {
        *contract()["contracts"][0]["layers"]
    }


def test_there_is_a_builder_for_every_kind_of_section() -> None:
    assert tuple(BUILDERS) == SECTION_KINDS
