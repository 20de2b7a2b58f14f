"""A sweep over data sets: scores, choice, and an honest record of the final model."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold, StratifiedKFold

from onelayer.data import Dataset
from onelayer.errors import InputError
from onelayer.sweep import Fold, Grid, Sample, Task, cross_validation, log_scores, sweep
from onelayer.training import EarlyStopping, ExampleWeights, TrainConfig, train

X, y = load_digits(return_X_y=True)
names = np.array(["zero", "one", "two"])
X, y = (X[y < 3] / 16).astype(np.float32), names[y[y < 3]]
TRAIN, OTHER = Dataset(X[:300], y[:300]), Dataset(X[300:], y[300:])
OPTIONS: dict[str, Any] = {"max_epochs": 10, "batch_size": 32, "seed": 7, "learning_rate": 0.1}


def configs(*penalties: float, **options: Any) -> list[TrainConfig]:
    return [TrainConfig(**OPTIONS | options | {"l2": l2}) for l2 in penalties]


def test_scores_are_those_of_models_trained_alone() -> None:
    result = sweep(Task(Sample(TRAIN), Sample(OTHER)), configs(0.0, 0.01, 1.0))
    for config, candidate, (trained,) in zip(
        result.configs, result.candidates, result.results, strict=True
    ):
        alone = train(TRAIN, OTHER, config)
        np.testing.assert_array_equal(trained.weights, alone.weights)
        # A pass over all training examples for each, which nobody reads.
        assert all(np.isnan(each.train_accuracy) for each in trained.history.evaluations)
        assert trained.final.train_accuracy == alone.final.train_accuracy
        model = Task(Sample(TRAIN), Sample(OTHER)).classifier(alone)
        expected = -model.evaluate(OTHER.X, OTHER.y).log_loss
        assert candidate.mean_score == pytest.approx(expected, rel=1e-12)
        assert candidate.standard_error is None
    order = np.argsort([-c.scores[0] for c in result.candidates])
    assert [result.candidates[i].rank for i in order] == [1, 2, 3]
    assert result.best is result.candidates[order[0]]
    assert result.best_score == result.best.mean_score
    assert "on the validation examples" in result.summary
    # The candidate has been trained on all of the training set: it is the final model.
    assert result.final is result.results[result.best_index][0]
    assert result.classifier.record["n_train"] == 300
    assert result.classifier.record["n_validation"] == OTHER.n_examples


def test_folds_train_the_best_anew_on_all_examples() -> None:
    result = sweep(Task(Sample(TRAIN)), configs(0.0, 10.0), 4)
    assert [len(c.scores) for c in result.candidates] == [4, 4]
    assert result.best_index == 0
    alone = train(TRAIN, None, result.configs[0])
    np.testing.assert_array_equal(result.final.weights, alone.weights)
    assert "on 4 folds" in result.summary
    training, config = result.classifier.record, result.classifier.record["config"]
    assert (training["n_train"], training["n_validation"]) == (300, 0)
    assert (config["seed"], config["dtype"], config["l2"]) == (7, "float32", 0.0)
    assert result.classifier.classes == TRAIN.classes


@pytest.mark.parametrize("weighs_validation", [True, False])
def test_classes_count_in_training_and_scores_never(weighs_validation: bool) -> None:
    factors = np.array([1.0, 2.0, 5.0])
    task = Task(Sample(TRAIN), Sample(OTHER), factors, weighs_validation)
    weights = task.example_weights()
    np.testing.assert_array_equal(weights.train, factors[TRAIN.targets])
    watched = factors[OTHER.targets] if weighs_validation else None
    np.testing.assert_array_equal(weights.validation, watched)
    for fold in cross_validation(task, 3):
        held = np.zeros(TRAIN.n_examples)
        held[fold.rows] = factors[TRAIN.targets][fold.rows] if weighs_validation else 1
        np.testing.assert_array_equal(fold.weights.validation, held)
        np.testing.assert_array_equal(
            fold.weights.train, np.where(held > 0, 0, factors[TRAIN.targets])
        )
        assert fold.sample_weight is None


def test_record_tells_of_the_final_training() -> None:
    """With early stopping the final training has nothing to watch, and runs for fewer epochs."""
    stops = configs(0.0, 1.0, early_stopping=EarlyStopping(patience=3), max_epochs=60)
    result = sweep(Task(Sample(TRAIN)), stops, 3)
    assert result.configs[0].early_stopping == EarlyStopping(patience=3)
    assert result.classifier.record["config"]["early_stopping"] is None
    assert result.classifier.record["config"]["max_epochs"] == result.final.config.max_epochs <= 60
    steps = result.final.config.max_epochs * result.final.history.batches_per_epoch
    assert result.classifier.record["steps"] == steps


def test_examples_held_out_are_trained_on_at_the_end() -> None:
    kept, held = np.arange(240), np.arange(240, 300)
    task = Task(Sample(TRAIN, rows=kept), Sample(TRAIN, rows=held))
    result = sweep(task, configs(0.0, 1.0))
    alone = train(TRAIN.first(240), None, result.configs[0])
    probabilities = task.classifier(alone).predict_proba(TRAIN.X[240:])
    expected = -log_loss(TRAIN.targets[240:], probabilities)
    assert result.candidates[0].mean_score == pytest.approx(expected, rel=1e-6)
    assert result.classifier.record["n_train"] == 300
    np.testing.assert_array_equal(
        result.final.weights, train(TRAIN, None, result.configs[result.best_index]).weights
    )
    assert "the examples held out" in result.summary


def test_bits_of_a_score_depend_on_its_model_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, OTHER.n_examples)
    task = Task(Sample(TRAIN))
    fold = Fold(ExampleWeights(), Sample(OTHER, weights), np.arange(1, OTHER.n_examples))
    models = [task.classifier(train(TRAIN, None, c)) for c in configs(0.0, 0.01, 0.1, 1.0)]
    together = log_scores(fold, models)
    alone = [log_scores(fold, [model])[0] for model in models]
    assert together.tolist() == alone
    X, targets = OTHER.X[1:], OTHER.targets[1:]
    expected = [-log_loss(targets, m.predict_proba(X), sample_weight=weights[1:]) for m in models]
    np.testing.assert_allclose(together, expected, rtol=1e-12)
    monkeypatch.setattr("onelayer.sweep.scores._ROWS_BY_VALUES", 64 * 7)
    monkeypatch.setattr("onelayer.sweep.scores._VALUES_AT_ONCE", 3 * OTHER.n_examples)
    assert log_scores(fold, models).tolist() == alone


def test_logistic_regression_can_be_swept() -> None:
    two = TRAIN.subset_of_classes(["two", "one"])
    result = sweep(Task(Sample(two)), configs(0.0, 100.0, model="logistic", learning_rate=0.01), 3)
    assert result.best_index == 0
    assert result.classifier.classes == ("two", "one")
    assert result.classifier.evaluate(two.X, two.y).accuracy > 0.8


def test_folds_are_those_of_the_splitter_over_the_examples_that_take_part() -> None:
    rows = np.arange(0, 300, 2)
    folds = cross_validation(Task(Sample(TRAIN, rows=rows)), 3)
    splits = StratifiedKFold(3).split(rows, TRAIN.targets[rows])
    for fold, (train_rows, held) in zip(folds, splits, strict=True):
        np.testing.assert_array_equal(fold.rows, rows[held])
        for weights, part in ((fold.weights.train, train_rows), (fold.weights.validation, held)):
            np.testing.assert_array_equal(np.flatnonzero(np.asarray(weights)), rows[part])


def test_groups_are_those_of_the_examples_that_take_part() -> None:
    rows, groups = np.arange(0, 300, 2), np.arange(300) % 5
    for given in (groups, groups.tolist()):
        folds = cross_validation(
            Task(Sample(TRAIN, rows=rows)), GroupKFold(2), None, {"groups": given}
        )
        for fold, (_, held) in zip(
            folds, GroupKFold(2).split(rows, groups=groups[rows]), strict=True
        ):
            np.testing.assert_array_equal(fold.rows, rows[held])
    with pytest.raises(InputError, match="cv: GroupKFold divides groups of examples"):
        cross_validation(Task(Sample(TRAIN)), GroupKFold(2))


def test_equal_scores_rank_by_penalty_and_then_by_step() -> None:
    pairs = Grid.of([0.0, 1e-30], [0.2, 0.1, 0.2]).combinations()
    assert pairs == [(0.0, 0.1), (0.0, 0.2), (1e-30, 0.1), (1e-30, 0.2)]
    tried = [TrainConfig(**OPTIONS | {"l2": l2, "learning_rate": rate}) for l2, rate in pairs]

    def equal(_fold: Fold, models: Any) -> Any:
        return np.zeros(len(models))

    result = sweep(Task(Sample(TRAIN), Sample(OTHER)), tried, score=equal, score_name="luck")
    assert [c.rank for c in result.candidates] == [3, 4, 1, 2]
    assert "luck of 0" in result.summary


def test_table_has_a_row_a_candidate() -> None:
    result = sweep(Task(Sample(TRAIN)), configs(0.0, 0.1) + configs(9000.0), 3)
    table = result.table()
    assert table.columns == ["l2", "learning_rate", "mean_score", "std_score", "standard_error",
                             "scores", "train_loss", "epochs", "stop_reason", "rank"]  # fmt: skip
    assert table["l2"].to_list() == [0, 0.1, 9000]
    assert table["rank"].to_list()[2] == 3
    scores = np.array(table["scores"].to_list()[:2])
    np.testing.assert_allclose(table["mean_score"][:2], scores.mean(axis=1))
    np.testing.assert_allclose(table["std_score"][:2], scores.std(axis=1, ddof=1))
    np.testing.assert_allclose(table["standard_error"] * 3**0.5, table["std_score"])
    lost = table.filter(pl.col("l2") == 9000).to_dicts()[0]
    assert (lost["mean_score"], lost["stop_reason"]) == (None, "diverged")
    assert "1 diverged." in result.summary


@pytest.mark.parametrize("folds", [None, 3])
def test_a_candidate_whose_loss_blew_up_diverged(folds: int | None) -> None:
    """Steps that are far too large throw the weights to and fro, and never overflow."""
    tried = configs(0.0, learning_rate=1e9) + configs(0.0)
    mixed = Dataset(TRAIN.X, np.roll(TRAIN.y, 1))  # which no plane separates
    result = sweep(Task(Sample(mixed), None if folds else Sample(OTHER)), tried, folds)
    lost, kept = result.candidates
    assert np.isfinite(result.results[0][0].train_loss)
    assert (lost.mean_score, lost.stop_reason, lost.rank) == (None, "diverged", 2)
    assert kept.stop_reason == "max_epochs"
    assert "1 diverged." in result.summary


def test_sweep_needs_something_to_score_on() -> None:
    with pytest.raises(InputError, match="give validation examples, or how many folds"):
        sweep(Task(Sample(TRAIN)), configs(0.0))


def test_examples_of_weight_zero_take_no_part() -> None:
    weights = np.ones(300)
    weights[::3] = 0
    sample = Sample(TRAIN, weights)
    assert sample.n == 200
    assert not np.isin(np.arange(0, 300, 3), sample.numbers()).any()
    assert replace(sample, rows=np.arange(1, 3)).n == 2


def test_two_labels_are_no_two_classes() -> None:
    empty = Grid.of(None, 0.1)
    assert empty.on(50, 2, "multilabel").l2 == empty.on(50, 3, "softmax").l2
    assert empty.on(50, 2, "softmax").l2 == tuple(2 * l2 for l2 in empty.on(50, 3, "softmax").l2)
