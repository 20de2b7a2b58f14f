"""`fit`, `predict`, `evaluate`, `inspect` and `export` on files of each kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli_helpers import call
from PIL import Image
from safetensors.numpy import save_file
from scipy import sparse

from onelayer.cli.measured import differs_visibly
from onelayer.data.scaling import Scaling
from onelayer.data.split import hold_out
from onelayer.inference import Classifier
from onelayer.training import TrainConfig

N, D = 120, 16


def material(n_classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures of 4 by 4 pixels that tell the classes apart."""
    rng = np.random.default_rng(0)
    y = np.arange(N) % n_classes
    centres = rng.integers(40, 215, (n_classes, D))
    return np.clip(centres[y] + rng.normal(0, 25, (N, D)), 0, 255).astype(np.uint8), y


def frame(X: np.ndarray, y: np.ndarray) -> pl.DataFrame:
    columns = {f"f{i}": X[:, i].astype(float) for i in range(D)}
    return pl.DataFrame(columns | {"label": [f"class {k}" for k in y]})


def csv(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    frame(X, y).write_csv(folder / "data.csv")
    return [str(folder / "data.csv")]


def parquet(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    frame(X, y).write_parquet(folder / "data.parquet")
    return [str(folder / "data.parquet")]


def arrow(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    frame(X, y).write_ipc(folder / "data.arrow")
    return [str(folder / "data.arrow")]


def lists(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    vectors = pl.Series("f", X.astype(np.float32))
    assert vectors.dtype == pl.Array(pl.Float32, D)
    table = pl.DataFrame([vectors, frame(X, y)["label"]])
    table.write_parquet(folder / "lists.parquet")
    return [str(folder / "lists.parquet")]


def npy(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    np.save(folder / "X.npy", X.astype(np.float16))
    np.save(folder / "y.npy", y)
    return [str(folder / "X.npy"), "--labels", str(folder / "y.npy")]


def npz(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    np.savez(folder / "data.npz", X=X.astype(np.float32), y=y)
    return [str(folder / "data.npz")]


def csr(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    sparse.save_npz(folder / "sparse.npz", sparse.csr_matrix(X.astype(np.float32)))
    np.save(folder / "y.npy", y)
    return [str(folder / "sparse.npz"), "--labels", str(folder / "y.npy")]


def safetensors(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    save_file({"features": X.astype(np.float32), "labels": y}, folder / "data.safetensors")
    return [str(folder / "data.safetensors")]


def images(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    for i, (row, label) in enumerate(zip(X, y, strict=True)):
        (folder / "images" / f"kind {label}").mkdir(parents=True, exist_ok=True)
        path = folder / "images" / f"kind {label}" / f"{i:03}.png"
        Image.fromarray(row.reshape(4, 4)).save(path)
    return [str(folder / "images")]


def idx(folder: Path, X: np.ndarray, y: np.ndarray) -> list[str]:
    head = bytes([0, 0, 8, 3]) + np.array([N, 4, 4], ">i4").tobytes()
    (folder / "X.idx3-ubyte").write_bytes(head + X.tobytes())
    head = bytes([0, 0, 8, 1]) + np.array([N], ">i4").tobytes()
    (folder / "y.idx1-ubyte").write_bytes(head + y.astype(np.uint8).tobytes())
    return [str(folder / "X.idx3-ubyte"), "--labels", str(folder / "y.idx1-ubyte")]


KINDS: list[Callable[[Path, np.ndarray, np.ndarray], list[str]]] = [
    csv, parquet, arrow, lists, npy, npz, csr, safetensors, images, idx,
]  # fmt: skip
QUICK = ("--max-epochs", "30", "--learning-rate", "0.1", "--batch-size", "16")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_file_there_and_back(kind: Any, tmp_path: Path) -> None:
    data = kind(tmp_path, *material())
    model, out = tmp_path / "m.safetensors", tmp_path / "p.parquet"
    fitted = call("fit", *data, "--out", str(model), *QUICK)
    assert fitted.code == 0, fitted.err
    assert "96 examples to train, 24 to validate; 16 features" in fitted.err
    assert f"Model: {model}" in fitted.err

    evaluated = call("evaluate", str(model), *data, "--json", "--quiet")
    assert (evaluated.code, evaluated.err) == (0, "")
    metrics = json.loads(evaluated.out)
    assert metrics["n"] == N
    assert metrics["accuracy"] > 0.9

    predicted = call("predict", str(model), *data, "--out", str(out), "--proba")
    assert predicted.code == 0, predicted.err
    table = pl.read_parquet(out)
    classifier = Classifier.load(model)
    probabilities = table.select(f"probability of {c}" for c in classifier.classes).to_numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    labels = table["label" if kind in (csv, parquet, arrow, lists) else "prediction"].to_list()
    assert labels == [classifier.classes[k] for k in probabilities.argmax(axis=1)]
    if kind is images:
        assert table["name"][0] == str(Path("kind 0") / "000.png")


def written(folder: Path, n_classes: int, used: int | None = None) -> tuple[str, str]:
    """Return a model, and examples of some of its classes."""
    X, y = material(n_classes)
    model = str(folder / "m.safetensors")
    assert call("fit", *csv(folder, X, y), "--out", model, *QUICK, "--validation", "0").code == 0
    some = y < (used or n_classes)
    frame(X[some], y[some]).write_csv(folder / "some.csv")
    return model, str(folder / "some.csv")


@pytest.mark.parametrize("columns", ["100", "60"])
def test_evaluate_shows_each_class_and_a_baseline(
    columns: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = call("evaluate", *written(tmp_path, 3, used=2)).err
    assert re.search(r"ROC AUC [01]\.\d{4}, the mean over the classes, each against the", shown)
    assert "Always saying 'class 0', the most frequent class of these examples, is right" in shown
    assert re.search(r"class 0 +40 +[01]\.\d{4} +[01]\.\d{4} +[01]\.\d{4}\b", shown)
    assert re.search(r"class 2 +0 +– +– +–", shown)
    assert re.search(r"mean \(macro\) +1\.0000 +1\.0000 +1\.0000", shown)
    assert "\nRows: true, columns: predicted\n" in shown
    table = [line for line in shown.splitlines() if "class" in line and "  " in line]
    assert max(map(len, table)) <= int(columns)


def test_evaluate_counts_the_k_most_probable(tmp_path: Path) -> None:
    model = tmp_path / "m.safetensors"
    assert call("fit", "digits", "--out", model, "--max-epochs", "1").code == 0
    plain = call("evaluate", model, "digits", "--json")
    done = call("evaluate", model, "digits", "--json", "--top-k", "3")
    assert done.code == 0, done.err
    measured = json.loads(done.out)
    assert measured["top_k"] == 3
    assert measured["accuracy"] < measured["top_k_accuracy"] <= 1
    assert f"among the 3 most probable for {measured['top_k_accuracy']:.2%}." in done.err
    assert f"the mean over the classes, {measured['balanced_accuracy']:.2%};" in done.err
    del measured["top_k"], measured["top_k_accuracy"]
    assert measured == json.loads(plain.out)
    for k in ("0", "10"):
        refused = call("evaluate", model, "digits", "--top-k", k)
        assert refused.code == 2
        assert f"--top-k: {k} was given; with 10 classes it is from 1 to 9." in refused.err


def test_long_names_leave_a_confusion_matrix_narrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = material(3)
    names = pl.Series("label", ["x" * 80, "a name with many words in it, as people give", "z"])
    frame(X, y).with_columns(names.gather(y)).write_csv(tmp_path / "d.csv")
    model = str(tmp_path / "m.safetensors")
    assert call("fit", str(tmp_path / "d.csv"), "--out", model, *QUICK).code == 0
    for columns in ("60", "100"):
        monkeypatch.setenv("COLUMNS", columns)
        shown = call("evaluate", model, str(tmp_path / "d.csv")).err
        tables = shown.partition("class ")[2].splitlines()
        assert max(map(len, tables)) <= int(columns)


def test_evaluate_shows_the_worst_of_many_classes(tmp_path: Path) -> None:
    model, data = written(tmp_path, 30)
    shown = call("evaluate", model, data).err
    rows = shown.partition("The 5 lowest F1 of 30 classes, and the means\n")[2].splitlines()
    assert rows[6].split()[:2] == ["mean", "(macro)"]
    lowest = [float(row.split()[-1]) for row in rows[1:6]]
    assert lowest == sorted(lowest)
    found = json.loads(call("evaluate", model, data, "--json").out)["by_class"]
    assert max(lowest) <= sorted(c["f1"] for c in found)[4] + 1e-4


def test_evaluate_tells_of_a_clipped_log_loss(tmp_path: Path) -> None:
    X, y = np.array([[-1.0], [1.0]] * 20), np.array([0, 1] * 20)
    data = npz(tmp_path, X, y)
    model = str(tmp_path / "m.safetensors")
    assert call("fit", *data, "--out", model, "--scale", "none", *QUICK).code == 0
    assert "scikit-learn" not in call("evaluate", model, *data).err
    np.savez(tmp_path / "far.npz", X=np.where(X > 0, -1e3, -1.0), y=y)
    done = call("evaluate", model, str(tmp_path / "far.npz"), "--json")
    shown, clipped = " ".join(done.err.split()), json.loads(done.out)["clipped_log_loss"]
    loss = re.search(r"log loss ([\d.]+),", shown)
    assert loss is not None
    assert float(loss[1]) > 100 > 36 > clipped
    assert (
        f"This log loss is the exact one. scikit-learn's log_loss prints {clipped:.4f}: it clips "
        "probabilities that are nearly 0 or 1." in shown
    )


@pytest.mark.parametrize(
    ("exact", "other", "differ"),
    [
        (36.22, 36.18, False),
        (36.4, 36.1, True),
        (2e-16, 4e-16, False),
        (0.00005, 0.0002, True),
        (1.234, 1.2345, False),
        (1e6, 30.0, True),
    ],
)
def test_losses_differ_in_three_digits(exact: float, other: float, differ: bool) -> None:
    assert differs_visibly(exact, other) == differs_visibly(other, exact) == differ


def test_a_model_remembers_its_columns(tmp_path: Path) -> None:
    X, y = material(2)
    table = frame(X, y).rename({"label": "species"})
    table.write_csv(tmp_path / "train.csv")
    # Other columns, in another order, and no labels.
    shuffled = table.drop("species").select(reversed(table.columns[:-1])).with_columns(note=1)
    shuffled.write_csv(tmp_path / "new.csv")
    model = tmp_path / "m.safetensors"
    options = ("--target", "species", "--model", "logistic", *QUICK)
    assert call("fit", str(tmp_path / "train.csv"), "--out", str(model), *options).code == 0
    for name in ("train", "new"):
        out = tmp_path / f"{name}-p.csv"
        assert (
            call("predict", str(model), str(tmp_path / f"{name}.csv"), "--out", str(out)).code == 0
        )
    one, other = (pl.read_csv(tmp_path / f"{name}-p.csv") for name in ("train", "new"))
    assert one.columns == ["species"]
    assert one.equals(other)
    table.drop("f3").write_csv(tmp_path / "few.csv")
    refused = call("evaluate", str(model), str(tmp_path / "few.csv"))
    assert refused.code == 2
    assert "f3" in refused.err


def test_a_column_of_lists_is_features_with_numbers(tmp_path: Path) -> None:
    X, y = material()
    model, out = tmp_path / "m.safetensors", tmp_path / "p.csv"
    assert call("fit", *lists(tmp_path, X, y), "--out", str(model), *QUICK).code == 0
    assert Classifier.load(model).feature_names == tuple(f"f[{i}]" for i in range(D))
    assert re.search(r"f\[\d+\] [+−-]", call("inspect", str(model)).out)
    # A file with a column for each value says the same.
    frame(X, y).rename(lambda name: re.sub(r"f(\d+)", r"f[\1]", name)).write_csv(
        tmp_path / "wide.csv"
    )
    one, other = (
        call("evaluate", str(model), str(tmp_path / name), "--json", "--quiet").out
        for name in ("lists.parquet", "wide.csv")
    )
    assert one == other
    short = pl.DataFrame({"f": [[1.0, 2.0]]})
    short.write_parquet(tmp_path / "short.parquet")
    refused = call("predict", str(model), str(tmp_path / "short.parquet"), "--out", str(out))
    assert refused.code == 2
    assert "column 'f': the lists have 2 values, those of the model 16" in refused.err


def test_logistic_takes_the_second_class_as_positive(tmp_path: Path) -> None:
    data = npz(tmp_path, *material(2))
    model = tmp_path / "m.safetensors"
    fitted = call("fit", *data, "--model", "logistic", "--out", str(model), *QUICK)
    assert "positive: 1" in fitted.err
    assert Classifier.load(model).classes == (1, 0)


def test_the_model_file_says_how_it_was_trained(tmp_path: Path) -> None:
    data = npz(tmp_path, *material())
    model = tmp_path / "m.safetensors"
    options = (
        "--l2", "0.01", "--early-stopping", "3", "--min-delta", "0.001", "--dtype", "float64",
        "--no-shuffle", "--drop-last", "--penalize-bias", "--seed", "7", "--validation", "0.25",
    )  # fmt: skip
    fitted = call("fit", *data, "--out", str(model), *options, *QUICK, "--json")
    document = json.loads(fitted.out)
    classifier = Classifier.load(model)
    config = TrainConfig.model_validate(classifier.record["config"])
    assert config == TrainConfig.model_validate(document["config"])
    assert config == TrainConfig.model_validate(
        {
            "l2": 0.01, "dtype": "float64", "shuffle": False, "drop_last": True,
            "penalize_bias": True, "seed": 7, "max_epochs": config.max_epochs,
            "learning_rate": 0.1, "batch_size": 16,
        }
    )  # fmt: skip
    assert config.max_epochs < 30  # chosen by the examples held out, which the last training has
    assert "on 25% of the examples, held out; the model is trained on all." in fitted.err
    assert classifier.record["n_validation"] == 0
    assert classifier.record["n_train"] == 120
    assert len(classifier.data["fingerprint"]) == 64
    shown = " ".join(call("inspect", str(model)).out.split())
    assert "softmax regression, float64" in shown
    assert "l2 0.01" in shown
    assert json.loads(call("inspect", str(model), "--json").out)["n_features"] == D


def test_validation_may_be_a_file_or_nothing(tmp_path: Path) -> None:
    X, y = material()
    train = csv(tmp_path, X, y)
    frame(X[:30], y[:30]).write_csv(tmp_path / "other.csv")
    model = tmp_path / "m.safetensors"
    fitted = call(
        "fit", *train, "--validation", str(tmp_path / "other.csv"), "--out", str(model), *QUICK
    )
    assert "120 examples to train, 30 to validate" in fitted.err
    fitted = call("fit", *train, "--validation", "0", "--out", str(model), *QUICK, "--force")
    assert fitted.code == 0
    assert "120 examples to train; 16 features" in fitted.err
    assert "validation loss" not in fitted.err


def test_missing_values_are_refused_or_filled(tmp_path: Path) -> None:
    X, y = material()
    table = frame(X, y).with_columns(f0=pl.Series([None, *X[1:, 0].astype(float)]))
    table.write_csv(tmp_path / "gaps.csv")
    model, out = tmp_path / "m.safetensors", tmp_path / "p.csv"
    refused = call("fit", str(tmp_path / "gaps.csv"), "--out", str(model))
    assert refused.code == 2
    assert "f0" in refused.err
    assert "--impute mean" in refused.err
    assert not model.exists()
    fitted = call(
        "fit", str(tmp_path / "gaps.csv"), "--out", str(model), "--impute", "mean", *QUICK
    )
    assert fitted.code == 0, fitted.err
    fill = Classifier.load(model).fill
    assert fill is not None
    rows, _ = hold_out(y, 0.2, 0)
    assert fill[0] == pytest.approx(X[rows[rows > 0], 0].mean())
    assert fill[0] != pytest.approx(X[1:, 0].mean())
    assert call("predict", str(model), str(tmp_path / "gaps.csv"), "--out", str(out)).code == 0
    assert pl.read_csv(out).height == N


@pytest.mark.parametrize(
    ("command", "how", "kept"),
    [
        ("fit", ("--validation", "0.25", "--seed", "3"), "rows"),
        ("fit", ("--validation", "0"), "all"),
        ("fit", ("--validation", "FILE"), "all"),
        ("sweep", ("--validation", "0.25", "--seed", "3"), "rows"),
        ("sweep", ("--validation", "FILE"), "all"),
        ("sweep", ("--folds", "3"), "all"),
    ],
)
def test_means_are_those_of_the_training_examples(
    command: str, how: tuple[str, ...], kept: str, tmp_path: Path
) -> None:
    X, y = material()
    values = X.astype(float)
    rows, held = hold_out(y, 0.25, 3)
    values[held, 2] += 1e4  # what is held out says so in the means, if it has a part in them
    values[rows[0], 2] = values[held[0], 2] = np.nan
    frame(values, y).with_columns(pl.col("f2").fill_nan(None)).write_csv(tmp_path / "gaps.csv")
    frame(X, y).write_csv(tmp_path / "full.csv")
    how = tuple(str(tmp_path / "full.csv") if part == "FILE" else part for part in how)
    out = tmp_path / ("m.safetensors" if command == "fit" else "sweep")
    grid = ("--l2", "0.1") if command == "sweep" else ()
    done = call(
        command, str(tmp_path / "gaps.csv"), "--out", str(out), "--impute", "mean", *how, *grid,
        "--max-epochs", "2",
    )  # fmt: skip
    assert done.code == 0, done.err
    fill = Classifier.load(out if command == "fit" else out / "model.safetensors").fill
    assert fill is not None
    assert fill[2] == pytest.approx(np.nanmean(values[rows if kept == "rows" else slice(None), 2]))


def test_pixels_and_tables_are_scaled_by_default(tmp_path: Path) -> None:
    X, y = material()
    model = tmp_path / "m.safetensors"
    fitted = call("fit", *idx(tmp_path, X, y), "--out", str(model), *QUICK)
    assert "pixels mapped to [−1, 1]" in fitted.err
    assert Classifier.load(model).scaling.scale == 2 / 255
    fitted = call("fit", *csv(tmp_path, X, y), "--out", str(model), *QUICK, "--force")
    assert "mean 0 and standard deviation 1" in fitted.err
    fitted = call(
        "fit", *csv(tmp_path, X, y), "--out", str(model), *QUICK, "--force", "--scale", "none"
    )
    assert Classifier.load(model).scaling.scale == 1


def test_a_run_that_diverges_writes_no_model(tmp_path: Path) -> None:
    data = npz(tmp_path, *material())
    model = tmp_path / "m.safetensors"
    done = call("fit", *data, "--out", str(model), "--scale", "none", "--learning-rate", "1e300")
    assert done.code == 1
    assert "take a smaller one, or --scale standard. No model was written." in done.err
    assert not model.exists()


@pytest.mark.parametrize("to", ["onnx", "skops"])
def test_export_writes_a_file(to: str, tmp_path: Path) -> None:
    pytest.importorskip(to)
    data = npz(tmp_path, *material())
    model = tmp_path / "m.safetensors"
    call("fit", *data, "--out", str(model), *QUICK)
    done = call("export", str(model), "--format", to)
    assert done.code == 0, done.err
    assert (tmp_path / f"m.{to}").stat().st_size > 100
    assert call("export", str(model), "--format", to).code == 2
    assert call("export", str(model), "--format", to, "--force").code == 0


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    data = npz(tmp_path, *material())
    model, out = tmp_path / "m.safetensors", tmp_path / "p.csv"
    call("fit", *data, "--out", str(model), *QUICK)
    before = model.read_bytes()
    refused = call("fit", *data, "--out", str(model), *QUICK, "--l2", "1")
    assert refused.code == 2
    assert "is there already. Name another file, or use --force." in refused.err
    assert model.read_bytes() == before
    out.write_text("mine")
    assert call("predict", str(model), *data, "--out", str(out)).code == 2
    assert out.read_text() == "mine"


def test_options_of_steps_have_the_names_of_their_tables(tmp_path: Path) -> None:
    data, model = npz(tmp_path, *material()), tmp_path / "m.safetensors"
    options = (
        "--momentum", "0.9", "--nesterov", "--averaging", "exponential", "--averaging-decay", "0.5",
        "--averaging-start", "2", "--schedule", "step", "--schedule-every", "7", "--warmup-steps",
        "3", "--max-steps", "20", "--initial-std", "0.1",
    )  # fmt: skip
    fitted = call("fit", *data, "--out", str(model), *options, "--batch-size", "16")
    assert "All 20 steps of max_steps done." in fitted.err
    config = TrainConfig.model_validate(Classifier.load(model).record["config"])
    assert config == TrainConfig.model_validate(
        {
            "momentum": 0.9, "nesterov": True, "batch_size": 16, "warmup_steps": 3,
            "averaging": {"kind": "exponential", "decay": 0.5, "start": 2}, "max_steps": 20,
            "schedule": {"kind": "step", "every": 7}, "initial_std": 0.1,
        }
    )  # fmt: skip
    shown = " ".join(call("inspect", str(model)).out.split())
    assert "averaging {decay = 0.5, kind = 'exponential', start = 2}" in shown
    assert "schedule {every = 7, factor = 0.1, kind = 'step'}" in shown
    lifted = ("--schedule", "constant", "--averaging", "none", "--max-steps", "2")
    plain = call("fit", *data, "--out", str(tmp_path / "plain.safetensors"), *lifted, "--json")
    assert json.loads(plain.out)["config"]["schedule"] is None
    assert json.loads(plain.out)["config"]["averaging"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--nesterov",), "--nesterov: true was given; it needs momentum"),
        (("--averaging-decay", "0.5"), "--averaging: must be given"),
        (("--averaging", "mean", "--averaging-decay", "0.5"), "--averaging-decay: 0.5 was given"),
        (("--schedule", "step"), "--schedule-every: must be given"),
        (("--schedule", "linear"), "--schedule: 'linear' was given; must be 'step', 'inverse'"),
        (("--schedule", "cosine", "--schedule-floor", "2"), "--schedule-floor: 2.0 was given"),
        (("--validation", "1.5"), "--validation: 1.5 was given"),
        (("--validation", "nowhere.csv"), "nowhere.csv: there is no such file"),
        (("--learning-rate", "-1"), "onelayer: --learning-rate: -1.0 was given"),
        (("--impute", "median"), "--impute: 'median' is no way to fill missing values; give mean"),
        (("--scale", "robust"), "--scale: 'robust' was given; allowed: none, standard, minmax"),
        (("--model", "tree"), "--model: 'tree' was given"),
        (("--model", "logistic"), "logistic regression needs two classes"),
        (("--early-stopping", "0"), "--early-stopping: 0 was given; must be greater than"),
        (("--early-stopping", "3", "--min-delta", "-1"), "--min-delta: -1.0 was given"),
        (("--early-stopping", "3", "--validation", "0"), "needs validation examples"),
        (("--drop", "f1"), "has no named columns"),
        (("--dtype", "float16"), "--dtype: 'float16' was given"),
        (("--batch-size", "200", "--drop-last"), "--batch-size: 200 is more than the 96"),
    ],
)
def test_wrong_options_are_named(options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    data = npz(tmp_path, *material())
    refused = call("fit", *data, "--out", str(tmp_path / "m.safetensors"), *options)
    assert refused.code == 2
    assert message in refused.err
    assert not (tmp_path / "m.safetensors").exists()


@pytest.mark.parametrize("name", ["m.pt", "nowhere/m.safetensors"])
def test_a_place_that_cannot_be_written_is_refused_first(name: str, tmp_path: Path) -> None:
    refused = call("fit", "nowhere.csv", "--out", str(tmp_path / name))
    assert refused.code == 2
    assert refused.err.startswith("onelayer: --out ")


def test_labels_of_another_type_are_matched_and_unknown_ones_refused(tmp_path: Path) -> None:
    X, y = material()
    model = tmp_path / "m.safetensors"
    call("fit", *npz(tmp_path, X, y), "--out", str(model), *QUICK)
    np.save(tmp_path / "X.npy", X)
    (tmp_path / "y.txt").write_text("".join(f"{k}\n" for k in y))
    done = call(
        "evaluate", str(model), str(tmp_path / "X.npy"), "--labels", str(tmp_path / "y.txt")
    )
    assert done.code == 0, done.err
    (tmp_path / "y.txt").write_text("".join(f"{k + 1}\n" for k in y))
    done = call(
        "evaluate", str(model), str(tmp_path / "X.npy"), "--labels", str(tmp_path / "y.txt")
    )
    assert done.code == 2
    assert "the label 3 is none of the classes" in done.err


@pytest.mark.parametrize("command", ["fit", "sweep"])
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([9], "'class 0' is the only label; give examples of at least two classes."),
        ([9, 1], "and there are fewer of 'class 1'. Give validation examples"),
    ],
)
def test_too_few_classes_or_examples_are_named(
    command: str, counts: list[int], message: str, tmp_path: Path
) -> None:
    labels = [f"class {k}" for k, count in enumerate(counts) for _ in range(count)]
    table = pl.DataFrame({"a": range(len(labels)), "label": labels})
    table.with_columns(pl.col("a") * 1.5).write_csv(tmp_path / "few.csv")
    out = tmp_path / ("m.safetensors" if command == "fit" else "sweep")
    refused = call(command, str(tmp_path / "few.csv"), "--out", str(out)).refused(2)
    assert message in refused
    assert refused.startswith((f"{tmp_path / 'few.csv'}: ", "--validation: "))
    assert "\n" not in refused
    assert not out.exists()


@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_the_help_names_every_default(command: str) -> None:
    shown = " ".join(call(command, "--help").out.replace("│", " ").split())
    for default in ("yes", "no", "float32", "128", "50", "5", "0"):
        assert f"Default: {default}." in shown


def test_names_with_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    X, y = material(2)
    names = {f"f{i}": f"[bold]f{i}" for i in range(D)}
    labels = pl.Series("label", ["[red]", "[/]"]).gather(y)
    path, model = tmp_path / "of [red] [bold].csv", tmp_path / "m.safetensors"
    frame(X, y).with_columns(labels).rename(names).write_csv(path)
    for done in (
        call("fit", str(path), "--out", str(model), *QUICK),
        call("predict", str(model), str(path), "--out", str(tmp_path / "p.csv")),
    ):
        assert done.code == 0, done.err
    shown = call("inspect", str(model))
    assert shown.code == 0, shown.err
    assert "[bold]f" in shown.out
    evaluated = call("evaluate", str(model), str(path))
    assert evaluated.code == 0, evaluated.err
    assert "[red]" in evaluated.err
    assert "[/]" in evaluated.err
    swept = call("sweep", str(path), "--out", str(tmp_path / "sweep"), "--l2", "0.1", *QUICK[:2])
    assert swept.code == 0, swept.err


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    data = npz(tmp_path, *material())
    for command in (("evaluate",), ("predict", "--out", str(tmp_path / "p.csv"))):
        refused = call(command[0], data[0], data[0], *command[1:])
        assert refused.code == 2
        assert refused.err.startswith(f"onelayer: {data[0]}: ")
    assert call("inspect", str(tmp_path / "none.safetensors")).code == 2


def test_the_minimum_is_found_where_it_is_asked_for(tmp_path: Path) -> None:
    model, data = tmp_path / "m.safetensors", npz(tmp_path, *material())
    done = call("fit", *data, "--out", str(model), *QUICK, "--l2", "0.01", "--optimum")
    assert done.code == 0, done.err
    record = Classifier.load(model).record["minimum"]
    assert record["reason"] == "certified"
    assert record["excess"] > record["bound"] >= 0
    said = f"J is {record['excess']:.2g} above the least that was found"
    assert said in " ".join(done.err.split())
    assert said in " ".join(call("inspect", str(model)).out.split())
    plain = call("fit", *data, "--out", str(model), *QUICK, "--l2", "0.01", "--force")
    assert "least that was found" not in plain.err


# What is read stays ------------------------------------------------------------------------------


def test_no_result_takes_the_place_of_what_is_read(tmp_path: Path) -> None:
    """Not with `--force` either, and not by another name of the same file."""
    rng = np.random.default_rng(0)
    kept = {"features": rng.normal(size=(40, 2)), "labels": np.arange(40) % 2}
    data, model, table = tmp_path / "data.safetensors", tmp_path / "m.safetensors", "more.csv"
    save_file(kept, data)
    rows = "".join(f"{a},{b}\n" for a, b in kept["features"])
    (tmp_path / table).write_text(f"a,b\n{rows}")
    (tmp_path / "link.safetensors").symlink_to(data)
    before = data.read_bytes()
    link = tmp_path / "link.safetensors"
    for out, options in [
        (data, ()),
        (link, ()),
        (model, ("--validation", model)),
        (model, ("--validation", data, "--validation-labels", model)),
    ]:
        said = call("fit", data, "--out", out, "--force", *options).refused(2)
        assert said == f"--out {out}: is what the command reads; name another file."
    assert data.read_bytes() == before
    assert call("fit", data, "--out", model, "--l2", "0.1").code == 0
    for out in (tmp_path / table, tmp_path / "x" / ".." / table):
        (tmp_path / "x").mkdir(exist_ok=True)
        ended = call("predict", model, tmp_path / table, "--out", out, "--force")
        assert "is what the command reads" in ended.refused(2)
    assert (tmp_path / table).read_text() == f"a,b\n{rows}"
    (tmp_path / "shards").mkdir()
    ended = call("predict", model, tmp_path / "shards", "--out", tmp_path / "shards" / "new.csv")
    assert "is in " in ended.refused(2)


def test_one_of_a_thing_is_no_plural(tmp_path: Path) -> None:
    rows = "".join(f"{k % 5 + k % 2},{'xy'[k % 2]}\n" for k in range(20))
    (tmp_path / "a.csv").write_text(f"a,y\n{rows}")
    ended = call("fit", tmp_path / "a.csv", "--out", tmp_path / "m.safetensors", "--l2", "1")
    assert "; 1 feature, " in ended.err
    assert "16 examples to train" in ended.err


@pytest.mark.parametrize("columns", [80, 61, 46])
def test_no_line_of_weights_ends_within_a_pixel(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    weights = np.random.default_rng(0).normal(size=(400, 3))
    Classifier(
        model="softmax", weights=weights, bias=np.zeros(3), classes=("a", "b", "c"),
        scaling=Scaling(1.0, 0.0), image_shape=(20, 20),
    ).save(tmp_path / "m.safetensors")  # fmt: skip
    shown = call("inspect", tmp_path / "m.safetensors").out
    lines = shown[shown.index(" class  weights") :].splitlines()[1:]
    assert len(lines) > 3
    for line in lines:
        assert re.fullmatch(r" [abc ] +(\(\d+, \d+\) [+-][\d.]+(, |,|))+", line.rstrip()), line
