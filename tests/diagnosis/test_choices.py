from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from choice_material import config, context_of, examples, parts, sweep
from diagnosis_material import as_strict_json

from onelayer.data import Dataset
from onelayer.diagnosis import Answer
from onelayer.diagnosis.checks import best_of_several, choice_optimism, confidence, grid_edge
from onelayer.diagnosis.subjects.choices import has_converged, validation_losses
from onelayer.training import EarlyStopping

CHECKS = [grid_edge.CHECK, best_of_several.CHECK, choice_optimism.CHECK, confidence.CHECK]


def kinds_of_data(folder: Path) -> dict[str, Any]:
    X, _ = examples(400)
    mapped = np.memmap(folder / "X", np.float32, "w+", shape=X.shape)
    mapped[:] = X
    return {
        "uint8": np.clip(40 * X + 128, 0, 255).astype(np.uint8),
        "float16": X.astype(np.float16),
        "float64": X.astype(np.float64),
        "memory map": mapped,
        "sparse": scipy.sparse.csr_array(np.where(np.abs(X) > 1, X, 0)),
    }


@pytest.mark.parametrize("kind", ["uint8", "float16", "float64", "memory map", "sparse"])
def test_checks_answer_on_all_kinds_of_data(kind: str, tmp_path: Path) -> None:
    X, (_, y) = kinds_of_data(tmp_path)[kind], examples(400)
    data = [Dataset(X[:200], y[:200], range(2)), Dataset(X[200:], y[200:], range(2))]
    steps = config(solver="sgd", max_epochs=2)
    bad = config(solver="sgd", learning_rate=1e30, l2=1.0, max_epochs=5)
    context = context_of(data, sweep(0.01, 0.1, 1.0) | {"steps": steps, "bad": bad})
    findings = [f for check in CHECKS for f in check.look(context)]
    assert as_strict_json(findings)
    assert {f.code for f in findings} == {"OL301", "OL302", "OL303", "OL304"}
    assert not any("bad" in f.runs for f in findings if f.code != "OL301")


def test_checks_have_nothing_to_say_of_several_labels_an_example() -> None:
    X, y = examples(300)
    labels = np.stack([y, 1 - y], axis=1).astype(np.uint8)
    data = [
        Dataset(X[:200], labels[:200], ("a", "b")),
        Dataset(X[200:], labels[200:], ("a", "b")),
    ]
    configs = {f"{l2}": config(model="multilabel", l2=l2) for l2 in (0.01, 0.1, 1.0)}
    context = context_of(data, configs)
    assert [f for check in CHECKS for f in check.look(context)] == []


def test_losses_of_the_examples_have_the_mean_of_the_record() -> None:
    for model in ("softmax", "logistic"):
        context = context_of(parts(100, 150), {"run": config(model=model, l2=0.01)})
        run = context.outcome["run"]
        losses = validation_losses(context, run)
        assert losses.shape == (150,)
        assert losses.mean() == pytest.approx(run.record.final.val_loss, rel=1e-6)
        assert context.correct(run).mean() == run.record.final.val_accuracy


@pytest.mark.parametrize(
    ("options", "converged"),
    [
        ({"solver": "optimum", "l2": 0.1}, True),
        ({"solver": "sgd", "max_epochs": 1, "learning_rate": 1e-5, "l2": 0.1}, False),
        ({"solver": "sgd", "max_epochs": 300, "learning_rate": 0.5, "l2": 0.1}, True),
        ({"solver": "sgd", "max_epochs": 300, "learning_rate": 0.5, "l2": 0.1,
          "early_stopping": EarlyStopping(patience=2)}, True),
        ({"solver": "sgd", "max_epochs": 1, "learning_rate": 1e-5, "l2": 0.1, "optimum": True},
         False),
    ],
)  # fmt: skip
def test_whether_a_run_has_converged(options: dict[str, Any], converged: bool) -> None:
    context = context_of(parts(200, 100), {"run": config(**options)})
    assert has_converged(context.outcome["run"]) is converged


def test_all_answers_are_known() -> None:
    context = context_of(parts(100, 120), sweep(0.01, 0.1, 1.0))
    assert {f.answer for check in CHECKS for f in check.look(context)} <= set(Answer)
