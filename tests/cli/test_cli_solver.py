"""What the terminal says of minima, and of runs that end before them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import call

STUDY = """
name = "few"
[data]
source = "digits"
train = 300
validation = 100
[[runs]]
name = "short"
max_epochs = {epochs}
learning_rate = 0.2
l2 = 0.01
[[runs]]
name = "exact"
solver = "optimum"
l2 = 0.01
"""


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(("epochs", "far"), [(1, True), (200, False)])
def test_a_study_names_the_runs_that_have_not_converged(
    epochs: int, far: bool, tmp_path: Path
) -> None:
    study = tmp_path / "few.toml"
    study.write_text(STUDY.format(epochs=epochs))
    done = call("study", study, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert ("Ended before they had converged: “gradient descent”." in done.err) is far
    runs = json.loads((tmp_path / "out" / "results.json").read_text())["runs"]
    assert {run["name"]: run["convergence"] and run["convergence"]["reached"] for run in runs} == {
        "short": not far, "exact": None
    }  # fmt: skip
    assert "exact minimum: found the minimum after" in done.err
