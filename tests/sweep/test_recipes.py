"""Recipes of linear evaluation are the published protocols; figures are by a loop in PyTorch.

`benchmarks/pytorch_heads.py` writes them.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from onelayer import SoftmaxRegressionCV
from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.study import read_study_file, resolve
from onelayer.sweep import dinov2_heads, dinov2_ranges, lbfgs_penalties
from onelayer.training import TrainConfig, TrainResult, train_many

FIGURES: dict[str, Any] = json.loads((Path(__file__).parent / "pytorch_heads.json").read_text())
SIZES: dict[str, Any] = FIGURES["sizes"]
N = SIZES["train"]


@cache
def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    y = rng.integers(0, SIZES["classes"], N + SIZES["validation"])
    centres = rng.normal(size=(SIZES["classes"], 5 * SIZES["width"]))
    X = centres[y] + 2.5 * rng.normal(size=(len(y), 5 * SIZES["width"]))
    return X.astype(np.float16), y


def heads(**options: Any) -> list[TrainConfig]:
    given = {"batch_size": SIZES["batch_size"], "max_steps": SIZES["steps"]} | options
    return dinov2_heads(dinov2_ranges(SIZES["width"]), **given)


@cache
def results() -> list[TrainResult]:
    X, y = problem()
    classes = range(SIZES["classes"])
    return train_many(Dataset(X[:N], y[:N], classes), Dataset(X[N:], y[N:], classes), heads())


def pairs() -> Iterator[tuple[TrainResult, dict[str, Any]]]:
    yield from zip(results(), FIGURES["heads"], strict=True)


def loss_of(result: TrainResult) -> float:
    assert result.final.val_loss is not None
    return result.final.val_loss


def accuracy_of(result: TrainResult) -> float:
    assert result.final.val_accuracy is not None
    return result.final.val_accuracy


def test_the_problem_is_that_of_the_figures() -> None:
    assert float(problem()[0].sum(dtype=np.float64)) == SIZES["sum"]


def test_all_heads_share_a_pass() -> None:
    assert len(heads()) == 52
    assert len({config.shared for config in heads()}) == 1


def test_losses_are_those_of_pytorch() -> None:
    """Within 8 roundings of float32, after a hundred steps as after the first."""
    within: dict[str, Any] = {"rtol": 8 * np.finfo(np.float32).eps, "atol": 0}
    for result, head in pairs():
        losses = result.history.train_loss
        assert len(losses) == SIZES["steps"]
        about = f"{result.config.features}, {result.config.learning_rate:g}"
        np.testing.assert_allclose(
            losses[:: SIZES["every"]], head["losses"], **within, err_msg=about
        )
        np.testing.assert_allclose(loss_of(result), head["val_loss"], **within, err_msg=about)


def test_the_best_head_is_that_of_pytorch() -> None:
    right = [head["val_right"] for head in FIGURES["heads"]]
    losses = [head["val_loss"] for head in FIGURES["heads"]]
    accuracies = [accuracy_of(result) for result in results()]
    np.testing.assert_allclose(accuracies, np.array(right) / SIZES["validation"], rtol=1e-12)
    assert np.argmax(accuracies) == np.argmax(right)
    assert np.argmin([loss_of(result) for result in results()]) == np.argmin(losses)
    assert sorted(right)[-1] > sorted(right)[-2], "the figures have one best head"


def test_rates_are_in_proportion_to_the_batch() -> None:
    whole, half = heads(batch_size=256), heads(batch_size=128)
    assert [config.learning_rate for config in whole[:3]] == [1e-5, 2e-5, 5e-5]
    assert whole[12].learning_rate == 0.1
    for one, other in zip(whole, half, strict=True):
        assert one.learning_rate == 2 * other.learning_rate


def test_the_example_study_has_these_heads() -> None:
    example = Path(__file__).parents[2] / "examples" / "linear_evaluation.toml"
    study = resolve(*read_study_file(str(example)))
    assert [run.config for run in study.runs] == dinov2_heads(dinov2_ranges(8), max_steps=1250)


def test_the_published_length_and_batch_are_the_defaults() -> None:
    (first, *_) = dinov2_heads([(0, 8)])
    assert (first.batch_size, first.max_steps) == (128, 12_500)
    assert first.total_steps(batches_per_epoch=1) == 12_500


def test_what_is_no_size_is_refused() -> None:
    for width in (0, 3.5):
        with pytest.raises(InputError, match=f"width: {width} was given"):
            dinov2_ranges(width)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="n: 0 was given"):
        lbfgs_penalties(n=0, n_classes=4)


def test_penalties_are_scikit_learn_s_values_of_c() -> None:
    """For classes more than two; the minimum of one of them is scikit-learn's own."""
    X, y = problem()
    penalties = lbfgs_penalties(len(X), SIZES["classes"])
    assert len(penalties) == 45
    assert penalties[0] == pytest.approx(1 / (2 * 1e5 * len(X)), rel=1e-12)
    assert penalties[-1] == pytest.approx(1 / (2 * 1e-6 * len(X)), rel=1e-12)
    model = SoftmaxRegressionCV(l2=penalties[28:29], cv=None, tolerance=1e-9).fit(X, y)
    C = 1 / (2 * penalties[28] * len(X))
    theirs = LogisticRegression(C=C, tol=1e-8, max_iter=10_000).fit(X.astype(np.float64), y)
    np.testing.assert_allclose(
        model.predict_proba(X), theirs.predict_proba(X.astype(np.float64)), atol=2e-5
    )


def test_a_tenth_chooses_c_and_the_last_training_is_on_all() -> None:
    X, y = problem()
    penalties = lbfgs_penalties(N, SIZES["classes"])
    model = SoftmaxRegressionCV(l2=penalties, cv=None, validation_fraction=0.1).fit(X[:N], y[:N])
    assert len(model.results_) == 45
    chosen = SoftmaxRegressionCV(l2=[model.best_params_["l2"]], cv=2).fit(X[:N], y[:N])
    np.testing.assert_array_equal(model.coef_, chosen.coef_)  # by two folds, then on all
