"""`--class-weight`: how much classes count in training, and what says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli_helpers import call
from sklearn.exceptions import ConvergenceWarning

from onelayer import LogisticRegression, SoftmaxRegression, SoftmaxRegressionCV
from onelayer.errors import InputError
from onelayer.inference import Classifier
from onelayer.training import RunRecord

QUICK = ("--max-epochs", "5", "--batch-size", "16", "--dtype", "float64")
SAME: dict[str, Any] = {
    "max_epochs": 5, "batch_size": 16, "dtype": "float64", "scale": "standard",
}  # fmt: skip
BY_HAND = ("--class-weight", "a=b=3", "--class-weight", "c=0.5")
FACTORS = {"a=b": 3, "c": 0.5}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Give 30 examples of one class, whose name has a sign in it, and 120 of another."""
    rng = np.random.default_rng(0)
    y = np.arange(150) % 5 == 0
    X = rng.normal(size=(150, 3)) + np.outer(y, [1, -1, 0])
    frame = pl.DataFrame({f"x{i}": X[:, i] for i in range(3)})
    path = tmp_path / "uneven.csv"
    frame.with_columns(label=pl.Series(np.where(y, "a=b", "c"))).write_csv(path)
    return path


def values(table: Path) -> tuple[Any, Any]:
    frame = pl.read_csv(table)
    return frame.drop("label").to_numpy(), frame["label"].to_numpy()


@pytest.mark.parametrize(
    ("options", "class_weight", "factors"),
    [
        (("--class-weight", "balanced"), "balanced", [150 / 60, 150 / 240]),
        (BY_HAND, FACTORS, [3, 0.5]),
    ],
)
@pytest.mark.parametrize("kind", ["softmax", "logistic"])
def test_fit_weighs_as_the_estimator_does(
    kind: str, options: tuple[str, ...], class_weight: Any, factors: list[float], table: Path
) -> None:
    model, (X, y) = table.parent / "m.safetensors", values(table)
    how = (*options, *QUICK, "--model", kind, "--learning-rate", "0.1", "--validation", "0")
    done = call("fit", table, "--out", model, *how)
    assert done.code == 0, done.err
    Estimator: Any = {"softmax": SoftmaxRegression, "logistic": LogisticRegression}[kind]
    expected = Estimator(class_weight=class_weight, **SAME).fit(X, y)
    classifier = Classifier.load(model)
    order = slice(None, None, -1 if kind == "logistic" else 1)
    found = classifier.predict_proba(X)[:, order]
    np.testing.assert_allclose(found, expected.predict_proba(X), rtol=1e-9)
    assert classifier.record["class_weights"] == pytest.approx(factors[order])
    assert np.abs(found - Estimator(**SAME).fit(X, y).predict_proba(X)).max() > 0.05


def test_sweep_weighs_as_the_estimator_does(table: Path) -> None:
    out, (X, y) = table.parent / "sweep", values(table)
    how = (*QUICK, "--l2", "0.01,0.1", "--folds", "3", *BY_HAND)
    assert call("sweep", table, "--out", out, *how).code == 0
    with pytest.warns(ConvergenceWarning, match="has not converged"):
        expected = SoftmaxRegressionCV(l2=[0.01, 0.1], cv=3, class_weight=FACTORS, **SAME).fit(X, y)
    model = Classifier.load(out / "model.safetensors")
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-9)
    results = json.loads((out / "results.json").read_text())
    assert results["class_weights"] == FACTORS
    assert results["best_score"] == pytest.approx(expected.best_score_)
    assert "they count in training, not in validation" in (out / "report.html").read_text()


@pytest.mark.parametrize("command", ["fit", "sweep"])
@pytest.mark.parametrize("stopping", [(), ("--early-stopping", "3")])
def test_numbers_of_validation_are_not_weighted(
    command: str, stopping: tuple[str, ...], table: Path
) -> None:
    other = table.parent / "other.csv"
    pl.read_csv(table).head(70).write_csv(other)
    out = table.parent / ("m.safetensors" if command == "fit" else "sweep")
    grid = ("--l2", "0.01") if command == "sweep" else ()
    how = ("--validation", other, *QUICK, *grid, *BY_HAND, *stopping)
    done = call(command, table, "--out", out, *how)
    assert done.code == 0, done.err
    assert "Weights of classes: 'a=b' 3, 'c' 0.5; they count in training, not" in done.err
    path = out if command == "fit" else out / "model.safetensors"
    final = Classifier.load(path).record["final"]
    measured = json.loads(call("evaluate", path, other, "--json", "--quiet").out)
    shown_too = (final["val_loss"], final["val_accuracy"])
    assert (measured["log_loss"], measured["accuracy"]) == shown_too
    trained = json.loads(call("evaluate", path, table, "--json", "--quiet").out)
    hits, n = np.diag(trained["confusion"]), np.sum(trained["confusion"], axis=1)
    weighted = np.dot([3, 0.5], hits) / np.dot([3, 0.5], n)
    assert final["train_accuracy"] == pytest.approx(weighted)
    shown = " ".join(call("inspect", path).out.split())
    assert "class weights 'a=b' 3, 'c' 0.5" in shown
    assert f"accuracy {final['train_accuracy']:.2%} (both weighted by class)" in shown
    assert f"accuracy {final['val_accuracy']:.2%} (not weighted)" in shown
    if command == "fit":
        assert f"accuracy {final['train_accuracy']:.2%} (both weighted by class);" in done.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["even"], "--class-weight: 'even' was given; give balanced alone, or NAME=NUMBER once"),
        (["=1"], "--class-weight: '=1' was given"),
        (["c=two"], "--class-weight: 'c=two' was given"),
        (["c=1", "c=2"], "--class-weight: 'c=2' was given"),
        (["balanced", "c=2"], "--class-weight: 'balanced' was given"),
        (["d=1"], "--class-weight: 'd' is none of the classes 'a=b', 'c'"),
        (["c=-1"], "--class-weight: the weights must be finite, at least 0, and not all zero."),
        (["c=nan"], "--class-weight: the weights must be finite"),
    ],
)
def test_wrong_weights_are_named(given: list[str], message: str, table: Path) -> None:
    options = [part for text in given for part in ("--class-weight", text)]
    said = call("fit", table, "--out", table.parent / "m.safetensors", *options).refused(2)
    assert said.startswith(message)


def test_a_record_without_weights_has_none(table: Path) -> None:
    model = table.parent / "m.safetensors"
    assert call("fit", table, "--out", model, *QUICK).code == 0
    plain = Classifier.load(model).record
    assert "class_weights" not in plain
    assert RunRecord.from_json(plain).class_weights is None
    assert "weighted" not in call("inspect", model).out
    call("fit", table, "--out", model, *QUICK, *BY_HAND, "--force")
    weighted = Classifier.load(model).record
    assert RunRecord.from_json(weighted).class_weights == (3, 0.5)
    with pytest.raises(InputError, match="no record"):
        RunRecord.from_json(dict(weighted) | {"class_weights": 3})
