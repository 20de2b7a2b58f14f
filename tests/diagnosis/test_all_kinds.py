"""Every check answers on every kind of data and of run: none fails."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from diagnosis_material import as_strict_json

from onelayer.data import Dataset, block_dataset, load
from onelayer.data.blocks import ArrayBlocks, Block
from onelayer.diagnosis import diagnose
from onelayer.study import outcome_in_memory
from onelayer.training import EarlyStopping, TrainConfig, train_many

RNG = np.random.default_rng(0)
N, FEATURES, CLASSES = 240, 12, 3
y = RNG.integers(0, CLASSES, N)
X = RNG.normal(size=(N, FEATURES)) + np.eye(CLASSES, FEATURES)[y] * 2
STEPS: dict[str, Any] = {"batch_size": 12, "max_epochs": 8, "learning_rate": 0.1}


def parts(X: Any, y: Any, **how: Any) -> tuple[Dataset, Dataset]:
    return Dataset(X[:160], y[:160], **how), Dataset(X[160:], y[160:], **how)


def failures(train: Dataset, validation: Dataset, *options: dict[str, Any]) -> list[str]:
    configs = [TrainConfig.model_validate(STEPS | own) for own in options or ({},)]
    with np.errstate(all="ignore"):
        results = train_many(train, validation, configs)
        named = {f"run-{i}": result for i, result in enumerate(results)}
        findings = diagnose(*outcome_in_memory(train, validation, named), threads=1)
    as_strict_json(findings)
    return [f"{f.code}: {f.statement}" for f in findings if "check itself failed" in f.statement]


@pytest.mark.parametrize("order", ["file", "class", "once", "batches", "epoch", "blocks"])
def test_orders(order: str) -> None:
    options: list[dict[str, Any]] = [{"order": order, "l2": l2} for l2 in (0.0, 0.01, 0.1)]
    assert failures(*parts(X, y), *options) == []


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64"])
def test_types_of_arrays(dtype: str) -> None:
    values = (40 * np.clip(X + 3, 0, 6)).astype(dtype)
    assert failures(*parts(values, y), {"order": "file", "learning_rate": 0.001}) == []


def test_sparse_data() -> None:
    sparse = scipy.sparse.csr_array(np.where(X > 0.5, X, 0).astype(np.float32))
    assert failures(*parts(sparse, y), {"order": "file"}, {"order": "file", "l2": 0.1}) == []


def test_memory_maps(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X.astype(np.float32))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert failures(*parts(mapped, y), {"order": "file"}) == []


class Copied(ArrayBlocks):
    """Copies what it reads, as a file does."""

    def read_block(self, i: int) -> Block:
        block = super().read_block(i)
        return Block(block.X.copy(), block.y)


@pytest.mark.parametrize("kind", ["float32", "uint8", "sparse", "labels"])
def test_data_in_blocks(kind: str) -> None:
    values: Any = (40 * np.clip(X + 3, 0, 6)).astype("uint8" if kind == "uint8" else np.float32)
    labels: Any = y
    if kind == "sparse":
        values = scipy.sparse.csr_array(np.where(X > 0.5, X, 0).astype(np.float32))
    if kind == "labels":
        labels = (X[:, :4] > 0).astype(np.uint8)
    train, validation = (
        block_dataset(Copied(values[some], labels[some], 32))
        for some in (slice(0, 160), slice(160, N))
    )
    options: dict[str, Any] = {"order": "blocks", "learning_rate": 0.01}
    if kind == "labels":
        options["model"] = "multilabel"
    two = {"window": 2, "early_stopping": EarlyStopping(patience=2)}
    own: tuple[dict[str, Any], ...] = ({}, {"l2": 0.1}, two)
    assert failures(train, validation, *(options | more for more in own)) == []


def test_several_labels_an_example() -> None:
    labels = (X[:, :4] + RNG.normal(size=(N, 4)) > 0).astype(np.uint8)
    options = {"model": "multilabel", "order": "file"}
    assert failures(*parts(X, labels), options, options | {"l2": 0.1}) == []


def test_images() -> None:
    assert failures(*load("digits", train=200, validation=100), {"order": "file", "l2": 0.01}) == []


@pytest.mark.parametrize(
    "options",
    [
        {"learning_rate": 1e6, "l2": 1e3},
        {"solver": "optimum", "l2": 0.01},
        {"momentum": 0.9, "nesterov": True, "order": "file", "averaging": {"kind": "mean"}},
        {"schedule": {"kind": "cosine"}, "warmup_steps": 5},
        {"initial_std": 0.1, "order": "file"},
        {"features": (0, 5), "order": "file"},
        {"examples_per_class": 10, "draw": 3},
        {"early_stopping": EarlyStopping(patience=1), "order": "file"},
        {"max_steps": 1},
        {"batch_size": 160},
        {"batch_size": 1, "max_epochs": 2, "order": "file"},
        {"dtype": "float64", "penalize_bias": True, "l2": 1.0, "drop_last": True},
    ],
    ids=str,
)
def test_kinds_of_runs(options: dict[str, Any]) -> None:
    assert failures(*parts(X, y), options) == []


def test_two_classes_with_one_output() -> None:
    two = np.minimum(y, 1)
    assert failures(*parts(X, two), {"model": "logistic", "order": "file", "l2": 0.01}) == []


def test_few_examples_and_constant_features() -> None:
    assert failures(*parts(np.ones((N, 2)), y), {"order": "file"}) == []
    tiny = Dataset(X[:4], [0, 1, 2, 0]), Dataset(X[4:7], [0, 1, 2])
    assert failures(*tiny, {"batch_size": 2}) == []


def test_a_class_that_a_part_lacks() -> None:
    without = np.minimum(y[:160], 1)
    train = Dataset(X[:160], without, classes=range(3))
    assert failures(train, Dataset(X[160:], y[160:], classes=range(3)), {"order": "file"}) == []
