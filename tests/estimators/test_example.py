"""The examples run: that of the folder, and those of the docstrings."""

import doctest
import runpy
from pathlib import Path

import pytest

from onelayer.estimators import linear, softmax_cv

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits_and_breast_cancer.py"


def test_example_runs_and_explains(capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(EXAMPLE))
    printed = capsys.readouterr().out
    assert names["model"].score(names["X_test"], names["y_test"]) > 0.94
    assert names["scaled"].score(names["C_test"], names["t_test"]) > 0.95
    for part in ("Digits", "Best of 20", "Breast cancer", "pipeline", "calibrat"):
        assert part in printed


def test_examples_of_the_docstrings() -> None:
    for module in (linear, softmax_cv):
        outcome = doctest.testmod(module)
        assert outcome.attempted >= 4
        assert outcome.failed == 0
