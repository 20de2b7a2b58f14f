"""The checks of training answer on every kind of data and of run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diagnosis_material import as_strict_json
from fault_material import config, context_of
from scipy import sparse

from onelayer.data import Dataset
from onelayer.diagnosis.registry import diagnose

CODES = ("OL001", "OL003", "OL004", "OL005", "OL007", "OL008", "OL009")

RUNS = {
    "plain": config(max_epochs=2),
    "none": config(max_epochs=2, l2=0.0, order="file"),
    "found": config(solver="optimum", l2=0.1),
    "gone": config(l2=100.0, learning_rate=10.0, max_epochs=40),
    "high": config(learning_rate=1e3, max_epochs=2),
    "huge": config(learning_rate=1e37, max_epochs=1, l2=0.0),
    "low": config(learning_rate=1e-4, max_epochs=1),
    "early": config(early_stopping={"patience": 1}, order="batches"),
    "some": config(features=(0, 3), max_epochs=1),
    "nesterov": config(momentum=0.9, nesterov=True, max_epochs=2),
    "scheduled": config(schedule="one_cycle", averaging="mean", max_epochs=2),
    "random": config(initial_std=1.0, max_epochs=1),
    "one": config(max_steps=1, batch_size=1000),
    "known": config(optimum=True, max_epochs=1),
}


def values(kind: str, folder: Path) -> Any:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 5))
    if kind == "csr":
        return sparse.csr_array(np.where(np.abs(X) > 1, X, 0))
    if kind == "memmap":
        np.save(folder / "X.npy", X.astype(np.float32))
        return np.load(folder / "X.npy", mmap_mode="r")
    return np.clip(X * 40 + 128, 0, 255).astype(kind) if kind == "uint8" else X.astype(kind)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        *(("softmax", kind) for kind in ("float16", "float64", "uint8", "csr", "memmap")),
        ("logistic", "uint8"),
        ("multilabel", "csr"),
    ],
)
def test_they_answer(model: str, kind: str, tmp_path: Path) -> None:
    X, rng = values(kind, tmp_path), np.random.default_rng(1)
    y: Any = rng.integers(0, 2 if model == "logistic" else 3, 150)
    if model == "multilabel":
        y = (rng.random((150, 3)) < 0.4).astype(np.uint8)
    data = Dataset(X, y)
    runs = {name: run.model_copy(update={"model": model}) for name, run in RUNS.items()}
    if model != "multilabel":
        runs["drawn"] = config(model=model, examples_per_class=10, order="file", max_epochs=2)
    context = context_of(data, data.first(60), **runs)
    findings = diagnose(context.outcome, context.data, only=CODES, threads=1)
    as_strict_json(findings)
    assert {f.code for f in findings} >= {"OL001", "OL003", "OL004", "OL005"}
    for finding in findings:
        assert "itself failed" not in finding.statement
        assert not {"nan", "inf", "nan%", "inf%"} & set(finding.statement.split())


def test_classes_without_examples_and_few_validation_examples() -> None:
    rng = np.random.default_rng(0)
    data = Dataset(rng.normal(size=(80, 4)), rng.integers(0, 3, 80), classes=range(5))
    for validation in (data, data.first(1)):
        context = context_of(data, validation, a=config(max_epochs=1), b=config(order="file"))
        findings = diagnose(context.outcome, context.data, only=CODES, threads=1)
        assert not [f for f in findings if "itself failed" in f.statement]
