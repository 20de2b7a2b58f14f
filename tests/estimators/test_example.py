"""The examples run, and none of them shows what blows up: code, docstrings, documentation."""

import doctest
import math
import re
import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_digits

from onelayer.estimators import SoftmaxRegressionCV, linear, softmax_cv
from onelayer.estimators.base import LinearClassifier

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "examples" / "digits_and_breast_cancer.py"


def check_that_all_learnt(values: Iterable[Any]) -> int:
    """Check the training losses of estimators and of all candidates; return how many there are."""
    checked = 0
    for model in values:
        if not isinstance(model, LinearClassifier) or not hasattr(model, "classifier_"):
            continue
        losses = model.loss_curve_[-1:]  # none of a minimum
        if isinstance(model, SoftmaxRegressionCV):
            losses += model.results_["train_loss"].to_list()
            assert model.results_["mean_score"].null_count() == 0
        assert max(losses, default=0.0) < math.log(len(model.classes_))
        checked += 1
    return checked


def test_example_runs_and_explains(capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(EXAMPLE))
    printed = capsys.readouterr().out
    assert names["model"].score(names["X_test"], names["y_test"]) > 0.94
    assert names["scaled"].score(names["C_test"], names["t_test"]) > 0.95
    for part in ("Digits", "Best of 5", "Breast cancer", "pipeline", "calibrat"):
        assert part in printed
    assert check_that_all_learnt(names.values()) >= 3


@pytest.mark.parametrize("module", [linear, softmax_cv])
def test_examples_of_the_docstrings(module: Any) -> None:
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        if not test.examples:
            continue
        outcome = doctest.DocTestRunner().run(test, clear_globs=False)
        assert outcome.attempted >= 4
        assert outcome.failed == 0
        assert check_that_all_learnt(test.globs.values()) == 1


def test_examples_of_the_documentation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (PROJECT / "docs" / "estimators.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert check_that_all_learnt(names.values()) >= 3


@pytest.mark.filterwarnings("ignore:The best l2")
def test_grids_that_docstrings_name_do_not_diverge() -> None:
    """At the default learning rate, on features from -1 to 1."""
    X, y = load_digits(return_X_y=True)
    grids = re.findall(r"logspace\([^)]*\)", SoftmaxRegressionCV.__doc__ or "")
    assert grids
    for grid in grids:
        sweep = SoftmaxRegressionCV(l2=grid, cv=2, scale="minmax", max_epochs=20)
        assert check_that_all_learnt([sweep.fit(X, y)]) == 1
