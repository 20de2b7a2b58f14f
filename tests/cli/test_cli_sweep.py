"""`onelayer sweep`: the table, the model, the page, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cli_helpers import call
from sklearn.exceptions import ConvergenceWarning

from onelayer.inference import Classifier

GRID = ("--l2", "0.1,0.001", "--learning-rate", "logspace(-2, -1, 2)")
QUICK = (*GRID, "--max-epochs", "4", "--batch-size", "16")
FILES = {"manifest.json", "results.csv", "results.json", "model.safetensors", "report.html"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    X = rng.normal(size=(150, 4)) * [1, 10, 100, 1] + np.eye(3, 4)[y] * [3, 30, 300, 0]
    frame = pl.DataFrame({f"width {i}": X[:, i] for i in range(4)})
    path = tmp_path / "flowers.csv"
    frame.with_columns(label=pl.Series([f"kind {k}" for k in y])).write_csv(path)
    return path


@pytest.mark.parametrize(
    "how", [("--folds", "3"), ("--validation", "0.3"), ("--validation", "FILE")]
)
def test_a_sweep_leaves_table_model_and_page(how: tuple[str, str], table: Path) -> None:
    how = tuple(str(table) if part == "FILE" else part for part in how)  # type: ignore[assignment]
    out = table.parent / "sweep"
    done = call("sweep", str(table), "--out", str(out), *QUICK, *how)
    assert done.code == 0, done.err
    assert {path.name for path in out.iterdir()} == FILES
    results = pl.read_csv(out / "results.csv")
    assert results.height == 4
    assert sorted(results["rank"]) == [1, 2, 3, 4]
    best = results.filter(rank=1).to_dicts()[0]
    document = json.loads((out / "results.json").read_text())
    assert document["best"] == {key: best[key] for key in ("l2", "learning_rate")}
    assert document["best_score"] == pytest.approx(results["mean_score"].max())
    assert len(document["candidates"]) == 4
    assert (best["standard_error"] is not None) == ("--folds" in how)
    assert f"Best of 4: l2 = {best['l2']:g}" in done.err
    assert ("flowers.csv" in done.err.partition("Best of")[2].partition(".\n")[0]) == (
        str(table) in how
    )
    page = (out / "report.html").read_text()
    assert "kind 1" in page
    assert "width 2" in page
    assert "A sweep over penalty" in page
    assert f"Best of 4: λ\u00a0=\u00a0{best['l2']:g} and the learning rate" in page
    assert "l2 = " not in page
    assert "mean 0 and standard deviation 1" in page
    # The grid as a map with each score in it, and the folds against the best where there are some.
    for score in results["mean_score"]:
        assert f">{-score:.3f}</text>" in page
    assert "framed" in page
    assert ("difference to the best on the same fold" in page) == ("--folds" in how)
    assert "had not converged: −5% says" in page
    assert '<th scope="col" class="right">J could fall by</th>' in page
    words = {"--folds": "3 folds", "--validation": "30% of the examples, held out"}
    assert (str(table) if str(table) in how else words[how[0]]) in page
    assert ("standard error</th>" in page) == ("--folds" in how)
    model = Classifier.load(out / "model.safetensors")
    assert model.record["config"]["l2"] == best["l2"]
    assert model.feature_names == ("width 0", "width 1", "width 2", "width 3")
    evaluated = call("evaluate", str(out / "model.safetensors"), str(table), "--json", "--quiet")
    assert json.loads(evaluated.out)["accuracy"] > 0.9


def test_the_chosen_model_is_that_of_the_estimator(table: Path) -> None:
    from onelayer import SoftmaxRegressionCV

    out = table.parent / "sweep"
    assert call("sweep", str(table), "--out", str(out), *QUICK, "--folds", "3").code == 0
    frame = pl.read_csv(table)
    X = frame.drop("label").to_numpy()
    with pytest.warns(ConvergenceWarning, match="has not converged"):
        estimator = SoftmaxRegressionCV(
            l2="0.1,0.001", learning_rate=[0.01, 0.1], max_epochs=4, batch_size=16, cv=3,
            scale="standard", dtype="float32",
        ).fit(X, frame["label"].to_numpy())  # fmt: skip
    model = Classifier.load(out / "model.safetensors")
    np.testing.assert_allclose(model.predict_proba(X), estimator.predict_proba(X), atol=1e-12)


@pytest.fixture
def two(table: Path) -> Path:
    """Give the flowers of two kinds."""
    path = table.parent / "two.csv"
    pl.read_csv(table).filter(pl.col("label") != "kind 0").write_csv(path)
    return path


@pytest.mark.parametrize("how", [("--folds", "3"), ("--validation", "0.3")])
def test_a_sweep_of_logistic_models(how: tuple[str, str], two: Path) -> None:
    out, alone = two.parent / "sweep", two.parent / "alone.safetensors"
    done = call("sweep", two, "--out", out, *QUICK, *how, "--model", "logistic")
    assert done.code == 0, done.err
    assert "2 classes, positive: kind 2; 4 candidates of logistic regression" in done.err
    page = (out / "report.html").read_text()
    assert "Logistic regression on" in page
    assert "positive: kind 2" in page
    assert "All candidates of logistic regression, the best first" in page
    assert pl.read_csv(out / "results.csv")["model"].to_list() == ["logistic"] * 4
    assert json.loads((out / "results.json").read_text())["model"] == "logistic"
    model = Classifier.load(out / "model.safetensors")
    assert (model.model, model.classes) == ("logistic", ("kind 2", "kind 1"))
    if "--folds" not in how:
        return  # the scaling is that of the examples that were not held out
    # The final model is the one that is trained alone by its options.
    best = pl.read_csv(out / "results.csv").filter(rank=1).to_dicts()[0]
    options = ("--l2", best["l2"], "--learning-rate", best["learning_rate"], *QUICK[4:])
    kind = ("--model", "logistic", "--validation", "0")
    assert call("fit", two, "--out", alone, *options, *kind).code == 0
    np.testing.assert_allclose(model.weights, Classifier.load(alone).weights, rtol=1e-5)


def test_logistic_models_tell_two_classes_apart(table: Path) -> None:
    out = table.parent / "sweep"
    for command in (("sweep", *GRID, "--out", out), ("fit", "--out", f"{out}.safetensors")):
        said = call(command[0], table, *command[1:], "--model", "logistic").refused(2)
        assert said == (
            "--model: logistic regression needs two classes, there are 3: kind 0, kind 1, kind 2. "
            "Choose two, or take softmax."
        )
    assert not out.exists()


def test_json_is_the_results_document(table: Path) -> None:
    out = table.parent / "sweep"
    done = call("sweep", str(table), "--out", str(out), *QUICK, "--json", "--quiet")
    assert done.err == ""
    assert json.loads(done.out) == json.loads((out / "results.json").read_text())
    (note,) = json.loads(done.out)["notes"]  # none on the grid's edge: training had not ended
    assert "has not converged: J could fall by about" in note
    exact = call("sweep", str(table), "--out", str(out), "--force", "--l2", "1,10", "--json")
    assert any("Extend the grid" in note for note in json.loads(exact.out)["notes"])


def test_a_folder_is_not_overwritten_without_force(table: Path) -> None:
    out = table.parent / "sweep"
    assert call("sweep", str(table), "--out", str(out), *QUICK).code == 0
    before = (out / "model.safetensors").read_bytes()
    refused = call("sweep", str(table), "--out", str(out), *QUICK, "--seed", "1")
    assert refused.code == 2
    assert "holds a sweep. Name another folder, or replace it with --force." in refused.err
    assert (out / "model.safetensors").read_bytes() == before
    said = call("report", out).refused(2)
    assert f"{out}: holds a sweep, and its report is {out / 'report.html'}; name" in said
    (out / "mine.txt").write_text("mine")
    assert call("sweep", str(table), "--out", str(out), *QUICK, "--seed", "1", "--force").code == 0
    assert (out / "mine.txt").read_text() == "mine"
    assert (out / "model.safetensors").read_bytes() != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--l2", "a,b"), "l2: 'a,b' was given"),
        (("--l2", "logspace(1,2)"), "l2: 'logspace(1,2)' was given"),
        (("--l2", "logspace(1,2,0)"), "l2: 'logspace(1,2,0)' was given"),
        (("--l2", "logspace(1,2,99999999999)"), "more than 100,000 are a slip of the hand"),
        (("--l2", "-1"), "l2: -1.0 was given"),
        (("--learning-rate", "0,0.1"), "--learning-rate: 0.0 was given"),
        (("--validation", "0"), "a sweep needs examples to choose by"),
        (("--validation", "2"), "--validation: 2 was given"),
        (("--folds", "60"), "--folds: 60 was given, and no class has more than 50"),
        (("--scale", "robust"), "scale: 'robust' was given"),
        (("--max-epochs", "0"), "--max-epochs: 0 was given"),
    ],
)
def test_wrong_options_are_named(options: tuple[str, ...], message: str, table: Path) -> None:
    out = table.parent / "sweep"
    pairs = zip(QUICK[::2], QUICK[1::2], strict=True)
    quick = [word for pair in pairs if pair[0] != options[0] for word in pair]
    refused = call("sweep", str(table), "--out", str(out), *quick, *options)
    assert refused.code == 2, refused.err
    assert message in refused.err
    assert "Traceback" not in refused.err
    assert not out.exists()


def test_repeated_grids_add_up(table: Path) -> None:
    out = table.parent / "sweep"
    grid = ("--l2", "0.1", "--l2", "logspace(-3, -2, 2)", "--l2", "1", "--learning-rate", "0.1")
    done = call("sweep", table, "--out", out, *grid, "--learning-rate", "0.2", *QUICK[-4:])
    assert done.code == 0, done.err
    tried = pl.read_csv(out / "results.csv").select("l2", "learning_rate").unique()
    assert tried.height == 8
    assert sorted(set(tried["l2"])) == pytest.approx([0.001, 0.01, 0.1, 1])


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "x.csv", "--out", "s", "--batch-size", "1", "--batch-size", "2"),
        ("fit", "x.csv", "--out", "m.safetensors", "--l2", "1", "--target", "y", "--l2", "2"),
        ("study", "--out", "a", "--out", "b"),
    ],
)
def test_an_option_of_one_value_is_given_once(words: tuple[str, ...]) -> None:
    refused = call(*words)
    assert refused.code == 2
    assert refused.err == f"onelayer: {words[-2]}: was given 2 times; it takes one value.\n"


def test_options_of_steps_have_no_effect_on_the_optimum(table: Path) -> None:
    for command, out in (("fit", "m.safetensors"), ("sweep", "s")):
        how = ("--out", table.parent / out, "--solver", "optimum", "--max-epochs", "3")
        refused = call(command, table, *how)
        assert refused.code == 2
        assert "--max-epochs: has no effect: the optimum is found without steps." in refused.err


def test_a_sweep_that_diverges_everywhere_writes_nothing(table: Path) -> None:
    out = table.parent / "sweep"
    options = ("--l2", "0.1,0.001", "--learning-rate", "1e300,1e305", "--scale", "none")
    done = call("sweep", str(table), "--out", str(out), *options, *QUICK[-4:])
    assert done.code == 1
    assert "diverged" in done.err
    assert not out.exists()


@pytest.mark.parametrize("score", ["balanced_accuracy", "top_2_accuracy"])
def test_the_best_by_another_score(score: str, table: Path) -> None:
    out = table.parent / "sweep"
    how = ("--folds", "3", "--score", score)
    done = call("sweep", table, "--out", out, *QUICK, *how)
    assert done.code == 0, done.err
    words = score.replace("_", " ")
    assert f"with a {words} of " in done.err
    document = json.loads((out / "results.json").read_text())
    assert document["score"] == score
    best = document["best_score"]
    assert 0.5 < best <= 1
    assert best == max(candidate["mean_score"] for candidate in document["candidates"])
    shown = " ".join(done.err.split())
    assert "log loss" not in shown
    assert f" {best:.4f} " in shown
    page = (out / "report.html").read_text()
    assert f"the highest {words} on examples" in page
    assert f">{best:.4f}</td>" in page
    assert f">{words}</th>" in page


@pytest.mark.parametrize("score", ["f1", "top_3_accuracy"])
def test_other_scores_are_refused(score: str, table: Path) -> None:
    done = call("sweep", table, "--out", table.parent / "sweep", *QUICK, "--score", score)
    assert done.code == 2
    assert "--score: " in done.err
