"""By what candidates can be chosen: against the metrics of their models and scikit-learn."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import balanced_accuracy_score

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.sweep import Fold, Sample, Task, cross_validation, score_named, sweep
from onelayer.training import ExampleWeights, TrainConfig

X, y = load_digits(return_X_y=True)
DATA = Dataset((X / 16).astype(np.float32), y)
TASK = Task(Sample(DATA, rows=np.arange(300)), Sample(DATA, rows=np.arange(300, 1700)))
CONFIGS = [TrainConfig(max_epochs=3, l2=l2, learning_rate=0.1) for l2 in (0.0, 0.1, 10.0)]
RESULTS = TASK.fit(CONFIGS)
CLASSIFIERS = [TASK.classifier(result) for result in RESULTS]
ROWS = np.r_[300:500, 900:1700]


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("neg_log_loss", lambda m: -m.log_loss),
        ("accuracy", lambda m: m.accuracy),
        ("balanced_accuracy", lambda m: m.balanced_accuracy),
        ("top_1_accuracy", lambda m: m.accuracy),
        ("top_3_accuracy", lambda m: m.top_k_accuracy(3)),
        ("top_9_accuracy", lambda m: m.top_k_accuracy(9)),
    ],
)
def test_a_score_is_the_metric_of_each_model(name: str, measured: Any) -> None:
    fold = Fold(ExampleWeights(), Sample(DATA), ROWS)
    expected = [measured(c.evaluate(X[ROWS] / 16, y[ROWS])) for c in CLASSIFIERS]
    found = score_named(name, 10)(fold, CLASSIFIERS)
    assert found.tolist() == pytest.approx(expected, rel=1e-12)
    assert len(set(expected)) > 1


def test_balanced_accuracy_takes_weights_into_account() -> None:
    weights = np.random.default_rng(0).random(len(X))
    weights[y == 4] = 0
    sample = Sample(DATA, weights)
    fold = Fold(ExampleWeights(), sample, sample.numbers())
    some = np.flatnonzero(y != 4)
    found = score_named("balanced_accuracy", 10)(fold, CLASSIFIERS)
    with pytest.warns(UserWarning, match="classes not in"):
        expected = [
            balanced_accuracy_score(y[some], c.predict(X[some] / 16), sample_weight=weights[some])
            for c in CLASSIFIERS
        ]
    assert found.tolist() == pytest.approx(expected, rel=1e-12)


def test_the_best_by_a_score_is_chosen() -> None:
    result = sweep(
        TASK, CONFIGS, score=score_named("top_3_accuracy", 10), score_name="top_3_accuracy"
    )
    scores = [c.mean_score for c in result.candidates]
    assert result.best_score == max(score for score in scores if score is not None)
    assert "with a top 3 accuracy of" in result.summary


@pytest.mark.parametrize("name", ["f1", "top_accuracy", "top_10_accuracy", "top_0_accuracy", ""])
def test_other_scores_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="score: "):
        score_named(name, 10)


def test_folds_and_scores_of_models_with_several_labels() -> None:
    """Plain folds, one after another; scores that need classes are refused."""
    Y = np.stack([y % 2, y > 4, y % 3 == 0], axis=1)
    task = Task(Sample(Dataset(X / 16, Y)))
    config = TrainConfig(model="multilabel", max_epochs=2, learning_rate=0.1)
    for name in ("neg_log_loss", "accuracy"):
        result = sweep(task, [config], 3, score=score_named(name, 3), score_name=name)
        held = np.arange(599)  # 1797 examples
        assert len(result.best.scores) == 3
        fold = cross_validation(task, 3)[0]
        np.testing.assert_array_equal(fold.rows, held)
        model = task.classifier(result.results[0][0])
        again = model.evaluate_labels(X[held] / 16, Y[held])
        expected = again.accuracy if name == "accuracy" else -again.log_loss
        assert result.best.scores[0] == pytest.approx(expected, rel=1e-9)
    for name in ("balanced_accuracy", "top_2_accuracy"):
        with pytest.raises(InputError, match="score: with several labels"):
            score_named(name, 3)(fold, [model])
