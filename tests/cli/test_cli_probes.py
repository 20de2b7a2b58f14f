"""Ranges of features, draws and replicates from the command line and in study files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from cli_helpers import call
from cli_muted import MUTED

from onelayer.data import Dataset
from onelayer.inference import Classifier
from onelayer.sweep import dinov2_heads
from onelayer.training import train_many

PROBES = f"""
name = "probes"
{MUTED}
seed = [3, 4]

[data]
source = "digits"
train = 300
validation = 90

[defaults]
batch_size = 20
max_epochs = 2

[[runs]]
name = "half"
features = [0, 32]
learning_rate = 0.1

[[runs]]
name = "few"
features = [[0, 32], "32:64", [0, 64]]
examples_per_class = 5
draw = [0, 1, 2]
seed = 0

[[runs]]
name = "alone"
seed = 7
"""
QUICK = ("--max-epochs", "2", "--batch-size", "20")


@pytest.fixture(name="embeddings")
def fixture_embeddings(tmp_path: Path) -> Path:
    """Return a file of embeddings of which the last features alone tell the classes apart."""
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    X = rng.normal(size=(150, 12)).astype(np.float16)
    X[:, 8:11] += 3 * np.eye(3)[y]
    np.savez(tmp_path / "probe.npz", X=X, y=y)
    return tmp_path / "probe.npz"


def test_a_study_of_probes(tmp_path: Path) -> None:
    (tmp_path / "probes.toml").write_text(PROBES)
    out = tmp_path / "out"
    done = call("study", tmp_path / "probes.toml", "--out", out, "--json")
    assert done.code == 0, done.err
    results = json.loads(done.out)
    runs = {run["name"]: run for run in results["runs"]}
    ranges = [f"few[features={r},draw={{}}]" for r in ("0..32", "32..64", "0..64")]
    assert list(runs) == [
        "half[seed=3]", "half[seed=4]", *(r.format(d) for r in ranges for d in range(3)), "alone",
    ]  # fmt: skip
    assert runs["half[seed=4]"]["config"]["features"] == [0, 32]
    assert runs["half[seed=4]"]["config"]["seed"] == 4
    assert runs["alone"]["config"]["seed"] == 7
    assert {run["n_train"] for name, run in runs.items() if name.startswith("few")} == {50}
    model = Classifier.load(out / "models" / "few[features=32..64,draw=1].safetensors")
    assert not model.weights[:32].any()
    assert model.weights[32:].any()

    groups = {group["name"]: group for group in results["replicates"]}
    assert list(groups) == ["half", *(r.removesuffix(",draw={}]") + "]" for r in ranges)]
    few = groups["few[features=32..64]"]
    losses = [runs[name]["final"]["val_loss"] for name in few["members"]]
    assert few["n"] == len(losses) == 3
    assert few["mean"]["val_loss"] == pytest.approx(np.mean(losses), rel=1e-12)
    assert few["sd"]["val_loss"] == pytest.approx(np.std(losses, ddof=1), rel=1e-12)

    said = f"{few['mean']['val_loss']:.4f} ± {few['sd']['val_loss']:.4f}"
    assert said in done.err
    page = " ".join((out / "report.html").read_text("utf-8").split())
    assert f"“features 32 to 63” keeps have a validation loss of {said}" in page
    assert "(mean ± standard deviation of 3 draws)" in page
    assert "Accuracy of half, 2 seeds." in page
    assert (out / "study.toml").read_text().count("[[runs]]") == len(runs)
    # The folder is that of the same study, from its resolved file too.
    again = call("study", tmp_path / "probes.toml", "--out", out)
    assert "holds this study, finished" in again.refused(2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("features = [0, 65]", "runs.a: features: [0, 65] was given; there are 64 features"),
        ("features = [5, 2]", "runs.a.features: [5, 2] was given; must begin at 0 or more"),
        ("features = [[0, 4], [4, 4]]", "runs.a.features: [4, 4] was given"),
        ("features = [0, 1, 2]", "runs.a.features: [0, 1, 2] was given; must be two whole numbers"),
        ("features = []", "runs.a.features: an empty list makes no run"),
        ("draw = 2", "runs.a.draw: 2 was given, and nothing is drawn: it needs examples"),
        ("examples_per_class = 60", "runs.a: examples_per_class: 60 was given; the class"),
        ("examples_per_class = 0", "runs.a.examples_per_class: 0 was given"),
    ],
)
def test_what_a_study_refuses(tmp_path: Path, options: str, message: str) -> None:
    data = '[data]\nsource = "digits"\ntrain = 300\nvalidation = 90\n'
    (tmp_path / "a.toml").write_text(f'{data}[[runs]]\nname = "a"\n{options}\n')
    done = call("study", tmp_path / "a.toml", "--out", tmp_path / "out")
    assert message in done.refused(2)
    assert not (tmp_path / "out").exists()


def test_fit_on_some_features_of_some_examples(embeddings: Path) -> None:
    out = embeddings.with_name("model.safetensors")
    few = ("--features", "8:11", "--examples-per-class", "9", "--draw", "4")
    done = call("fit", embeddings, "--out", out, "--json", *few, *QUICK)
    assert done.code == 0, done.err
    assert "9 of each class drawn (draw 4)" in done.err
    record: dict[str, Any] = json.loads(done.out)
    assert record["n_train"] == 27
    assert record["config"]["features"] == [8, 11]
    weights = Classifier.load(out).weights
    assert weights.shape == (12, 3)
    assert not np.delete(weights, np.s_[8:11], axis=0).any()


def test_a_sweep_tries_ranges(embeddings: Path) -> None:
    out = embeddings.with_name("sweep")
    ranges = ("--features", "0:8", "--features", "8:11", "--features", "0:12")
    grid = ("--l2", "0.001,0.01", "--folds", "3")
    done = call("sweep", embeddings, "--out", out, "--json", *ranges, *grid, *QUICK)
    assert done.code == 0, done.err
    results = json.loads(done.out)
    assert results["best"]["features"] == [8, 11]
    table = pl.read_csv(out / "results.csv")
    assert sorted(table["features"].unique()) == ["0:12", "0:8", "8:11"]
    assert table.height == 6
    assert "on the features 8:11" in done.err
    assert "8:11" in (out / "report.html").read_text()
    assert not Classifier.load(out / "model.safetensors").weights[:8].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--features", "0:13"), "--features: [0, 13] was given; there are 12 features"),
        (("--features", "3"), "--features: '3' was given; must be two whole numbers"),
        (("--draw", "1"), "--draw: 1 was given; it needs --examples-per-class"),
        (("--examples-per-class", "5", "--class-weight", "balanced"), "--class-weight: 'balanced'"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "sweep"])
def test_what_files_refuse(
    embeddings: Path, command: str, options: tuple[str, ...], message: str
) -> None:
    out = embeddings.with_name("m.safetensors" if command == "fit" else "sweep")
    refused = call(command, embeddings, "--out", out, *options, *QUICK).refused(2)
    assert message in refused.replace('"', "'").replace("['3']", "'3'").replace("; each", ";")


def test_a_sweep_of_files_makes_a_published_linear_evaluation(
    tmp_path: Path, embeddings: Path
) -> None:
    """The options in docs/probes.md give the heads of the recipe; the most accurate is kept."""
    with np.load(embeddings) as stored:
        data = Dataset(stored["X"], stored["y"])
    heads = dinov2_heads([(7, 9), (0, 12)], batch_size=32, max_steps=9)
    rates = sorted({head.learning_rate for head in heads})
    done = call(
        "sweep", embeddings, "--validation", embeddings, "--out", tmp_path / "out", "--json",
        "--scale", "none", "--score", "accuracy", "--features", "7:9", "--features", "0:12",
        "--learning-rate", ",".join(map(str, rates)), "--l2", "0", "--momentum", "0.9",
        "--schedule", "cosine", "--initial-std", "0.01", "--batch-size", "32", "--drop-last",
        "--max-steps", "9", "--max-epochs", "9", "--evaluations-per-epoch", "1",
    )  # fmt: skip
    assert done.code == 0, done.err
    (model,) = (tmp_path / "out").glob("*.safetensors")
    kept = Classifier.load(model)
    results = train_many(data, data, heads)
    best = max(result.final.val_accuracy or 0.0 for result in results)
    assert kept.evaluate(data.X, data.y).accuracy == best
    assert any(np.array_equal(kept.weights, result.weights) for result in results)
