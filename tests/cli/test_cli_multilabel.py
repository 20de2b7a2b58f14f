"""`onelayer fit`, `evaluate` and `predict` with a matrix of labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli_helpers import call
from scipy.special import expit as sigmoid

from onelayer.data import Dataset, fit_scaling
from onelayer.inference import Classifier
from onelayer.model import Objective
from onelayer.optimum import minimise

N, FEATURES = 200, 5
NAMES = ["sea", "beach", "sky"]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, FEATURES))
Y = (X @ RNG.normal(size=(FEATURES, 3)) + RNG.normal(size=(N, 3)) > 0.3).astype(int)
HOW = ("--model", "multilabel", "--learning-rate", "0.5", "--max-epochs", "20")


def files(folder: Path, kind: str) -> tuple[Path, Path]:
    """Return a file of examples and one of labels."""
    if kind == "npy":
        np.save(folder / "X.npy", X)
        np.save(folder / "Y.npy", Y)
        return folder / "X.npy", folder / "Y.npy"
    pl.DataFrame(X, [f"width {i}" for i in range(FEATURES)]).write_csv(folder / "X.csv")
    labels = pl.DataFrame(Y, NAMES)
    path = folder / f"Y.{kind}"
    labels.write_csv(path) if kind == "csv" else labels.write_parquet(path)
    return folder / "X.csv", path


@pytest.mark.parametrize("kind", ["npy", "csv", "parquet"])
def test_there_and_back(kind: str, tmp_path: Path) -> None:
    data, labels = files(tmp_path, kind)
    model = tmp_path / "m.safetensors"
    done = call("fit", data, "--labels", labels, "--out", model, *HOW, "--optimum")
    assert done.code == 0, done.err
    assert "3 labels, any number of them an example" in done.err
    assert "160 examples to train, 40 to validate" in done.err
    assert "above the least that was found" in done.err
    names = ["0", "1", "2"] if kind == "npy" else NAMES
    kept = Classifier.load(model)
    assert kept.model == "multilabel"
    assert [*map(str, kept.classes)] == names

    evaluated = call("evaluate", model, data, "--labels", labels, "--json")
    assert evaluated.code == 0, evaluated.err
    measured = json.loads(evaluated.out)
    assert measured["accuracy"] == np.mean((kept.predict(X) == Y).all(axis=1))
    assert 0.4 < measured["accuracy"] < measured["label_accuracy"] < 1
    assert [*map(str, measured["labels"])] == names
    assert f"{measured['accuracy']:.2%} have all their labels right, log loss" in evaluated.err
    shown = " ".join(evaluated.err.split())
    assert f"{names[1]} {Y[:, 1].sum()} {measured['by_label'][1]['accuracy']:.4f}" in shown
    micro = [measured["label_accuracy"], *(measured[f"micro_{m}"] for m in METRICS)]
    assert "all pairs (micro) " + " ".join(f"{value:.4f}" for value in micro) in shown

    out = tmp_path / "p.csv"
    predicted = call("predict", model, data, "--out", out, "--proba")
    assert predicted.code == 0, predicted.err
    table = pl.read_csv(out)
    assert table.columns == [*names, *(f"probability of {name}" for name in names)]
    np.testing.assert_array_equal(table.select(names).to_numpy(), kept.predict(X))
    np.testing.assert_allclose(table.to_numpy()[:, 3:], kept.predict_proba(X))
    inspected = call("inspect", model)
    assert inspected.code == 0, inspected.err
    assert "multilabel regression" in inspected.out


METRICS = ("precision", "recall", "f1")


def test_columns_of_another_file_are_found_by_name(tmp_path: Path) -> None:
    data, labels = files(tmp_path, "csv")
    model = tmp_path / "m.safetensors"
    turned = tmp_path / "turned.csv"
    pl.read_csv(labels).select(NAMES[::-1]).write_csv(turned)
    how = ("--validation", data, "--validation-labels", turned)
    done = call("fit", data, "--labels", labels, "--out", model, *HOW, *how)
    assert done.code == 0, done.err
    one, other = (
        call("evaluate", model, data, "--labels", path, "--json", "--quiet").out
        for path in (labels, turned)
    )
    assert one == other
    final = Classifier.load(model).record["final"]
    assert (final["val_loss"], final["val_accuracy"]) == (
        json.loads(one)["log_loss"], json.loads(one)["accuracy"],
    )  # fmt: skip
    assert final["val_balanced_accuracy"] is None
    pl.read_csv(labels).rename({"sky": "sun"}).write_csv(turned)
    refused = call("evaluate", model, data, "--labels", turned)
    assert refused.code == 2
    assert "its labels are 'sea', 'beach', 'sun'; the model was trained on" in refused.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--labels", "ONE"), "for multilabel give (examples, labels)"),
        (("--labels", "TWOS"), "TWOS.npy: y: the shape is (200, 3), so that it is a matrix"),
        (("--labels", "TEXT"), "a matrix of labels is read from .npy or from a table"),
        (("--labels", "SHORT"), "SHORT.npy: 199 labels for the 200 examples"),
        ((), "with --labels FILE"),
        (("--labels", "Y", "--class-weight", "balanced"), "--class-weight: with several labels"),
        (("--labels", "Y", "--model", "softmax"), "the labels have the shape (200, 3)"),
    ],
)
def test_what_does_not_fit_is_refused(
    options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    data, _ = files(tmp_path, "npy")
    arrays: dict[str, Any] = {"ONE": Y[:, 0], "TWOS": 2 * Y, "SHORT": Y[1:]}
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "TEXT.txt").write_text("1\n" * N)
    given = [str(next(tmp_path.glob(f"{o}.*"), o)) if o.isupper() else o for o in options]
    how = HOW[2:] if "--model" in given else HOW
    done = call("fit", data, "--out", tmp_path / "m.safetensors", *how, *given)
    assert done.code == 2
    assert message in " ".join(done.err.split())


def test_other_commands_refuse_it(tmp_path: Path) -> None:
    data, labels = files(tmp_path, "npy")
    model = tmp_path / "m.safetensors"
    studied = call("study", "--out", tmp_path / "r", "--set", "runs.binary.model=multilabel")
    assert studied.code == 2
    assert "runs.binary.model: multilabel takes a matrix of labels" in studied.err
    assert call("fit", data, "--labels", labels, "--out", model, *HOW).code == 0
    top = call("evaluate", model, data, "--labels", labels, "--top-k", "2")
    assert top.code == 2
    assert "--top-k: with several labels an example there is no top." in top.err
    exported = call("export", model, "--format", "onnx")
    assert exported.code == 2
    assert "only softmax and logistic models are exported" in exported.err


@pytest.mark.parametrize("where", [("--validation", "0.25"), ("--folds", "3")])
def test_a_sweep_chooses_a_penalty_for_all_labels(where: tuple[str, str], tmp_path: Path) -> None:
    data, labels = files(tmp_path, "npy")
    out = tmp_path / "s"
    how = ("--model", "multilabel", "--l2", "0.001,10", "--json", *where)
    done = call("sweep", data, "--labels", labels, "--out", out, *how)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["best"]["l2"] == 0.001
    assert "2 candidates of multilabel regression" in done.err
    kept = Classifier.load(out / "model.safetensors")
    objective = Objective("multilabel", 0.001)
    standard = fit_scaling(X, "standard")
    train = Dataset(X, Y.astype(np.uint8), classes=(0, 1, 2), scaling=standard)
    (least,) = minimise(train, [objective])
    if where[0] == "--folds":  # the last training is on all examples, with the scaling of all
        np.testing.assert_allclose(
            kept.predict_proba(X), sigmoid(least.parameters.scores(standard.apply(X, np.float64))),
            atol=2e-3,
        )  # fmt: skip


def test_folds_of_examples_with_several_labels(tmp_path: Path) -> None:
    data, labels = files(tmp_path, "npy")
    how = ("--labels", labels, "--out", tmp_path / "s", "--model", "multilabel")
    many = call("sweep", data, *how, "--folds", "201")
    assert many.code == 2
    assert "--folds: 201 was given, and there are 200 examples; take fewer folds." in many.err
    rare = Y.copy()
    rare[:, 1] = 0
    rare[0, 1] = 1  # one fold trains without it
    np.save(labels, rare)
    done = call("sweep", data, *how, "--folds", "3")
    assert done.code == 2
    assert "none of the examples that count have the label 1" in done.err
